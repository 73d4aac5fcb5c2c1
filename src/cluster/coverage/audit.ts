/** Looks at running pods repeatedly while this replica leads. */
import type { CalledFor } from '../../engine/coverage/why-missed.js';
import type { Engine } from '../../engine/engine.js';
import type { PolicyCoverage } from '../../model/coverage.js';
import type { Prefer } from '../../model/policy.js';
import type { StringMap } from '../../model/selector.js';
import type { CoverageMetrics } from '../../observe/coverage-metrics.js';
import type { Logger } from '../../observe/logger.js';
import { isAborted } from '../../time/abort.js';
import type { Timing } from '../../time/sleep.js';
import { Wake } from '../../time/wake.js';
import { backOffMs } from '../back-off.js';
import { ApiError } from '../client/api-error.js';
import type { PodClient } from './paced-client.js';
import { PlanHistory } from './plan-history.js';
import { ReportLooks } from './report-looks.js';
import { sweepPods, type SweepOptions } from './sweep.js';

/** What the audit needs. */
export interface CoverageAuditOptions extends Timing {
  readonly client: PodClient;
  /** The time from the end of one sweep to the next; 0 means no sweeps. */
  readonly everyMs: number;
  /** The current engine; `undefined` while nothing should be judged. */
  readonly engine: () => Engine | undefined;
  /** Labels of namespaces by name. */
  readonly namespaces: () => ReadonlyMap<string, StringMap>;
  readonly calledFor: (policy: string) => CalledFor;
  /** See `SweepOptions`. */
  readonly onInstrumented?: SweepOptions['onInstrumented'];
  /** The generation of a policy that is carried out now; `undefined` if none is. */
  readonly generationOf: (policy: string) => number | undefined;
  readonly log: Logger;
  readonly metrics: CoverageMetrics;
  /** Called at the end of each sweep; `undefined` for one that failed. */
  readonly onResult: (found: ReadonlyMap<string, PolicyCoverage> | undefined) => void;
}

/** What is known about the running pods. */
export interface CoverageReport {
  /** By policy name. A policy without pods is not in it. `undefined` before the first sweep is complete. */
  readonly policies: ReadonlyMap<string, PolicyCoverage> | undefined;
  /** By policy name: the generation by which its pods were judged. */
  readonly generations: ReadonlyMap<string, number | undefined>;
  /** When the last complete sweep began, RFC 3339. */
  readonly observedAt: string | undefined;
  /** Why the last sweep did not complete; `undefined` if it did. */
  readonly trouble: string | undefined;
}

const nothing: CoverageReport = {
  policies: undefined,
  generations: new Map(),
  observedAt: undefined,
  trouble: undefined,
};

/** Changes that come together cause one sweep. */
const gatherMs = 3_000;
/** The time from one sweep that a change triggered to the next. */
const leastMs = 15_000;
/**
 * Until each API server has loaded a change, which takes up to 30 s, pods may still be created without it. So there is one
 * more sweep.
 */
const onceMoreMs = 45_000;
/** The time from one request to the next. */
const requestEveryMs = 500;
const sampled = 40;
const mostNamed = 20;
const retry = { firstMs: 10_000, longestMs: 10 * 60_000 };

/** Sweeps at intervals, soon after a change, and at once when leading begins. */
export class CoverageAudit {
  readonly #options: CoverageAuditOptions;
  readonly #wake: Wake;
  readonly #plans = new PlanHistory();
  readonly #looks: ReportLooks;
  #report = nothing;
  #failures = 0;
  #onceMoreAtMs: number | undefined;

  constructor(options: CoverageAuditOptions) {
    this.#options = options;
    this.#wake = new Wake(options.sleep);
    this.#looks = new ReportLooks(options);
  }

  /** Whether there are sweeps at all. */
  get isOn(): boolean {
    return this.#options.everyMs > 0;
  }

  /** The last findings in this term. */
  report(): CoverageReport {
    return this.#report;
  }

  /**
   * Reports that running pods may no longer be as they should: a policy, a profile, or how the webhook is reached has
   * changed.
   */
  readonly changed = (): void => {
    const engine = this.#options.engine();
    if (engine !== undefined) this.#plans.now(engine.rules);
    this.#onceMoreAtMs = this.#options.clock.monotonicMs() + onceMoreMs;
    this.#wake.poke();
  };

  /** Sweeps while leading. Ends soon after the signal aborts, and never throws for the API server's errors. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, sleep, metrics } = this.#options;
    // The policies' statuses still say what an earlier term found.
    this.#report = nothing;
    this.#failures = 0;
    if (!this.isOn) return untilAborted(signal);
    metrics.begin();
    let againAtMs = clock.monotonicMs();
    while (!isAborted(signal)) {
      const waitMs = Math.max(0, Math.min(againAtMs, this.#onceMoreAtMs ?? Infinity) - clock.monotonicMs());
      const startedMs = clock.monotonicMs();
      const poked = await this.#wake.sleep(waitMs, signal, gatherMs);
      if (isAborted(signal)) break;
      if (poked) await sleep(Math.max(0, leastMs - (clock.monotonicMs() - startedMs)), signal);
      if (isAborted(signal)) break;
      if (this.#onceMoreAtMs !== undefined && clock.monotonicMs() >= this.#onceMoreAtMs) this.#onceMoreAtMs = undefined;
      againAtMs = clock.monotonicMs() + (await this.#turn(signal));
    }
    metrics.clear();
  }

  /** @returns after how many milliseconds the next one begins */
  async #turn(signal: AbortSignal): Promise<number> {
    const { engine: current, everyMs, random } = this.#options;
    const engine = current();
    if (engine === undefined) return leastMs;
    this.#plans.now(engine.rules);
    try {
      await this.#sweep(engine, signal);
      this.#failures = 0;
      return everyMs;
    } catch (error) {
      if (isAborted(signal)) return everyMs;
      this.#failures += 1;
      this.#fail(error);
      return Math.min(everyMs, backOffMs(this.#failures, random, error, retry));
    }
  }

  async #sweep(engine: Engine, signal: AbortSignal): Promise<void> {
    const {
      client,
      clock,
      random,
      sleep,
      namespaces,
      calledFor,
      generationOf,
      onInstrumented,
      log,
      metrics,
      onResult,
    } = this.#options;
    const startMs = clock.monotonicMs();
    const observedAt = `${new Date(clock.wallMs()).toISOString().slice(0, 19)}Z`;
    const generations = new Map(engine.rules.policies.ranked.map(({ name }) => [name, generationOf(name)]));
    this.#looks.begin();
    const swept = await sweepPods({
      client,
      clock,
      random,
      sleep,
      engine,
      earlier: this.#plans.earlier,
      calledFor,
      ...(onInstrumented === undefined ? {} : { onInstrumented }),
      namespaces: namespaces(),
      everyMs: requestEveryMs,
      sampled,
      looks: this.#looks,
      signal,
    });
    const policies = swept.tally.policies(mostNamed);
    this.#report = { policies, generations, observedAt, trouble: undefined };
    metrics.swept(policies, preferIn(engine), clock.monotonicMs() - startMs);
    log.debug(
      { requests: swept.requests, durationMs: Math.round(clock.monotonicMs() - startMs) },
      'running pods were looked at',
    );
    onResult(policies);
  }

  #fail(error: unknown): void {
    const { log, onResult } = this.#options;
    const trouble =
      error instanceof ApiError ? troubleOf(error) : 'something unexpected went wrong; the leader’s log has it';
    this.#report = { ...this.#report, trouble };
    log.warn({ err: error }, 'running pods could not be looked at; it is tried again');
    onResult(undefined);
  }
}

/** What each policy prefers. */
function preferIn({ rules }: Engine): ReadonlyMap<string, Prefer> {
  return new Map(
    rules.policies.ranked.map((policy) => [policy.name, policy.valid ? policy.spec.prefer : policy.prefer]),
  );
}

function troubleOf({ status, reason }: ApiError): string {
  if (status === 0) return 'the API server did not answer';
  if (status === 403) return 'Outrider may not list pods (chart: audit.minutes)';
  if (reason === 'Expired') return 'the lists took longer than the API server remembers them';
  return `the API server answered ${status}`;
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
