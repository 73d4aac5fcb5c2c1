import t from 'tap';
import { objectOf, stringOf, type JsonObject } from '../../../src/model/json.js';
import { crashing, doneAt, waiting } from '../../support/pod-status.js';
import { deploy } from './coverage-scene.js';
import { until } from './guarded-process.js';
import { clientOf } from './in-cluster.js';
import { install } from './installation.js';
import { minorOf } from './node.js';
import { ago, nodeSays, podsOf } from './node-says.js';
import { accessKey, conditionsOf, labelled, messageOf, namespace, policy } from './objects.js';

// What the API server instruments by itself is taken back too: it knows nothing of that, so the webhook gets the pods.

t.setTimeout(900_000);

const here = await install({ values: { takeBackAfter: '15s', apiServerPolicies: 'Auto' } });
const client = clientOf(here.api.kubeconfig);
t.teardown(async () => {
  await client.close();
  await here.stop();
});
const isNew = (await minorOf(here.api)) >= 36;
await here.addReplica('one');
await here.apply([namespace('shop', labelled), accessKey('shop'), policy('default', labelled, { delivery: 'Copy' })]);

const byOf = ({ metadata }: JsonObject): string | undefined =>
  stringOf(objectOf(objectOf(metadata)?.['labels'])?.['outrider.dev/by']);

t.test('a workload is left alone where the API server instruments, and others go on by the webhook', async (t) => {
  if (!isNew) {
    await until('the condition', async () =>
      conditionsOf(await here.get('ipol', 'default')).includes('ApiServerInjects=False NotServed'),
    );
    return;
  }
  let said = '';
  await until('the API server to instrument', async () => {
    const found = await here.get('ipol', 'default');
    said = messageOf(found, 'ApiServerInjects');
    return conditionsOf(found).includes('ApiServerInjects=True ApiServerInjects');
  }).catch((error: unknown) => {
    throw new Error(said, { cause: error });
  });
  await deploy(here, 'shop', 'web', { workloads: 1, replicas: 2 });
  const broken = await podsOf(client, 'shop', 'web-0');
  t.same(
    broken.map(({ pod }) => byOf(pod)),
    ['api-server', 'api-server'],
  );
  for (const [at, { name }] of broken.entries()) {
    const copy = at === 0 ? crashing(1) : waiting('ErrImagePull');
    const statuses = { 'sysdig-workload-agent-tools': doneAt(ago(60)), 'sysdig-workload-agent-copy': copy };
    await nodeSays(client, { namespace: 'shop', name }, statuses, { since: ago(60) });
  }
  await until('a new pod that is left alone', async () => {
    const [first] = await podsOf(client, 'shop', 'web-0');
    if (first?.status === undefined) return first !== undefined;
    const isTaken = conditionsOf(await here.get('ipol', 'default')).includes('TakenBack=True WorkloadsTakenBack');
    if (isTaken) await client.delete(`/api/v1/namespaces/shop/pods/${first.name}`, { gracePeriodSeconds: 0 });
    return false;
  });
  await deploy(here, 'shop', 'other', { workloads: 1, replicas: 1 });
  const [other] = await podsOf(client, 'shop', 'other-0');
  t.equal(other?.status, 'injected');
  t.equal(other === undefined ? '' : byOf(other.pod), undefined);
});
