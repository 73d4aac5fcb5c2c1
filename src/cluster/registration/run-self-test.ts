import type { Clock } from '../../time/clock.js';
import { objectOf, stringOf, type JsonObject } from '../../model/json.js';
import { names } from '../../model/names.js';
import type { ObservedSelfTest } from '../../model/observed.js';
import { hashInWarnings, readAnswer, selfTestData, type SelfTestAnswer } from '../../model/self-test.js';
import type { ApiClient } from '../client/api-client.js';
import { ApiError } from '../client/api-error.js';
import { pathOf, resources } from '../client/resources.js';
import type { ConfigurationKind } from './entry.js';
import { selfTestName } from './entry-names.js';

/** What a self-test found: the condition `Reachable`. */
export interface SelfTestResult {
  /** `undefined` if that is unknown: the API server did not answer, or something else refused the dry run. */
  readonly reachable: boolean | undefined;
  /** How long the dry run took, through the API server and the webhook. */
  readonly latencyMs: number;
  /** When it was, RFC 3339. */
  readonly at: string;
  /** The replica that answered. */
  readonly answeredBy: string | undefined;
  /** What is wrong, or that nothing is wrong, for people. */
  readonly why: string;
  /** The hashes of the configurations that the API server used, as far as the answers name them. */
  readonly calledBy?: CalledBy;
}

/** The hash of each configuration that the API server used; absent if the answer named none. */
export type CalledBy = Readonly<Partial<Record<ConfigurationKind, string>>>;

/** A result as the leader records it; `undefined` for one without information. */
export function observedSelfTest({ reachable, latencyMs, at, why }: SelfTestResult): ObservedSelfTest | undefined {
  if (reachable === undefined) return undefined;
  return { reachable, latencyMs, at, ...(reachable ? {} : { why }) };
}

/** What the self-test needs. */
export interface SelfTestOptions {
  readonly client: Pick<ApiClient, 'create'>;
  readonly clock: Clock;
  readonly instance: string;
  readonly ownNamespace: string;
  /** Makes a text that was never used before. */
  readonly nonce: () => string;
}

/** Longer than the API server waits for both doors. */
const timeoutMs = 30_000;

/**
 * Proves that the API server reaches the webhook (E42), with a dry-run create of a ConfigMap for which it must call the
 * self-test's entries. The mutating entry answers with an annotation. The validating one answers with a warning, and makes
 * the API server report what is in the way. Both answers name the configuration that was used.
 *
 * @param how.newConnection opens a connection to the API server for this one
 */
export async function runSelfTest(
  options: SelfTestOptions,
  signal: AbortSignal,
  { newConnection = false } = {},
): Promise<SelfTestResult> {
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
  let warnings: readonly string[] = [];
  const onWarnings = (headers: readonly string[]): void => void (warnings = headers);
  const result = (reachable: boolean | undefined, why: string, answer?: SelfTestAnswer): SelfTestResult => ({
    reachable,
    latencyMs: Math.round((clock.monotonicMs() - startMs) * 10) / 10,
    at,
    answeredBy: answer?.identity,
    why,
    calledBy: calledByOf(answer, hashInWarnings(warnings, nonce)),
  });
  try {
    const path = pathOf(resources.configMaps, { namespace: ownNamespace });
    const query = { dryRun: 'All' };
    const created = await client.create(path, configMap, { query, timeoutMs, signal, newConnection, onWarnings });
    const text = stringOf(objectOf(objectOf(created['metadata'])?.['annotations'])?.[names.answeredBy]);
    const answer = text === undefined ? undefined : readAnswer(text);
    if (answer?.nonce === nonce) return result(true, 'the API server reaches the webhook', answer);
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

function calledByOf(answer: SelfTestAnswer | undefined, validating: string | undefined): CalledBy {
  const mutating = answer?.objectHash;
  return { ...(mutating === undefined ? {} : { mutating }), ...(validating === undefined ? {} : { validating }) };
}

/** The API server's answer if a webhook with failurePolicy Fail cannot be called. The webhook must be ours. */
function isUnreachable({ status, message }: ApiError): boolean {
  return status >= 500 && message.includes(`failed calling webhook "${selfTestName}"`);
}

/** The innermost part of the API server's words: the outer one only names the webhook. */
function reasonOf(message: string): string {
  const marker = 'failed to call webhook: ';
  const index = message.indexOf(marker);
  return index < 0 ? message : message.slice(index + marker.length);
}
