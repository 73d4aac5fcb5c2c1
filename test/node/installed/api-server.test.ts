import t from 'tap';
import { isObject, listOf, objectOf, stringOf, type JsonObject } from '../../../src/model/json.js';
import { names } from '../../../src/model/names.js';
import { release } from '../../e2e/cluster/helm.js';
import { conditionsOf, messageOf } from '../../e2e/cluster/objects.js';
import { getObject, kubectlOutput, listObjects } from '../support/kubectl.js';
import { createNamespace, until, type Namespace } from '../support/namespace.js';
import { containerOf } from '../support/pod-status.js';
import { sysdigAgent, sysdigWrapper } from '../support/pods.js';
import { tracedIn } from '../support/processes.js';
import { answerOf, gone, only, rolledOut, webDeployment, webPods } from './deployment.js';
import { installOutrider, values } from './installation.js';

// Pods that the API server instruments by itself, on a real node: whether they run, and are traced, while no replica is there.

t.setTimeout(900_000);

const { profile, agent, credentials } = values.policies.payments;
const deliveries = { copied: 'Copy', mounted: 'ImageVolume' } as const;
type Name = keyof typeof deliveries;

const policyFor = (team: Name): JsonObject => ({
  match: { namespaceSelector: { matchLabels: { team } } },
  prefer: 'Security',
  delivery: deliveries[team],
  profile,
  agent,
  credentials,
});

/** The image of the web server's pods by its digest, as the node has it. */
async function referenceOf({ name }: Namespace): Promise<string> {
  const [pod] = await webPods(name);
  const [status] = listOf(objectOf(pod?.['status'])?.['containerStatuses']).filter(isObject);
  const reference = stringOf(status?.['imageID']) ?? '';
  if (!/@sha256:[0-9a-f]{64}$/.test(reference)) throw new Error(`the pod's image is ${reference}`);
  return reference;
}

const labelOf = (pod: JsonObject | undefined): unknown => objectOf(objectOf(pod?.['metadata'])?.['labels'])?.[names.by];

async function removeWeb({ name }: Namespace): Promise<void> {
  await kubectlOutput(['delete', 'deployment/web', '-n', name]);
  await gone('pods', 'pods', '-n', name);
}

t.before(() =>
  installOutrider(t, {
    apiServerPolicies: 'Auto',
    defaultPolicy: { create: false },
    policies: { copied: policyFor('copied'), mounted: policyFor('mounted') },
  }),
);

t.test('W60: with Outrider scaled to 0, Deployments of known images run, and every process is traced', async (t) => {
  const places = new Map<Name, Namespace>();
  const references = new Map<Name, string>();
  for (const name of ['copied', 'mounted'] as const) {
    const here = await createNamespace(t, name, { labels: { team: name } });
    places.set(name, here);
    await here.create(webDeployment());
    await rolledOut(here);
    const reference = await referenceOf(here);
    references.set(name, reference);
    await removeWeb(here);
    // The webhook looks it up, and from then on the API server knows it.
    await here.create(webDeployment(1, { image: reference }));
    await rolledOut(here);
    await removeWeb(here);
    await until(`the plan of ${name} to have the image`, async () => {
      const plan = await getObject(name, 'instrumentationplan', name);
      return reference in (objectOf(objectOf(plan['spec'])?.['images']) ?? {});
    });
  }
  for (const name of places.keys()) {
    await until(
      `the API server to carry out policy ${name}`,
      async () => {
        const conditions = conditionsOf(await getObject('', 'instrumentationpolicy', name));
        const judges = JSON.stringify(await getObject('', 'validatingwebhookconfiguration', 'outrider'));
        return conditions.includes('ApiServerInjects=True ApiServerInjects') && judges.includes(names.by);
      },
      async () => JSON.stringify((await getObject('', 'instrumentationpolicy', name))['status'], undefined, 1),
    );
    t.comment(name, messageOf(await getObject('', 'instrumentationpolicy', name), 'ApiServerInjects'));
  }

  await kubectlOutput(['scale', `deployment/${release.name}`, '-n', release.namespace, '--replicas=0']);
  await gone('replicas', 'pods', '-n', release.namespace, '-l', 'app.kubernetes.io/name=outrider');

  for (const [name, here] of places) {
    await here.create(webDeployment(1, { image: references.get(name) ?? '' }));
    const pods = await rolledOut(here);
    const pod = only(pods);
    t.equal(labelOf((await webPods(here.name))[0]), 'api-server', `${name}: by the API server`);
    t.ok(sysdigAgent in pod.containers, `${name}: beside an agent`);
    const traced = tracedIn(containerOf(pod, 'app').id, sysdigWrapper);
    t.ok(
      traced.allTraced,
      `${name}: every process is traced: ${JSON.stringify(traced.workload.map(({ argv }) => argv))}`,
    );
    t.equal(await answerOf(pods), 'the application answers\n');
    await removeWeb(here);
  }

  await t.test('and one of an image whose tag may change is refused, as ever under Security', async (t) => {
    const here = places.get('copied');
    if (here === undefined) throw new Error('there is no namespace');
    await here.create(webDeployment());
    let said = '';
    await until('the refusal', async () => {
      const sets = (await listObjects(here.name, 'replicasets', 'app=web')).filter(isObject);
      said = sets.map((set) => messageOf(set, 'ReplicaFailure')).join();
      return said !== '';
    });
    t.match(said, /failed calling webhook "copied\.outrider\.outrider\.dev"/);
    t.same(await webPods(here.name), []);
  });
});
