import { pino } from 'pino';
import t from 'tap';
import { CopyGuard } from '../../../src/cluster/secrets/copy-guard.js';
import { ClusterCredentials } from '../../../src/cluster/secrets/credentials.js';
import { credentialsCondition } from '../../../src/cluster/secrets/credentials-report.js';
import { Ledger } from '../../../src/cluster/secrets/ledger.js';
import { CredentialsSweep } from '../../../src/cluster/secrets/sweep.js';
import { removeMirroredSecrets } from '../../../src/cluster/secrets/remove-mirrored.js';
import { objectOf, type JsonObject } from '../../../src/model/json.js';
import { names as marks } from '../../../src/model/names.js';
import { engineOf, policyText } from '../../support/engine.js';
import { fakeTime, forbidden, noAnswer, storedObjects } from '../stored-objects.js';

const at = (namespace: string, name: string) => `/api/v1/namespaces/${namespace}/secrets/${name}`;
const ledger = '/api/v1/namespaces/outrider-system/configmaps/outrider-mirrored';
const opaque = (data: JsonObject): JsonObject => ({ type: 'Opaque', data });
const own = 'outrider-system';

const profile = { name: 'sysdig', settings: { region: 'us2' } };
const match = { namespaceSelector: { matchLabels: { on: 'yes' } } };
const policy = (name: string, spec: JsonObject = {}): string =>
  policyText(name, {
    profile,
    match,
    credentials: { secretRef: { name: 'agent', key: 'k' }, mirror: true },
    ...spec,
  });

/** A leader's sweep over everything in memory; `become` changes policies and namespaces. */
function setUp(
  t: { teardown(fn: () => Promise<void>): unknown },
  first: string,
  on: readonly string[],
  off: readonly string[] = [],
  mirrors = true,
  { instance = 'outrider', store = storedObjects(), time = fakeTime() } = {},
) {
  const states: Record<string, number> = {};
  const logged: string[] = [];
  let paused = false;
  const ledger = new Ledger({ client: store.client, ownNamespace: own, instance });
  const log = pino({ level: 'trace' }, { write: (line: string) => logged.push(line) });
  const credentials = new ClusterCredentials({
    client: store.client,
    clock: time.clock,
    ownNamespace: own,
    guard: new CopyGuard({ ledger, paused: () => Promise.resolve(paused) }),
    log,
  });
  let rules = engineOf(first, { instance }).rules;
  let namespaces = labelled(on, off);
  let synced = true;
  const sweep = new CredentialsSweep({
    client: store.client,
    credentials,
    mirrors,
    view: () => (synced ? { rules, namespaces, excluded: new Set([own, 'kube-system']) } : undefined),
    ownNamespace: own,
    instance,
    log,
    metrics: { setMirroredSecrets: (state, secrets) => (states[state] = secrets) },
    clock: time.clock,
    random: () => 0.5,
    sleep: time.sleep,
  });
  const copyOf = (name: string) => rules.byPolicy.get(name)?.mirror?.copy ?? '?';
  const lead = () => {
    const stop = new AbortController();
    const running = sweep.run(stop.signal);
    const end = async () => {
      stop.abort();
      await running;
    };
    t.teardown(end);
    return end;
  };
  const become = async (text: string, matched: readonly string[], others: readonly string[] = []) => {
    rules = engineOf(text, { broken: true, instance }).rules;
    namespaces = labelled(matched, others);
    sweep.changed();
    await time.advance(5_000);
  };
  const copies = () =>
    [...store.objects.keys()].filter((path) => path.includes('/secrets/outrider-')).map((path) => path.split('/')[4]);
  return {
    store,
    time,
    states,
    logged,
    sweep,
    copyOf,
    lead,
    become,
    copies,
    credentials,
    mirrorOf: (name: string) => rules.byPolicy.get(name)?.mirror,
    setPaused: (to: boolean) => (paused = to),
    setSynced: (to: boolean) => (synced = to),
  };
}

function labelled(on: readonly string[], off: readonly string[]) {
  return new Map([
    ...on.map((name) => [name, { on: 'yes' }] as const),
    ...off.map((name) => [name, {}] as const),
    [own, { on: 'yes' }] as const,
  ]);
}

t.test('mirrors into matched namespaces alone, follows the source, repairs, removes', async (t) => {
  const { store, time, states, copyOf, lead, become, copies, sweep, logged } = setUp(
    t,
    policy('p'),
    ['shop', 'bank'],
    ['other'],
  );
  const name = copyOf('p');
  store.put(at(own, 'agent'), opaque({ k: 'b25l', more: 'eA==' }));
  lead();
  await time.advance(2_000);
  t.same(copies().sort(), ['bank', 'shop']);
  t.same(objectOf(store.objects.get(ledger)?.['data']), { [name]: 'p' });
  t.same(states, { current: 2, blocked: 0 });
  t.match(sweep.reports(), [{ policy: 'p', matched: 2, present: 2, missing: [], sourcePresent: true }]);

  const writes = () => store.asked.filter(({ method }) => method !== 'GET').length;
  const quiet = writes();
  await time.advance(10 * 60_000);
  t.equal(writes(), quiet, 'nothing is written without a cause');

  store.put(at(own, 'agent'), opaque({ k: 'dHdv' }));
  await time.advance(40_000);
  for (const namespace of ['shop', 'bank']) t.match(store.objects.get(at(namespace, name)), { data: { k: 'dHdv' } });

  const marks = objectOf(store.objects.get(at('shop', name))?.['metadata']) ?? {};
  store.put(at('shop', name), { type: 'Opaque', metadata: marks, data: { k: 'bWluZQ==', extra: 'eA==' } });
  store.objects.delete(at('bank', name));
  await time.advance(7 * 60_000);
  t.same(objectOf(store.objects.get(at('shop', name))?.['data']), { k: 'dHdv' }, 'what somebody changed is put right');
  t.same(copies().sort(), ['bank', 'shop']);

  await become(policy('p'), ['shop', 'new'], ['bank', 'other']);
  t.same(copies().sort(), ['new', 'shop']);
  await become(policy('q'), ['shop'], ['new']);
  t.same(copies(), ['shop']);
  t.ok(store.objects.has(at('shop', copyOf('q'))));
  await become(policy('q', { credentials: { secretRef: { name: 'agent', key: 'k' } } }), ['shop'], ['new']);
  t.same(copies(), [], 'a policy that mirrors no more');
  t.same(Object.keys(objectOf(store.objects.get(ledger)?.['data']) ?? {}).length, 2, 'looked at once more later');
  await time.advance(90_000);
  t.same(objectOf(store.objects.get(ledger)?.['data']), {});
  t.notMatch(logged.join(), /b25l|dHdv|bWluZQ/, 'no value in the log');
});

t.test('an installation that mirrors nothing asks for no list of copies, which it has no right to read', async (t) => {
  const { store, time, lead, sweep } = setUp(
    t,
    policy('p', { credentials: { secretRef: { name: 'agent', key: 'k' } } }),
    ['shop', 'bank'],
    [],
    false,
  );
  store.put(at('shop', 'agent'), opaque({ k: 'b25l' }));
  lead();
  await time.advance(120_000);
  t.match(sweep.reports(), [{ policy: 'p', matched: 2, present: 1, missing: ['bank'] }]);
  t.same(
    store.asked.filter(({ path }) => path.includes('/configmaps/')),
    [],
  );
});

t.test('a leader finds what another one left, and nothing is removed before policies are read', async (t) => {
  const { store, time, lead, become, copies, setSynced } = setUp(t, policy('p'), ['shop', 'bank']);
  store.put(at(own, 'agent'), opaque({ k: 'eA==' }));
  const end = lead();
  await time.advance(2_000);
  t.equal(copies().length, 2);
  await end();
  setSynced(false);
  await become(policy('other', { credentials: {} }), ['shop'], ['bank']);
  lead();
  await time.advance(60_000);
  t.equal(copies().length, 2);
  setSynced(true);
  await time.advance(60_000);
  t.same(copies(), []);
});

t.test('E41: a policy that is broken just now, or off, keeps its copies', async (t) => {
  const { store, time, lead, become, copies } = setUp(t, policy('p'), ['shop']);
  store.put(at(own, 'agent'), opaque({ k: 'eA==' }));
  lead();
  await time.advance(2_000);
  await become(policy('p', { profile: { name: 'nobody' } }), ['shop']);
  t.same(copies(), ['shop']);
  await become(policy('p', { mode: 'Off' }), ['shop']);
  t.same(copies(), ['shop']);
});

t.test('a planted Secret is a condition, and stays; so does one in a namespace that is left', async (t) => {
  const { store, time, states, copyOf, lead, become, sweep } = setUp(t, policy('p'), ['shop', 'bank']);
  const name = copyOf('p');
  store.put(at(own, 'agent'), opaque({ k: 'eA==' }));
  const planted = store.put(at('shop', name), opaque({ k: 'bWluZQ==' }));
  lead();
  await time.advance(2_000);
  t.same(states, { current: 1, blocked: 1 });
  const [report] = sweep.reports();
  t.match(report === undefined ? {} : credentialsCondition(report), {
    status: 'False',
    reason: 'Blocked',
    message:
      'a Secret that is not Outrider’s copy, or differs from its source and cannot be put right, stands in its place in 1 of 2 matched namespaces: shop.',
  });
  await become(policy('q'), ['bank']);
  t.equal(store.objects.get(at('shop', name)), planted);
});

t.test('what is missing, and where: at a bounded rate, and said once', async (t) => {
  const many = Array.from({ length: 60 }, (_, index) => `n${index}`);
  const unmirrored = policy('p', { credentials: { secretRef: { name: 'agent', key: 'k' } } });
  const { store, time, lead, sweep } = setUp(t, unmirrored, many);
  for (const namespace of many.slice(7)) store.put(at(namespace, 'agent'), opaque({ k: 'eA==' }));
  lead();
  await time.advance(1_000);
  const soon = store.asked.length;
  t.ok(soon > 10 && soon < 30, `20 a second: ${soon}`);
  await time.advance(5_000);
  const condition = () => sweep.reports().map(credentialsCondition)[0];
  t.match(condition(), {
    status: 'False',
    reason: 'Missing',
    message: 'in 7 of 60 matched namespaces: n0, n1, n2, n3, n4 and 2 more.',
  });
  for (const namespace of many.slice(0, 7)) store.put(at(namespace, 'agent'), opaque({ k: 'eA==' }));
  await time.advance(3 * 60_000);
  t.match(condition(), { status: 'True', reason: 'Present' });
});

t.test('no source, refusals, an API server that is away: said, and tried again', async (t) => {
  const { store, time, lead, sweep, copies, logged } = setUp(t, policy('p'), ['shop']);
  lead();
  await time.advance(2_000);
  const reason = () => sweep.reports().map((report) => credentialsCondition(report).reason)[0];
  t.equal(reason(), 'SourceMissing');
  store.put(at(own, 'agent'), opaque({ k: 'c2Vr' }));
  store.fault = (method, path) => (method === 'POST' && path.includes('/shop/') ? forbidden() : undefined);
  await time.advance(40_000);
  t.equal(reason(), 'Missing');
  store.fault = () => noAnswer();
  await time.advance(5 * 60_000);
  store.fault = () => undefined;
  await time.advance(3 * 60_000);
  t.equal(reason(), 'Present');
  t.same(copies(), ['shop']);
  t.ok(logged.filter((line) => line.includes('cannot be kept')).length < 4, 'not for each try');
});

t.test('F28: what a replica made that does not lead is found, however soon its policy goes', async (t) => {
  const { store, time, lead, become, copies, credentials, copyOf, mirrorOf } = setUp(t, policy('p'), ['shop']);
  store.put(at(own, 'agent'), opaque({ k: 'eA==' }));
  lead();
  await time.advance(2_000);
  await become(policy('q'), ['shop'], ['late']);
  await time.advance(5_000);
  t.same(objectOf(store.objects.get(ledger)?.['data'])?.[copyOf('q')], 'q');
  await become('', ['shop', 'late']);
  await time.advance(10 * 60_000);
  t.same(objectOf(store.objects.get(ledger)?.['data']), {});

  // It has not heard yet that the policy is gone.
  const [stale] = engineOf(policy('q')).rules.byPolicy.values();
  if (stale?.mirror === undefined) throw new Error('no mirror');
  t.match(await credentials.copier.ensure('late', stale.mirror), { state: 'current', wrote: true });
  t.equal(mirrorOf('q'), undefined);
  t.same(copies(), ['late']);
  t.same(objectOf(store.objects.get(ledger)?.['data']), { [stale.mirror.copy]: 'q' });
  await time.advance(20_000);
  t.same(copies(), []);
  t.match(await credentials.copier.ensure('shop', stale.mirror), { wrote: true }, 'once more, just after the look');
  await time.advance(3 * 60_000);
  t.same(copies(), []);
  t.same(objectOf(store.objects.get(ledger)?.['data']), {});
});

t.test('F28: no copy is made while paused, nor when the ledger cannot be kept', async (t) => {
  const { store, credentials, mirrorOf, copies, setPaused, lead, time, sweep } = setUp(t, policy('p'), ['shop']);
  store.put(at(own, 'agent'), opaque({ k: 'eA==' }));
  const mirror = mirrorOf('p');
  if (mirror === undefined) throw new Error('no mirror');
  setPaused(true);
  t.match(await credentials.copier.ensure('shop', mirror), { state: 'failed', detail: /Outrider is paused$/ });
  t.notOk(store.objects.has(ledger));
  setPaused(false);
  store.fault = (method, path) => (method === 'POST' && path.includes('/configmaps') ? forbidden() : undefined);
  t.match(await credentials.copier.ensure('shop', mirror), {
    state: 'failed',
    detail: /the list of copies cannot be kept/,
  });
  lead();
  await time.advance(40_000);
  t.same(copies(), []);
  t.match(sweep.reports(), [{ missing: ['shop'] }]);
  store.fault = () => undefined;
  await time.advance(40_000);
  t.same(copies(), ['shop']);
});

t.test('F29: a copy that somebody made unchangeable is made again, or blocks and is said', async (t) => {
  const { store, time, states, copyOf, lead, sweep, logged } = setUp(t, policy('p'), ['shop', 'bank']);
  const name = copyOf('p');
  store.put(at(own, 'agent'), opaque({ k: 'eA==' }));
  lead();
  await time.advance(2_000);
  for (const namespace of ['shop', 'bank']) {
    const metadata = objectOf(store.objects.get(at(namespace, name))?.['metadata']) ?? {};
    store.put(at(namespace, name), { type: 'Opaque', immutable: true, metadata, data: { k: 'bWluZQ==' } });
  }
  store.fault = (method, path) => (method === 'DELETE' && path.includes('/bank/') ? forbidden() : undefined);
  await time.advance(6 * 60_000);
  t.match(store.objects.get(at('shop', name)), { data: { k: 'eA==' } });
  t.equal(store.objects.get(at('shop', name))?.['immutable'], undefined);
  t.same(states, { current: 1, blocked: 1 });
  const [report] = sweep.reports();
  t.match(report === undefined ? {} : credentialsCondition(report), {
    status: 'False',
    reason: 'Blocked',
    message: /differs from its source and cannot be put right, stands in its place in 1 of 2 matched namespaces: bank/,
  });
  t.equal(logged.filter((line) => line.includes('it was put right')).length, 1);
  t.equal(logged.filter((line) => line.includes('bank/') && line.includes('cannot be put right')).length, 1);
  t.notMatch(logged.join(), /bWluZQ|eA==/, 'no value in the log');
});

t.test('E43: at the end every copy goes, and nobody else’s Secret', async (t) => {
  const { store, time, lead, copyOf } = setUp(t, policy('p'), ['shop', 'bank']);
  store.put(at(own, 'agent'), opaque({ k: 'eA==' }));
  const planted = store.put(at('bank', copyOf('p')), opaque({ k: 'bWluZQ==' }));
  lead();
  await time.advance(2_000);
  for (const name of ['shop', 'bank', own]) store.put(`/api/v1/namespaces/${name}`, { metadata: { name } });
  const client = { ...store.client, list: () => store.client.list('/api/v1/namespaces') };
  t.same(await removeMirroredSecrets(client, own, 'outrider'), { removed: [`shop/${copyOf('p')}`], failed: [] });
  t.equal(store.objects.get(at('bank', copyOf('p'))), planted);
  t.notOk(store.objects.has(ledger));
  t.ok(store.objects.has(at(own, 'agent')));
  t.same(await removeMirroredSecrets(client, own, 'outrider'), { removed: [], failed: [] });
});

t.test('F35: two installations with the same policies have two copies, and neither touches the other’s', async (t) => {
  const one = setUp(t, policy('p'), ['shop']);
  const { store, time } = one;
  const two = setUp(t, policy('p'), ['shop'], [], true, { instance: 'canary', store, time });
  store.put(at(own, 'agent'), opaque({ k: 'eA==' }));
  one.lead();
  two.lead();
  await time.advance(2_000);
  const names = [one.copyOf('p'), two.copyOf('p')] as const;
  t.match(names, [/^outrider-p-[0-9a-f]{10}$/, /^canary-p-[0-9a-f]{10}$/]);
  for (const [index, name] of names.entries()) {
    const by = index === 0 ? 'outrider' : 'canary';
    t.match(store.objects.get(at('shop', name)), { metadata: { annotations: { [marks.mirrorBy]: by } } });
  }
  await two.become(policy('q', { credentials: { secretRef: { name: 'agent', key: 'k' } } }), ['shop']);
  await time.advance(3 * 60_000);
  t.notOk(store.objects.has(at('shop', names[1])), 'its own goes with its policy');
  t.ok(store.objects.has(at('shop', names[0])));
});

t.test('F35: what another installation made is taken for nobody’s copy', async (t) => {
  const { store, time, copyOf, lead, states } = setUp(t, policy('p'), ['shop']);
  store.put(at(own, 'agent'), opaque({ k: 'eA==' }));
  lead();
  await time.advance(2_000);
  const made = store.objects.get(at('shop', copyOf('p'))) ?? {};
  const metadata = objectOf(made['metadata']) ?? {};
  const annotations = { ...objectOf(metadata['annotations']), [marks.mirrorBy]: 'canary' };
  const others = store.put(at('shop', copyOf('p')), { ...made, metadata: { ...metadata, annotations } });
  await time.advance(6 * 60_000);
  t.equal(store.objects.get(at('shop', copyOf('p'))), others);
  t.same(states, { current: 0, blocked: 1 });
});

t.test('F35: a copy of a version that noted no installation is taken over', async (t) => {
  const { store, time, copyOf, lead } = setUp(t, policy('p'), ['shop']);
  const name = copyOf('p');
  store.put(at(own, 'agent'), opaque({ k: 'eA==' }));
  const end = lead();
  await time.advance(2_000);
  await end();
  const made = store.objects.get(at('shop', name)) ?? {};
  const metadata = objectOf(made['metadata']) ?? {};
  const all = Object.entries(objectOf(metadata['annotations']) ?? {});
  const annotations = Object.fromEntries(all.filter(([name]) => name !== marks.mirrorBy));
  store.put(at('shop', name), { ...made, metadata: { ...metadata, annotations } });
  lead();
  await time.advance(2_000);
  t.match(store.objects.get(at('shop', name)), { metadata: { annotations: { [marks.mirrorBy]: 'outrider' } } });
});

t.test('F35: a copy under the name of earlier versions stays for pods of then, and goes with the policy', async (t) => {
  const { store, time, copyOf, lead, become, mirrorOf } = setUp(t, policy('p'), ['shop', 'bank'], [], true, {
    instance: 'canary',
  });
  const earlier = mirrorOf('p')?.earlierCopy ?? '?';
  t.match(earlier, /^outrider-p-/);
  store.put(at(own, 'agent'), opaque({ k: 'eA==' }));
  // What such a version left: a copy, and its name in the ledger.
  const labels = { [marks.mirrorOf]: 'p' };
  const metadata = { labels, annotations: { [marks.mirrorSource]: 'then' } };
  store.put(at('shop', earlier), { ...opaque({ k: 'dGhlbg==' }), metadata });
  store.put(ledger.replace('outrider-mirrored', 'canary-mirrored'), { data: { [earlier]: 'p' } });
  lead();
  await time.advance(10 * 60_000);
  for (const namespace of ['shop', 'bank']) t.ok(store.objects.has(at(namespace, copyOf('p'))), namespace);
  t.match(store.objects.get(at('shop', earlier)), { data: { k: 'dGhlbg==' } }, 'it stays as it is');
  t.notOk(store.objects.has(at('bank', earlier)), 'and none is made');
  await become(policy('q', { credentials: { secretRef: { name: 'agent', key: 'k' } } }), ['shop']);
  await time.advance(3 * 60_000);
  t.notOk(store.objects.has(at('shop', earlier)));
});

t.test('F41: pull secrets are copied, reported beside the key, and removed as copies of keys are', async (t) => {
  const agent = { imagePullSecrets: ['registry'], mirrorPullSecrets: true };
  const { store, time, become, copies, sweep, lead, states } = setUp(t, policy('p', { agent }), ['shop', 'bank']);
  store.put(at(own, 'agent'), opaque({ k: 'b25l' }));
  lead();
  await time.advance(2_000);
  t.same(copies().sort(), ['bank', 'shop'], 'of the key alone');
  const reports = () => sweep.reports().map(({ secret, present, sourcePresent }) => [secret, present, sourcePresent]);
  t.same(reports(), [
    [`${own}/agent`, 2, true],
    [`${own}/registry`, 0, false],
  ]);
  store.put(at(own, 'registry'), { type: 'kubernetes.io/dockerconfigjson', data: { '.dockerconfigjson': 'e30=' } });
  await time.advance(40_000);
  t.same(copies().sort(), ['bank', 'bank', 'shop', 'shop']);
  t.same(reports(), [
    [`${own}/agent`, 2, true],
    [`${own}/registry`, 2, true],
  ]);
  t.same(states, { current: 4, blocked: 0 });
  t.equal(Object.keys(objectOf(store.objects.get(ledger)?.['data']) ?? {}).length, 2);
  await become(policy('p'), ['shop', 'bank']);
  t.same(copies().sort(), ['bank', 'shop'], 'a policy that mirrors the key alone');
});
