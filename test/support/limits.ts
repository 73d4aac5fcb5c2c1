import type { KnownLimits } from '../../src/engine/known-limits.js';
import type { JsonObject } from '../../src/model/json.js';
import { namespaceLimits, noLimits, type NamespaceLimits } from '../../src/model/namespace-limits.js';

/** A cluster in which every namespace asks for the same. */
export function knownLimits(limits: NamespaceLimits = noLimits): KnownLimits {
  return { of: () => limits, trouble: () => undefined, prepare: () => undefined };
}

/** A cluster that nobody may ask. */
export const unknownLimits: KnownLimits = {
  of: () => undefined,
  trouble: () => 'limitranges is forbidden',
  prepare: () => undefined,
};

/** What one LimitRange of one item asks for. */
export function rangeOf(item: JsonObject, type = 'Container'): NamespaceLimits {
  return namespaceLimits([{ spec: { limits: [{ type, ...item }] } }], []);
}

/** What one quota asks for. */
export function quotaOf(spec: JsonObject): NamespaceLimits {
  return namespaceLimits([], [{ metadata: { name: 'q' }, spec }]);
}
