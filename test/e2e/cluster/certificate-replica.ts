import { ManagedCertificate } from '../../../src/cluster/certificates/managed.js';
import { createApiClient } from '../../../src/cluster/client/api-client.js';
import { Connection } from '../../../src/cluster/client/connection.js';
import { loadKubeConfig } from '../../../src/cluster/client/kube-config.js';
import { ServerClock } from '../../../src/cluster/client/server-clock.js';
import { pathOf, resources } from '../../../src/cluster/client/resources.js';
import { Election } from '../../../src/cluster/leader/election.js';
import { sleepByTimer } from '../../../src/time/sleep.js';
import { systemClock } from '../../../src/time/clock.js';
import { ClusterMetrics } from '../../../src/observe/cluster-metrics.js';
import { createLogger } from '../../../src/observe/logger.js';
import { Metrics, Registry } from '../../../src/observe/metrics.js';
import { rejectCauses } from '../../../src/server/rejection.js';
import { WebhookServer } from '../../../src/server/webhook.js';
import { mutatingConfiguration } from './webhooks.js';

// One replica in a process of its own: it serves with the managed certificate and takes part in the election. As
// leader it also writes the bundle into the webhook configuration, as the registration does. Prints its port.
const [kubeconfig = '', identity = '', url = ''] = process.argv.slice(2);
const log = await createLogger({ level: 'info', format: 'json' });
const clock = new ServerClock(systemClock, log);
const client = createApiClient(new Connection(loadKubeConfig({ kubeconfig })), 'replica', clock);
const registry = new Registry();
const metrics = new Metrics({ registry, version: '0', nodeVersion: 'v0', rejectCauses });
const { signal } = new AbortController();
const timing = { clock, random: Math.random, sleep: sleepByTimer };
let confirmed: string | undefined;
const managed = new ManagedCertificate({
  ...timing,
  client,
  namespace: 'default',
  instance: 'outrider',
  names: ['localhost'],
  rules: { leafLifetimeMs: 15_000, authorityLifetimeMs: 40_000, overlapMs: 3_000 },
  confirmedBundle: () => confirmed,
  relistMs: 60_000,
  log,
  signal,
});

/** Keeps the bundle in the webhook configuration. */
async function register(signal: AbortSignal): Promise<void> {
  confirmed = undefined;
  const path = pathOf(resources.mutatingWebhooks, { name: 'outrider' });
  const ended = (): boolean => signal.aborted;
  while (!ended()) {
    const bundle = managed.bundle();
    if (bundle !== '' && bundle !== confirmed) {
      const caBundle = Buffer.from(bundle).toString('base64');
      const namespaces = { 'kubernetes.io/metadata.name': 'default' };
      const entry = { name: 'certificates.outrider.dev', url, caBundle, failurePolicy: 'Fail', namespaces } as const;
      const query = { fieldManager: 'outrider', force: true };
      try {
        await client.patch(path, 'apply', mutatingConfiguration('outrider', [entry]), { query, signal });
        confirmed = bundle;
      } catch (error) {
        log.warn({ err: error }, 'not registered');
      }
    }
    await sleepByTimer(50, signal);
  }
}

const election = new Election({
  ...timing,
  client,
  namespace: 'default',
  name: 'outrider',
  identity,
  leaseSeconds: 3,
  fit: () => clock.agrees(),
  lead: async (signal) => {
    await Promise.all([managed.lead(signal), register(signal)]);
  },
  log,
  metrics: new ClusterMetrics(registry),
}).run(signal);
const pair = await managed.first();
const limits = { maxBodyBytes: 1 << 20, maxInFlight: 100, defaultTimeoutMs: 10_000, timeoutMarginMs: 500 };
const server = new WebhookServer({ pair, limits, logger: log, metrics });
const answer = (body: Buffer): string => {
  const uid = /"uid":"([^"]+)"/.exec(body.toString())?.[1];
  return JSON.stringify({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    response: { uid, allowed: true },
  });
};
server.setHandlers({ pods: { mutate: answer, validate: answer } });
// Every answer closes its connection, so that every review needs a handshake.
server.startDraining();
managed.onPair((next) => server.setPair(next));
server.setPair(managed.current() ?? pair);
process.stdout.write(`${await server.listen({ host: '127.0.0.1', port: 0 })}\n`);
await election;
