import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { listOf, objectOf, stringOf, type JsonObject } from '../../../src/model/json.js';
import { names } from '../../../src/model/names.js';
import { countsIn, workloadsIn } from '../../e2e/cluster/coverage-scene.js';
import { release } from '../../e2e/cluster/helm.js';
import { conditionsOf, policy } from '../../e2e/cluster/objects.js';
import { getObject, kubectlOutput } from '../support/kubectl.js';
import { createNamespace, until } from '../support/namespace.js';
import { containerOf } from '../support/pod-status.js';
import { sysdigAgent, sysdigWrapper } from '../support/pods.js';
import { tracedIn } from '../support/processes.js';
import { answerOf, gone, podsOf, rolledOut, webDeployment } from './deployment.js';
import { installOutrider, values } from './installation.js';

// Pods that no webhook saw, on a real node: found by the leader at its usual pace, put right, and proven to be traced.

t.setTimeout(900_000);

const bundle = fileURLToPath(new URL('../../../outrider.js', import.meta.url));

interface Ended {
  readonly exitCode: number;
  readonly said: string;
}

/** Runs `outrider` as the admin. */
function outrider(...parameters: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(process.execPath, [bundle, ...parameters], (error, stdout, stderr) =>
      resolve({ exitCode: error === null ? 0 : Number(error.code), said: stdout + stderr }),
    );
  });
}

const policyNamed = (name: string): Promise<JsonObject> => getObject('', 'instrumentationpolicy', name);

function coverageOf({ status }: JsonObject): JsonObject {
  return objectOf(objectOf(status)?.['coverage']) ?? {};
}

/** Since when a condition has the status it has. Milliseconds since 1970. */
function sinceMs({ status }: JsonObject, type: string): number {
  const condition = listOf(objectOf(status)?.['conditions'])
    .map(objectOf)
    .find((one) => one?.['type'] === type);
  return Date.parse(stringOf(condition?.['lastTransitionTime']) ?? '');
}

/** Waits until a policy's status has these counts. @returns the policy, and the moment, in milliseconds since 1970 */
async function counted(name: string, wanted: string): Promise<{ readonly found: JsonObject; readonly atMs: number }> {
  await until(
    `policy ${name}: ${wanted}`,
    async () => countsIn(await policyNamed(name)) === wanted,
    async () => JSON.stringify((await policyNamed(name))['status'], undefined, 1),
  );
  return { found: await policyNamed(name), atMs: Date.now() };
}

/** Restarts `web` as a person does, and proves that its two new pods are traced. */
async function isPutRight(t: Test, namespace: string): Promise<void> {
  const parameters = ['deploy/web', '-n', namespace];
  const restarted = await outrider('restart', ...parameters);
  t.equal(restarted.exitCode, 0, restarted.said);
  t.match(restarted.said, 'restarted: 2 missed of 2 pods before; the new ones have every part');
  const pods = await podsOf(namespace);
  t.equal(pods.length, 2);
  for (const pod of pods) {
    t.ok(tracedIn(containerOf(pod, 'app').id, sysdigWrapper).allTraced, `${pod.name}: every process is traced`);
  }
  t.equal(await answerOf(pods), 'the application answers\n');
  const verified = await outrider('verify', ...parameters);
  t.equal(verified.exitCode, 0, verified.said);
  t.match(verified.said, /✓ app +traced +1 process by \d+ instrument\n/);
  const after = await outrider('coverage', '-n', namespace, '--fail-on', 'missed,forged');
  t.equal(after.exitCode, 0, after.said);
  t.match(after.said, '2 pods of one workload: 2 instrumented.');
}

t.before(() => installOutrider(t));

t.test('a policy and a Deployment in one kubectl apply: its pods are found within a minute of InForce', async (t) => {
  const here = await createNamespace(t, 'early', { labels: { team: 'early' } });
  const { profile, agent, credentials } = values.defaultPolicy.spec;
  const web = webDeployment(2);
  const metadata = { ...objectOf(web['metadata']), namespace: here.name };
  const items = [policy('early', { team: 'early' }, { profile, agent, credentials }), { ...web, metadata }];
  await kubectlOutput(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
  for (const pod of await rolledOut(here)) {
    t.notOk(sysdigAgent in pod.containers, `${pod.name} was made before the API server called for the policy`);
  }

  const { found, atMs } = await counted('early', 'missed=2');
  t.ok(conditionsOf(found).some((condition) => condition.startsWith('InForce=True ')));
  const seconds = (atMs - sinceMs(found, 'InForce')) / 1000;
  t.comment(`found ${seconds.toFixed(0)} s after InForce`);
  t.ok(seconds <= 60, `${seconds} s`);
  t.ok(conditionsOf(found).includes('Covered=False PodsMissed'));
  t.same(workloadsIn(found), ['Deployment/web missed before_in_force']);
  const said = await outrider('coverage', '-n', here.name, '--fail-on', 'missed');
  t.equal(said.exitCode, 1, said.said);
  t.match(
    said.said,
    /deploy\/web +early +2 +2 missed +before_in_force +outrider restart deploy\/web -n early\n/,
    said.said,
  );
  await isPutRight(t, here.name);
});

t.test('pods of a rollout while no replica is there are found when one is there again', async (t) => {
  const here = await createNamespace(t, 'outage', { labels: { [names.inject]: 'enabled' } });
  await here.create(webDeployment(2));
  for (const pod of await rolledOut(here)) t.ok(sysdigAgent in pod.containers, `${pod.name} is instrumented`);
  const scale = (replicas: number): Promise<string> =>
    kubectlOutput(['scale', `deployment/${release.name}`, '-n', release.namespace, `--replicas=${replicas}`]);

  await scale(0);
  await gone('replicas', 'pods', '-n', release.namespace, '-l', 'app.kubernetes.io/name=outrider');
  const lastLookAt = stringOf(coverageOf(await policyNamed('default'))['observedAt']) ?? '';
  await kubectlOutput(['rollout', 'restart', 'deployment/web', '-n', here.name]);
  const bare = await rolledOut(here);
  t.equal(bare.length, 2);
  for (const pod of bare) t.notOk(sysdigAgent in pod.containers, `${pod.name} runs, and without an agent`);

  await scale(2);
  const backAtMs = Date.now();
  const { found, atMs } = await counted('default', 'missed=2');
  t.comment(`found ${((atMs - backAtMs) / 1000).toFixed(0)} s after the replicas were asked for again`);
  t.ok((stringOf(coverageOf(found)['observedAt']) ?? '') > lastLookAt, 'by a look of the new leader');
  t.ok(conditionsOf(found).includes('Covered=False PodsMissed'));
  // When no replica was there is known to none that is: the pods' dates tell no more.
  t.same(workloadsIn(found), ['Deployment/web missed another_path']);
  await kubectlOutput(['rollout', 'status', `deployment/${release.name}`, '-n', release.namespace, '--timeout=2m']);
  await isPutRight(t, here.name);
});
