import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSelfTestDoor } from '../../../src/admission/self-test.js';
import { createApiClient, type ApiClient } from '../../../src/cluster/client/api-client.js';
import { isApiError } from '../../../src/cluster/client/api-error.js';
import { Connection } from '../../../src/cluster/client/connection.js';
import { loadKubeConfig } from '../../../src/cluster/client/kube-config.js';
import type { ConfigurationKind, Installation } from '../../../src/cluster/registration/entry.js';
import type { RegisteredPolicy } from '../../../src/cluster/registration/registered-policy.js';
import { followWithWatch } from '../../../src/cluster/registration/follow.js';
import { PauseMarker } from '../../../src/cluster/registration/pause-marker.js';
import { Registration } from '../../../src/cluster/registration/registration.js';
import { configurationPath } from '../../../src/cluster/registration/write.js';
import type { MatchCondition } from '../../../src/cluster/registration/match-conditions.js';
import { sleepByTimer } from '../../../src/time/sleep.js';
import { systemClock } from '../../../src/time/clock.js';
import { isObject, listOf, objectOf, stringOf, type JsonObject } from '../../../src/model/json.js';
import { ClusterMetrics } from '../../../src/observe/cluster-metrics.js';
import { createLogger } from '../../../src/observe/logger.js';
import { Metrics, Registry } from '../../../src/observe/metrics.js';
import { rejectCauses } from '../../../src/server/rejection.js';
import { WebhookServer } from '../../../src/server/webhook.js';
import { loadPair } from '../../../src/tls/pair.js';
import type { ApiServer } from './api-server.js';

/** Opens a client as whoever a kubeconfig is for. */
export function clientOf(kubeconfig: string): ApiClient {
  return createApiClient(new Connection(loadKubeConfig({ kubeconfig })), 'outrider-test');
}

/** A leader that does nothing but keep the webhook configurations, and what a test changes under it. */
export interface Leader {
  readonly registration: Registration;
  readonly pause: PauseMarker;
  policies: readonly RegisteredPolicy[] | undefined;
  caBundle: string | undefined;
  readonly lines: readonly string[];
  /** How often it has looked at the configurations. */
  looks(): number;
  /** Writes so far, by configuration, cause and result. */
  writes(cause: 'change' | 'repair', result?: 'success' | 'failure'): Promise<number>;
  stop(): Promise<void>;
}

/** Starts one. */
export async function lead(
  client: ApiClient,
  installation: Installation,
  more: {
    readonly policies?: readonly RegisteredPolicy[];
    readonly caBundle: string;
    readonly matchConditions?: readonly MatchCondition[];
    readonly repairs?: { readonly burst: number; readonly everyMs: number };
  },
): Promise<Leader> {
  const lines: string[] = [];
  const log = await createLogger({
    level: 'debug',
    format: 'json',
    destination: { write: (line) => void lines.push(line) },
  });
  const registry = new Registry();
  const metrics = new ClusterMetrics(registry);
  const ending = new AbortController();
  const { signal } = ending;
  const timing = { clock: systemClock, random: Math.random, sleep: sleepByTimer };
  const follow = followWithWatch({ ...timing, client, log, relistMs: 600_000 });
  const { instance, ownNamespace } = installation;
  const pause = new PauseMarker({ client, instance, ownNamespace, follow, clock: systemClock, log, metrics, signal });
  let looks = 0;
  const registration = new Registration({
    ...timing,
    client,
    log,
    metrics,
    installation,
    matchConditions: more.matchConditions ?? [],
    policies: () => leader.policies,
    caBundle: () => leader.caBundle,
    pause,
    follow,
    onOutcome: () => (looks += 1),
    repairs: more.repairs ?? { burst: 1000, everyMs: 1 },
  });
  const leader: Leader = {
    registration,
    pause,
    policies: more.policies,
    caBundle: more.caBundle,
    lines,
    looks: () => looks,
    writes: async (cause, result = 'success') => {
      const all = await registry.getMetricsAsJSON();
      const writes = all.find(({ name }) => name === 'outrider_webhook_configuration_writes_total')?.values ?? [];
      return writes
        .filter(({ labels }) => labels['cause'] === cause && labels['result'] === result)
        .reduce((sum, { value }) => sum + value, 0);
    },
    stop: async () => {
      ending.abort();
      await running;
    },
  };
  const running = registration.run(signal);
  return leader;
}

/** The webhooks of a configuration by name; `undefined` when there is no configuration. */
export async function webhooksOf(
  client: ApiClient,
  kind: ConfigurationKind,
  instance: string,
): Promise<Readonly<Record<string, JsonObject>> | undefined> {
  const live = await configurationOf(client, kind, instance);
  if (live === undefined) return undefined;
  return Object.fromEntries(
    listOf(live['webhooks'])
      .filter(isObject)
      .map((one) => [stringOf(one['name']) ?? '', one]),
  );
}

export async function configurationOf(
  client: ApiClient,
  kind: ConfigurationKind,
  instance: string,
): Promise<JsonObject | undefined> {
  return client.get(configurationPath(kind, instance)).catch((error: unknown) => {
    if (isApiError(error, 'NotFound')) return undefined;
    throw error;
  });
}

/** What AKS's admission enforcer adds to the namespaceSelector of every webhook that it meets. */
const enforced = [
  { key: 'control-plane', operator: 'NotIn', values: ['true'] },
  { key: 'kubernetes.azure.com/managedby', operator: 'NotIn', values: ['aks'] },
] as const;

/** Another writer, as AKS has it: looks all the time, and puts its expressions in where one is missing. */
export interface Enforcer {
  /** How often it has looked at both configurations. */
  rounds(): number;
  /** How often it had to write. */
  writes(): number;
  /** Whether its expressions are in every webhook of a configuration. */
  stands(live: JsonObject | undefined): boolean;
  stop(): Promise<void>;
}

export function startEnforcer(client: ApiClient, instance: string): Enforcer {
  const ending = new AbortController();
  let rounds = 0;
  let writes = 0;
  const run = async (): Promise<void> => {
    while (!ending.signal.aborted) {
      for (const kind of ['mutating', 'validating'] as const) {
        const live = await configurationOf(client, kind, instance);
        if (live === undefined || stands(live)) continue;
        try {
          await client.replace(configurationPath(kind, instance), withEnforced(live), {
            query: { fieldManager: 'admissionsenforcer' },
          });
          writes += 1;
        } catch (error) {
          if (!isApiError(error, 'Conflict', 'NotFound')) throw error;
        }
      }
      rounds += 1;
      await sleepByTimer(10, ending.signal);
    }
  };
  const running = run();
  return {
    rounds: () => rounds,
    writes: () => writes,
    stands: (live) => live !== undefined && stands(live),
    stop: async () => {
      ending.abort();
      await running;
    },
  };
}

function stands(live: JsonObject): boolean {
  return listOf(live['webhooks'])
    .filter(isObject)
    .every((webhook) => missing(webhook).length === 0);
}

function missing(webhook: JsonObject): readonly JsonObject[] {
  const there = listOf(objectOf(webhook['namespaceSelector'])?.['matchExpressions']).filter(isObject);
  return enforced.filter(({ key }) => !there.some((one) => one['key'] === key));
}

function withEnforced(live: JsonObject): JsonObject {
  return {
    ...live,
    webhooks: listOf(live['webhooks'])
      .filter(isObject)
      .map((webhook) => {
        const selector = objectOf(webhook['namespaceSelector']) ?? {};
        const matchExpressions = [...missing(webhook), ...listOf(selector['matchExpressions'])];
        return { ...webhook, namespaceSelector: { ...selector, matchExpressions } };
      }),
  };
}

/** Serves the webhook's doors on a free port, with a certificate of the cluster's authority. */
export async function serveDoors(
  api: ApiServer,
): Promise<{ readonly server: WebhookServer; readonly url: string; readonly identity: string }> {
  const files = await api.authority.server('outrider', ['localhost']);
  const identity = randomUUID();
  const server = new WebhookServer({
    pair: loadPair(readFileSync(files.certFile, 'utf8'), readFileSync(files.keyFile, 'utf8'), files),
    limits: { maxBodyBytes: 1 << 20, maxInFlight: 10, defaultTimeoutMs: 5_000, timeoutMarginMs: 500 },
    logger: await createLogger({ level: 'silent', format: 'json' }),
    metrics: new Metrics({ registry: new Registry(), version: '0', nodeVersion: 'v0', rejectCauses }),
  });
  const port = await server.listen({ host: 'localhost', port: 0 });
  const nobody = (): never => {
    throw new Error('no pod is created here');
  };
  const selfTest = createSelfTestDoor(identity);
  server.setHandlers({
    pods: { mutate: nobody, validate: nobody },
    selfTest: { mutate: selfTest, validate: selfTest },
  });
  return { server, url: `https://localhost:${port}`, identity };
}
