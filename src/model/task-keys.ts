import type { JsonObject } from './json.js';

/**
 * The key under which an object has a field, read in any case as Go's decoder does, which Terraform hands container
 * definitions to (W3). The exact name wins.
 *
 * @returns the field's own name where the object has none like it
 */
export function keyInAnyCase(owner: JsonObject, name: string): string {
  if (owner[name] !== undefined) return name;
  const lower = name.toLowerCase();
  return Object.keys(owner).find((key) => key.toLowerCase() === lower) ?? name;
}
