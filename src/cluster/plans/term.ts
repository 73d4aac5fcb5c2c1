import type { Clock } from '../../time/clock.js';
import type { Sleep } from '../../time/sleep.js';
import type { ApiClient } from '../client/api-client.js';
import { ConditionTrial } from './condition-trial.js';
import type { Judges } from './judges.js';
import type { KnownPlans } from './known-plans.js';
import { Parameters, type LeaveToWebhook } from './parameters.js';
import { PlanWriter } from './plan-writer.js';
import { PolicyWriter } from './policy-writer.js';
import { Proof } from './proof.js';
import { Refusals } from './refusals.js';

/** What a term's parts are made with. */
export interface TermOptions {
  readonly client: ApiClient;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly sleep: Sleep;
  readonly instance: string;
  readonly ownNamespace: string;
  readonly plans: KnownPlans;
  readonly totalBytes: number;
  readonly judges: Judges;
  readonly leaveToWebhook?: LeaveToWebhook;
}

/** What one term as the leader remembers: what it wrote, what the API server answered, and what was proven. */
export class Term {
  readonly writer: PolicyWriter;
  /** Of the policies that judge. */
  readonly proof: Proof;
  /** Of the policies that instrument. */
  readonly instrumentingProof: Proof;
  readonly refusals: Refusals;
  readonly conditions: ConditionTrial;
  readonly #options: TermOptions;
  #plans: PlanWriter;
  #parameters: Parameters;

  constructor(options: TermOptions) {
    this.#options = options;
    this.writer = new PolicyWriter(options);
    this.proof = new Proof(options, this.writer, 'judging');
    this.instrumentingProof = new Proof(options, this.writer, 'instrumenting');
    this.refusals = new Refusals(options.clock);
    this.conditions = new ConditionTrial(options);
    this.#plans = new PlanWriter(options);
    this.#parameters = new Parameters({ ...options, writer: this.#plans });
  }

  get plans(): PlanWriter {
    return this.#plans;
  }

  get parameters(): Parameters {
    return this.#parameters;
  }

  /** Forgets all parameters, as after their definition was deleted. */
  newPlans(): void {
    this.#plans = new PlanWriter(this.#options);
    this.#parameters = new Parameters({ ...this.#options, writer: this.#plans });
  }
}
