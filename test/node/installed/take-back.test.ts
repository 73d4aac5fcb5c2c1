import t from 'tap';
import { isObject, objectOf, stringOf } from '../../../src/model/json.js';
import { names } from '../../../src/model/names.js';
import { release } from '../../e2e/cluster/helm.js';
import { getObject, kubectlOutput, listObjects } from '../support/kubectl.js';
import { createNamespace, until, type Namespace } from '../support/namespace.js';
import { containerOf, podStatus } from '../support/pod-status.js';
import { sysdigAgent, sysdigWrapper } from '../support/pods.js';
import { tracedIn } from '../support/processes.js';
import { answerOf, podsOf, rolledOut, webDeployment, webPods } from './deployment.js';
import { installOutrider } from './installation.js';
import {
  entryOf,
  failing,
  fixImage,
  outrider,
  pushBrokenAgents,
  takeBackValues,
  takenBackNow,
} from './take-back-scene.js';

// Parts of ours that a real node cannot run are taken back, and nothing else is. All windows are in seconds.

t.setTimeout(900_000);

const replicas = 4;
const troubles = {
  unpullable: { trouble: 'image_not_pulled', words: /archive|ImagePull|unpack|extract/ },
  uncopyable: { trouble: 'step_fails', words: /outrider|StartError/ },
  unstartable: { trouble: 'wrapper_refused', words: /opt\/draios\/bin\/instrument/ },
} as const;
const teams = ['unpullable', 'uncopyable', 'unstartable'] as const;
const ownFaults = ['first', 'second', 'third', 'fourth', 'fifth'];

const broken = new Map<string, Namespace>();
const placeOf = (team: string): Namespace => {
  const found = broken.get(team);
  if (found === undefined) throw new Error(`there is no namespace ${team}`);
  return found;
};

t.before(async () => {
  await pushBrokenAgents();
  await installOutrider(t, takeBackValues);
  for (const team of teams) {
    const here = await createNamespace(t, team, { labels: { team } });
    broken.set(team, here);
    await kubectlOutput(['apply', '-n', team, '-f', '-'], JSON.stringify(webDeployment(replicas)));
  }
  const tenant = await createNamespace(t, 'tenant', { labels: { [names.inject]: 'enabled' } });
  for (const name of ownFaults) await tenant.create(failing(name, 'exit 127'));
  await tenant.create(failing('crash', 'exit 1'));
  const greedy = { resources: { limits: { memory: '24Mi' } } };
  await tenant.create(failing('greedy', 'x=0123456789; while :; do x=$x$x; done', greedy));
});

/** How many pods of a Deployment have our parts. */
async function withParts(namespace: string): Promise<number> {
  const labels = (await webPods(namespace)).map(({ metadata }) => objectOf(objectOf(metadata)?.['labels']));
  return labels.filter((each) => each?.[names.status] !== undefined).length;
}

t.test('what a node cannot pull, copy or start is taken back, by what the node says', async (t) => {
  for (const team of teams) {
    const { policy, evidence } = await entryOf(`${team}/web`, 'taken back', () => true);
    t.match({ policy, ...evidence }, { policy: team, ...troubles[team] });
    t.equal(evidence.pods.length, 2, 'seen in two pods');
  }
  const { said } = await outrider('coverage', '-A');
  t.comment(said);
  t.match(said, /TAKEN BACK/);
  for (const team of teams) t.match(said, new RegExp(`${team} +deploy/web +${team} `));
  t.match((await outrider('explain', 'deploy/web', '-n', 'uncopyable')).said, /taken back/);
  const status = await outrider('status', '-n', release.namespace);
  t.equal(status.exitCode, 1);
  t.match(status.said, /taken back +3 workloads are left alone/);
});

t.test('the next pods run without our parts, and a re-apply neither undoes that nor loops', async (t) => {
  const here = placeOf('uncopyable');
  const restart = await outrider('restart', 'deploy/web', '-n', here.name, '--taken-back', '--timeout=2m');
  t.comment(restart.said);
  t.equal(restart.exitCode, 0, restart.said);
  t.match(restart.said, '4 broken of 4 pods before; the new ones run without parts of ours');
  const pods = await rolledOut(here);
  t.equal(await withParts(here.name), 0);
  t.equal(await answerOf(pods), 'the application answers\n');

  const { since } = await entryOf('uncopyable/web', 'still there', () => true);
  const generation = async () =>
    objectOf((await getObject(here.name, 'deployment', 'web'))['metadata'])?.['generation'];
  const before = await generation();
  for (let round = 0; round < 3; round++) {
    await kubectlOutput(['apply', '-n', here.name, '-f', '-'], JSON.stringify(webDeployment(replicas)));
  }
  t.equal(await generation(), before, 'the manifest is as it was: nothing of ours is in it');
  t.same((await podsOf(here.name)).map(({ name }) => name).sort(), pods.map(({ name }) => name).sort());
  t.equal((await entryOf('uncopyable/web', 'still there', () => true)).since, since);
  t.match(
    (await outrider('restart', 'deploy/web', '-n', here.name, '--taken-back')).said,
    'nothing to do: no pod of it hangs that has parts of ours',
  );
});

t.test(
  'a try lets one pod of each replica of ours through, and fails by itself, also where the leader changes',
  async (t) => {
    const here = placeOf('unstartable');
    const first = await entryOf('unstartable/web', 'being tried', ({ stage }) => stage === 'Trying');
    await kubectlOutput(['delete', 'pods', '-n', here.name, '--all', '--wait=false']);
    await until('four new pods', async () => (await podsOf(here.name)).length === replicas);
    const tried = await withParts(here.name);
    t.ok(tried >= 1 && tried <= 2, `${tried} of ${replicas} pods are tried`);
    const lease = objectOf((await getObject(release.namespace, 'lease', release.name))['spec']);
    const leader = stringOf(lease?.['holderIdentity']) ?? '';
    await kubectlOutput(['delete', 'pod', '-n', release.namespace, leader.replace(/_.*$/, ''), '--wait=false']);
    const next = await entryOf(
      'unstartable/web',
      'the try has failed',
      ({ stage, tries }) => stage === 'LeftAlone' && tries > first.tries,
    );
    t.equal(next.since, first.since, 'another leader goes on from what is written');
    await until(
      'the others',
      async () => (await podsOf(here.name)).filter(({ ready }) => ready).length >= replicas - 2,
    );
  },
);

t.test('once the image is fixed, retry brings our parts back', async (t) => {
  const here = placeOf('unpullable');
  const restart = await outrider('restart', '--taken-back', '-n', here.name, '--timeout=2m');
  t.equal(restart.exitCode, 0, restart.said);
  await rolledOut(here);
  await fixImage();
  const retry = await outrider('retry', 'deploy/web', '-n', here.name);
  t.equal(retry.exitCode, 0, retry.said);
  t.match(retry.said, 'deploy/web -n unpullable  tried again');
  await entryOf('unpullable/web', 'being tried', ({ stage }) => stage === 'Trying');
  await kubectlOutput(['delete', 'pods', '-n', here.name, '--all', '--wait=false']);
  await until('the entry to be gone', async () => !(await takenBackNow()).has('unpullable/web'));
  await kubectlOutput(['delete', 'pods', '-n', here.name, '--all', '--wait=false']);
  await until('all pods to have our parts', async () => {
    const pods = await podsOf(here.name);
    return pods.length === replicas && pods.every((pod) => pod.ready && sysdigAgent in pod.containers);
  });
  for (const pod of await podsOf(here.name)) {
    t.ok(tracedIn(containerOf(pod, 'app').id, sysdigWrapper).allTraced, `${pod.name} is traced`);
  }
});

t.test('an application that fails by itself changes nothing, for itself and for others', async (t) => {
  const pods = (await listObjects('tenant', 'pods', names.status)).filter(isObject).map(podStatus);
  t.equal(pods.length, ownFaults.length + 2, 'all have our parts');
  for (const pod of pods) {
    const app = containerOf(pod, 'app');
    t.ok(app.restarts > 1, `${pod.name} fails again and again`);
    const code = pod.name.startsWith('crash-') ? 1 : pod.name.startsWith('greedy-') ? 137 : 127;
    t.equal(app.exitCode ?? app.lastExitCode, code, 'as it would without us');
    t.ok(containerOf(pod, sysdigAgent).restarts === 0, 'and our agent runs beside it');
  }
  t.same(
    [...(await takenBackNow()).keys()].filter((workload) => workload.startsWith('tenant/')),
    [],
  );
  const other = await createNamespace(t, 'other', { labels: { [names.inject]: 'enabled' } });
  await other.create(webDeployment());
  for (const pod of await rolledOut(other)) {
    t.ok(tracedIn(containerOf(pod, 'app').id, sysdigWrapper).allTraced, 'a pod of another tenant is traced');
  }
});
