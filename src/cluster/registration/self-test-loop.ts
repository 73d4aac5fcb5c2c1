import type { ClusterMetrics } from '../../observe/cluster-metrics.js';
import type { Logger } from '../../observe/logger.js';
import { isAborted } from '../../time/abort.js';
import type { Sleep } from '../../time/sleep.js';
import { runSelfTest, type SelfTestOptions, type SelfTestResult } from './run-self-test.js';

/** When the self-test runs, and the function that gets its results. */
export interface SelfTestLoopOptions extends SelfTestOptions {
  readonly log: Logger;
  readonly metrics: Pick<ClusterMetrics, 'setReachable'>;
  /** 0: never. */
  readonly everySeconds: number;
  /** Whether the entries of the self-test are in force: not while paused, nor before the first write. */
  readonly ready: () => boolean;
  /** Called for every result that does not need confirmation first. */
  readonly onResult: (result: SelfTestResult) => void;
  readonly sleep: Sleep;
}

/** How soon to test an unreachable webhook again. */
const againMs = 10_000;
/** A single failure may be a configuration that the API server has not read yet. */
const confirmMs = 2_000;
/** How long a leader's first success may take. A new installation's pods are not endpoints until their first probe. */
const firstMs = 15_000;

/** Runs the self-test repeatedly while this replica leads. */
export class SelfTestLoop {
  readonly #options: SelfTestLoopOptions;
  /** Whether the webhook was reached, according to the last conclusive result. */
  #reached: boolean | undefined;

  constructor(options: SelfTestLoopOptions) {
    this.#options = options;
  }

  /** Ends soon after the signal aborts; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    this.#reached = undefined;
    while (!isAborted(signal)) await this.#options.sleep(await this.#turn(signal), signal);
  }

  /** @returns after how many milliseconds there is another one */
  async #turn(signal: AbortSignal): Promise<number> {
    const { everySeconds, ready } = this.#options;
    if (everySeconds === 0) return Infinity;
    const everyMs = everySeconds * 1000;
    if (!ready()) return Math.min(everyMs, confirmMs);
    const result = await this.#testUntilConfirmed(signal);
    if (result !== undefined && !isAborted(signal) && ready()) this.#say(result);
    return result?.reachable === true ? everyMs : Math.min(everyMs, againMs);
  }

  async #testUntilConfirmed(signal: AbortSignal): Promise<SelfTestResult | undefined> {
    const { clock, ready, sleep } = this.#options;
    let result = await this.#test(signal);
    const patientUntilMs = clock.monotonicMs() + (this.#reached === undefined ? firstMs : confirmMs);
    while (result?.reachable === false && clock.monotonicMs() < patientUntilMs) {
      await sleep(confirmMs, signal);
      if (isAborted(signal) || !ready()) break;
      result = await this.#test(signal);
    }
    return result;
  }

  async #test(signal: AbortSignal): Promise<SelfTestResult | undefined> {
    try {
      return await runSelfTest(this.#options, signal);
    } catch (error) {
      this.#options.log.error({ err: error }, 'the self-test failed');
      return undefined;
    }
  }

  #say(result: SelfTestResult): void {
    const { metrics, onResult } = this.#options;
    const { reachable, latencyMs } = result;
    if (reachable !== undefined) metrics.setReachable(reachable, latencyMs / 1000);
    if (reachable !== this.#reached) this.#log(result);
    this.#reached = reachable;
    onResult(result);
  }

  #log({ reachable, latencyMs, why }: SelfTestResult): void {
    const { log } = this.#options;
    if (reachable === true) log.info({ latencyMs }, why);
    else log.error({ why }, 'the self-test did not come through');
  }
}
