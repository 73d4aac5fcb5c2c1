import t from 'tap';
import { ClusterCredentials } from '../../../src/cluster/secrets/credentials.js';
import { objectOf, stringOf, type JsonObject } from '../../../src/model/json.js';
import { decideWithLookUps, engineFor, decideNow } from '../../support/engine.js';
import { patched } from '../../support/json.js';
import { podOf } from '../../support/pods.js';
import { fakeTime, forbidden, noAnswer, storedObjects, type StoredObjects } from '../stored-objects.js';

const at = (namespace: string, name: string) => `/api/v1/namespaces/${namespace}/secrets/${name}`;
const opaque = (data: JsonObject, metadata: JsonObject = {}): JsonObject => ({ type: 'Opaque', metadata, data });
const source = at('outrider-system', 'agent');
const pod = podOf();

/** An engine in a cluster, with one policy, and everything in memory. */
function setUp(spec: JsonObject) {
  const store = storedObjects();
  const time = fakeTime();
  const credentials = new ClusterCredentials({
    client: store.client,
    clock: time.clock,
    ownNamespace: 'outrider-system',
  });
  const engine = engineFor(
    { credentials: { secretRef: { name: 'agent', key: 'k' }, ...objectOf(spec['credentials']) }, ...without(spec) },
    {
      secretState: credentials.secretState,
      credentials: credentials.ahead,
      known: { 'quay.io/sysdig/workload-agent:6.3.0': { entrypoint: ['/a'], cmd: [] } },
    },
  );
  const decide = async (about: Parameters<typeof decideWithLookUps>[2] = {}) => {
    const { decision, patch } = await decideWithLookUps(pod, engine, about);
    const annotations = patch.flatMap((op) =>
      op.path === '/metadata/annotations' && op.op === 'add' ? [op.value] : [],
    );
    const stamp = stringOf(objectOf(annotations[0])?.['outrider.dev/credentials']);
    return { verdict: `${decision.decision}/${decision.reason}`, detail: decision.detail, decision, patch, stamp };
  };
  return { store, time, credentials, engine, decide };
}

const without = (spec: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(spec).filter(([field]) => field !== 'credentials'));
const methods = ({ asked }: StoredObjects) => asked.map(({ method, path }) => `${method} ${path}`);
const mirror = { credentials: { mirror: true } };

t.test(
  'E31: the first pod waits for one GET, later ones for nothing, and a change is seen in the background',
  async (t) => {
    const { store, time, engine, decide } = setUp({});
    store.put(at('shop', 'agent'), opaque({ k: 'c2VrcmV0' }));
    const first = await decide();
    t.equal(first.verdict, 'inject/injected');
    t.match(first.stamp, /^[0-9a-f]{12}$/);
    t.same(methods(store), [`GET ${at('shop', 'agent')}`]);
    t.equal(
      decideNow(pod, engine, 'mutate', { lookUp: () => new AbortController().signal }).decision.reason,
      'injected',
    );
    t.equal((await decide()).stamp, first.stamp);
    t.equal(store.asked.length, 1);
    await time.advance(31_000);
    store.put(at('shop', 'agent'), opaque({ k: 'bmV3' }));
    t.equal((await decide()).stamp, first.stamp, 'what is known is taken at once');
    await time.advance(0);
    t.equal(store.asked.length, 2);
    const later = await decide();
    t.not(later.stamp, first.stamp);
    store.put(at('shop', 'agent'), opaque({ k: 'bmV3' }, { labels: { a: 'b' } }));
    await time.advance(31_000);
    await decide();
    await time.advance(0);
    t.equal((await decide()).stamp, later.stamp, 'a version is that of the value, whatever else changes');
  },
);

t.test('E31: missing: a skip under Availability and a remark under Security, and asked for at every pod', async (t) => {
  const careful = setUp({});
  careful.store.put(at('shop', 'agent'), opaque({ other: 'eA==' }));
  const skipped = await careful.decide();
  t.equal(skipped.verdict, 'skip/credentials_missing');
  t.equal(skipped.detail, 'Secret shop/agent has no key k');
  t.same(skipped.patch, []);
  await Promise.all([careful.decide(), careful.decide()]);
  t.equal(careful.store.asked.length, 2, 'once for pods that come at the same time');
  careful.store.put(at('shop', 'agent'), opaque({ k: 'eA==' }));
  t.equal((await careful.decide()).verdict, 'inject/injected', 'at once');

  const strict = await setUp({ prefer: 'Security' }).decide();
  t.equal(strict.verdict, 'inject/injected');
  t.equal(strict.stamp, undefined);
  t.ok(strict.decision.steps.some(({ reason }) => reason === 'credentials_awaited'));
});

t.test('E31: a Secret that may not be read is unknown, and asked for once in a while', async (t) => {
  for (const error of [forbidden, noAnswer]) {
    const { store, time, decide } = setUp({});
    store.fault = error;
    t.equal((await decide()).verdict, 'inject/injected');
    await decide();
    t.equal(store.asked.length, 1);
    await time.advance(11_000);
    await decide();
    t.equal(store.asked.length, 2);
  }
});

t.test('the deadline of a review ends the wait, not the question', async (t) => {
  const { store, engine, time } = setUp({});
  store.put(at('shop', 'agent'), opaque({ other: 'eA==' }));
  let answer: () => void = () => undefined;
  const open = new Promise<undefined>((resolve) => (answer = () => resolve(undefined)));
  store.fault = () => open;
  const stop = new AbortController();
  const waiting = decideWithLookUps(pod, engine, { lookUp: () => stop.signal });
  stop.abort();
  t.equal((await waiting).decision.reason, 'injected');
  answer();
  await time.advance(0);
  t.equal((await decideWithLookUps(pod, engine)).decision.reason, 'credentials_missing');
});

t.test('E31: a mirrored key is copied in the call, once, and the pod refers to the copy', async (t) => {
  const { store, engine, decide } = setUp(mirror);
  store.put(source, opaque({ k: 'c2VrcmV0', more: 'eA==' }));
  const [rule] = [...engine.rules.byPolicy.values()];
  const copy = rule?.mirror?.copy ?? '';
  t.match(copy, /^outrider-default-[0-9a-f]{10}$/);
  const both = await Promise.all([decide(), decide()]);
  t.same(
    both.map(({ verdict }) => verdict),
    ['inject/injected', 'inject/injected'],
  );
  t.match(JSON.stringify(both[0].patch), `"secretKeyRef":{"name":"${copy}","key":"k","optional":true}`);
  t.equal(methods(store).filter((line) => line.startsWith('POST')).length, 1);
  const made = store.objects.get(at('shop', copy));
  t.match(made, {
    type: 'Opaque',
    data: { k: 'c2VrcmV0' },
    metadata: {
      labels: { 'outrider.dev/mirror-of': 'default', 'app.kubernetes.io/managed-by': 'outrider' },
      annotations: { 'outrider.dev/mirror-source': both[0].stamp ?? '?' },
    },
  });
  t.same(Object.keys(objectOf(made?.['data']) ?? {}), ['k'], 'that key alone');
  const before = store.asked.length;
  await decide();
  t.equal(store.asked.length, before);
});

t.test('E29: on a dry run, in mode Report and at the validating door nothing is made', async (t) => {
  const dry = setUp(mirror);
  dry.store.put(source, opaque({ k: 'eA==' }));
  t.equal((await dry.decide({ dryRun: true })).verdict, 'inject/injected');
  const report = setUp({ ...mirror, mode: 'Report' });
  report.store.put(source, opaque({ k: 'eA==' }));
  t.match((await report.decide()).detail, 'would be inject');
  const last = setUp(mirror);
  await last.decide({ door: 'validate' });
  for (const { store } of [dry, report, last]) t.notOk(methods(store).some((line) => !line.startsWith('GET')));
  t.same(last.store.asked, []);
});

t.test('E31: a copy that cannot be made: what follows says why, and no value', async (t) => {
  const lost = setUp(mirror);
  const verdict = await lost.decide();
  t.equal(verdict.verdict, 'skip/credentials_missing');
  t.equal(verdict.detail, 'Secret outrider-system/agent, to be mirrored, has no key k');
  const refused = setUp({ ...mirror, prefer: 'Security' });
  refused.store.put(source, opaque({ k: 'c2VrcmV0' }));
  refused.store.fault = (method) => (method === 'POST' ? forbidden() : undefined);
  const outcome = await refused.decide();
  t.equal(outcome.verdict, 'inject/injected');
  const remark = outcome.decision.steps.find(({ reason }) => reason === 'credentials_awaited');
  t.match(remark?.detail, /^Secret shop\/outrider-default-\w+ cannot be kept: the API server forbids it/);
  t.notMatch(JSON.stringify(outcome), /c2VrcmV0/);
  const before = refused.store.asked.length;
  await refused.decide();
  t.equal(refused.store.asked.length, before, 'not tried for each pod');
  await refused.time.advance(6_000);
  refused.store.fault = () => undefined;
  t.match((await refused.decide()).stamp, /\w{12}/);
});

t.test('a Secret that somebody put in the copy’s place is neither used nor overwritten', async (t) => {
  for (const prefer of ['Availability', 'Security']) {
    const { store, engine, decide, time } = setUp({ ...mirror, prefer });
    store.put(source, opaque({ k: 'eA==' }));
    const copy = [...engine.rules.byPolicy.values()][0]?.mirror?.copy ?? '';
    const planted = store.put(at('shop', copy), opaque({ k: 'bWluZQ==' }));
    const { verdict, detail } = await decide();
    t.equal(verdict, 'skip/credentials_blocked');
    t.match(detail, 'is not Outrider’s copy of outrider-system/agent');
    t.same(store.objects.get(at('shop', copy)), planted);
    const denied = decideNow(pod, engine, 'validate').decision.decision;
    t.equal(denied, prefer === 'Security' ? 'deny' : 'skip');
    store.objects.delete(at('shop', copy));
    await time.advance(6_000);
    t.equal((await decide()).verdict, 'inject/injected');
  }
});

t.test('E17: a pod that has every part keeps the version in its record', async (t) => {
  const { store, decide, engine } = setUp({});
  store.put(at('shop', 'agent'), opaque({ k: 'eA==' }));
  const { patch } = await decide();
  const done = patched(pod, patch);
  const metadata = objectOf(done['metadata']) ?? {};
  const annotations = { ...objectOf(metadata['annotations']), 'outrider.dev/credentials': 'older' };
  const again = { ...done, metadata: { ...metadata, annotations } };
  t.same(decideNow(again, engine).patch, []);
});
