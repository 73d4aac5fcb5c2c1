import { pino } from 'pino';
import t from 'tap';
import { isNoteworthy } from '../../../src/cluster/events/noteworthy.js';
import { EventRecorder, type RecordedReview } from '../../../src/cluster/events/recorder.js';
import type { Decision } from '../../../src/model/decision.js';
import { isObject, objectOf, stringOf, type JsonObject } from '../../../src/model/json.js';
import { reasonCodes, reasons, type ReasonCode } from '../../../src/model/reasons.js';
import { podOf } from '../../support/pods.js';
import { fakeTime, forbidden, noAnswer, storedObjects } from '../stored-objects.js';

const shop: RecordedReview = { door: 'mutate', namespace: 'shop', dryRun: false };
const events = '/apis/events.k8s.io/v1/namespaces/shop/events';
const of = (decision: Decision['decision'], reason: ReasonCode, detail = 'web: 401'): Decision => ({
  decision,
  reason,
  detail,
  policy: 'default',
  prefer: 'Availability',
  steps: [],
});
const skipped = of('skip', 'image_unauthorized');
const owner = (kind: string, name: string, uid: string, apiVersion = 'apps/v1') => [
  { apiVersion, kind, name, uid, controller: true },
];
const podBy = (ownerReferences: readonly JsonObject[]): JsonObject =>
  podOf({}, { generateName: 'web-', ownerReferences });
const webPod = podBy(owner('ReplicaSet', 'web-6d4c', 'rs'));

function setUp(t: { teardown(fn: () => void): unknown }) {
  const store = storedObjects();
  const time = fakeTime();
  const counts = { written: 0, dropped: 0, failed: 0 };
  const stop = new AbortController();
  t.teardown(() => stop.abort());
  const recorder = new EventRecorder({
    client: store.client,
    identity: 'outrider-0',
    log: pino({ level: 'silent' }),
    metrics: { countEvent: (result) => counts[result]++ },
    clock: time.clock,
    sleep: time.sleep,
    signal: stop.signal,
  });
  const made = () => [...store.objects].filter(([path]) => path.startsWith(events)).map(([, event]) => event);
  const allMade = () =>
    [...store.objects].filter(([path]) => path.includes('/events/')).map(([path, event]) => ({ path, event }));
  const stored = (path: string, uid: string, ownerReferences: readonly JsonObject[] = []) =>
    store.objects.set(`/apis/${path}`, { metadata: { uid, ownerReferences } });
  stored('apps/v1/namespaces/shop/replicasets/web-6d4c', 'rs', owner('Deployment', 'web', 'd'));
  return { store, time, counts, stop, recorder, made, allMade, stored };
}

t.test('an Event on the Deployment, and a series when it comes again', async (t) => {
  const { store, time, counts, recorder, made } = setUp(t);
  recorder.record(shop, skipped, webPod);
  await time.advance(0);
  const [event] = made();
  t.match(event, {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: { name: /^web\.[0-9a-f]{16}$/, namespace: 'shop' },
    reportingController: 'outrider.dev/webhook',
    reportingInstance: 'outrider-0',
    action: 'Skip',
    reason: 'image_unauthorized',
    type: 'Warning',
    regarding: { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'shop', name: 'web', uid: 'd' },
    eventTime: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/,
    note: /^a pod was not instrumented by policy default: web: 401\. Give the pod an imagePullSecret/,
  });
  for (let time = 0; time < 30; time++) recorder.record(shop, skipped, webPod);
  await time.advance(0);
  recorder.record(shop, skipped, webPod);
  await time.advance(12_000);
  t.match(made(), [{ series: { count: 32, lastObservedTime: /Z$/ } }]);
  t.same(
    store.asked.map(({ method }) => method),
    ['GET', 'POST', 'PATCH'],
  );
  recorder.record(shop, of('deny', 'parts_missing'), webPod);
  await time.advance(7 * 60_000);
  t.equal(made().length, 2, 'another reason is another Event');
  recorder.record(shop, skipped, webPod);
  await time.advance(0);
  t.equal(made().length, 3, 'and so is what comes after six minutes');
  t.match(counts, { dropped: 0, failed: 0 });
});

t.test('whom a person looks at', async (t) => {
  const { time, recorder, made, stored, store } = setUp(t);
  stored('batch/v1/namespaces/shop/jobs/nightly-1', 'j', owner('CronJob', 'nightly', 'c', 'batch/v1'));
  stored('batch/v1/namespaces/shop/jobs/once', 'o');
  stored('apps/v1/namespaces/shop/replicasets/other', 'another');
  const pods: readonly (readonly [pod: JsonObject, regarding: string | undefined])[] = [
    [webPod, 'apps/v1 Deployment web d'],
    [podBy(owner('Job', 'nightly-1', 'j', 'batch/v1')), 'batch/v1 CronJob nightly c'],
    [podBy(owner('Job', 'once', 'o', 'batch/v1')), 'batch/v1 Job once o'],
    [podBy(owner('StatefulSet', 'db', 's')), 'apps/v1 StatefulSet db s'],
    [podBy(owner('Rollout', 'r', 'x', 'argoproj.io/v1alpha1')), 'argoproj.io/v1alpha1 Rollout r x'],
    [podBy(owner('ReplicaSet', 'gone', 'g')), 'apps/v1 ReplicaSet gone g'],
    [podBy(owner('ReplicaSet', 'other', 'not-this')), 'apps/v1 ReplicaSet other not-this'],
    [podOf(), 'v1 Pod web undefined'],
    [podOf({}, { generateName: 'web-' }), undefined],
    [podBy(owner('ReplicaSet', '../secrets', 'e')), undefined],
  ];
  for (const [pod, expected] of pods) {
    store.objects.forEach((_, path) => path.startsWith(events) && store.objects.delete(path));
    recorder.record(shop, skipped, pod);
    await time.advance(1_000);
    const seen = made().map((event) => {
      const { apiVersion, kind, name, uid } = objectOf(event['regarding']) ?? {};
      return [apiVersion, kind, name, uid].map(String).join(' ');
    });
    t.same(seen, expected === undefined ? [] : [expected]);
  }
});

t.test(
  'E29: what is worth an Event: nothing on a dry run, nothing twice, nothing that somebody asked for',
  async (t) => {
    const { time, recorder, made } = setUp(t);
    recorder.record({ ...shop, dryRun: true }, skipped, webPod);
    recorder.record(shop, of('inject', 'injected'), webPod);
    recorder.record(shop, of('skip', 'no_policy'), webPod);
    await time.advance(1_000);
    t.same(made(), []);
    const quiet = reasonCodes.filter(
      (code) => reasons[code].about === 'decision' && !isNoteworthy('mutate', of('skip', code), webPod),
    );
    t.same(quiet, [
      'other_request',
      'no_policy',
      'policy_off',
      'report_mode',
      'canary_excluded',
      'namespace_excluded',
      'namespace_opted_out',
      'pod_opted_out',
      'no_container_selected',
    ]);
    const partial = of('partial', 'image_unauthorized');
    t.ok(isNoteworthy('mutate', partial, webPod));
    t.notOk(
      isNoteworthy('mutate', partial, podOf({}, { labels: { 'outrider.dev/status': 'partial' } })),
      'second call',
    );
    t.notOk(isNoteworthy('validate', partial, webPod));
    t.notOk(isNoteworthy('validate', skipped, webPod));
    t.ok(isNoteworthy('validate', of('skip', 'parts_missing'), webPod), 'what the mutating door could not know');
    t.ok(isNoteworthy('validate', of('deny', 'host_network'), webPod));
    const strict = { prefer: 'Security' } as const;
    t.notOk(isNoteworthy('mutate', { ...skipped, ...strict }, webPod), 'the validating door says what comes of it');
    t.ok(isNoteworthy('validate', { ...of('skip', 'windows'), ...strict }, webPod), 'admitted uninstrumented');
    t.ok(isNoteworthy('validate', { ...partial, ...strict }, webPod));
  },
);

t.test('so many and no more: about one object, in all, and in the queue; the rest is counted', async (t) => {
  const one = setUp(t);
  const codes = reasonCodes.filter((code) => reasons[code].about === 'container').slice(0, 14);
  for (const code of codes) one.recorder.record(shop, of('deny', code), webPod);
  await one.time.advance(10_000);
  t.equal(one.made().length, 10);
  t.equal(one.counts.dropped, 4);

  const many = setUp(t);
  for (let index = 0; index < 300; index++) {
    many.recorder.record(shop, skipped, podBy(owner('StatefulSet', `db-${index}`, `${index}`)));
  }
  await many.time.advance(0);
  t.equal(many.made().length, 25);
  t.equal(many.counts.dropped, 275);
  await many.time.advance(1_000);
  for (let index = 0; index < 300; index++) many.recorder.record(shop, skipped, podOf({}, { name: `p${index}` }));
  await many.time.advance(0);
  t.equal(many.made().length, 26);
  for (let namespace = 0; namespace < 10; namespace++) {
    const elsewhere = { ...shop, namespace: `team-${namespace}` };
    for (let index = 0; index < 25; index++) {
      many.recorder.record(elsewhere, skipped, podOf({}, { name: `p${index}` }));
    }
  }
  await many.time.advance(0);
  t.equal(many.allMade().length, 105, 'the 100 that all share, and five for the second');
});

t.test('F30: one namespace’s flood takes nothing of another’s', async (t) => {
  const { time, recorder, allMade, counts, store } = setUp(t);
  const victim = { ...shop, namespace: 'victim' };
  for (let index = 0; index < 2_000; index++) {
    recorder.record(shop, skipped, podBy(owner('ReplicaSet', `rs-${index}`, `${index}`)));
  }
  for (let index = 0; index < 25; index++) recorder.record(victim, skipped, podOf({}, { name: `p${index}` }));
  await time.advance(0);
  const madeIn = (namespace: string) => allMade().filter(({ path }) => path.includes(`/${namespace}/`)).length;
  t.equal(madeIn('victim'), 25, 'all of the victim’s, though they came last');
  t.equal(madeIn('shop'), 25);
  t.equal(counts.dropped, 1_975);
  t.ok(store.asked.filter(({ method }) => method === 'GET').length <= 50, 'and the API server is asked about few');
});

t.test('F30: an owner’s uid that the pod’s author made up leads nowhere', async (t) => {
  const { time, recorder, allMade } = setUp(t);
  const alice = { ...shop, namespace: 'alice' };
  const stolen = podBy(owner('ReplicaSet', 'mine', 'rs'));
  recorder.record(alice, skipped, stolen);
  await time.advance(0);
  recorder.record(shop, of('skip', 'image_unauthorized', 'web: registry.bob/secret-project'), webPod);
  await time.advance(0);
  recorder.record(alice, of('skip', 'host_network', 'mine'), stolen);
  await time.advance(0);
  const seen = allMade().map(({ path, event }) => {
    const { namespace, kind, name } = objectOf(event['regarding']) ?? {};
    return [path.split('/')[5], namespace, kind, name, (stringOf(event['note']) ?? '').includes('secret-project')].map(
      String,
    );
  });
  t.same(seen, [
    ['alice', 'alice', 'ReplicaSet', 'mine', 'false'],
    ['shop', 'shop', 'Deployment', 'web', 'true'],
    ['alice', 'alice', 'ReplicaSet', 'mine', 'false'],
  ]);
});

t.test(
  'F30: a refusal makes its namespace quiet for five minutes, and no other; no answer makes nothing quiet',
  async (t) => {
    const { store, time, counts, recorder, made } = setUp(t);
    store.fault = (method, path) => (method === 'POST' && path.startsWith(events) ? forbidden() : undefined);
    recorder.record(shop, skipped, webPod);
    await time.advance(0);
    recorder.record(shop, skipped, podOf());
    await time.advance(60_000);
    t.same(counts, { written: 0, dropped: 1, failed: 1 });
    recorder.record({ ...shop, namespace: 'other' }, skipped, podOf());
    await time.advance(0);
    t.same(counts, { written: 1, dropped: 1, failed: 1 });
    store.fault = () => noAnswer();
    await time.advance(5 * 60_000);
    recorder.record(shop, skipped, podOf());
    await time.advance(0);
    store.fault = () => undefined;
    recorder.record(shop, skipped, podOf());
    await time.advance(0);
    t.equal(made().length, 1);
    t.same(counts, { written: 2, dropped: 1, failed: 2 });
  },
);

t.test('an Event that has gone is made anew; the end writes what is left', async (t) => {
  const { store, time, recorder, made } = setUp(t);
  recorder.record(shop, skipped, podOf());
  await time.advance(0);
  for (const path of store.objects.keys()) if (path.startsWith(events)) store.objects.delete(path);
  recorder.record(shop, skipped, podOf());
  await time.advance(12_000);
  t.equal(made().length, 0);
  recorder.record(shop, skipped, podOf());
  recorder.record(shop, of('skip', 'host_network', 'x'.repeat(3_000)), webPod);
  await recorder.close();
  t.equal(made().length, 2);
  for (const event of made()) {
    const note = stringOf(event['note']) ?? '';
    t.ok(Buffer.byteLength(note) <= 1024 && note.length > 40, `${note.length}`);
    t.ok(isObject(event['regarding']));
  }
  recorder.record(shop, of('deny', 'tampered'), webPod);
  await time.advance(1_000);
  t.equal(made().length, 2, 'nothing after the end');
});
