import t from 'tap';
import { apiVersion } from '../../../src/model/names.js';
import { until } from './guarded-process.js';
import { install } from './installation.js';
import { pod } from './pods.js';

t.setTimeout(240_000);

const here = await install();
t.teardown(() => here.stop());
await here.addReplica('one');
await here.apply([
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop', labels: { 'outrider.dev/inject': 'enabled' } } },
  {
    apiVersion,
    kind: 'InstrumentationPolicy',
    metadata: { name: 'default' },
    spec: {
      match: { namespaceSelector: { matchLabels: { 'outrider.dev/inject': 'enabled' } } },
      profile: { name: 'sysdig', settings: { region: 'us2' } },
    },
  },
]);

t.test('a namespace is labelled, a pod is created: it is instrumented', async (t) => {
  await until(
    'the policy',
    async () => (await here.created('shop', pod('x'), '--dry-run=server')).status === 'injected',
  );
  const { status, warnings } = await here.created('shop', pod('web'));
  t.equal(status, 'injected');
  t.equal(warnings, '');
});
