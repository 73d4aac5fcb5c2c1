/*
 * A sweep of many pods on a real API server: counts that are exact, and what it costs. The usual size is small; all of it,
 * 10,000 pods of 500 workloads in 50 namespaces, is asked for with OUTRIDER_SCALE_PODS=10000, as docs/testing.md says.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import t from 'tap';
import { sweepPods } from '../../../src/cluster/coverage/sweep.js';
import type { PodClient } from '../../../src/cluster/coverage/paced-client.js';
import type { Engine } from '../../../src/engine/engine.js';
import { countsText, noCounts } from '../../../src/model/coverage.js';
import type { JsonObject } from '../../../src/model/json.js';
import { systemClock } from '../../../src/time/clock.js';
import { sleepByTimer } from '../../../src/time/sleep.js';
import { decideNow, engineOf, policyText } from '../../support/engine.js';
import { patched } from '../../support/json.js';
import { podOf } from '../../support/pods.js';
import { startApiServer, type ApiServer } from './api-server.js';
import { applyAll } from './apply.js';
import { clientOf } from './in-cluster.js';

const pods = Number(process.env['OUTRIDER_SCALE_PODS'] ?? 600);
const namespaces = 50;
const workloads = Math.max(namespaces, Math.round(pods / 20));
const perWorkload = Math.round(pods / workloads);
const secureNamespaces = 10;

t.setTimeout(120_000 + pods * 120);

const match = (tier: string) => ({ namespaceSelector: { matchLabels: { tier } } });
const engineIn = (region: string): Engine =>
  engineOf(
    (['Availability', 'Security'] as const)
      .map((prefer) =>
        policyText(prefer.toLowerCase(), {
          profile: { name: 'sysdig', settings: { region } },
          match: match(prefer.toLowerCase()),
          prefer,
        }),
      )
      .join(''),
  );
const [now, before] = [engineIn('us2'), engineIn('eu1')];

const names = Array.from({ length: namespaces }, (_, index) => `team-${index}`);
const tierOf = (index: number): string => (index < secureNamespaces ? 'security' : 'availability');
const labels = new Map(names.map((name, index) => [name, { tier: tierOf(index) }]));

/** A tenth is missed, a tenth is stale, and of those that are read whole a tenth is forged. */
function kindOf(workload: number): 'missed' | 'stale' | 'forged' | 'instrumented' {
  const nth = Math.floor(workload / namespaces);
  if (nth % 10 === 0) return 'missed';
  if (nth % 10 === 1) return 'stale';
  return nth % 10 === 2 && workload % namespaces < secureNamespaces ? 'forged' : 'instrumented';
}

function podFor(workload: number, index: number): { readonly namespace: string; readonly pod: JsonObject } {
  const place = workload % namespaces;
  const namespace = names[place] ?? '';
  const name = `web-${workload}`;
  const owner = {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    name: `${name}-5d8f7c9b6`,
    uid: `uid-${workload}`,
    controller: true,
  };
  const metadata = {
    name: `${name}-5d8f7c9b6-${index}`,
    labels: { app: name, 'pod-template-hash': '5d8f7c9b6' },
    ownerReferences: [owner],
  };
  const plain = podOf({}, metadata);
  const decide = (engine: Engine): JsonObject =>
    patched(
      plain,
      decideNow(plain, engine, 'mutate', { namespace, namespaceLabels: labels.get(namespace) ?? {} }).patch,
    );
  switch (kindOf(workload)) {
    case 'missed':
      return { namespace, pod: plain };
    case 'stale':
      return { namespace, pod: decide(before) };
    case 'forged':
      return { namespace, pod: { ...decide(now), spec: plain['spec'] ?? {} } };
    case 'instrumented':
      return { namespace, pod: decide(now) };
  }
}

/** A way to the API server that counts what comes back. */
async function counted(api: ApiServer) {
  let bytes = 0;
  const port = Number(new URL(api.url).port);
  const server = createServer((socket) => {
    const there = connect(port, '127.0.0.1');
    socket.pipe(there);
    there.pipe(socket);
    there.on('data', (chunk) => (bytes += chunk.length));
    for (const one of [socket, there]) one.on('error', () => one.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const own = typeof address === 'object' ? (address?.port ?? 0) : 0;
  const kubeconfig = join(api.directory, 'counted.kubeconfig');
  writeFileSync(kubeconfig, readFileSync(api.kubeconfig, 'utf8').replaceAll(`:${port}`, `:${own}`));
  return { kubeconfig, bytes: () => bytes, stop: () => server.close() };
}

setFlagsFromString('--expose-gc');
const collect: unknown = runInNewContext('gc');
function liveBytes(): number {
  if (typeof collect !== 'function') throw new Error('no garbage can be collected');
  Reflect.apply(collect, undefined, []);
  return process.memoryUsage().heapUsed;
}

t.test('a sweep of many pods counts each, keeps nothing, and costs what docs say', async (t) => {
  const api = await startApiServer({ controllerManager: false });
  t.teardown(() => api.stop());
  const namespaceObjects = names.map((name) => ({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name, labels: labels.get(name) ?? {} },
  }));
  const accounts = names.map((name) => ({
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: 'default', namespace: name },
  }));
  await applyAll(api, [...namespaceObjects, ...accounts]);
  const admin = clientOf(api.kubeconfig);
  t.teardown(() => admin.close());
  const left = Array.from({ length: workloads * perWorkload }, (_, index) => index);
  const make = async (): Promise<void> => {
    for (let index = left.pop(); index !== undefined; index = left.pop()) {
      const { namespace, pod } = podFor(Math.floor(index / perWorkload), index % perWorkload);
      await admin.create(`/api/v1/namespaces/${namespace}/pods`, pod);
    }
  };
  await Promise.all(Array.from({ length: 16 }, make));
  const wanted = { ...noCounts };
  for (let workload = 0; workload < workloads; workload++) wanted[kindOf(workload)] += perWorkload;

  const way = await counted(api);
  const client = clientOf(way.kubeconfig);
  t.teardown(async () => {
    await client.close();
    way.stop();
  });
  const sweep = (of: PodClient) =>
    sweepPods({
      client: of,
      clock: systemClock,
      random: Math.random,
      sleep: sleepByTimer,
      engine: now,
      earlier: [],
      calledFor: () => ({ sinceMs: undefined, unreached: [] }),
      namespaces: labels,
      everyMs: 0,
      sampled: 40,
      signal: new AbortController().signal,
    });
  const startBytes = way.bytes();
  const startMs = performance.now();
  const swept = await sweep(client);
  const seconds = (performance.now() - startMs) / 1000;
  const megabytes = (way.bytes() - startBytes) / 1e6;
  const counts = { ...noCounts };
  for (const found of swept.tally.policies(20).values()) {
    for (const state of ['instrumented', 'stale', 'missed', 'forged'] as const) counts[state] += found.counts[state];
  }
  t.equal(countsText(counts), countsText(wanted));
  t.equal(swept.tally.workloads().length, workloads);

  // Once more, with a forced collection while each page is held.
  const base = liveBytes();
  let most = 0;
  await sweep({
    page: async (path, options) => {
      const page = await client.page(path, options);
      most = Math.max(most, liveBytes() - base);
      return page;
    },
  });
  const kept = liveBytes() - base;
  const mega = (bytes: number): string => (bytes / 1e6).toFixed(1);
  t.comment(
    `${workloads * perWorkload} pods, ${workloads} workloads: ${swept.requests} requests, ${megabytes.toFixed(1)} MB, ${seconds.toFixed(1)} s; heap +${mega(most)} MB while sweeping, +${mega(kept)} MB behind it`,
  );
  t.ok(most < 15e6, `${mega(most)} MB more while sweeping`);
  t.ok(kept < 3e6, `${mega(kept)} MB behind it`);
});
