import t from 'tap';
import { TakeBack, type TakeBackOptions } from '../../../src/cluster/take-back/take-back.js';
import { TakeBackEvents } from '../../../src/cluster/take-back/take-back-events.js';
import { YoungNamespaces } from '../../../src/cluster/take-back/young-namespaces.js';
import { objectOf, stringMembersOf, stringOf, type JsonObject } from '../../../src/model/json.js';
import { readTakenBack, retryKey } from '../../../src/model/taken-back.js';
import { Registry } from '../../../src/observe/metrics.js';
import { TakeBackMetrics } from '../../../src/observe/take-back-metrics.js';
import { running } from '../../engine/coverage/running.js';
import { decideNow, engineFor } from '../../support/engine.js';
import { patched } from '../../support/json.js';
import { podOf } from '../../support/pods.js';
import { doneAt, runningSince, waiting, withStatus } from '../../support/pod-status.js';
import { memoryLog, refusal } from '../fake-api.js';
import { storedObjects } from '../stored-objects.js';
import { createVirtualTime } from '../virtual-time.js';
import { fakeTables, type ShownPod } from './fake-tables.js';

const minuteMs = 60_000;
const path = '/api/v1/namespaces/outrider-system/configmaps/outrider-taken-back';
const created = '2026-11-22T11:50:00Z';
const copy = 'sysdig-workload-agent-copy';
const broken = { 'sysdig-workload-agent-tools': doneAt(created), [copy]: waiting('ImagePullBackOff', 'no such image') };

function shownPod(namespace: string, workload: string, at: number, spec: JsonObject = {}, statuses = broken): ShownPod {
  const engine = engineFor(spec);
  const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: `${workload}-5d`, uid: 'u', controller: true };
  const metadata = {
    name: `${workload}-5d-${at}`,
    namespace,
    labels: { 'pod-template-hash': '5d' },
    ownerReferences: [owner],
  };
  const pod = podOf({}, metadata);
  const whole = running(patched(pod, decideNow(pod, engine, 'mutate', { namespace }).patch), Date.parse(created));
  return { pod: withStatus(whole, statuses, { since: created }), status: 'Init:ImagePullBackOff', age: '10m' };
}

function takeBackOf(shown: readonly ShownPod[], spec: JsonObject = {}, about: Partial<TakeBackOptions> = {}) {
  const time = createVirtualTime();
  const store = storedObjects();
  const registry = new Registry();
  const told: string[] = [];
  let pods = shown;
  const tables = fakeTables(() => pods);
  const names = new Set(shown.map(({ pod }) => stringOf(objectOf(pod['metadata'])?.['namespace']) ?? ''));
  let engine = engineFor(spec);
  let results = 0;
  const logged = memoryLog();
  const takeBack = new TakeBack({
    client: store.client,
    pods: tables.client,
    clock: time,
    dates: time,
    random: () => 0,
    sleep: time.sleep,
    instance: 'outrider',
    ownNamespace: 'outrider-system',
    afterMs: 5 * minuteMs,
    engine: () => engine,
    namespaces: () => new Map([...names].map((name) => [name, {}])),
    young: new YoungNamespaces(time),
    metrics: new TakeBackMetrics(registry, time),
    log: logged.log,
    events: new TakeBackEvents({
      tell: ({ kind, name, namespace }, { action, reason, note }) =>
        told.push(`${namespace} ${kind}/${name} ${action} ${reason} ${note}`),
      clock: time,
    }),
    onResult: () => results++,
    ...about,
  });
  const entries = () => readTakenBack(store.objects.get(path)?.['data']).entries;
  return {
    ...{ takeBack, time, store, registry, told, tables, entries, logged },
    show: (now: readonly ShownPod[]) => (pods = now),
    edit: (now: JsonObject) => (engine = engineFor(now)),
    results: () => results,
  };
}

t.test('a workload is taken back, said so, tried again and instrumented again', async (t) => {
  const shown = [shownPod('shop', 'web', 1), shownPod('shop', 'web', 2)];
  const { takeBack, time, store, registry, told, show, entries, results } = takeBackOf(shown);
  t.equal(takeBack.of('default'), undefined);
  const term = new AbortController();
  const done = takeBack.run(term.signal);
  await time.advance(2_000);
  t.match(
    [...entries().values()],
    [{ namespace: 'shop', kind: 'Deployment', name: 'web', stage: 'LeftAlone', tries: 0 }],
  );
  t.match(takeBack.of('default'), { leftAlone: [{ name: 'web' }], trying: [], beyond: 0 });
  t.match(told, [
    /^shop ReplicaSet\/web-5d TakeBack taken_back .*no such image.*outrider restart deploy\/web -n shop --taken-back/,
  ]);
  t.match(await registry.metrics(), 'outrider_taken_back_workloads{policy="default",state="left_alone"} 1');
  const writes = () => store.asked.filter(({ method }) => method === 'PUT' || method === 'POST').length;
  await time.advance(3 * minuteMs);
  t.equal(writes(), 1, 'the same again writes nothing');
  t.equal(told.length, 1);

  await time.advance(3 * minuteMs);
  t.match([...entries().values()], [{ stage: 'Trying' }]);
  const ok = { ...broken, [copy]: doneAt('2026-11-22T12:06:00Z'), '*': runningSince('2026-11-22T12:06:00Z') };
  show([{ ...shownPod('shop', 'web', 1, {}, ok), status: 'Running', ready: '2/2' }]);
  await time.advance(6 * minuteMs);
  t.equal(entries().size, 0, 'a pod that got over it is enough');
  t.match(await registry.metrics(), 'outrider_take_back_tries_total{result="success"} 1');
  t.ok(results() > 5);
  term.abort();
  await time.advance(0);
  await done;
  t.notMatch(await registry.metrics(), /^outrider_(taken_back_workloads|take_back_age_seconds)[{ ]/m);
});

t.test('a retry that a person asks for is done at once, and its mark goes', async (t) => {
  const { takeBack, time, store, entries } = takeBackOf([shownPod('shop', 'web', 1)]);
  const term = new AbortController();
  const done = takeBack.run(term.signal);
  await time.advance(2_000);
  const [entry] = entries().values();
  if (entry === undefined) throw new Error('no entry');
  const there = store.objects.get(path) ?? {};
  store.put(path, { ...there, data: { ...stringMembersOf(there['data']), [retryKey(entry)]: 'now' } });
  takeBack.poke();
  await time.advance(2_000);
  t.match([...entries().values()], [{ stage: 'Trying' }]);
  t.equal(readTakenBack(store.objects.get(path)?.['data']).retries.size, 0);
  term.abort();
  await time.advance(0);
  await done;
});

t.test('under a policy that insists there is only an Event, a status and a metric', async (t) => {
  for (const spec of [{ prefer: 'Security' }, { optOut: 'Forbidden' }]) {
    const shown = [shownPod('shop', 'web', 1, spec), shownPod('shop', 'web', 2, spec)];
    const { takeBack, time, store, registry, told } = takeBackOf(shown, spec);
    const term = new AbortController();
    const done = takeBack.run(term.signal);
    await time.advance(2_000);
    t.equal(store.objects.size, 0);
    t.match(takeBack.of('default'), { leftAlone: [], insisted: [{ name: 'web' }] });
    t.match(told, [/^shop ReplicaSet\/web-5d Insist parts_fail .*insists on it/]);
    t.match(await registry.metrics(), 'outrider_taken_back_workloads{policy="default",state="insisted"} 1');
    term.abort();
    await time.advance(0);
    await done;
  }
});

t.test('a failure keeps what was found, says why, and is tried again; a conflict loses nothing', async (t) => {
  const { takeBack, time, store, tables, entries } = takeBackOf([shownPod('shop', 'web', 1)]);
  const term = new AbortController();
  let refused = 0;
  store.fault = (method) => (method === 'POST' && refused++ === 0 ? refusal(409, 'AlreadyExists') : undefined);
  const done = takeBack.run(term.signal);
  await time.advance(2_000);
  t.equal(entries().size, 0);
  await time.advance(2 * minuteMs);
  t.equal(entries().size, 1);
  tables.faults.push(refusal(403, 'Forbidden'));
  await time.advance(70_000);
  t.match(takeBack.of('default'), { leftAlone: [{}], trouble: /may not list pods/ });
  await time.advance(2 * minuteMs);
  t.match(takeBack.of('default'), { trouble: undefined });
  term.abort();
  await time.advance(0);
  await done;
});

t.test('another leader goes on from the state', async (t) => {
  const shown = [shownPod('shop', 'web', 1)];
  const first = takeBackOf(shown);
  const terms = [new AbortController(), new AbortController()];
  const done = first.takeBack.run(terms[0]?.signal ?? AbortSignal.abort());
  await first.time.advance(2_000);
  terms[0]?.abort();
  await first.time.advance(0);
  await done;
  const before = [...first.entries().values()];
  const second = takeBackOf(shown, {}, { client: first.store.client });
  const again = second.takeBack.run(terms[1]?.signal ?? AbortSignal.abort());
  await second.time.advance(2_000);
  t.same([...first.entries().values()], before, 'nothing begins anew');
  await second.time.advance(6 * minuteMs);
  t.match([...first.entries().values()], [{ stage: 'Trying' }]);
  terms[1]?.abort();
  await second.time.advance(0);
  await again;
});

t.test('of very many workloads that fail at once, each look asks for a limited number of pods', async (t) => {
  const namespaces = Array.from({ length: 10 }, (_, at) => `team-${at}`);
  const shown = namespaces.flatMap((namespace) =>
    Array.from({ length: 50 }, (_, at) => [
      shownPod(namespace, `web-${at}`, 1),
      shownPod(namespace, `web-${at}`, 2),
    ]).flat(),
  );
  const { takeBack, time, tables, entries, told } = takeBackOf(shown);
  const term = new AbortController();
  const done = takeBack.run(term.signal);
  await time.advance(minuteMs);
  t.equal(tables.asked.length, 10 + 300);
  t.equal(entries().size, 150);
  t.equal(told.length, 100, 'as many Events as the recorder writes at once');
  await time.advance(6 * minuteMs);
  t.equal(entries().size, 500);
  t.ok(told.length >= 450, String(told.length));
  term.abort();
  await time.advance(0);
  await done;
});

t.test('in a large cluster only namespaces with new pods are looked at', async (t) => {
  const namespaces = new Map(Array.from({ length: 100 }, (_, at) => [`team-${at}`, {}] as const));
  const { takeBack, time, tables } = takeBackOf([shownPod('team-7', 'web', 1)], {}, { namespaces: () => namespaces });
  const term = new AbortController();
  const done = takeBack.run(term.signal);
  await time.advance(2_000);
  t.same(tables.asked, [
    '/api/v1/pods pending',
    '/api/v1/namespaces/team-7/pods table',
    '/api/v1/namespaces/team-7/pods whole',
  ]);
  term.abort();
  await time.advance(0);
  await done;
});

t.test('nothing is looked at while nothing is to be done', async (t) => {
  const { takeBack, time, tables, store } = takeBackOf([shownPod('shop', 'web', 1)], {}, { engine: () => undefined });
  const term = new AbortController();
  const done = takeBack.run(term.signal);
  await time.advance(5 * minuteMs);
  t.same([tables.asked, store.asked], [[], []]);
  term.abort();
  await time.advance(0);
  await done;
});
