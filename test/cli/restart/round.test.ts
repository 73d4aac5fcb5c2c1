import t from 'tap';
import type { RestartResult, RoundReport } from '../../../src/cli/restart/result.js';
import { RestartRound, type RestartOrder, type RoundOptions, type Target } from '../../../src/cli/restart/round.js';
import type { PodNeed, WorkloadState } from '../../../src/cli/restart/workload-state.js';
import { ApiError } from '../../../src/cluster/client/api-error.js';
import { OutriderError } from '../../../src/model/error.js';
import type { JsonObject } from '../../../src/model/json.js';
import { workloadKinds } from '../../../src/model/workload-kinds.js';
import { createVirtualTime } from '../../cluster/virtual-time.js';

const annotation = 'kubectl.kubernetes.io/restartedAt';
const refusal = (status: number, reason: string): ApiError => new ApiError(`PATCH /x: ${reason}`, { status, reason });
const noAnswer = refusal(0, 'NoAnswer');

/** A Deployment of the fake cluster, and what is to happen to it. */
interface Fake {
  /** How many of its two pods are missed, before and after a restart. */
  missed: number;
  missedAfter?: number;
  /** How many looks its rollout takes; `Infinity`: it never ends. */
  looks?: number;
  metadata?: JsonObject;
  /** What the next reads and restarts meet. */
  readFaults?: Error[];
  restartFaults?: (Error | 'lost')[];
}

function deployment(name: string, fake: Fake, at: string | undefined, updated: number): JsonObject {
  const annotations = at === undefined ? {} : { [annotation]: at };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, generation: 2, resourceVersion: '1', ...fake.metadata },
    spec: { replicas: 2, template: { metadata: { annotations } } },
    status: { observedGeneration: 2, replicas: 2, updatedReplicas: updated, availableReplicas: updated },
  };
}

/** A cluster of Deployments, by name, and rounds in it. */
function cluster(fakes: Readonly<Record<string, Fake>>) {
  const time = createVirtualTime();
  const controller = new AbortController();
  const restarts: string[] = [];
  const orders: RestartOrder[] = [];
  const written = new Map<string, { readonly at: string; looks: number }>();
  const progress: string[] = [];
  const fakeOf = (target: Target): Fake => fakes[target.name] ?? { missed: 0 };
  const objectAt = (name: string): JsonObject => {
    const fake = fakes[name] ?? { missed: 0 };
    const restart = written.get(name);
    if (restart === undefined) return deployment(name, fake, undefined, 2);
    restart.looks += 1;
    return deployment(name, fake, restart.at, restart.looks > (fake.looks ?? 1) ? 2 : 1);
  };
  const judge = (name: string) => (): Promise<WorkloadState> => {
    const fake = fakes[name] ?? { missed: 0 };
    const missed = written.has(name) ? (fake.missedAfter ?? 0) : fake.missed;
    const pods = [0, 1].map((index): PodNeed => ({
      name: `${name}-${index}`,
      state: index < missed ? 'missed' : 'instrumented',
      detail: 'it lacks volume x',
    }));
    return Promise.resolve({ policy: 'default', pods });
  };
  async function* targets(judged: Target['judge'] | undefined, more: Partial<Target>): AsyncGenerator<Target> {
    for (const name of Object.keys(fakes)) {
      const resource = workloadKinds.deployments;
      const object = objectAt(name);
      yield await Promise.resolve({ resource, name, namespace: 'shop', object, judge: judged ?? judge(name), ...more });
    }
  }
  const access: RoundOptions['access'] = {
    read: (target) => {
      const fault = fakeOf(target).readFaults?.shift();
      return fault === undefined ? Promise.resolve(objectAt(target.name)) : Promise.reject(fault);
    },
    restart: (target, object, order) => {
      const fault = fakeOf(target).restartFaults?.shift();
      orders.push(order);
      if (fault !== undefined && fault !== 'lost') return Promise.reject(fault);
      if (order.dryRun) return Promise.resolve(object);
      restarts.push(target.name);
      written.set(target.name, { at: order.at, looks: 0 });
      return fault === 'lost' ? Promise.reject(noAnswer) : Promise.resolve(object);
    },
    pods: () =>
      Promise.resolve([
        {
          metadata: { name: 'p' },
          status: { containerStatuses: [{ name: 'app', state: { waiting: { reason: 'Crash' } } }] },
        },
      ]),
  };
  const run = async (
    options: Partial<RoundOptions> = {},
    interruptMs?: number,
    judged?: Target['judge'],
    more: Partial<Target> = {},
  ): Promise<RoundReport> => {
    const report = new RestartRound({
      access,
      clock: time,
      sleep: time.sleep,
      wanted: { missed: true, stale: true, broken: false },
      dryRun: false,
      max: Infinity,
      timeoutMs: 60_000,
      fieldManager: undefined,
      signal: controller.signal,
      programName: 'outrider',
      onProgress: (target, text) => progress.push(`${target.name}: ${text}`),
      onResult: () => undefined,
      ...options,
    }).run(targets(judged, more));
    report.catch(() => undefined);
    if (interruptMs !== undefined) {
      await time.advance(interruptMs);
      controller.abort();
    }
    await time.advance(200_000);
    return report;
  };
  return { run, restarts, orders, progress, written };
}

function said({ results }: RoundReport): readonly string[] {
  return results.map(({ workload, outcome }: RestartResult) => `${workload} ${outcome}`);
}

t.test('one after another, each waited for, and none that lacks nothing', async (t) => {
  const here = cluster({ a: { missed: 2, looks: 3 }, b: { missed: 0 }, c: { missed: 1 } });
  const report = await here.run();
  t.same(said(report), ['deploy/a restarted', 'deploy/b unchanged', 'deploy/c restarted']);
  t.equal(report.stopped, undefined);
  t.same(here.restarts, ['a', 'c']);
  t.match(report.results[0], { detail: '2 missed of 2 pods before; the new ones have every part', policy: 'default' });
  t.same(here.progress, [
    'a: restarting: 2 missed of 2 pods',
    'a: 1 of 2 pods are new',
    'c: restarting: 1 missed of 2 pods',
    'c: 1 of 2 pods are new',
  ]);
  t.match(here.orders[0], { fieldManager: 'outrider-restart', at: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/ });
  t.same(
    (await here.run()).results.map(({ outcome }) => outcome),
    ['unchanged', 'unchanged', 'unchanged'],
  );
  t.equal(here.restarts.length, 2, 'and none a second time');
});

t.test('the first that fails ends it', async (t) => {
  const here = cluster({ a: { missed: 2, looks: Infinity }, b: { missed: 2 } });
  const report = await here.run();
  t.same(said(report), ['deploy/a failed']);
  t.equal(report.stopped, 'failed');
  t.match(report.results[0], {
    detail: 'its rollout was not done after 60 s: 1 of 2 pods are new; pod p: container app: Crash',
    remedy: 'kubectl -n shop rollout undo deployment/a, for the pods as they were',
  });
});

t.test('new pods that lack what they should have end it too: while the webhook is not called', async (t) => {
  const report = await cluster({ a: { missed: 2, missedAfter: 1 }, b: { missed: 2 } }).run();
  t.same(said(report), ['deploy/a failed']);
  t.match(report.results[0], {
    detail: 'its pods are new, and not as they should be: 1 missed of 2 pods, such as a-0: it lacks volume x',
    remedy: 'see whether the webhook is called: outrider status',
  });
});

t.test('no more than --max', async (t) => {
  const here = cluster({ a: { missed: 0 }, b: { missed: 2 }, c: { missed: 2 } });
  const report = await here.run({ max: 1 });
  t.same(said(report), ['deploy/a unchanged', 'deploy/b restarted']);
  t.equal(report.stopped, 'max');
  t.same(said(await here.run({ max: 1 })), ['deploy/a unchanged', 'deploy/b unchanged', 'deploy/c restarted']);
});

t.test('a dry run tries the change, names all that would be refused, and waits for nothing', async (t) => {
  const here = cluster({
    a: { missed: 2, restartFaults: [refusal(403, 'Forbidden')] },
    b: { missed: 2, restartFaults: [refusal(422, 'Invalid')] },
    c: { missed: 2 },
  });
  const report = await here.run({ dryRun: true });
  t.same(said(report), ['deploy/a failed', 'deploy/b failed', 'deploy/c would_restart']);
  t.match(report.results[0], {
    detail: 'the API server would not take the restart: Forbidden',
    remedy: /ask for the right/,
  });
  t.notOk(report.results[1]?.remedy);
  t.same(here.restarts, []);
  t.ok(here.orders.every(({ dryRun }) => dryRun));
  const most = await cluster({ a: { missed: 2 }, b: { missed: 2 } }).run({ dryRun: true, max: 1 });
  t.same(said(most), ['deploy/a would_restart']);
  t.equal(most.stopped, 'max');
});

t.test('403 and whatever else the API server refuses ends it', async (t) => {
  for (const error of [refusal(403, 'Forbidden'), refusal(422, 'Invalid'), refusal(404, 'NotFound')]) {
    const report = await cluster({ a: { missed: 2, restartFaults: [error] }, b: { missed: 2 } }).run();
    t.same(said(report), ['deploy/a failed']);
    t.match(report.results[0]?.detail, /^the API server does not take the restart: /);
  }
});

t.test('409: what changed meanwhile is looked at again, a few times', async (t) => {
  const conflict = refusal(409, 'Conflict');
  const once = cluster({ a: { missed: 2, restartFaults: [conflict] } });
  t.same(said(await once.run()), ['deploy/a restarted']);
  const always = cluster({ a: { missed: 2, restartFaults: [conflict, conflict, conflict, conflict, conflict] } });
  const report = await always.run();
  t.same(said(report), ['deploy/a not_restarted']);
  t.match(report.results[0]?.detail, 'it changes all the time');
  t.equal(always.orders.length, 4);
});

t.test('a restart whose answer was lost is found again, one that never was is a failure', async (t) => {
  const lost = cluster({ a: { missed: 2, restartFaults: ['lost'], readFaults: [noAnswer, refusal(503, 'x')] } });
  t.same(said(await lost.run()), ['deploy/a restarted']);
  t.same(lost.restarts, ['a'], 'and is not asked for twice');
  const never = await cluster({ a: { missed: 2, restartFaults: [noAnswer] }, b: { missed: 2 } }).run();
  t.same(said(never), ['deploy/a failed']);
});

t.test('an API server that is gone for good: thrown before the first restart, a failure after it', async (t) => {
  const gone = Array.from({ length: 200 }, () => noAnswer);
  const first = cluster({ a: { missed: 2, restartFaults: [noAnswer], readFaults: gone } });
  await t.rejects(first.run(), { code: 'cluster_unavailable', message: /deploy\/a in namespace shop cannot be read/ });
  const later = cluster({ a: { missed: 2 }, b: { missed: 2, restartFaults: [noAnswer], readFaults: [...gone] } });
  t.same(said(await later.run()), ['deploy/a restarted', 'deploy/b failed']);
  const during = cluster({ a: { missed: 2, looks: 5, readFaults: [noAnswer, noAnswer] } });
  t.same(said(await during.run()), ['deploy/a restarted'], 'and one that comes back is waited for');
});

t.test('Ctrl-C: nothing more is restarted, and the next round goes on with the one that was left', async (t) => {
  const here = cluster({ a: { missed: 2, looks: 10 }, b: { missed: 2 } });
  const report = await here.run({}, 5_000);
  t.same(said(report), ['deploy/a interrupted']);
  t.equal(report.stopped, 'interrupted');
  t.match(report.results[0], {
    detail: /it is restarted, and its rollout goes on: 1 of 2/,
    remedy: 'run this again to go on',
  });
  t.same(here.restarts, ['a']);
});

t.test('a rollout of ours that goes on is waited for, not begun again; one of somebody else’s is left', async (t) => {
  const fieldsV1 = { 'f:spec': { 'f:template': { 'f:metadata': { 'f:annotations': { [`f:${annotation}`]: {} } } } } };
  const by = (manager: string) => ({ managedFields: [{ manager, operation: 'Update', fieldsV1 }] });
  const atMs = Date.parse('2026-11-22T12:00:00Z');
  for (const [manager, ageMs, outcome] of [
    ['outrider-restart', 60_000, 'restarted'],
    ['kubectl-rollout', 60_000, 'not_restarted'],
    ['outrider-restart', 48 * 3_600_000, 'not_restarted'],
  ] as const) {
    const here = cluster({ a: { missed: 2, missedAfter: 1, looks: 4, metadata: by(manager) } });
    here.written.set('a', { at: new Date(atMs - ageMs).toISOString(), looks: 0 });
    let looks = 0;
    const judged = (): Promise<WorkloadState> => {
      const pods: PodNeed[] = [{ name: 'a-0', state: looks++ === 0 ? 'missed' : 'instrumented', detail: '' }];
      return Promise.resolve({ policy: 'default', pods });
    };
    const report = await here.run({}, undefined, judged);
    t.same(said(report), [`deploy/a ${outcome}`], `${manager} ${ageMs}`);
    looks = 0;
    here.written.set('a', { at: new Date(atMs - ageMs).toISOString(), looks: 0 });
    const dry = await here.run({ dryRun: true }, undefined, judged);
    t.same(
      said(dry),
      [`deploy/a ${outcome === 'restarted' ? 'would_restart' : outcome}`],
      'nor waited for in a dry run',
    );
    t.same(here.restarts, []);
  }
});

t.test('workloads that were taken back: new pods without our parts are what is wanted', async (t) => {
  const wanted = { missed: false, stale: false, broken: true };
  const here = cluster({ a: { missed: 0 } });
  let looks = 0;
  const judged = (): Promise<WorkloadState> => {
    const pods: PodNeed[] = [{ name: 'a-0', state: looks++ === 0 ? 'broken' : 'missed', detail: '' }];
    return Promise.resolve({ policy: 'default', pods });
  };
  const report = await here.run({ wanted }, undefined, judged);
  t.same(said(report), ['deploy/a restarted']);
  t.equal(report.results[0]?.detail, '1 broken of 1 pod before; the new ones run without parts of ours');
  looks = 0;
  const stuck = await cluster({ a: { missed: 0, looks: Infinity } }).run({ wanted }, undefined, judged);
  t.match(stuck.results[0], { outcome: 'failed', remedy: 'kubectl -n shop describe deploy/a' });
});

t.test('a try is put off before anything is restarted; where that cannot be, nothing is', async (t) => {
  const wanted = { missed: false, stale: false, broken: true };
  const judged = (): Promise<WorkloadState> =>
    Promise.resolve({ policy: 'default', pods: [{ name: 'a-0', state: 'broken', detail: '' }] });
  const held: number[] = [];
  const hold = (why?: string) => (untilMs: number) => {
    held.push(untilMs);
    return Promise.resolve(why);
  };
  const refused = cluster({ a: { missed: 0 } });
  const report = await refused.run({ wanted }, undefined, judged, { hold: hold('you may not') });
  t.match(report.results[0], { outcome: 'not_restarted', detail: 'you may not', remedy: /whoever runs Outrider/ });
  t.same(refused.restarts, []);
  const dry = cluster({ a: { missed: 0 } });
  await dry.run({ wanted, dryRun: true }, undefined, judged, { hold: hold() });
  t.equal(held.length, 1, 'a dry run puts nothing off');
  const done = cluster({ a: { missed: 0 } });
  await done.run({ wanted }, undefined, judged, { hold: hold() });
  t.same(done.restarts, ['a']);
  t.equal(held[1], createVirtualTime().wallMs() + 60_000, 'for as long as the rollout may take');
});

t.test('a restart of ours from before it was taken back is none that is waited for', async (t) => {
  const wanted = { missed: false, stale: false, broken: true };
  const fieldsV1 = { 'f:spec': { 'f:template': { 'f:metadata': { 'f:annotations': { [`f:${annotation}`]: {} } } } } };
  const metadata = { managedFields: [{ manager: 'outrider-restart', operation: 'Update', fieldsV1 }] };
  const time = createVirtualTime();
  for (const [agoMs, isWaitedFor] of [
    [60_000, true],
    [10_000, false],
  ] as const) {
    const here = cluster({ a: { missed: 0, looks: 4, metadata } });
    here.written.set('a', { at: new Date(time.wallMs() - 30_000).toISOString(), looks: 0 });
    const takenBackMs = time.wallMs() - agoMs;
    const judged = (): Promise<WorkloadState> =>
      Promise.resolve({ policy: 'default', pods: [{ name: 'a-0', state: 'broken', detail: '' }] });
    await here.run({ wanted }, undefined, judged, { takenBackMs });
    t.equal(here.restarts.length === 0, isWaitedFor, `taken back ${agoMs / 1000} s ago, restarted 30 s ago`);
  }
});

t.test('what Flux does about it is said, and its field manager taken', async (t) => {
  const here = cluster({ a: { missed: 2, metadata: { labels: { 'kustomize.toolkit.fluxcd.io/name': 'apps' } } } });
  const report = await here.run();
  t.match(report.results[0]?.remark, /^Flux owns it, and leaves the restart alone/);
  t.equal(here.orders[0]?.fieldManager, 'flux-client-side-apply');
  const given = cluster({ a: { missed: 2, metadata: { labels: { 'kustomize.toolkit.fluxcd.io/name': 'apps' } } } });
  t.match((await given.run({ fieldManager: 'kubectl-x' })).results[0]?.remark, /^Flux takes what/);
});

t.test('an operator’s, and a kind that is never restarted', async (t) => {
  const owner = { apiVersion: 'kafka.strimzi.io/v1', kind: 'Kafka', name: 'events', uid: '1', controller: true };
  const report = await cluster({ a: { missed: 2, metadata: { ownerReferences: [owner] } } }).run();
  t.match(report.results[0], { outcome: 'not_restarted', detail: /^it belongs to Kafka\/events/ });
  const job = (resource: Target['resource'], metadata: JsonObject): AsyncIterable<Target> => ({
    async *[Symbol.asyncIterator]() {
      const judge = (): Promise<WorkloadState> => Promise.reject(new Error('not asked'));
      yield await Promise.resolve({ resource, name: 'x', namespace: 'shop', object: { metadata }, judge });
    },
  });
  const { results } = await new RestartRound(roundOf()).run(job(workloadKinds.jobs, { name: 'x' }));
  t.match(results, [{ workload: 'job/x', outcome: 'not_restarted', remedy: /only a new Job/ }]);
  const labels = { 'pod-template-hash': '7d9' };
  const ofWeb = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web-7d9', uid: '1', controller: true };
  const pod = job(workloadKinds.pods, { name: 'x', labels, ownerReferences: [ofWeb] });
  t.match((await new RestartRound(roundOf()).run(pod)).results, [{ remedy: 'outrider restart deploy/web -n shop' }]);
  const ofCron = { apiVersion: 'batch/v1', kind: 'CronJob', name: 'report', uid: '1', controller: true };
  const made = job(workloadKinds.jobs, { name: 'x', ownerReferences: [ofCron] });
  t.match((await new RestartRound(roundOf()).run(made)).results, [{ remedy: /its next run has it/ }]);
});

t.test('pods that may not be read: thrown at first, a failure of its own later', async (t) => {
  const error = new OutriderError('cluster_unavailable', 'may not');
  const failing: AsyncIterable<Target> = {
    async *[Symbol.asyncIterator]() {
      const object = deployment('a', { missed: 0 }, undefined, 2);
      const judge = (): Promise<WorkloadState> => Promise.reject(error);
      yield await Promise.resolve({ resource: workloadKinds.deployments, name: 'a', namespace: 'shop', object, judge });
    },
  };
  await t.rejects(new RestartRound(roundOf()).run(failing), { code: 'cluster_unavailable' });
});

function roundOf(): RoundOptions {
  const time = createVirtualTime();
  const refuse = (): Promise<never> => Promise.reject(new Error('not used'));
  return {
    access: { read: refuse, restart: refuse, pods: refuse },
    clock: time,
    sleep: time.sleep,
    wanted: { missed: true, stale: true, broken: false },
    dryRun: false,
    max: 1,
    timeoutMs: 1,
    fieldManager: undefined,
    signal: new AbortController().signal,
    programName: 'outrider',
    onProgress: () => undefined,
    onResult: () => undefined,
  };
}
