import t from 'tap';
import { isHealthy } from '../../src/doctor/finding.js';
import { examineMatched, type NamespacePolicy, type KnownCluster } from '../../src/doctor/namespace.js';
import { examineNode, type NodeReport } from '../../src/doctor/node.js';

const policy: NamespacePolicy = {
  name: 'shops',
  mode: 'Inject',
  prefer: 'Availability',
  capability: 'Auto',
  capabilities: ['SYS_PTRACE'],
  pods: 'all',
  stop: undefined,
  optOutIgnored: false,
  admits: new Set(),
};
const cluster: KnownCluster = { nodes: [], podSecurityDefault: 'privileged', openShift: false, openShiftNodes: false };

function node(kernelVersion: string, labels: Readonly<Record<string, string>> = {}): NodeReport {
  const nodeInfo = {
    kernelVersion,
    architecture: 'amd64',
    containerRuntimeVersion: 'containerd://2.1.5',
    kubeletVersion: 'v1.34.1',
    osImage: 'Ubuntu 24.04.3 LTS',
  };
  return examineNode({ metadata: { name: `node-${kernelVersion}`, labels }, status: { nodeInfo } });
}

function look(change: Partial<NamespacePolicy>, enforce?: string, where: Partial<KnownCluster> = {}) {
  const labels = enforce === undefined ? {} : { 'pod-security.kubernetes.io/enforce': enforce };
  return examineMatched({ name: 'shop', labels, policies: [{ ...policy, ...change }] }, { ...cluster, ...where });
}

type Row = readonly [
  capability: NamespacePolicy['capability'],
  enforce: string | undefined,
  where: Partial<KnownCluster>,
  result: 'ok' | 'note' | 'problem',
  detail: RegExp,
];
const rows: readonly Row[] = [
  ['Auto', 'privileged', {}, 'ok', /SYS_PTRACE is added; Pod Security privileged allows it/],
  ['Auto', undefined, {}, 'ok', /the cluster’s default/],
  ['Auto', 'restricted', {}, 'note', /leaves SYS_PTRACE out, since Pod Security restricted/],
  ['Auto', 'baseline', {}, 'note', /leaves SYS_PTRACE out/],
  ['Auto', undefined, { podSecurityDefault: 'baseline' }, 'note', /baseline \(the cluster’s default\)/],
  ['Auto', undefined, { openShift: true }, 'note', /OpenShift/],
  ['Never', 'restricted', {}, 'ok', /Never leaves/],
  ['Always', 'privileged', {}, 'ok', /is added/],
  ['Always', 'baseline', {}, 'problem', /Pod Security baseline refuses every pod/],
  ['Always', 'restricted', {}, 'problem', /Pod Security restricted refuses every pod/],
  ['Always', 'Restricted', {}, 'problem', /refuses every pod/],
  ['Always', undefined, { podSecurityDefault: 'restricted' }, 'problem', /default\) refuses every pod/],
  ['Always', undefined, { openShift: true }, 'problem', /OpenShift/],
  ['Auto', 'privileged', { openShiftNodes: true }, 'note', /unless a ServiceAccount has wider ones/],
  ['Always', undefined, { nodes: [node('6.1.0', { 'eks.amazonaws.com/compute-type': 'fargate' })] }, 'note', /Fargate/],
];
for (const [capability, enforce, where, result, detail] of rows) {
  const place = `${enforce ?? 'no level'} ${Object.keys(where).join()}`;
  t.test(`E23: capability ${capability}, ${place}: ${result}`, (t) => {
    const [finding] = look({ capability }, enforce, where).findings;
    t.match(finding, { check: 'capability', result, detail });
    t.equal(finding?.remedy === undefined, result === 'ok', 'a remedy where something is to be done');
    t.end();
  });
}

t.test('a profile without a capability has none refused', (t) => {
  const { findings } = look({ capability: 'Always', capabilities: [] }, 'restricted');
  t.match(findings, [{ result: 'ok', detail: /adds no capability/ }]);
  t.end();
});

t.test('Security on nodes where ptrace cannot work is in the way; Availability is a note', (t) => {
  const nodes = [node('3.10.0-1160.el7'), node('6.8.0')];
  const security = look({ prefer: 'Security' }, 'restricted', { nodes }).findings;
  t.match(security[1], {
    check: 'prefer',
    result: 'problem',
    detail: /1 of 2 Linux nodes \(node-3\.10\.0-1160\.el7\)/,
  });
  t.match(security[1]?.remedy, 'prefer: Availability');
  t.match(look({}, 'restricted', { nodes }).findings[1], { check: 'prefer', result: 'note' });
  t.equal(look({ prefer: 'Security' }, undefined, { nodes }).findings.length, 1, 'with the capability it works');
  t.equal(look({ prefer: 'Security' }, undefined, { nodes: nodes.slice(1) }).findings.length, 1);
  const many = ['3.1', '3.2', '3.3', '3.4', '3.5'].map((kernel) => node(kernel));
  t.match(look({ prefer: 'Security' }, 'baseline', { nodes: many }).findings[1]?.detail, /node-3\.3 and 2 more/);
  t.end();
});

t.test('E25: Security refuses pods for nodes that are left alone, unless the policy admits them', (t) => {
  const nodes = [
    node('10.0.20348', { 'kubernetes.io/os': 'windows' }),
    node('', { type: 'virtual-kubelet' }),
    node('6.6.105+', { 'sandbox.gke.io/runtime': 'gvisor' }),
  ];
  const { findings } = look({ prefer: 'Security', admits: new Set(['virtual_node']) }, undefined, { nodes });
  t.match(findings.slice(1), [
    { result: 'note', detail: /Windows nodes are refused \(reason windows\)/ },
    { result: 'note', detail: /sandboxed nodes are refused \(reason sandboxed_runtime\)/ },
  ]);
  t.equal(findings.length, 3);
  t.equal(look({}, undefined, { nodes }).findings.length, 1, 'Availability lets them run');
  t.end();
});

t.test('a policy that only reports is in nobody’s way', (t) => {
  const { findings } = look({ mode: 'Report', capability: 'Always' }, 'restricted');
  t.match(findings, [{ result: 'note', detail: /refuses every pod/ }]);
  t.ok(isHealthy(findings));
  t.end();
});

t.test('why a policy touches no pod of a namespace', (t) => {
  const stop = (reason: 'namespace_opted_out' | 'namespace_excluded' | 'policy_off' | 'inject_label_invalid') => ({
    stop: { reason, detail: 'because' },
    capability: 'Always' as const,
  });
  t.match(look(stop('namespace_opted_out'), 'restricted').findings, [{ result: 'note', remedy: /take the label/ }]);
  t.match(look(stop('namespace_excluded')).findings, [{ result: 'ok' }]);
  t.match(look(stop('policy_off')).findings, [{ result: 'note', remedy: /set its mode/ }]);
  const invalid = stop('inject_label_invalid');
  t.match(look(invalid).findings, [{ result: 'note', remedy: /write enabled or disabled/ }]);
  t.match(look({ ...invalid, prefer: 'Security' }).findings, [{ result: 'problem', detail: /refuses its pods/ }]);
  t.match(look({ ...invalid, prefer: 'Security', mode: 'Report' }).findings, [{ result: 'note' }]);
  t.match(look({ optOutIgnored: true }).findings, [{ detail: /forbids opting out/ }, { check: 'capability' }]);
  t.end();
});
