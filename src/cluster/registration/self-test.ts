import type { Clock } from '../../time/clock.js';
import { objectOf, stringOf, type JsonObject } from '../../model/json.js';
import { names } from '../../model/names.js';
import type { ObservedSelfTest } from '../../model/observed.js';
import { readAnswer, selfTestData } from '../../model/self-test.js';
import type { ClusterMetrics } from '../../observe/cluster-metrics.js';
import type { Logger } from '../../observe/logger.js';
import type { ApiClient } from '../client/api-client.js';
import { ApiError } from '../client/api-error.js';
import { pathOf, resources } from '../client/resources.js';
import { isAborted } from '../../time/abort.js';
import { sleepByTimer, type Sleep } from '../../time/sleep.js';
import { selfTestName } from './desired.js';

/** What a self-test found: the condition `Reachable`. */
export interface SelfTestResult {
  /** `undefined` when it cannot be told: the API server did not answer, or something else refused the dry run. */
  readonly reachable: boolean | undefined;
  /** How long the dry run took: through the API server and the webhook. */
  readonly latencyMs: number;
  /** When it was, RFC 3339. */
  readonly at: string;
  /** The replica that answered. */
  readonly answeredBy: string | undefined;
  /** For people: what is wrong, or that nothing is. */
  readonly why: string;
}

/** A result as the leader writes it down; `undefined` for one that tells nothing. */
export function observedSelfTest({ reachable, latencyMs, at, why }: SelfTestResult): ObservedSelfTest | undefined {
  if (reachable === undefined) return undefined;
  return { reachable, latencyMs, at, ...(reachable ? {} : { why }) };
}

/** What the self-test works with. */
export interface SelfTestOptions {
  readonly client: Pick<ApiClient, 'create'>;
  readonly log: Logger;
  readonly metrics: Pick<ClusterMetrics, 'setReachable'>;
  readonly clock: Clock;
  readonly instance: string;
  readonly ownNamespace: string;
  /** Makes a text that was never there before. */
  readonly nonce: () => string;
}

/** Longer than the API server waits at both doors. */
const timeoutMs = 30_000;

/**
 * Proves that the API server reaches the webhook (E42): by a dry-run create of a ConfigMap for which it must call the
 * self-test's entries. The mutating one answers with an annotation; the validating one makes the API server say what is
 * in the way.
 */
export async function runSelfTest(options: SelfTestOptions, signal: AbortSignal): Promise<SelfTestResult> {
  const { client, clock, instance, ownNamespace } = options;
  const nonce = options.nonce();
  const configMap: JsonObject = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { generateName: `${instance}-self-test-`, namespace: ownNamespace, labels: { [names.selfTest]: 'true' } },
    data: selfTestData(nonce),
  };
  const at = new Date(clock.wallMs()).toISOString();
  const startMs = clock.monotonicMs();
  const result = (reachable: boolean | undefined, why: string, answeredBy?: string): SelfTestResult => ({
    reachable,
    latencyMs: Math.round((clock.monotonicMs() - startMs) * 10) / 10,
    at,
    answeredBy,
    why,
  });
  try {
    const path = pathOf(resources.configMaps, { namespace: ownNamespace });
    const created = await client.create(path, configMap, { query: { dryRun: 'All' }, timeoutMs, signal });
    const text = stringOf(objectOf(objectOf(created['metadata'])?.['annotations'])?.[names.answeredBy]);
    const answer = text === undefined ? undefined : readAnswer(text);
    if (answer?.nonce === nonce) return result(true, `the API server reaches the webhook`, answer.identity);
    return result(
      false,
      'the API server let the self-test through without an answer of the webhook: the entry of the self-test is not in force, or the webhook’s mutating door failed',
    );
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return isUnreachable(error)
      ? result(false, `the API server cannot call the webhook: ${reasonOf(error.message)}`)
      : result(undefined, `the self-test could not be made: ${error.message}`);
  }
}

/** The longest that a timer waits. */
const neverMs = 2 ** 31 - 1;
/** How soon an unreachable webhook is looked at again. */
const againMs = 10_000;
/** A single failure may be a configuration that the API server has not read yet. */
const confirmMs = 2_000;
/** How long a leader's first success may take: a new installation's pods are no endpoints until their first probe. */
const firstMs = 15_000;

/**
 * Runs the self-test for as long as this replica leads.
 *
 * @param options.everySeconds 0: never
 * @param options.ready whether the entries of the self-test are in force: not while paused, nor before the first write
 * @param options.onResult told of every result that is not about to be confirmed
 */
export function createSelfTest(
  options: SelfTestOptions & {
    readonly everySeconds: number;
    readonly ready: () => boolean;
    readonly onResult: (result: SelfTestResult) => void;
    readonly sleep?: Sleep;
  },
): (signal: AbortSignal) => Promise<void> {
  const { everySeconds, ready, onResult, log, metrics, clock, sleep = sleepByTimer } = options;
  return async (signal) => {
    let before: boolean | undefined;
    const test = (): Promise<SelfTestResult | undefined> =>
      runSelfTest(options, signal).catch((error: unknown) => {
        log.error({ err: error }, 'the self-test failed');
        return undefined;
      });
    while (!signal.aborted) {
      let waitMs = everySeconds === 0 ? neverMs : everySeconds * 1000;
      if (everySeconds > 0 && !ready()) {
        waitMs = Math.min(waitMs, confirmMs);
      } else if (everySeconds > 0) {
        let result = await test();
        const patientUntilMs = clock.monotonicMs() + (before === undefined ? firstMs : confirmMs);
        while (result?.reachable === false && clock.monotonicMs() < patientUntilMs) {
          await sleep(confirmMs, signal);
          if (isAborted(signal) || !ready()) break;
          result = await test();
        }
        if (isAborted(signal)) break;
        if (result !== undefined && ready()) {
          if (result.reachable !== undefined) metrics.setReachable(result.reachable, result.latencyMs / 1000);
          if (result.reachable !== before) {
            if (result.reachable === true) log.info({ latencyMs: result.latencyMs }, result.why);
            else log.error({ why: result.why }, 'the self-test did not come through');
            before = result.reachable;
          }
          onResult(result);
        }
        if (result?.reachable !== true) waitMs = Math.min(waitMs, againMs);
      }
      await sleep(waitMs, signal);
    }
  };
}

/** The API server answers so when a webhook with failurePolicy Fail cannot be called: ours, and nobody else's. */
function isUnreachable({ status, message }: ApiError): boolean {
  return status >= 500 && message.includes(`failed calling webhook "${selfTestName}"`);
}

/** The innermost part of the API server's words: the outer one only names the webhook. */
function reasonOf(message: string): string {
  const marker = 'failed to call webhook: ';
  const index = message.indexOf(marker);
  return index < 0 ? message : message.slice(index + marker.length);
}
