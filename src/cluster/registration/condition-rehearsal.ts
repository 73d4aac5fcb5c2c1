import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../../time/clock.js';
import { isApiError } from '../client/api-error.js';
import type { MatchCondition } from './match-conditions.js';

/** Which match conditions are used, and why not those of the setting. */
export interface RehearsedConditions {
  readonly conditions: readonly MatchCondition[];
  /** What the API server said of the setting's, when it refused them. */
  readonly refusal: string | undefined;
}

/** How long a refusal is believed: an upgraded API server may know more. */
const believeRefusalMs = 10 * 60_000;

/**
 * Tries match conditions by a dry run before they are written. What Security asks for must not hang on an expression
 * that does not compile: refused ones are left out, in favour of those that were taken last.
 */
export class ConditionRehearsal {
  readonly #wanted: readonly MatchCondition[];
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  #settled: RehearsedConditions | undefined;
  #settledMs = 0;

  /** @param wanted the setting's */
  constructor(wanted: readonly MatchCondition[], clock: Pick<Clock, 'monotonicMs'>) {
    this.#wanted = wanted;
    this.#clock = clock;
  }

  /**
   * @param last those that were last written; absent when that is not known
   * @param rehearse lets the API server check both configurations with these; throws ApiError
   * @throws ApiError when it can be told neither way
   */
  async settle(
    last: readonly MatchCondition[] | undefined,
    rehearse: (conditions: readonly MatchCondition[]) => Promise<void>,
  ): Promise<RehearsedConditions> {
    const wanted = this.#wanted;
    if (wanted.length === 0) return { conditions: wanted, refusal: undefined };
    if (this.#settled !== undefined && !this.#isOldRefusal(this.#settled)) return this.#settled;
    let refusal: string | undefined;
    const candidates = [wanted, ...(last === undefined || isDeepStrictEqual(last, wanted) ? [] : [last]), []];
    for (const conditions of candidates) {
      const refused = await refusalOf(() => rehearse(conditions));
      if (refused === undefined) {
        this.#settled = { conditions, refusal: conditions === wanted ? undefined : refusal };
        this.#settledMs = this.#clock.monotonicMs();
        return this.#settled;
      }
      if (conditions.length === 0) throw refused;
      refusal ??= refused.message;
    }
    return { conditions: [], refusal };
  }

  #isOldRefusal({ refusal }: RehearsedConditions): boolean {
    return refusal !== undefined && this.#clock.monotonicMs() - this.#settledMs > believeRefusalMs;
  }
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
