import t from 'tap';
import { Ledger } from '../../../src/cluster/secrets/ledger.js';
import { objectOf } from '../../../src/model/json.js';
import { forbidden, storedObjects } from '../stored-objects.js';

const path = '/api/v1/namespaces/outrider-system/configmaps/outrider-mirrored';

function setUp() {
  const store = storedObjects();
  const ledger = new Ledger({ client: store.client, ownNamespace: 'outrider-system', instance: 'outrider' });
  const data = () => objectOf(store.objects.get(path)?.['data']);
  return { store, ledger, data };
}

t.test('F28: replicas that write at once lose nothing of each other’s', async (t) => {
  const { store, ledger, data } = setUp();
  await Promise.all(['a', 'b', 'c'].map((copy) => ledger.add([[copy, `policy-${copy}`]])));
  t.same(data(), { a: 'policy-a', b: 'policy-b', c: 'policy-c' });
  await Promise.all([ledger.strike(['a']), ledger.add([['d', 'policy-d']])]);
  t.same(data(), { b: 'policy-b', c: 'policy-c', d: 'policy-d' });
  const writes = store.asked.filter(({ method }) => method !== 'GET').length;
  t.same(await ledger.add([['b', 'policy-b']]), new Map(Object.entries(data() ?? {})));
  t.equal(store.asked.filter(({ method }) => method !== 'GET').length, writes, 'nothing is written that stands there');
});

t.test('F28: the ledger keeps its owner, and is removed only as it was read', async (t) => {
  const { store, ledger, data } = setUp();
  const ownerReferences = [{ kind: 'ConfigMap', name: 'outrider', uid: 'u' }];
  store.put(path, { metadata: { ownerReferences }, data: {} });
  await ledger.add([['a', 'p']]);
  t.match(store.objects.get(path), { metadata: { ownerReferences } });
  const page = await ledger.read();
  await ledger.add([['b', 'p']]);
  await t.rejects(ledger.remove(page), /conflict/);
  t.same(data(), { a: 'p', b: 'p' });
  await ledger.remove(await ledger.read());
  t.equal(data(), undefined);
  t.same((await ledger.read()).copies, new Map());
});

t.test('what the API server refuses is thrown', async (t) => {
  const { store, ledger } = setUp();
  store.fault = () => forbidden();
  await t.rejects(ledger.add([['a', 'p']]), /forbidden/);
});
