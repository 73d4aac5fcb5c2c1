import { readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import type { Engine } from '../../../src/engine/engine.js';
import { noCounts, type CoverageCounts } from '../../../src/model/coverage.js';
import type { JsonObject } from '../../../src/model/json.js';
import type { StringMap } from '../../../src/model/selector.js';
import { decideNow, engineOf, policyText } from '../../support/engine.js';
import { patched } from '../../support/json.js';
import { podOf } from '../../support/pods.js';
import type { ApiServer } from './api-server.js';
import { clientOf } from './in-cluster.js';

/** How many of what a cluster has. */
export interface Scale {
  readonly namespaces: number;
  /** Those of them, the first ones, whose policy prefers Security. */
  readonly secureNamespaces: number;
  /** Spread over the namespaces. */
  readonly workloads: number;
  readonly perWorkload: number;
}

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

/** The engine that pods are judged by. */
export const engineNow = engineIn('us2');
const before = engineIn('eu1');

/** Labels of the namespaces by name. */
export function namespacesOf({ namespaces, secureNamespaces }: Scale): ReadonlyMap<string, StringMap> {
  return new Map(
    Array.from({ length: namespaces }, (_, index) => [`team-${index}`, labelsOf(index < secureNamespaces)]),
  );
}

function labelsOf(secure: boolean): StringMap {
  return { tier: secure ? 'security' : 'availability' };
}

/** What a sweep has to count. */
export function wantedOf(scale: Scale): CoverageCounts {
  const wanted = { ...noCounts };
  for (let workload = 0; workload < scale.workloads; workload++) wanted[kindOf(scale, workload)] += scale.perWorkload;
  return wanted;
}

/** Makes the namespaces and the pods, many at a time. */
export async function fill(api: ApiServer, scale: Scale): Promise<void> {
  const admin = clientOf(api.kubeconfig);
  const labels = namespacesOf(scale);
  const atOnce = async (jobs: readonly (() => Promise<unknown>)[]): Promise<void> => {
    const left = jobs.values();
    const work = async (): Promise<void> => {
      for (const job of left) await job();
    };
    await Promise.all(Array.from({ length: 16 }, work));
  };
  const namespaceJobs = [...labels].map(([name, own]) => async () => {
    await admin.create('/api/v1/namespaces', { metadata: { name, labels: own } });
    await admin.create(`/api/v1/namespaces/${name}/serviceaccounts`, { metadata: { name: 'default' } });
  });
  const podJobs = Array.from({ length: scale.workloads * scale.perWorkload }, (_, index) => () => {
    const { namespace, pod } = podFor(scale, Math.floor(index / scale.perWorkload), index % scale.perWorkload);
    return admin.create(`/api/v1/namespaces/${namespace}/pods`, pod);
  });
  try {
    await atOnce(namespaceJobs);
    await atOnce(podJobs);
  } finally {
    await admin.close();
  }
}

/** A tenth is missed, a tenth is stale, and of those that are read whole a tenth is forged. */
function kindOf(
  { namespaces, secureNamespaces }: Scale,
  workload: number,
): 'missed' | 'stale' | 'forged' | 'instrumented' {
  const place = workload % namespaces;
  const nth = (Math.floor(workload / namespaces) + place) % 10;
  if (nth === 0) return 'missed';
  if (nth === 1) return 'stale';
  return nth === 2 && place < secureNamespaces ? 'forged' : 'instrumented';
}

function podFor(
  scale: Scale,
  workload: number,
  index: number,
): { readonly namespace: string; readonly pod: JsonObject } {
  const namespace = `team-${workload % scale.namespaces}`;
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
  const namespaceLabels = labelsOf(workload % scale.namespaces < scale.secureNamespaces);
  const decide = (engine: Engine): JsonObject =>
    patched(plain, decideNow(plain, engine, 'mutate', { namespace, namespaceLabels }).patch);
  switch (kindOf(scale, workload)) {
    case 'missed':
      return { namespace, pod: plain };
    case 'stale':
      return { namespace, pod: decide(before) };
    case 'forged':
      return { namespace, pod: { ...decide(engineNow), spec: plain['spec'] ?? {} } };
    case 'instrumented':
      return { namespace, pod: decide(engineNow) };
  }
}

/** A way to the API server that counts what comes back. */
export async function countedWay(api: ApiServer) {
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
