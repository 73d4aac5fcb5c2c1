import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../../time/clock.js';
import { isApiError } from '../client/api-error.js';
import type { MatchCondition } from './match-conditions.js';

/** The match conditions that are used, and why they are not the setting's. */
export interface RehearsedConditions {
  readonly conditions: readonly MatchCondition[];
  /** What the API server said when it refused the setting's conditions. */
  readonly refusal: string | undefined;
}

/** How long a refusal counts. An upgraded API server may accept more. */
const believeRefusalMs = 10 * 60_000;

/**
 * Tries match conditions in a dry run before they are written. Security must not depend on an expression that does not
 * compile, so refused conditions are replaced by those that were accepted last.
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
   * @param last the conditions that were last written; absent if that is unknown
   * @param rehearse lets the API server check both configurations with these; throws ApiError
   * @throws ApiError if the result is unknown
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

/** The API server's objection; `undefined` if it accepts the conditions. */
async function refusalOf(rehearse: () => Promise<void>): Promise<Error | undefined> {
  try {
    await rehearse();
    return undefined;
  } catch (error) {
    if (isApiError(error, 'Invalid')) return error;
    throw error;
  }
}
