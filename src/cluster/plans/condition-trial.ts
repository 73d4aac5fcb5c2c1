import { pods } from '../../model/doors.js';
import type { JsonObject } from '../../model/json.js';
import type { Clock } from '../../time/clock.js';
import type { ApiClient } from '../client/api-client.js';
import { ApiError, isApiError } from '../client/api-error.js';
import { apiVersionOf, pathOf, resources } from '../client/resources.js';
import { rulesOf } from '../registration/entry.js';
import type { MatchCondition } from '../registration/match-conditions.js';
import { believeRefusalMs } from './refusals.js';
import { probeName } from './slots.js';

/** What is needed to try match conditions. */
export interface ConditionTrialOptions {
  readonly client: Pick<ApiClient, 'create'>;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly instance: string;
}

interface Tried {
  readonly refusal: string | undefined;
  readonly untilMs: number;
}

/**
 * Has the API server check match conditions in a dry run, before they stand in the webhooks' configuration: one that it refuses
 * there would keep everything else from being written.
 */
export class ConditionTrial {
  readonly #options: ConditionTrialOptions;
  readonly #tried = new Map<string, Tried>();

  constructor(options: ConditionTrialOptions) {
    this.#options = options;
  }

  /** @returns why the API server does not accept it; `undefined` if it does */
  async refusalOf(condition: MatchCondition, signal: AbortSignal): Promise<string | undefined> {
    const { client, clock, instance } = this.#options;
    const { expression } = condition;
    const nowMs = clock.monotonicMs();
    const known = this.#tried.get(expression);
    if (known !== undefined && nowMs < known.untilMs) return known.refusal;
    try {
      const query = { dryRun: 'All' };
      await client.create(pathOf(resources.mutatingWebhooks), trialOf(instance, condition), { query, signal });
      this.#tried.set(expression, { refusal: undefined, untilMs: Infinity });
      return undefined;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      const untilMs = isApiError(error, 'Invalid') ? nowMs + believeRefusalMs : nowMs;
      this.#tried.set(expression, { refusal: error.message, untilMs });
      return error.message;
    }
  }

  /** Forgets all but these expressions. */
  keep(expressions: ReadonlySet<string>): void {
    for (const expression of [...this.#tried.keys()]) if (!expressions.has(expression)) this.#tried.delete(expression);
  }
}

function trialOf(instance: string, condition: MatchCondition): JsonObject {
  const name = probeName(instance);
  return {
    apiVersion: apiVersionOf(resources.mutatingWebhooks),
    kind: resources.mutatingWebhooks.kind,
    metadata: { name },
    webhooks: [
      {
        name: `${name}.outrider.dev`,
        clientConfig: { url: 'https://outrider.invalid/' },
        rules: rulesOf(pods),
        failurePolicy: 'Ignore',
        sideEffects: 'None',
        admissionReviewVersions: ['v1'],
        matchConditions: [condition],
      },
    ],
  };
}
