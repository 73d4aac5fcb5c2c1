import { isDeepStrictEqual } from 'node:util';
import { isApiError } from '../client/api-error.js';
import type { MatchCondition } from './match-conditions.js';

/** Which match conditions are used, and why not those of the setting. */
export interface ProvenConditions {
  readonly conditions: readonly MatchCondition[];
  /** What the API server said of the setting's, when it refused them. */
  readonly refusal: string | undefined;
}

/** How long a refusal is believed: an upgraded API server may know more. */
const believeRefusalMs = 10 * 60_000;

/**
 * Proves match conditions by a dry run before they are written. What Security asks for must not hang on an expression
 * that does not compile: refused ones are left out, in favour of those that were taken last.
 *
 * @param wanted the setting's
 * @param nowMs a clock that only grows
 */
export function createProof(
  wanted: readonly MatchCondition[],
  nowMs: () => number,
): {
  /**
   * @param last those that were last written; absent when that is not known
   * @param rehearse lets the API server check both configurations with these; throws ApiError
   * @throws ApiError when it can be told neither way
   */
  readonly prove: (
    last: readonly MatchCondition[] | undefined,
    rehearse: (conditions: readonly MatchCondition[]) => Promise<void>,
  ) => Promise<ProvenConditions>;
} {
  let proven: ProvenConditions | undefined;
  let provenMs = 0;
  return {
    prove: async (last, rehearse) => {
      if (wanted.length === 0) return { conditions: wanted, refusal: undefined };
      const old = proven?.refusal !== undefined && nowMs() - provenMs > believeRefusalMs;
      if (proven !== undefined && !old) return proven;
      let refusal: string | undefined;
      const candidates = [wanted, ...(last === undefined || isDeepStrictEqual(last, wanted) ? [] : [last]), []];
      for (const conditions of candidates) {
        const refused = await refusalOf(() => rehearse(conditions));
        if (refused === undefined) {
          proven = { conditions, refusal: conditions === wanted ? undefined : refusal };
          provenMs = nowMs();
          return proven;
        }
        if (conditions.length === 0) throw refused;
        refusal ??= refused.message;
      }
      return { conditions: [], refusal };
    },
  };
}

/** What the API server says against it; `undefined` when it takes it. */
async function refusalOf(rehearse: () => Promise<void>): Promise<Error | undefined> {
  try {
    await rehearse();
    return undefined;
  } catch (error) {
    if (isApiError(error, 'Invalid')) return error;
    throw error;
  }
}
