/*
 * Very many workloads that fail at once, on a real API server: what it costs, and that the state stays within its bounds. The
 * usual size is small; 500 workloads with 20 pods each beside them that run are asked for with OUTRIDER_SCALE_WORKLOADS=500.
 */
import t from 'tap';
import { TakeBack } from '../../../src/cluster/take-back/take-back.js';
import { TakeBackEvents } from '../../../src/cluster/take-back/take-back-events.js';
import { YoungNamespaces } from '../../../src/cluster/take-back/young-namespaces.js';
import { readTakenBack } from '../../../src/model/taken-back.js';
import { Registry } from '../../../src/observe/metrics.js';
import { TakeBackMetrics } from '../../../src/observe/take-back-metrics.js';
import { systemClock } from '../../../src/time/clock.js';
import { sleepByTimer } from '../../../src/time/sleep.js';
import { decideNow } from '../../support/engine.js';
import { patched } from '../../support/json.js';
import { podOf } from '../../support/pods.js';
import { doneAt, runningSince, waiting } from '../../support/pod-status.js';
import { memoryLog } from '../../cluster/fake-api.js';
import { startApiServer } from './api-server.js';
import { countedWay, engineNow } from './coverage-scale-scene.js';
import { until } from './guarded-process.js';
import { clientOf } from './in-cluster.js';
import { ago, nodeSays } from './node-says.js';

const workloads = Number(process.env['OUTRIDER_SCALE_WORKLOADS'] ?? 30);
const wellPerWorkload = Number(process.env['OUTRIDER_SCALE_WELL'] ?? 2);
const namespaces = 10;
// A look reads a limited number of pods, so that many workloads take several.
const patienceMs = 300_000 + workloads * 1_000;

t.setTimeout(600_000 + workloads * 4_000);

t.test('the looks ask for a limited number of pods, and take all of them back', async (t) => {
  const api = await startApiServer({ controllerManager: false });
  t.teardown(() => api.stop());
  const admin = clientOf(api.kubeconfig);
  const names = Array.from({ length: namespaces }, (_, at) => `team-${at}`);
  const labels = { tier: 'availability' };
  for (const name of [...names, 'outrider-system']) {
    await admin.create('/api/v1/namespaces', { metadata: { name, labels: name === 'outrider-system' ? {} : labels } });
    await admin.create(`/api/v1/namespaces/${name}/serviceaccounts`, { metadata: { name: 'default' } });
  }
  const broken = {
    'sysdig-workload-agent-tools': doneAt(ago(60)),
    'sysdig-workload-agent-copy': waiting('ErrImagePull'),
  };
  const well = {
    'sysdig-workload-agent-tools': doneAt(ago(60)),
    'sysdig-workload-agent-copy': doneAt(ago(59)),
    '*': runningSince(ago(58)),
  };
  const make = async (workload: string, at: number, namespace: string, isBroken: boolean): Promise<void> => {
    const owner = {
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      name: `${workload}-5d`,
      uid: workload,
      controller: true,
    };
    const name = `${workload}-5d-${at}`;
    const plain = podOf({}, { name, labels: { 'pod-template-hash': '5d' }, ownerReferences: [owner] });
    const decided = decideNow(plain, engineNow, 'mutate', { namespace, namespaceLabels: labels });
    await admin.create(`/api/v1/namespaces/${namespace}/pods`, patched(plain, decided.patch), { timeoutMs: 60_000 });
    await nodeSays(admin, { namespace, name }, isBroken ? broken : well, { ready: !isBroken, since: ago(60) });
  };
  const jobs = Array.from({ length: workloads }, (_, at) => at).flatMap((at) => {
    const namespace = names[at % namespaces] ?? '';
    return [
      ...[1, 2].map((pod) => () => make(`broken-${at}`, pod, namespace, true)),
      ...Array.from({ length: wellPerWorkload }, (_, pod) => () => make(`well-${at}`, pod, namespace, false)),
    ];
  });
  const left = jobs.values();
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      for (const job of left) await job();
    }),
  );

  const way = await countedWay(api);
  const client = clientOf(way.kubeconfig);
  const registry = new Registry();
  const logged = memoryLog();
  let told = 0;
  const takeBack = new TakeBack({
    client,
    pods: client,
    clock: systemClock,
    dates: systemClock,
    random: Math.random,
    sleep: sleepByTimer,
    instance: 'outrider',
    ownNamespace: 'outrider-system',
    afterMs: 20_000,
    engine: () => engineNow,
    namespaces: () => new Map(names.map((name) => [name, labels])),
    young: new YoungNamespaces(systemClock),
    metrics: new TakeBackMetrics(registry, systemClock),
    log: logged.log,
    events: new TakeBackEvents({ tell: () => told++, clock: systemClock }),
    onResult: () => undefined,
  });
  const term = new AbortController();
  const startBytes = way.bytes();
  const startMs = performance.now();
  const done = takeBack.run(term.signal);
  const path = '/api/v1/namespaces/outrider-system/configmaps/outrider-taken-back';
  let size = 0;
  const isAllTaken = async (): Promise<boolean> => {
    const found = await admin.get(path).catch(() => undefined);
    size = JSON.stringify(found?.['data'] ?? {}).length;
    return readTakenBack(found?.['data']).entries.size === workloads;
  };
  await until('all are taken back', isAllTaken, undefined, patienceMs);
  const seconds = (performance.now() - startMs) / 1000;
  const bytes = way.bytes() - startBytes;
  await until('everybody is told', () => Promise.resolve(told === workloads), undefined, patienceMs);
  t.comment(
    `${workloads} workloads taken back among ${workloads * (2 + wellPerWorkload)} pods: ${(bytes / 1e6).toFixed(1)} MB, ${seconds.toFixed(1)} s, the state has ${size} bytes`,
  );
  t.ok(size < 1_000_000);
  term.abort();
  await done;
  way.stop();
  await client.close();
  await admin.close();
});
