import t from 'tap';
import { createSecretSource } from '../../../src/cluster/secrets/secret-source.js';
import { fakeTime, forbidden, noAnswer, storedObjects } from '../stored-objects.js';

const { signal } = new AbortController();
const at = (name: string, kind = 'secrets') => `/api/v1/namespaces/shop/${kind}/${name}`;
const config = JSON.stringify({ auths: { 'r.example': { username: 'u', password: 'hunter2' } } });
const encoded = Buffer.from(config).toString('base64');

function setUp() {
  const store = storedObjects();
  const time = fakeTime();
  return { store, time, source: createSecretSource({ client: store.client, clock: time.clock }) };
}

t.test('E11: reads a pull secret once, for all who ask at the same time, and keeps it half a minute', async (t) => {
  const { store, time, source } = setUp();
  store.put(at('regcred'), {
    type: 'kubernetes.io/dockerconfigjson',
    data: { '.dockerconfigjson': encoded, other: 'c2Vrc' },
  });
  const both = await Promise.all([source.secret('shop', 'regcred', signal), source.secret('shop', 'regcred', signal)]);
  for (const secret of both) {
    t.equal(Buffer.from(secret?.data['.dockerconfigjson'] ?? []).toString(), config);
    t.same(Object.keys(secret?.data ?? {}), ['.dockerconfigjson'], 'and nothing else of it is kept');
  }
  await time.advance(29_000);
  await source.secret('shop', 'regcred', signal);
  t.equal(store.asked.length, 1);
  await time.advance(2_000);
  await source.secret('shop', 'regcred', signal);
  t.equal(store.asked.length, 2);
});

t.test('E11: a Secret that is not there, one of another type, names that are none, a ServiceAccount', async (t) => {
  const { store, time, source } = setUp();
  t.equal(await source.secret('shop', 'none', signal), undefined);
  t.equal(await source.secret('shop', 'none', signal), undefined);
  t.equal(store.asked.length, 1);
  await time.advance(11_000);
  store.put(at('none'), { type: 'Opaque', data: { key: 'c2VrcmV0' } });
  t.same(await source.secret('shop', 'none', signal), { type: 'Opaque', data: {} });
  store.asked.length = 0;
  for (const name of ['', '..', 'a/b', 'A']) t.equal(await source.secret('shop', name, signal), undefined, name);
  t.same(store.asked, [], 'nothing that is no name gets into a path');
  t.same(await source.pullSecretsOf('shop', 'default', signal), []);
  store.put(at('web', 'serviceaccounts'), { imagePullSecrets: [{ name: 'a' }, {}, { name: 'b' }] });
  t.same(await source.pullSecretsOf('shop', 'web', signal), ['a', 'b']);
});

t.test('a refusal says what helps, is remembered for a while, and tells nothing of a Secret', async (t) => {
  const { store, time, source } = setUp();
  store.fault = () => forbidden();
  const message = /^Secret shop\/regcred may not be read; let Outrider’s ServiceAccount get secrets/;
  await t.rejects(source.secret('shop', 'regcred', signal), { message });
  await t.rejects(source.secret('shop', 'regcred', signal), { message });
  t.equal(store.asked.length, 1);
  await time.advance(11_000);
  store.fault = () => noAnswer();
  await t.rejects(source.secret('shop', 'regcred', signal), { message: 'no answer' });
});

t.test('who leaves early waits no longer, and the answer is there for the next', async (t) => {
  const { store, source } = setUp();
  store.put(at('regcred'), { type: 'kubernetes.io/dockercfg', data: { '.dockercfg': encoded } });
  let answer: () => void = () => undefined;
  const open = new Promise<undefined>((resolve) => (answer = () => resolve(undefined)));
  store.fault = () => open;
  const leaving = new AbortController();
  const left = source.secret('shop', 'regcred', leaving.signal);
  const stays = source.secret('shop', 'regcred', signal);
  leaving.abort(new Error('deadline'));
  await t.rejects(left, { name: 'WaitEnded', cause: new Error('deadline') });
  answer();
  t.match(await stays, { type: 'kubernetes.io/dockercfg' });
  t.equal(store.asked.length, 1);
});
