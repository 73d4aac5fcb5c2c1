import t from 'tap';
import { owningClient } from '../../src/cluster/owned.js';
import { pathOf, resources } from '../../src/cluster/client/resources.js';
import { objectOf, type JsonObject } from '../../src/model/json.js';
import { forbidden, storedObjects } from './stored-objects.js';

const own = 'outrider-system';
const leases = pathOf(resources.leases, { namespace: own });
const lease = { metadata: { namespace: own, name: 'outrider' } };

t.test('what is made in the installation’s namespace goes with its ConfigMap', async (t) => {
  const stored = storedObjects();
  const client = owningClient(stored.client, own, 'outrider');
  const configMap = stored.put(pathOf(resources.configMaps, { namespace: own, name: 'outrider' }), {});
  const uid = objectOf(configMap['metadata'])?.['uid'];
  const made = await client.create(leases, lease);
  t.same(objectOf(made['metadata'])?.['ownerReferences'], [
    { apiVersion: 'v1', kind: 'ConfigMap', name: 'outrider', uid },
  ]);
  const elsewhere = { metadata: { namespace: 'shop', name: 'copy' } };
  const copy = await client.create(pathOf(resources.secrets, { namespace: 'shop' }), elsewhere);
  t.equal(objectOf(copy['metadata'])?.['ownerReferences'], undefined, 'an owner in another namespace is none');
});

t.test('without a ConfigMap, or the right to read it, it belongs to nobody', async (t) => {
  const stored = storedObjects();
  const client = owningClient(stored.client, own, 'outrider');
  const ownersOf = (object: JsonObject): unknown => objectOf(object['metadata'])?.['ownerReferences'];
  t.same(ownersOf(await client.create(leases, lease)), []);
  stored.fault = (method) => (method === 'GET' ? forbidden() : undefined);
  t.same(ownersOf(await client.create(leases, { metadata: { namespace: own, name: 'other' } })), []);
});
