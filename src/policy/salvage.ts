import { objectOf, stringOf, type JsonObject } from '../model/json.js';
import { nearest } from '../model/nearest.js';
import { objectName } from '../model/policy.js';
import { labelSelectorSchema, type LabelSelector } from '../model/selector.js';
import type { KnownOfPolicy } from './compile.js';

/**
 * Reads what it can from a policy that `policySchema` refuses and that has no last valid version. Where a field cannot
 * be read, the stricter meaning is taken, so that a typing mistake never turns Security into Availability (E41):
 *
 * - `prefer`: Availability when absent or written so, else Security; a misspelt `prefer` is not absent;
 * - `mode`: Off and Report where written so, so that an operator can silence the policy; else Inject;
 * - `precedence`: 0 unless it is a finite number;
 * - `podSelector`: all pods when it cannot be read.
 *
 * @returns `undefined` when the name or the namespaceSelector cannot be read or is misspelt: then the policy's scope is
 * not known, and selecting all namespaces would stop pods that it was never meant for.
 */
export function salvagePolicy(document: JsonObject): KnownOfPolicy | undefined {
  const name = objectName.safeParse(objectOf(document['metadata'])?.['name']);
  const spec = objectOf(document['spec']);
  const match = spec?.['match'] === undefined ? {} : objectOf(spec['match']);
  if (!name.success || spec === undefined || match === undefined || misspells(spec, 'match')) return undefined;
  if (misspells(match, 'namespaceSelector')) return undefined;
  const namespaceSelector = selectorOf(match['namespaceSelector']);
  if (namespaceSelector === undefined) return undefined;
  const { precedence } = spec;
  const mode = stringOf(spec['mode']);
  return {
    name: name.data,
    precedence: typeof precedence === 'number' && Number.isFinite(precedence) ? precedence : 0,
    prefer: isAvailability(spec) ? 'Availability' : 'Security',
    mode: mode === 'Off' || mode === 'Report' ? mode : 'Inject',
    namespaceSelector,
    podSelector: selectorOf(match['podSelector']) ?? {},
  };
}

/** The selector; an absent one selects all; `undefined` for one that is not valid. */
function selectorOf(value: unknown): LabelSelector | undefined {
  const parsed = labelSelectorSchema.safeParse(value ?? {});
  return parsed.success ? parsed.data : undefined;
}

function isAvailability(spec: JsonObject): boolean {
  const prefer = spec['prefer'];
  return prefer === 'Availability' || (prefer === undefined && !misspells(spec, 'prefer'));
}

function misspells(spec: JsonObject, field: string): boolean {
  return Object.keys(spec).some((key) => key !== field && nearest(key, [field]) !== undefined);
}
