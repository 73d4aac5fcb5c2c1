import t from 'tap';
import { isRestartable, ownedSentence, restartAdvice } from '../../src/model/restart-advice.js';
import { allWorkloadKinds } from '../../src/model/workload-kinds.js';

function advised(kind: string, apiVersion: string, name = 'web') {
  return { workload: { kind, apiVersion, name }, namespace: 'shop' };
}

t.test('a workload that can be restarted gets the command, as the program was called', (t) => {
  const table: readonly (readonly [string, string, string])[] = [
    ['Deployment', 'apps/v1', 'outrider restart deploy/web -n shop'],
    ['StatefulSet', 'apps/v1', 'outrider restart sts/web -n shop'],
    ['DaemonSet', 'apps/v1', 'outrider restart ds/web -n shop'],
    ['Rollout', 'argoproj.io/v1alpha1', 'outrider restart rollout/web -n shop'],
  ];
  for (const [kind, apiVersion, text] of table) {
    t.same(restartAdvice(advised(kind, apiVersion)), { kind: 'command', text }, kind);
  }
  t.same(restartAdvice(advised('Deployment', 'apps/v1'), 'kubectl outrider'), {
    kind: 'command',
    text: 'kubectl outrider restart deploy/web -n shop',
  });
  t.end();
});

t.test('what cannot be restarted gets a sentence that says what to do instead', (t) => {
  const table: readonly (readonly [string, string, RegExp])[] = [
    ['Pod', 'v1', /save its manifest, kubectl -n shop delete pod web, and create it again/],
    ['Job', 'batch/v1', /only a new Job has it/],
    ['CronJob', 'batch/v1', /its next run has it/],
    ['ReplicaSet', 'apps/v1', /kubectl -n shop delete pod NAME, one after another/],
    ['ReplicationController', 'v1', /kubectl -n shop delete pod NAME, one after another/],
    ['DeploymentConfig', 'apps.openshift.io/v1', /oc rollout latest dc\/web -n shop/],
    ['Node', 'v1', /a static pod of node web/],
    ['StrimziPodSet', 'core.strimzi.io/v1beta2', /made by the controller of StrimziPodSet\/web/],
    // A kind of that name, and of nobody’s group.
    ['Deployment', 'example.com/v1', /made by the controller of Deployment\/web/],
  ];
  for (const [kind, apiVersion, text] of table) {
    const advice = restartAdvice(advised(kind, apiVersion));
    t.equal(advice.kind, 'sentence', kind);
    t.match(advice.text, text);
  }
  t.end();
});

t.test('what an operator owns gets a sentence about the operator', (t) => {
  const owner = { kind: 'Kafka', name: 'events' };
  const advice = restartAdvice({ ...advised('Deployment', 'apps/v1'), owner });
  t.same(advice, { kind: 'sentence', text: ownedSentence(owner) });
  t.match(advice.text, 'it belongs to Kafka/events');
  t.end();
});

t.test('four kinds can be restarted', (t) => {
  t.same(
    allWorkloadKinds.filter(isRestartable).map(({ plural }) => plural),
    ['deployments', 'statefulsets', 'daemonsets', 'rollouts'],
  );
  t.end();
});
