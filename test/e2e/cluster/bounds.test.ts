import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { isObject, listOf, objectOf, type JsonObject, type JsonValue } from '../../../src/model/json.js';
import { makeMemoryLimit, peakResidentBytes } from '../faults/memory-limit.js';
import { namespaceOf, policyOf } from '../lookup/documents.js';
import { startServing } from '../serving.js';
import { startApiServer } from './api-server.js';
import { clientOf } from './in-cluster.js';
import { mutatingConfiguration, validatingConfiguration, type Entry } from './webhooks.js';

t.setTimeout(900_000);

const mebibyte = 1024 * 1024;
const limitBytes = 512 * mebibyte;

const api = await startApiServer({ controllerManager: false });
t.teardown(() => api.stop());
const client = clientOf(api.kubeconfig);
t.teardown(() => client.close());

const parent = mkdtempSync(join(tmpdir(), 'outrider-bounds-'));
t.teardown(() => rmSync(parent, { recursive: true, force: true }));
const limit = makeMemoryLimit(limitBytes);
const serving = await startServing({
  parent,
  documents: [
    ...['open', 'forbidden', 'secure'].map(namespaceOf),
    policyOf('open', {}),
    policyOf('forbidden', { optOut: 'Forbidden' }),
    policyOf('secure', { prefer: 'Security' }),
  ],
  flags: ['--lookup=false'],
  nodeOptions: ['--max-semi-space-size=8', ...(limit === undefined ? ['--max-old-space-size=256'] : [])],
  ...(limit === undefined ? {} : { command: limit.command }),
});
t.teardown(async () => {
  await serving.stop();
  await limit?.remove();
});

for (const name of ['open', 'forbidden', 'secure']) {
  const { apiVersion, kind } = { apiVersion: 'v1', kind: 'Namespace' };
  await client.create('/api/v1/namespaces', { apiVersion, kind, metadata: { name, labels: { tier: name } } });
  await client.create(`/api/v1/namespaces/${name}/serviceaccounts`, {
    apiVersion,
    kind: 'ServiceAccount',
    metadata: { name: 'default' },
  });
}
const entryOf = (door: 'mutate' | 'validate', tier: string, failurePolicy: Entry['failurePolicy']): Entry => ({
  name: `${tier}.outrider.dev`,
  url: `https://localhost:${String(serving.port)}/${door}/pods`,
  caBundle: Buffer.from(serving.ca).toString('base64'),
  namespaces: { tier },
  failurePolicy,
});
const registration = '/apis/admissionregistration.k8s.io/v1';
await client.create(
  `${registration}/mutatingwebhookconfigurations`,
  mutatingConfiguration(
    'outrider',
    ['open', 'forbidden', 'secure'].map((tier) => entryOf('mutate', tier, 'Ignore')),
  ),
);
await client.create(
  `${registration}/validatingwebhookconfigurations`,
  validatingConfiguration('outrider', [
    entryOf('validate', 'forbidden', 'Ignore'),
    entryOf('validate', 'secure', 'Fail'),
  ]),
);

function podOf(name: string, container: JsonObject, more: JsonObject = {}, containers: JsonValue[] = []): JsonObject {
  const app = { name: 'app', image: 'acme/app:1', command: ['/app'], ...container };
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec: { containers: [app, ...containers] }, ...more };
}

/** What happened to a pod: its status as Outrider wrote it, or why it was refused. */
async function create(namespace: string, pod: JsonObject, dryRun = false): Promise<string> {
  const path = `/api/v1/namespaces/${namespace}/pods${dryRun ? '?dryRun=All' : ''}`;
  try {
    const made: unknown = await client.create(path, pod, { timeoutMs: 300_000 });
    const metadata = isObject(made) ? objectOf(made['metadata']) : undefined;
    const status = objectOf(metadata?.['labels'])?.['outrider.dev/status'];
    return typeof status === 'string' ? status : 'not instrumented';
  } catch (error) {
    return error instanceof Error ? error.message.slice(0, 300) : String(error);
  }
}

function judge(t: Test): void {
  const peak = peakResidentBytes(serving.pid);
  t.comment(`at most ${String(Math.round(peak / mebibyte))} MiB resident`);
  t.ok(peak < limitBytes);
  t.equal(limit?.kills() ?? 0, 0, 'nothing was killed');
}

t.test('F10: a pod that escapes make larger than the API server reads is instrumented', async (t) => {
  const preStop = { exec: { command: ['/bin/true', '<'.repeat(1_450_000)] } };
  for (const namespace of ['open', 'forbidden', 'secure']) {
    t.equal(await create(namespace, podOf('escapes', { lifecycle: { preStop } })), 'injected', namespace);
  }
  judge(t);
});

t.test('F10: and so is one with a status that the API server throws away', async (t) => {
  const statuses = Array.from({ length: 300_000 }, () => ({}));
  for (const namespace of ['open', 'forbidden', 'secure']) {
    const long = podOf('long-status', {}, { status: { message: '<'.repeat(2_900_000) } });
    t.equal(await create(namespace, long), 'injected', `${namespace}, a long message`);
    const startMs = performance.now();
    const many = podOf('many-statuses', {}, { status: { containerStatuses: statuses } });
    t.equal(await create(namespace, many), 'injected', `${namespace}, many statuses`);
    t.comment(`${namespace}: ${(performance.now() - startMs).toFixed(0)} ms`);
  }
  judge(t);
});

t.test('F17: eight pods of 24,000 containers at once are left alone, or denied', async (t) => {
  const containers = Array.from({ length: 24_000 }, (_, index) => ({ name: `c${String(index)}`, image: 'a' }));
  const pod = podOf('many', {}, {}, containers);
  t.comment(`${String(JSON.stringify(pod).length)} bytes`);
  for (const [namespace, want] of [
    ['open', /^not instrumented$/],
    ['forbidden', /too_many_containers|more containers/],
    ['secure', /too_many_containers|more containers/],
  ] as const) {
    const startMs = performance.now();
    const outcomes = await Promise.all(Array.from({ length: 8 }, () => create(namespace, pod, true)));
    t.comment(`${namespace}: ${(performance.now() - startMs).toFixed(0)} ms, ${[...new Set(outcomes)].join(' | ')}`);
    for (const outcome of outcomes) t.match(outcome, want, namespace);
  }
  judge(t);
  t.equal(listOf(objectOf(pod['spec'])?.['containers']).length, 24_001);
});
