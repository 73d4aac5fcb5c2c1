import { readFileSync } from 'node:fs';
import t from 'tap';
import { listOf, objectOf, stringOf } from '../../../src/model/json.js';
import { until } from './guarded-process.js';
import { install } from './installation.js';
import { accessKey, labelled, namespace, policy } from './objects.js';
import { pod } from './pods.js';

t.setTimeout(900_000);

t.test('a certificate of somebody else: the leader writes its authority into both configurations', async (t) => {
  const here = await install({ controllerManager: false });
  t.teardown(() => here.stop());
  const pair = await here.api.authority.server('outrider', ['outrider.outrider-system.svc']);
  await here.apply([namespace('shop', labelled)]);
  await here.apply([
    accessKey('shop'),
    policy('default', labelled),
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace: 'shop' } },
  ]);
  await here.addReplica('one', [
    '--certificates=files',
    `--tls-cert=${pair.certFile}`,
    `--tls-key=${pair.keyFile}`,
    `--ca-bundle=${here.api.caFile}`,
    '--ca-overlap-seconds=60',
  ]);
  await until(
    'the policy',
    async () => (await here.created('shop', pod('x'), '--dry-run=server')).status === 'injected',
  );
  const expected = readFileSync(here.api.caFile, 'utf8').trim();
  for (const kind of ['mutatingwebhookconfiguration', 'validatingwebhookconfiguration']) {
    const { webhooks } = await here.get(kind, 'outrider');
    const bundles = listOf(webhooks).map((entry) => objectOf(objectOf(entry)?.['clientConfig'])?.['caBundle']);
    t.ok(bundles.length > 0, kind);
    for (const bundle of bundles)
      t.equal(
        Buffer.from(stringOf(bundle) ?? '', 'base64')
          .toString()
          .trim(),
        expected,
      );
  }
  const secret = await here.get('secret', 'outrider-certificate', 'outrider-system');
  const kept = Object.keys(objectOf(secret['data']) ?? {}).sort();
  t.same(kept, ['port.certificate', 'port.key'], 'F25: the Secret of our own holds the key of the port alone');
});
