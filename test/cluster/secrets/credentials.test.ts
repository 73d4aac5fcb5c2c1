import { pino } from 'pino';
import t from 'tap';
import { ClusterCredentials } from '../../../src/cluster/secrets/credentials.js';
import { objectOf, stringOf, type JsonObject } from '../../../src/model/json.js';
import { decideWithLookUps, engineOf, decideNow, policyText } from '../../support/engine.js';
import { patched } from '../../support/json.js';
import { podOf } from '../../support/pods.js';
import { fakeTime, forbidden, noAnswer, storedObjects, type StoredObjects } from '../stored-objects.js';

const at = (namespace: string, name: string) => `/api/v1/namespaces/${namespace}/secrets/${name}`;
const opaque = (data: JsonObject, metadata: JsonObject = {}): JsonObject => ({ type: 'Opaque', metadata, data });
const source = at('outrider-system', 'agent');
const pod = podOf();

/** An engine in a cluster, with one policy, and everything in memory. */
function setUp(spec: JsonObject, profiles = '') {
  const store = storedObjects();
  const time = fakeTime();
  const logged: string[] = [];
  const allowed: { refusal: string | undefined; isOver: boolean } = { refusal: undefined, isOver: false };
  const credentials = new ClusterCredentials({
    client: store.client,
    clock: time.clock,
    ownNamespace: 'outrider-system',
    guard: { refusal: () => Promise.resolve(allowed.refusal), isOver: () => Promise.resolve(allowed.isOver) },
    log: pino({ level: 'trace' }, { write: (line: string) => logged.push(line) }),
  });
  const named = { credentials: { secretRef: { name: 'agent', key: 'k' }, ...objectOf(spec['credentials']) } };
  const profile = { name: 'sysdig', settings: { region: 'us2' } };
  const engine = engineOf(profiles + policyText('default', { profile, ...named, ...without(spec) }), {
    secretState: credentials.secretState,
    credentials: credentials.ahead,
    known: { 'quay.io/sysdig/workload-agent:6.3.0': { entrypoint: ['/a'], cmd: [] } },
  });
  const decide = async (about: Parameters<typeof decideWithLookUps>[2] = {}) => {
    const { decision, patch } = await decideWithLookUps(pod, engine, about);
    const annotations = patch.flatMap((op) =>
      op.path === '/metadata/annotations' && op.op === 'add' ? [op.value] : [],
    );
    const stamp = stringOf(objectOf(annotations[0])?.['outrider.dev/credentials']);
    return { verdict: `${decision.decision}/${decision.reason}`, detail: decision.detail, decision, patch, stamp };
  };
  const copy = [...engine.rules.byPolicy.values()][0]?.mirror?.copy ?? '';
  return { store, time, credentials, engine, decide, copy, logged, allowed };
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

t.test('F28: no copy is made where the guard forbids it, and none stays that a pause has overtaken', async (t) => {
  const { store, decide, allowed, copy, time } = setUp(mirror);
  store.put(source, opaque({ k: 'eA==' }));
  allowed.refusal = 'Outrider is paused';
  const refused = await decide();
  t.equal(refused.verdict, 'skip/credentials_missing');
  t.equal(refused.detail, `Secret shop/${copy} cannot be kept: Outrider is paused`);
  allowed.refusal = undefined;
  allowed.isOver = true;
  await time.advance(6_000);
  t.match((await decide()).detail, 'was removed: Outrider is paused');
  t.notOk(store.objects.has(at('shop', copy)));
  allowed.isOver = false;
  await time.advance(6_000);
  t.equal((await decide()).verdict, 'inject/injected');
  allowed.refusal = 'the list of copies cannot be kept';
  store.put(source, opaque({ k: 'eQ==' }));
  await time.advance(61_000);
  await decide();
  await time.advance(0);
  t.equal((await decide()).verdict, 'inject/injected', 'what is there and was its source’s is kept');
});

const marksOf = (object: JsonObject | undefined): JsonObject => {
  const { labels, annotations } = objectOf(object?.['metadata']) ?? {};
  return { ...(labels === undefined ? {} : { labels }), ...(annotations === undefined ? {} : { annotations }) };
};

t.test('F29: a copy that somebody made unchangeable, of another type or of another value is made again', async (t) => {
  for (const [what, forged] of [
    ['immutable', { type: 'Opaque', immutable: true, data: { k: 'bWluZQ==' } }],
    ['immutable, with the right value', { type: 'Opaque', immutable: true, data: { k: 'eA==' } }],
    ['type', { type: 'kubernetes.io/basic-auth', data: { k: 'bWluZQ==' } }],
    ['value', { type: 'Opaque', data: { k: 'bWluZQ==' } }],
    ['no value', { type: 'Opaque', data: {} }],
  ] as const) {
    const { store, decide, copy, time, logged } = setUp(mirror);
    store.put(source, opaque({ k: 'eA==' }));
    await decide();
    const made = store.objects.get(at('shop', copy));
    store.objects.delete(at('shop', copy));
    const planted = store.put(at('shop', copy), { ...forged, metadata: marksOf(made) });
    const before = store.asked.length;
    await time.advance(31_000);
    await decide();
    await time.advance(0);
    const again = store.objects.get(at('shop', copy));
    t.match(again, { type: 'Opaque', data: { k: 'eA==' } }, what);
    t.equal(again?.['immutable'], undefined, what);
    const deletion = store.asked.slice(before).find(({ method }) => method === 'DELETE');
    const { uid, resourceVersion } = objectOf(planted['metadata']) ?? {};
    const inPlace = !('immutable' in forged) && forged.type === 'Opaque';
    t.match(deletion, inPlace ? undefined : { body: { preconditions: { uid, resourceVersion } } }, what);
    t.equal(logged.filter((line) => line.includes('it was put right')).length, 1, what);
    t.notMatch(logged.join(), /bWluZQ|eA==/);
  }
});

t.test('F29: a copy that cannot be put right is blocked, and said once', async (t) => {
  for (const prefer of ['Availability', 'Security']) {
    const { store, decide, copy, time, logged, engine } = setUp({ ...mirror, prefer });
    store.put(source, opaque({ k: 'eA==' }));
    await decide();
    const made = store.objects.get(at('shop', copy));
    const forged = { type: 'Opaque', immutable: true, data: { k: 'bWluZQ==' }, metadata: marksOf(made) };
    store.put(at('shop', copy), forged);
    // As a finalizer has it: the deletion is taken, and the Secret stays.
    store.fault = (method, path) => {
      if (method === 'DELETE') store.put(path, forged);
      return method === 'DELETE' ? forbidden() : undefined;
    };
    await time.advance(31_000);
    await decide();
    await time.advance(0);
    const { verdict, detail } = await decide();
    t.equal(verdict, 'skip/credentials_blocked');
    t.match(detail, `Secret shop/${copy} differs from its source outrider-system/agent, and cannot be put right:`);
    await time.advance(6_000);
    await decide({ dryRun: true });
    t.equal((await decide()).verdict, 'skip/credentials_blocked', 'a dry run learns nothing that opens it');
    store.fault = () => noAnswer();
    await time.advance(6_000);
    t.equal((await decide()).verdict, 'skip/credentials_blocked', 'nor does silence');
    const judged = decideNow(pod, engine, 'validate').decision.decision;
    t.equal(judged, prefer === 'Security' ? 'deny' : 'skip');
    t.equal(logged.filter((line) => line.includes('cannot be put right')).length, 1);
    store.fault = () => undefined;
    await time.advance(6_000);
    t.equal((await decide()).verdict, 'inject/injected');
  }
});

t.test('F29: a copy that has not followed its source yet is no forgery', async (t) => {
  const { store, decide, copy, time, logged } = setUp({ ...mirror, prefer: 'Security' });
  store.put(source, opaque({ k: 'b25l' }));
  await decide();
  store.put(source, opaque({ k: 'dHdv' }));
  store.fault = (method) => (method === 'PUT' ? forbidden() : undefined);
  await time.advance(61_000);
  await decide();
  await time.advance(0);
  t.equal((await decide()).verdict, 'inject/injected');
  t.match(store.objects.get(at('shop', copy)), { data: { k: 'b25l' } });
  store.fault = () => undefined;
  await time.advance(61_000);
  await decide();
  await time.advance(0);
  t.match(store.objects.get(at('shop', copy)), { data: { k: 'dHdv' } });
  t.same(logged, []);
});

t.test('F33: under optOut: Forbidden a Secret in the copy’s place denies, by any replica', async (t) => {
  const spec = { ...mirror, optOut: 'Forbidden' };
  const one = setUp(spec);
  one.store.put(source, opaque({ k: 'eA==' }));
  one.store.put(at('shop', one.copy), opaque({ k: 'bWluZQ==' }));
  t.equal((await one.decide()).verdict, 'skip/credentials_blocked');
  t.equal(decideNow(pod, one.engine, 'validate').decision.decision, 'deny');

  const other = setUp(spec);
  other.store.put(source, opaque({ k: 'eA==' }));
  other.store.put(at('shop', other.copy), opaque({ k: 'bWluZQ==' }));
  t.equal((await other.decide({ door: 'validate' })).verdict, 'deny/credentials_blocked', 'it looks for itself');
  t.notOk(methods(other.store).some((line) => !line.startsWith('GET')));
  other.store.objects.delete(at('shop', other.copy));
  await other.time.advance(6_000);
  t.not((await other.decide({ door: 'validate' })).verdict, 'deny/credentials_blocked', 'and again once it has gone');

  const allowed = setUp(mirror);
  allowed.store.put(at('shop', allowed.copy), opaque({ k: 'bWluZQ==' }));
  t.equal((await allowed.decide()).verdict, 'skip/credentials_blocked');
  t.equal(decideNow(pod, allowed.engine, 'validate').decision.decision, 'skip');
});

const pulls = { ...mirror, agent: { imagePullSecrets: ['registry'], mirrorPullSecrets: true } };
const docker = (value: string, more: JsonObject = {}): JsonObject => ({
  type: 'kubernetes.io/dockerconfigjson',
  metadata: {},
  data: { '.dockerconfigjson': value },
  ...more,
});
const pullSource = at('outrider-system', 'registry');

/** The name of the copy that pods of the policy pull the agent's image with. */
function pullCopyOf({ engine }: ReturnType<typeof setUp>): string {
  return [...engine.rules.byPolicy.values()][0]?.pullMirrors[0]?.copy ?? '?';
}

t.test(
  'F41: a mirrored pull secret is copied in the call beside the key, once, and the pod names the copy',
  async (t) => {
    const scene = setUp(pulls);
    const { store, decide } = scene;
    store.put(source, opaque({ k: 'a2V5' }));
    store.put(pullSource, docker('e30='));
    const copy = pullCopyOf(scene);
    t.match(copy, /^outrider-default-[0-9a-f]{10}$/);
    t.not(copy, scene.copy);
    const [{ verdict, patch }] = await Promise.all([decide(), decide()]);
    t.equal(verdict, 'inject/injected');
    t.match(JSON.stringify(patch), `imagePullSecrets","value":[{"name":"${copy}"}]`);
    t.equal(methods(store).filter((line) => line.startsWith('POST')).length, 2, 'one of each');
    t.match(store.objects.get(at('shop', copy)), {
      type: 'kubernetes.io/dockerconfigjson',
      data: { '.dockerconfigjson': 'e30=' },
      metadata: { labels: { 'outrider.dev/mirror-of': 'default' } },
    });
    const before = store.asked.length;
    await decide();
    t.equal(store.asked.length, before);
  },
);

t.test('F41: a pull secret’s copy that is not ours, or cannot be made, is what a key’s is', async (t) => {
  const planted = setUp({ ...pulls, optOut: 'Forbidden' });
  planted.store.put(source, opaque({ k: 'a2V5' }));
  planted.store.put(pullSource, docker('e30='));
  planted.store.put(at('shop', pullCopyOf(planted)), docker('bWluZQ=='));
  t.equal((await planted.decide()).verdict, 'skip/credentials_blocked');
  t.equal((await planted.decide({ door: 'validate' })).verdict, 'deny/credentials_blocked');

  const ours = setUp(pulls);
  ours.store.put(source, opaque({ k: 'a2V5' }));
  ours.store.put(pullSource, docker('e30='));
  await ours.decide();
  const path = at('shop', pullCopyOf(ours));
  const made = ours.store.objects.get(path) ?? {};
  ours.store.put(path, { ...made, immutable: true, data: { '.dockerconfigjson': 'bWluZQ==' } });
  await ours.time.advance(31_000);
  await ours.decide();
  await ours.time.advance(1_000);
  t.match(ours.store.objects.get(path), { data: { '.dockerconfigjson': 'e30=' } }, 'made again');

  const refused = setUp(pulls);
  refused.store.put(source, opaque({ k: 'a2V5' }));
  refused.store.put(pullSource, docker('e30='));
  refused.allowed.refusal = 'Outrider is paused';
  const said = await refused.decide();
  t.equal(said.verdict, 'skip/credentials_missing');
  const strict = setUp({ ...pulls, prefer: 'Security' });
  strict.store.put(source, opaque({ k: 'a2V5' }));
  const { verdict, decision } = await strict.decide();
  t.equal(verdict, 'inject/injected');
  t.ok(decision.steps.some(({ reason }) => reason === 'credentials_awaited'));
});

t.test(
  'F41: the pull secret of an agent that has no key is made for its first pod, and looked for by the validating door',
  async (t) => {
    const keyless = `
apiVersion: outrider.dev/v1alpha1
kind: InstrumentationProfile
metadata: { name: keyless }
spec:
  version: '1'
  image: lab/agent:1
  wrapper: { argv: [/lab/run] }
  volume: { name: lab, mountPath: /lab, copy: { name: lab-copy, from: /lab } }
`;
    const spec = { ...pulls, profile: { name: 'keyless' }, optOut: 'Forbidden' };
    const one = setUp(spec, keyless);
    one.store.put(pullSource, docker('e30='));
    t.equal((await one.decide()).verdict, 'inject/injected');
    t.match(one.store.objects.get(at('shop', pullCopyOf(one))), { data: { '.dockerconfigjson': 'e30=' } });

    const planted = setUp(spec, keyless);
    planted.store.put(pullSource, docker('e30='));
    planted.store.put(at('shop', pullCopyOf(planted)), docker('bWluZQ=='));
    t.equal((await planted.decide({ door: 'validate' })).verdict, 'deny/credentials_blocked');
  },
);

t.test('F41: a source that is no pull secret is not copied, whatever keys it has', async (t) => {
  const scene = setUp(pulls);
  const { store, decide } = scene;
  store.put(source, opaque({ k: 'a2V5' }));
  store.put(pullSource, opaque({ '.dockerconfigjson': 'e30=' }));
  const { verdict, detail } = await decide();
  t.equal(verdict, 'skip/credentials_missing');
  t.match(detail, 'registry, to be mirrored, is not there, or not of type kubernetes.io/dockerconfigjson');
  t.notOk(store.objects.has(at('shop', pullCopyOf(scene))));
});
