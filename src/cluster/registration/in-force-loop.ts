import { isDeepStrictEqual } from 'node:util';
import type { ClusterMetrics } from '../../observe/cluster-metrics.js';
import type { Logger } from '../../observe/logger.js';
import { isAborted } from '../../time/abort.js';
import type { Clock } from '../../time/clock.js';
import type { Timing } from '../../time/sleep.js';
import { Wake } from '../../time/wake.js';
import { backOffMs } from '../back-off.js';
import type { ConfigurationKind } from './entry.js';
import { inForceOf, type PolicyInForce } from './in-force.js';
import { inARow, LoadedVersions } from './loaded-versions.js';
import { runSelfTest, type CalledBy, type SelfTestOptions, type SelfTestResult } from './run-self-test.js';
import type { Standing } from './standing.js';

/** What is needed to prove that policies are in force. */
export interface InForceOptions extends SelfTestOptions, Timing {
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Pick<ClusterMetrics, 'countInForceTest'>;
  /** Called when what is known about a policy has changed. */
  readonly onChange: () => void;
}

const kinds = ['mutating', 'validating'] as const satisfies readonly ConfigurationKind[];
// Changes that are written together are proven together, so many changes do not cause many requests.
const gatherMs = 100;
const betweenRunsMs = 1_000;
// How soon an API server that is behind is asked again: watches are late by milliseconds, seldom by seconds.
const againMs = 250;
const longestAgainMs = 10_000;
// After this many runs without a proof, about ten seconds, the earlier claim is withdrawn.
const mostPatience = 6;

const noProblem = 'an API server was met that still calls by an earlier configuration';
const noWarning = 'the answer of the validating webhook does not come through: its warnings are missing';

/**
 * Finds out, while this replica leads, which policies' webhooks the API server has loaded. It runs self-tests, each on a new
 * connection, soon after each write. Between writes it makes no requests; the self-test of each minute shows when something
 * has to be proven again.
 */
export class InForceLoop {
  readonly #options: InForceOptions;
  readonly #wake: Wake;
  #loaded = newLoaded();
  #standing: Standing | undefined;
  #isUnreachable = false;
  #trouble: string | undefined;
  #failures = 0;
  #policies: ReadonlyMap<string, PolicyInForce> = new Map();

  constructor(options: InForceOptions) {
    this.#options = options;
    this.#wake = new Wake(options.sleep);
  }

  /** By policy name; a policy that is not in it has not been looked at. Empty while not leading. */
  policies(): ReadonlyMap<string, PolicyInForce> {
    return this.#policies;
  }

  /** Takes over what is in the configurations; `undefined` if nothing in them counts, such as during a pause. */
  readonly stand = (standing: Standing | undefined): void => {
    this.#standing = standing;
    const objects = standing?.objects ?? { mutating: nothing, validating: nothing };
    for (const kind of kinds) {
      if (!this.#loaded[kind].stand(objects[kind])) continue;
      this.#failures = 0;
      this.#trouble = undefined;
    }
    this.#refresh();
    if (!this.#isSettled()) this.#wake.poke();
  };

  /** Takes over what the self-test of each minute found. */
  readonly reached = ({ reachable, calledBy }: SelfTestResult): void => {
    if (reachable === undefined) this.doubt();
    else if (reachable) {
      this.#isUnreachable = false;
      for (const kind of kinds) this.#loaded[kind].seen(calledBy?.[kind]);
    } else {
      this.#isUnreachable = true;
      for (const kind of kinds) this.#loaded[kind].lose();
    }
    this.#refresh();
    if (!this.#isSettled()) this.#wake.poke();
  };

  /** Call this when the API server has not answered. When it answers again, everything is proven again. */
  readonly doubt = (): void => {
    for (const kind of kinds) this.#loaded[kind].doubt();
    this.#wake.poke();
  };

  /** Ends soon after the signal aborts; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, sleep } = this.#options;
    while (!isAborted(signal)) {
      const startMs = clock.monotonicMs();
      const waitMs = await this.#turn(signal);
      await this.#wake.sleep(waitMs, signal, gatherMs);
      // A wait of the loop's own is long enough, or is followed by one that is.
      const leftMs = Math.min(waitMs, betweenRunsMs) - (clock.monotonicMs() - startMs);
      if (leftMs > 0) await sleep(leftMs, signal);
    }
    this.#loaded = newLoaded();
    this.#standing = undefined;
    this.#isUnreachable = false;
    this.#trouble = undefined;
    this.#failures = 0;
    this.#policies = new Map();
  }

  /** One run of tests, if there is something to prove. @returns after how many milliseconds the next one begins */
  async #turn(signal: AbortSignal): Promise<number> {
    if (!this.#canProve() || this.#isSettled()) return Infinity;
    for (let tests = 0; tests < inARow; tests++) {
      const failure = await this.#test(signal);
      if (isAborted(signal)) return Infinity;
      if (failure !== undefined) return this.#failed(failure);
    }
    if (this.#isSettled()) {
      this.#failures = 0;
      this.#trouble = undefined;
    }
    this.#refresh();
    return this.#isSettled() ? Infinity : againMs;
  }

  /** @returns why it does not count towards a proof; `undefined` if it does */
  async #test(signal: AbortSignal): Promise<string | undefined> {
    const { log, metrics } = this.#options;
    let result: SelfTestResult;
    try {
      result = await runSelfTest(this.#options, signal, { newConnection: true });
    } catch (error) {
      log.error({ err: error }, 'the self-test failed');
      return 'the self-test failed';
    }
    if (result.reachable !== true) {
      metrics.countInForceTest('failed');
      return result.why;
    }
    const failure = this.#answered(result.calledBy ?? {});
    metrics.countInForceTest(failure === undefined ? 'current' : 'earlier');
    return failure;
  }

  #answered(calledBy: CalledBy): string | undefined {
    const behind = kinds.filter((kind) => {
      const isGood = this.#loaded[kind].answered(calledBy[kind]);
      return !isGood && (this.#standing?.objects[kind].entries.size ?? 0) > 0;
    });
    if (behind.length === 0) return undefined;
    const isUnsaid = behind.every((kind) => kind === 'validating') && calledBy.validating === undefined;
    return isUnsaid ? noWarning : noProblem;
  }

  #failed(why: string): number {
    this.#failures++;
    if (this.#failures >= mostPatience) {
      // Keep the first one. Otherwise a message that changes with each try would change the status each time.
      this.#trouble ??= why;
      for (const kind of kinds) this.#loaded[kind].giveUp();
    }
    this.#refresh();
    return backOffMs(this.#failures, this.#options.random, undefined, {
      firstMs: againMs,
      longestMs: longestAgainMs,
    });
  }

  #canProve(): boolean {
    return this.#standing?.hashed === true && !this.#isUnreachable;
  }

  #isSettled(): boolean {
    return kinds.every((kind) => this.#loaded[kind].isSettled());
  }

  /** Converts what is known into what is reported. */
  #refresh(): void {
    const { clock, onChange } = this.#options;
    const before = this.#policies;
    const evidence = {
      loaded: this.#loaded,
      hashed: this.#standing?.hashed ?? false,
      isUnreachable: this.#isUnreachable,
      trouble: this.#trouble,
    };
    let isSame = (this.#standing?.policies.size ?? 0) === before.size;
    const next = new Map<string, PolicyInForce>();
    for (const [name, entries] of this.#standing?.policies ?? []) {
      const found = inForceOf(entries, evidence);
      const was = before.get(name);
      const sinceMs = was === undefined || was.inForce !== found.inForce ? clock.wallMs() : was.sinceMs;
      const state = { ...found, of: entries.madeFrom, sinceMs };
      isSame &&= isDeepStrictEqual(state, was);
      next.set(name, state);
    }
    if (isSame) return;
    this.#policies = next;
    onChange();
  }
}

const nothing = { hash: undefined, entries: new Map<string, string>() } as const;

function newLoaded(): Readonly<Record<ConfigurationKind, LoadedVersions>> {
  return { mutating: new LoadedVersions(), validating: new LoadedVersions() };
}
