import { readFileSync } from 'node:fs';
import t from 'tap';
import { examineCluster } from '../../src/doctor/cluster.js';
import { inventoryOf } from '../../src/doctor/inventory.js';
import { examineNode, type NodeReport } from '../../src/doctor/node.js';
import { isObject, type JsonObject } from '../../src/model/json.js';

const text = readFileSync(new URL('../../../test/fixtures/doctor/cluster.json', import.meta.url), 'utf8');
const list: unknown = JSON.parse(text);
if (!isObject(list)) throw new Error('the fixture is no object');
const inventory = inventoryOf([list], 'cluster.json');
const report = examineCluster(inventory);

type Row = readonly [
  name: string,
  kind: NodeReport['kind'],
  nodeAgent: NodeReport['nodeAgent'],
  ptrace: NodeReport['ptrace'],
  sysPtrace: NodeReport['sysPtrace'],
  native: boolean,
  images: boolean,
];

const rows: readonly Row[] = [
  ['ip-10-0-1-11.', 'machine', 'yes', 'yes', 'yes', true, false],
  ['ip-10-0-2-20.', 'machine', 'yes', 'yes', 'yes', true, false],
  ['fargate-ip-', 'fargate', 'no', 'yes', 'no', true, false],
  ['ip-10-0-4-9.', 'machine', 'unlisted', 'yes', 'yes', true, false],
  ['gke-main-', 'machine', 'unlisted', 'yes', 'yes', true, true],
  ['gk3-auto-', 'autopilot', 'no', 'yes', 'unverified', true, false],
  ['aks-nodepool1-', 'machine', 'yes', 'yes', 'yes', true, false],
  ['aks-azl-', 'machine', 'unlisted', 'yes', 'yes', true, false],
  ['akswin', 'windows', 'no', 'no', 'no', false, false],
  ['virtual-node', 'virtual', 'no', 'no', 'no', false, false],
  ['k3s-', 'machine', 'yes', 'yes', 'yes', true, false],
  ['worker-0.ocp', 'machine', 'unlisted', 'unverified', 'unverified', true, false],
  ['old-centos', 'machine', 'yes', 'with-capability', 'yes', false, false],
  ['older-centos', 'machine', 'no', 'with-capability', 'yes', false, false],
  ['power', 'machine', 'no', 'no', 'no', true, false],
  ['rpi', 'machine', 'yes', 'with-capability', 'yes', true, false],
];

for (const [prefix, kind, nodeAgent, ptrace, sysPtrace, nativeSidecars, imageVolumes] of rows) {
  t.test(`E23, E25: ${prefix} ${kind}: node agent ${nodeAgent}, ptrace ${ptrace}`, (t) => {
    const node = report.nodes.find(({ name }) => name.startsWith(prefix));
    t.match(node, { kind, nodeAgent, ptrace, sysPtrace, nativeSidecars, imageVolumes });
    for (const { result, remedy } of node?.findings ?? []) if (result !== 'ok') t.type(remedy, 'string');
    t.end();
  });
}

t.test('what is in the way is said of those nodes, and of no other', (t) => {
  const sick = report.nodes.filter(({ findings }) => findings.some(({ result }) => result === 'problem'));
  t.same(
    sick.map(({ name }) => name),
    ['old-centos', 'older-centos', 'power', 'rpi'],
  );
  t.notOk(report.healthy);
  const nodes = inventory.nodes.slice(0, 8);
  t.ok(examineCluster({ ...inventory, nodes }).healthy);
  t.end();
});

t.test('E23: the namespaces that ask for instrumentation, with their Pod Security levels', (t) => {
  t.same(
    report.namespaces.map(({ name, enforce, findings }) => [name, enforce, findings[0]?.result]),
    [
      ['shop', 'restricted', 'note'],
      ['tools', undefined, 'ok'],
      ['batch', 'privileged', 'ok'],
    ],
  );
  const none = examineCluster({ ...inventory, namespaces: inventory.namespaces.slice(0, 1) });
  t.match(none.findings.find(({ check }) => check === 'namespaces')?.detail, /no namespace is labelled/);
  t.end();
});

t.test('the cluster as a whole: the choice, and what every node has', (t) => {
  const detail = (check: string, nodes = inventory.nodes, version?: string) =>
    examineCluster({ nodes, namespaces: [], version }).findings.find((finding) => finding.check === check)?.detail;
  t.match(detail('choice'), '7 of 15 Linux nodes');
  t.match(detail('choice'), 'may, although the vendor does not list them');
  t.match(detail('native sidecars'), '2 of 15');
  t.match(detail('image volumes'), '1 of 15');
  const [first] = inventory.nodes;
  t.match(detail('choice', first === undefined ? [] : [first]), 'every Linux node can take');
  const cos = inventory.nodes.filter((node) => examineNode(node).imageVolumes);
  t.match(detail('image volumes', cos), 'ImageVolume can be used');
  t.equal(detail('choice', []), undefined, 'no node, no choice');
  t.match(detail('nodes', []), 'has no node');
  t.match(detail('server', inventory.nodes, 'v1.29.4'), /older than 1\.30/);
  t.match(detail('server', inventory.nodes, 'v1.34.1'), 'Kubernetes v1.34.1');
  t.end();
});

t.test('E25: a node that says nothing of itself is no reason to fail', (t) => {
  const node = examineNode({ metadata: { name: 'new' } });
  t.equal(node.nodeAgent, 'no');
  t.equal(node.ptrace, 'unverified');
  t.same(
    node.findings.map(({ check, result }) => [check, result]),
    [
      ['architecture', 'note'],
      ['node agent', 'note'],
      ['ptrace', 'note'],
    ],
  );
  t.end();
});

interface Seen {
  readonly kernel?: string;
  readonly runtime?: string;
  readonly kubelet?: string;
  readonly system?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

function look({ kernel, runtime, kubelet, system, labels }: Seen): NodeReport {
  const nodeInfo = {
    architecture: 'amd64',
    operatingSystem: 'linux',
    kernelVersion: kernel ?? '6.12.48',
    containerRuntimeVersion: runtime ?? 'containerd://2.1.5',
    kubeletVersion: kubelet ?? 'v1.34.1',
    osImage: system ?? 'Ubuntu 24.04.3 LTS',
  };
  return examineNode({ metadata: { name: 'n', labels: labels ?? {} }, status: { nodeInfo } });
}

const field: readonly (readonly [what: string, seen: Seen, expected: Partial<NodeReport>])[] = [
  ['k3s', { runtime: 'containerd://2.1.5-k3s1', kubelet: 'v1.34.2+k3s1' }, { ptrace: 'yes', nativeSidecars: true }],
  ['k3s with a v', { runtime: 'containerd://v2.2.1-k3s1', kubelet: 'v1.35.0+k3s1' }, { imageVolumes: true }],
  ['cri-o of two parts', { runtime: 'cri-o://1.34' }, { ptrace: 'unverified', imageVolumes: false }],
  ['docker', { runtime: 'docker://28.3.3' }, { ptrace: 'unverified' }],
  ['containerd of no version', { runtime: 'containerd://Unknown' }, { ptrace: 'unverified' }],
  ['kernel of no version', { kernel: 'custom' }, { ptrace: 'unverified', nodeAgent: 'no' }],
  ['kernel before its release', { kernel: '4.8.0-rc3+' }, { ptrace: 'with-capability' }],
  ['a newer one before its release', { kernel: '6.18.0-rc7-next' }, { ptrace: 'yes', nodeAgent: 'yes' }],
  ['containerd before 2.2', { runtime: 'containerd://2.2.0-rc.1', kubelet: 'v1.35.0' }, { imageVolumes: false }],
  ['kubelet before 1.35', { runtime: 'containerd://2.2.1', kubelet: 'v1.35.0-alpha.3' }, { imageVolumes: false }],
  ['Talos', { system: 'Talos (v1.11.3)', kernel: '6.12.48-talos' }, { nodeAgent: 'unlisted', ptrace: 'yes' }],
  [
    'Flatcar',
    { system: 'Flatcar Container Linux by Kinvolk 4230.2.3 (Oklo)', kernel: '6.6.100-flatcar' },
    { nodeAgent: 'unlisted', ptrace: 'yes' },
  ],
  ['Rocky', { system: 'Rocky Linux 9.6 (Blue Onyx)' }, { nodeAgent: 'unlisted' }],
  ['Debian unstable', { system: 'Debian GNU/Linux trixie/sid' }, { nodeAgent: 'unlisted' }],
  ['Fedora CoreOS', { system: 'Fedora CoreOS 42.20250901.3.0' }, { nodeAgent: 'unlisted' }],
  [
    'EKS Auto Mode',
    { system: 'Bottlerocket (EKS Auto, Standard) 2025.11.1', labels: { 'eks.amazonaws.com/compute-type': 'auto' } },
    { kind: 'machine', nodeAgent: 'unlisted', sysPtrace: 'yes' },
  ],
  [
    'GKE Sandbox',
    { system: 'Container-Optimized OS from Google', labels: { 'sandbox.gke.io/runtime': 'gvisor' } },
    { kind: 'sandbox', nodeAgent: 'no', ptrace: 'no', nativeSidecars: false, imageVolumes: false },
  ],
  ['Liqo', { labels: { 'liqo.io/type': 'virtual-node' } }, { kind: 'virtual', ptrace: 'no' }],
  ['WSL', { kernel: '5.15.167.4-microsoft-standard-WSL2' }, { nodeAgent: 'unlisted' }],
];
for (const [what, seen, expected] of field) {
  t.test(`E25, E38: nodes of the field: ${what}`, (t) => {
    const node = look(seen);
    t.match(node, expected);
    for (const { result, remedy } of node.findings) if (result !== 'ok') t.type(remedy, 'string');
    t.end();
  });
}

t.test('what is not known is never called old', (t) => {
  for (const seen of [{ kernel: '' }, { runtime: '' }, { runtime: 'containerd://' }, { kubelet: '' }]) {
    const { findings } = look(seen);
    t.notMatch(JSON.stringify(findings), /older than/, JSON.stringify(seen));
    t.ok(findings.every(({ result }) => result !== 'problem'));
  }
  t.end();
});

t.test('Autopilot says why SYS_PTRACE is not verified; a label stands in for an architecture', (t) => {
  const autopilot = report.nodes.find(({ kind }) => kind === 'autopilot');
  t.match(autopilot?.findings.find(({ check }) => check === 'SYS_PTRACE')?.source, 'autopilot');
  const labels = { 'kubernetes.io/arch': 'arm64' };
  t.equal(examineNode({ metadata: { name: 'n', labels } }).architecture, 'arm64');
  t.end();
});

t.test('a cluster without an ordinary Linux node', (t) => {
  const nodes = inventory.nodes.filter((node) => examineNode(node).kind === 'windows');
  const { findings, healthy } = examineCluster({ nodes, namespaces: [], version: undefined });
  t.match(findings, [{ check: 'nodes', result: 'note' }]);
  t.equal(findings.length, 1);
  t.ok(healthy);
  t.end();
});

t.test('lists of every form that kubectl prints', (t) => {
  const [node] = inventory.nodes;
  const [space] = inventory.namespaces;
  if (node === undefined || space === undefined) throw new Error('the fixture is empty');
  const { metadata, status } = node;
  const asItems: JsonObject = { kind: 'NodeList', items: [{ metadata: metadata ?? null, status: status ?? null }] };
  t.equal(inventoryOf([asItems, { kind: 'NamespaceList', items: [space] }], 'x').nodes.length, 1);
  t.equal(inventoryOf([node, space, { kind: 'Pod' }, null], 'x').namespaces.length, 1);
  t.throws(() => inventoryOf([space], 'x.json'), { code: 'document_invalid', message: /x\.json: there is no Node/ });
  t.end();
});
