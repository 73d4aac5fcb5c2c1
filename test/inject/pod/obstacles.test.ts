import t from 'tap';
import type { JsonObject } from '../../../src/model/json.js';
import { decideNow, engineFor, engineOf, policyText } from '../../support/engine.js';
import { at, patched } from '../../support/json.js';
import { podOf, podWith } from '../../support/pods.js';

const engine = engineFor();

const obstacles: readonly (readonly [string, JsonObject])[] = [
  ['mirror_pod', podOf({}, { annotations: { 'kubernetes.io/config.mirror': 'x' } })],
  ['windows', podOf({ os: { name: 'windows' } })],
  ['windows', podOf({ nodeSelector: { 'kubernetes.io/os': 'windows' } })],
  ['windows', podOf({ nodeSelector: { 'beta.kubernetes.io/os': 'windows' } })],
  ['virtual_node', podOf({ nodeSelector: { type: 'virtual-kubelet' } })],
  ['virtual_node', podOf({ tolerations: [{ key: 'virtual-kubelet.io/provider', operator: 'Exists' }] })],
  ['sandboxed_runtime', podOf({ runtimeClassName: 'gvisor' })],
  ['sandboxed_runtime', podOf({ runtimeClassName: 'kata-clh' })],
  ['host_network', podOf({ hostNetwork: true })],
  ['host_pid', podOf({ hostPID: true })],
  ['process_namespace_refused', podOf({ shareProcessNamespace: false })],
  ['port_taken', podWith({ command: ['/app'], ports: [{ containerPort: 80 }, { containerPort: 32000 }] })],
  [
    'port_taken',
    podOf({ initContainers: [{ name: 'i', restartPolicy: 'Always', ports: [{ containerPort: 32000 }] }] }),
  ],
];

const none: readonly JsonObject[] = [
  podOf({ os: { name: 'linux' }, nodeSelector: { 'kubernetes.io/os': 'linux' } }),
  podOf({ hostNetwork: false, hostPID: false, shareProcessNamespace: true }),
  podOf({ hostNetwork: null, hostPID: null, shareProcessNamespace: null, runtimeClassName: null }),
  podOf({ runtimeClassName: 'runc', tolerations: [{ operator: 'Exists' }] }),
  podOf({ hostIPC: true }),
  podOf({ restartPolicy: 'Never' }),
  podWith({ command: ['/app'], ports: [{ containerPort: 32001, hostPort: 32000 }] }),
];

t.test('E24, E25: what keeps a pod from being instrumented at all', (t) => {
  for (const [reason, pod] of obstacles) {
    const { decision, patch } = decideNow(pod, engine);
    t.match(decision, { decision: 'skip', reason }, decision.detail);
    t.same(patch, []);
  }
  for (const pod of none) t.equal(decideNow(pod, engine).decision.reason, 'injected', JSON.stringify(pod['spec']));
  t.end();
});

t.test('E26: a pod that has to finish needs a native sidecar', (t) => {
  const old = engineFor({}, { facts: { nativeSidecars: false } });
  for (const restartPolicy of ['Never', 'OnFailure']) {
    t.equal(decideNow(podOf({ restartPolicy }), old).decision.reason, 'job_needs_native_sidecar');
    t.equal(decideNow(podOf({ restartPolicy }), engine).decision.reason, 'injected');
  }
  t.equal(decideNow(podOf({ restartPolicy: 'Always' }), old).decision.reason, 'injected');
  t.end();
});

t.test('under Security only admitted obstacles let a pod run', (t) => {
  const admitting = engineFor({ prefer: 'Security', admitUninstrumented: ['host_network'] });
  t.equal(decideNow(podOf({ hostNetwork: true }), admitting, 'validate').decision.decision, 'skip');
  t.equal(decideNow(podOf({ hostPID: true }), admitting, 'validate').decision.decision, 'deny');
  t.end();
});

t.test('where no container is selected there is nothing to be kept from', (t) => {
  const other = engineFor({ prefer: 'Security', containers: { include: ['other'] } });
  t.match(decideNow(podOf({ hostPID: true }), other, 'validate').decision, {
    decision: 'skip',
    reason: 'no_container_selected',
  });
  t.end();
});

t.test('which obstacles count is the profile’s choice', (t) => {
  const lab = `
apiVersion: outrider.dev/v1alpha1
kind: InstrumentationProfile
metadata: { name: lab }
spec: { version: '1', env: [{ name: LAB, value: '1' }], skipWhen: [windows] }
${policyText('p', { profile: { name: 'lab' } })}`;
  const node = engineOf(lab);
  const pod = podOf({ hostPID: true, hostNetwork: true, shareProcessNamespace: false });
  const { patch, decision } = decideNow(pod, node);
  t.equal(decision.reason, 'injected');
  const after = patched(pod, patch);
  t.equal(at(after, 'spec', 'shareProcessNamespace'), false, 'which it does not ask for');
  t.match(at(after, 'spec', 'containers', 0, 'env'), [{ name: 'LAB', value: '1' }]);
  t.equal(decideNow(podOf({ os: { name: 'windows' } }), node).decision.reason, 'windows');
  t.same(decideNow(after, node).patch, []);
  t.end();
});
