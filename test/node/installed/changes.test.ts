import t, { type Test } from 'tap';
import { names } from '../../../src/model/names.js';
import { chart, release } from '../../e2e/cluster/helm.js';
import { pullSecret } from '../support/inject.js';
import { kubectlOutput, listObjects } from '../support/kubectl.js';
import { createNamespace, until, type Namespace } from '../support/namespace.js';
import { containerOf, type PodStatus } from '../support/pod-status.js';
import { sysdigAgent, sysdigWrapper } from '../support/pods.js';
import { tracedIn } from '../support/processes.js';
import { answerOf, gone, only, podsOf, rolledOut, webDeployment } from './deployment.js';
import { centralSecret, helm, installOutrider, values } from './installation.js';

// Outrider restarted, upgraded and taken away under its users' rollouts.

t.setTimeout(900_000);

const own = ['-n', release.namespace];
const optedIn = { [names.inject]: 'enabled' };
const many = 20;
const theDeployment = `deployment/${release.name}`;

function namespace(t: Test, name: string, labels: Record<string, string> = optedIn): Promise<Namespace> {
  return createNamespace(t, name, { labels });
}

/** Whether each pod has the agent, is traced, and started at the first try. */
function areInstrumented(t: Test, pods: readonly PodStatus[]): void {
  const bare = pods.filter(({ containers }) => !(sysdigAgent in containers));
  t.same(bare, [], 'every pod has the agent');
  const traced = pods.filter((pod) => tracedIn(containerOf(pod, 'app').id, sysdigWrapper).allTraced);
  t.equal(traced.length, pods.length, 'every process of every pod is traced');
  const restarts = pods.flatMap(({ containers }) => Object.values(containers)).filter((one) => one.restarts > 0);
  t.same(restarts, [], 'nothing had to be started twice');
}

/** What the events of a reason say, of all objects of a namespace, a line each. */
function messagesOf(name: string, reason: string): Promise<string> {
  const messages = 'jsonpath={range .items[*]}{.lastTimestamp} {.count} {.message}{"\\n"}{end}';
  return kubectlOutput(['get', 'events', '-n', name, `--field-selector=reason=${reason}`, '-o', messages]);
}

/** Says whether something has come to its end, well or not. */
function isOver(work: Promise<unknown>): () => boolean {
  let over = false;
  const end = (): void => void (over = true);
  work.then(end, end);
  return () => over;
}

/** The names of Outrider's own pods, as kubectl takes them. */
async function runningReplicas(): Promise<readonly string[]> {
  return (await kubectlOutput(['get', 'pods', ...own, '-o', 'name'])).trim().split('\n');
}

function areGone(replicas: readonly string[]): Promise<void> {
  return gone('the old replicas', ...replicas, ...own, '--ignore-not-found');
}

t.before(() => installOutrider(t));

t.test('rollouts of 20 pods while every replica is replaced: all are instrumented', async (t) => {
  const shop = await namespace(t, 'shop');
  const payments = await namespace(t, 'payments', { team: 'payments' });
  const both = [shop, payments];
  for (const here of both) await here.create(webDeployment(many / 2));
  for (const here of both) areInstrumented(t, await rolledOut(here));

  const before = await runningReplicas();
  await kubectlOutput(['rollout', 'restart', theDeployment, ...own]);
  const replaced = isOver(areGone(before));
  let rollouts = 0;
  do {
    for (const here of both) await kubectlOutput(['rollout', 'restart', 'deployment/web', '-n', here.name]);
    for (const here of both) {
      const pods = await rolledOut(here);
      t.equal(pods.length, many / 2);
      areInstrumented(t, pods);
    }
    rollouts += 1;
  } while (!replaced());
  t.comment(`${rollouts} rollouts of ${many} pods each while the replicas were replaced`);
  await kubectlOutput(['rollout', 'status', theDeployment, ...own, '--timeout=2m']);
  for (const { name } of both) {
    const refusals = await messagesOf(name, 'FailedCreate');
    t.equal(refusals, '', 'no pod was refused');
    if (refusals !== '') t.comment(await kubectlOutput(['describe', 'pods', ...own]));
    await kubectlOutput(['delete', 'deployment/web', '-n', name]);
  }
});

t.test('helm test', async (t) => {
  t.match(await helm(['test', release.name, '--timeout=2m']), /Phase: +Succeeded/);
  await gone('the pod of the test', 'pods', ...own, '-l', 'app.kubernetes.io/name=outrider-test');
});

t.test('U18: helm test fails where a policy has no region, and its log says so', async (t) => {
  const match = { namespaceSelector: { matchLabels: { team: 'nobody' } } };
  const policies = { ...values.policies, unfinished: { match, profile: { name: 'sysdig' } } };
  const upgrade = ['upgrade', release.name, chart, '--wait', '--timeout=4m', '--values=-'];
  await helm(upgrade, { ...values, policies });
  await t.rejects(helm(['test', release.name, '--timeout=2m', '--logs']), {
    message: /policy unfinished is not carried out as it stands: .*region/,
  });
  await helm(upgrade, values);
  t.match(await helm(['test', release.name, '--timeout=2m']), /Phase: +Succeeded/);
  await gone('what the test was made of', 'serviceaccounts,pods', ...own, '-l', 'app.kubernetes.io/name=outrider-test');
});

t.test('helm upgrade while pods are created', async (t) => {
  const here = await namespace(t, 'upgraded');
  await here.create(webDeployment());
  await rolledOut(here);
  const before = await runningReplicas();
  const newValues = { ...values, logLevel: 'debug', excludedNamespaces: ['left-out'] };
  const upgrade = helm(['upgrade', release.name, chart, '--wait', '--timeout=4m', '--values=-'], newValues);
  const upgraded = isOver(upgrade);
  let replicas = 1;
  while (!upgraded() && replicas < many) {
    replicas += 1;
    await kubectlOutput(['scale', 'deployment/web', '-n', here.name, `--replicas=${replicas}`]);
    // One after the other, as long as it takes.
    await until(`pod ${replicas}`, async () => (await podsOf(here.name)).length === replicas);
  }
  await upgrade;
  const pods = await rolledOut(here);
  t.equal(pods.length, replicas);
  areInstrumented(t, pods);
  // Helm waits until the new replicas are ready; the old ones answer with the old values while they drain.
  await areGone(before);
  const leftOut = await namespace(t, 'left-out');
  // The new leader has to write it into the webhook configurations; any replica knows it by itself.
  await leftOut.create(webDeployment());
  t.same(Object.keys(only(await rolledOut(leftOut)).containers), ['app'], 'the changed value is in force');
});

t.test('helm uninstall: nothing blocks, and nothing is left', async (t) => {
  const shop = await namespace(t, 'remains');
  const payments = await namespace(t, 'paid', { team: 'payments' });
  const mirrored = await createNamespace(t, 'mirrored', { labels: { team: 'mirrored' }, withoutKey: true });
  for (const here of [shop, payments, mirrored]) await here.create(webDeployment());
  for (const here of [shop, payments, mirrored]) areInstrumented(t, await rolledOut(here));

  await helm(['uninstall', release.name, '--wait', '--timeout=3m']);
  for (const here of [shop, payments]) {
    t.ok(
      (await podsOf(here.name)).every(({ ready }) => ready),
      'what ran goes on',
    );
    await kubectlOutput(['rollout', 'restart', 'deployment/web', '-n', here.name]);
    const pods = await rolledOut(here);
    t.same(Object.keys(only(pods).containers), ['app'], 'a new pod starts uninstrumented');
    t.equal(await answerOf(pods), 'the application answers\n');
  }
  t.same(await listObjects(mirrored.name, 'secrets', names.mirrorOf), [], 'the copied access key is gone');

  await gone('its pods', 'pods', ...own);
  // What the leader made goes with the chart's ConfigMap, by the garbage collector.
  await gone(
    'its Lease and certificate',
    'leases,secrets',
    ...own,
    `--field-selector=metadata.name!=${pullSecret},metadata.name!=${centralSecret}`,
  );
  t.same(await namesOf(['--namespaced=true'], own), given.sort());
  const wide = (await namesOf(['--namespaced=false'])).filter((name) => name.includes(release.name));
  t.same(wide, [...definitions, `namespace/${release.namespace}`], 'but for the definitions, which helm keeps');
});

// What Kubernetes and the tests put there.
const given = [
  'configmap/kube-root-ca.crt',
  'serviceaccount/default',
  `secret/${pullSecret}`,
  `secret/${centralSecret}`,
];
const definitions = [
  'apiservice.apiregistration.k8s.io/v1alpha1.outrider.dev',
  'customresourcedefinition.apiextensions.k8s.io/instrumentationplans.outrider.dev',
  'customresourcedefinition.apiextensions.k8s.io/instrumentationpolicies.outrider.dev',
  'customresourcedefinition.apiextensions.k8s.io/instrumentationprofiles.outrider.dev',
];

/** Everything of some kinds, except for Events. */
async function namesOf(which: readonly string[], where: readonly string[] = []): Promise<readonly string[]> {
  const kinds = await kubectlOutput(['api-resources', '--verbs=list,delete', '-o', 'name', ...which]);
  const listed = kinds
    .trim()
    .split('\n')
    .filter((kind) => !kind.startsWith('events'));
  const names = await kubectlOutput(['get', listed.join(','), ...where, '-o', 'name']);
  return names.trim().split('\n').sort();
}
