import t from 'tap';
import { readWay } from '../../../src/cluster/live/read-way.js';
import { asJson } from '../../../src/model/json.js';
import { forbidden, noAnswer, storedObjects } from '../stored-objects.js';
import { partsOf } from '../plans/parts.js';

const policyPath = '/apis/outrider.dev/v1alpha1/instrumentationpolicies/payments';
const planPath = '/apis/outrider.dev/v1alpha1/namespaces/shop/instrumentationplans/payments';
const asked = {
  policy: 'payments',
  namespace: 'shop',
  namespaceLabels: {},
  pod: { spec: { containers: [{ name: 'app', image: 'x', command: ['/app'] }] } },
};

t.test('the way of a new pod is read with the caller’s rights, and nothing is said without them', async (t) => {
  const api = storedObjects();
  t.equal(await readWay(api.client, asked), undefined, 'no such policy');
  api.put(policyPath, { metadata: { name: 'payments' }, status: { conditions: [{ type: 'Ready', status: 'True' }] } });
  t.equal(await readWay(api.client, asked), undefined, 'not set up');
  const condition = { type: 'ApiServerInjects', status: 'True', message: 'It does.' };
  api.put(policyPath, { metadata: { name: 'payments' }, status: { conditions: [condition] } });
  t.match(await readWay(api.client, asked), { by: 'webhook', detail: /no plan/ });
  api.put(planPath, {
    apiVersion: 'outrider.dev/v1alpha1',
    kind: 'InstrumentationPlan',
    metadata: { name: 'payments', namespace: 'shop' },
    spec: asJson({ podSecurity: '', plans: [partsOf('one')], images: {} }),
  });
  t.match(await readWay(api.client, asked), { by: 'api-server' });
  api.fault = (_method, path) => (path === planPath ? forbidden() : undefined);
  t.same(await readWay(api.client, asked), { unread: 'InstrumentationPlan shop/payments' });
  api.fault = (_method, path) => (path === policyPath ? forbidden() : undefined);
  t.same(await readWay(api.client, asked), { unread: 'InstrumentationPolicy payments' });
  api.fault = () => noAnswer();
  await t.rejects(readWay(api.client, asked), /no answer/);
});
