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

const affinity = (...terms: readonly JsonObject[]): JsonObject => ({
  affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms } } },
});
const term = (key: string, operator: string, ...values: readonly string[]): JsonObject => ({
  matchExpressions: [
    { key: 'zone', operator: 'Exists' },
    { key, operator, values },
  ],
});
const os = 'kubernetes.io/os';
const build = 'node.kubernetes.io/windows-build';

/** Ways to be kept off other nodes: whoever wrote them, the pod runs on no other. */
const placed: readonly (readonly [string, JsonObject])[] = [
  ['windows', { nodeSelector: { [build]: '10.0.20348' } }],
  ['windows', { nodeSelector: { disk: 'ssd', [build]: '' } }],
  ['windows', affinity(term(os, 'In', 'windows'))],
  ['windows', affinity(term('beta.kubernetes.io/os', 'In', 'windows'))],
  ['windows', affinity(term(os, 'NotIn', 'linux'))],
  ['windows', affinity(term(os, 'NotIn', 'darwin', 'linux'))],
  ['windows', affinity(term(build, 'Exists'))],
  ['windows', affinity(term(build, 'In', '10.0.17763', '10.0.20348'))],
  ['windows', affinity(term(os, 'In', 'windows'), term(os, 'NotIn', 'linux'), term(build, 'Exists'))],
  ['virtual_node', affinity(term('type', 'In', 'virtual-kubelet'))],
  ['virtual_node', affinity(term('type', 'In', 'virtual-kubelet'), term('type', 'In', 'virtual-kubelet'))],
];

/** Words that nodes of Linux do not look at. */
const said: readonly JsonObject[] = [
  { securityContext: { windowsOptions: { runAsUserName: 'ContainerUser' } } },
  { securityContext: { windowsOptions: { gmsaCredentialSpecName: 'x' } } },
  { containers: [{ name: 'web', command: ['a'], securityContext: { windowsOptions: { hostProcess: true } } }] },
  { initContainers: [{ name: 'i', command: ['a'], securityContext: { windowsOptions: { runAsUserName: 'x' } } }] },
  { runtimeClassName: 'runhcs-wcow-process' },
  { runtimeClassName: 'wcow-hypervisor' },
  { runtimeClassName: 'windows-2022' },
];

/** Placements that nodes of Linux, or real ones, are among. */
const elsewhere: readonly JsonObject[] = [
  affinity(),
  affinity(term(os, 'In', 'windows', 'linux')),
  affinity(term(os, 'In', 'windows'), term(os, 'In', 'linux')),
  affinity(term(os, 'NotIn', 'windows')),
  affinity(term(os, 'Exists')),
  affinity(term(os, 'In')),
  affinity(term(build, 'DoesNotExist')),
  affinity(term(build, 'NotIn', '1')),
  affinity({ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['windows'] }] }),
  affinity(term('type', 'NotIn', 'virtual-kubelet')),
  affinity(term('type', 'In', 'virtual-kubelet', 'other')),
  {
    affinity: {
      nodeAffinity: {
        preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, preference: term(os, 'In', 'windows') }],
      },
    },
  },
  { affinity: { podAffinity: {} } },
  { securityContext: { windowsOptions: {} } },
  { securityContext: { windowsOptions: null } },
  { runtimeClassName: 'runc' },
];

t.test('W10: Windows and virtual nodes by any part of the placement', (t) => {
  const strict = engineFor({ prefer: 'Security' });
  for (const [reason, fields] of placed) {
    const about = JSON.stringify(fields);
    t.match(decideNow(podOf(fields), engine).decision, { decision: 'skip', reason }, about);
    t.match(decideNow(podOf(fields), strict).decision, { decision: 'skip', reason }, `under Security: ${about}`);
  }
  for (const fields of said) {
    const about = JSON.stringify(fields);
    t.equal(decideNow(podOf(fields), engine).decision.reason, 'windows', about);
    t.equal(decideNow(podOf(fields), strict).decision.reason, 'injected', `no way out of Security: ${about}`);
  }
  for (const fields of elsewhere) {
    t.equal(decideNow(podOf(fields), engine).decision.reason, 'injected', JSON.stringify(fields));
  }
  t.end();
});

t.test('W11: the ports that the vendors document count by protocol, and settings move them', (t) => {
  const datadog = (settings: JsonObject = {}) => engineFor({ profile: { name: 'datadog', settings } });
  const reasonOf = (ports: readonly JsonObject[], from = datadog()) =>
    decideNow(podWith({ command: ['/app'], ports }), from).decision;
  const tcp = { probeAddress: 5678, expvarPort: 5000, commandPort: 5001, apmPort: 8126 };
  const process = { processExpvarPort: 6062, processCommandPort: 6162 };
  for (const [setting, containerPort] of Object.entries({ ...tcp, ...process })) {
    const moved = datadog({ [setting]: setting === 'probeAddress' ? 'localhost:15678' : 15678 });
    for (const protocol of [{}, { protocol: 'TCP' }]) {
      const ports = [{ containerPort: 80 }, { containerPort, ...protocol }];
      t.equal(reasonOf(ports).reason, 'port_taken', `${containerPort}`);
      t.match(reasonOf(ports).detail, `setting ${setting} moves it`);
      t.equal(reasonOf(ports, moved).reason, 'injected', `${setting} moved`);
    }
    t.equal(reasonOf([{ containerPort: 15678 }], moved).reason, 'port_taken', `where ${setting} moved to`);
    t.equal(reasonOf([{ containerPort, protocol: 'UDP' }]).reason, 'injected', `${containerPort}/UDP`);
  }
  t.equal(reasonOf([{ containerPort: 8125, protocol: 'UDP' }]).reason, 'port_taken');
  t.equal(reasonOf([{ containerPort: 8125 }]).reason, 'injected', '8125 of TCP is nobody’s');
  t.equal(
    reasonOf([{ containerPort: 8125, protocol: 'UDP' }], datadog({ dogstatsdPort: 18125 })).reason,
    'injected',
    'moved',
  );
  const own = `
apiVersion: outrider.dev/v1alpha1
kind: InstrumentationProfile
metadata: { name: lab }
spec:
  version: '1'
  image: lab:1
  sidecar: { name: lab, resources: { requests: { cpu: '1', memory: 1Mi } }, ports: [9000, { port: 9001, protocol: UDP }] }
${policyText('p', { profile: { name: 'lab' } })}`;
  const lab = engineOf(own);
  t.equal(reasonOf([{ containerPort: 9000 }], lab).reason, 'port_taken');
  t.equal(reasonOf([{ containerPort: 9001, protocol: 'UDP' }], lab).reason, 'port_taken');
  t.equal(reasonOf([{ containerPort: 9001 }], lab).reason, 'injected');
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
