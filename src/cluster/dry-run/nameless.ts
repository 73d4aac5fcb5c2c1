import { objectOf, stringOf, type JsonObject } from '../../model/json.js';

/** Stands for the name of a pod in what somebody says about it. */
export const anyPod = 'POD';

/**
 * A text without the name of a pod that was made up, which would only puzzle whoever reads it.
 *
 * @param pod as it was sent, with a name or `generateName`
 */
export function nameless(text: string, pod: JsonObject): string {
  const { name, generateName } = objectOf(pod['metadata']) ?? {};
  const own = stringOf(name);
  if (own !== undefined) return text.replaceAll(own, anyPod);
  const start = stringOf(generateName) ?? '';
  if (start === '') return text;
  // The API server cuts a long one, and adds five letters; a webhook may see it before that.
  const pattern = new RegExp(`${escaped(start.slice(0, longestStart))}(?:[a-z0-9]{5}(?![a-z0-9]))?`, 'g');
  return text.replaceAll(pattern, anyPod);
}

const longestStart = 58;

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
