import { readFileSync } from 'node:fs';
import t from 'tap';
import { doctorCommand, type DoctorDependencies } from '../../../src/cli/doctor/doctor.js';
import { readHostFacts } from '../../../src/cli/doctor/host-facts.js';
import type { Io } from '../../../src/cli/io.js';
import { run } from '../../../src/cli/program.js';
import { inventoryOf } from '../../../src/doctor/inventory.js';
import { OutriderError } from '../../../src/model/error.js';
import { objectOf, stringOf } from '../../../src/model/json.js';
import { workplace } from '../harness.js';

const cluster = readFileSync(new URL('../../../../test/fixtures/doctor/cluster.json', import.meta.url), 'utf8');
const task = {
  family: 'web',
  requiresCompatibilities: ['FARGATE'],
  networkMode: 'awsvpc',
  containerDefinitions: [{ name: 'a' }],
};

/** The fixture's nodes of these names, and its namespaces. */
function nodesAndNamespaces(nodes: readonly string[]): readonly unknown[] {
  const inventory = inventoryOf([JSON.parse(cluster)], 'cluster.json');
  const nameOf = (object: (typeof inventory.nodes)[number]) => stringOf(objectOf(object['metadata'])?.['name']) ?? '';
  return [...inventory.nodes.filter((node) => nodes.includes(nameOf(node))), ...inventory.namespaces];
}

/** Runs `doctor` with dependencies of the test's own. */
async function doctor(argv: readonly string[], dependencies: Partial<DoctorDependencies> = {}, isTerminal = false) {
  const written = { out: '', err: '' };
  const output = (name: keyof typeof written) => ({
    write: (text: string) => void (written[name] += text),
    isTerminal,
    columns: undefined,
  });
  const io: Io = {
    stdin: (async function* () {})(),
    stdout: output('out'),
    stderr: output('err'),
    cwd: '/',
    env: {},
    programName: 'outrider',
    isInteractive: false,
  };
  const all: DoctorDependencies = {
    readHost: () => Promise.reject(new Error('not to be asked')),
    readCluster: () => Promise.reject(new Error('not to be asked')),
    ...dependencies,
  };
  const entry = { name: 'doctor', summary: '', load: () => Promise.resolve(doctorCommand(all)) };
  return { code: await run([entry], ['doctor', ...argv], io), ...written };
}

t.test('this machine, read below a root of the test’s own', async (t) => {
  const place = await workplace(t, {
    'proc/sys/kernel/osrelease': '5.15.0-1096-azure\n',
    'proc/sys/kernel/yama/ptrace_scope': '2\n',
    'proc/self/status': 'Seccomp:\t0\n',
    'etc/os-release': 'ID=ubuntu\nVERSION_ID="22.04"\nPRETTY_NAME="Ubuntu 22.04.5 LTS"\n',
    'sys/fs/cgroup/cgroup.controllers': 'cpu memory\n',
  });
  const readHost = async () => ({ ...(await readHostFacts(place.cwd)), platform: 'linux', architecture: 'x64' });
  const { code, out } = await doctor([], { readHost });
  t.equal(code, 1, 'ptrace_scope is in the way');
  t.match(out, '✓ node agent    kernel 5.15.0-1096-azure on Ubuntu 22.04.5 LTS');
  t.match(out, '✗ ptrace scope  ptrace_scope is 2');
  t.match(out, /fix: set kernel\.yama\.ptrace_scope=1/);
  t.match(out, /source: Linux, Yama: https:/);
  t.match(out, 'version 2');
  const json: unknown = JSON.parse((await doctor(['-o', 'json'], { readHost })).out);
  t.match(json, { kind: 'host', healthy: false, findings: [{ check: 'node agent', source: /^Datadog/ }] });
  t.match((await doctor([], { readHost }, true)).out, '\u001b[31m✗', 'colours on a terminal');
});

t.test('a machine of which nothing can be read', async (t) => {
  const { cwd } = await workplace(t);
  const facts = await readHostFacts(cwd);
  t.match(facts, { osRelease: undefined, ptraceScope: undefined, selfStatus: undefined, cgroup2: false });
  t.not(facts.kernelRelease, '');
});

t.test('a cluster out of kubectl’s output: nodes that are alike share a row', async (t) => {
  const place = await workplace(t, { 'cluster.json': cluster });
  const { code, stdout } = await place.outrider(['doctor', '--from', 'cluster.json']);
  t.equal(code, 1);
  t.match(stdout, /^NODE +SYSTEM +KERNEL +RUNTIME +KUBELET +NODE AGENT +PTRACE +SYS_PTRACE +SIDECARS +IMAGE VOLUMES$/m);
  t.match(stdout, /^ip-10-0-1-11\.eu-west-1\.compute\.internal \(\+1\) .* yes +yes +yes +native +no$/m);
  t.match(stdout, /^virtual-node-aci-linux .* no +no +no +- +-$/m);
  t.match(stdout, /namespace shop +restricted refuses SYS_PTRACE/);
  t.match(stdout, '7 of 15 Linux nodes can take the vendor’s eBPF agent');

  const piped = await place.outrider(['doctor', '--from', '-', '-o', 'json'], { stdin: cluster });
  const json: unknown = JSON.parse(piped.stdout);
  t.match(json, { kind: 'cluster', healthy: false, namespaces: [{ name: 'shop', enforce: 'restricted' }] });
  const yaml = 'apiVersion: v1\nkind: Node\nmetadata: {name: n, labels: {type: virtual-kubelet}}\n';
  t.equal((await place.outrider(['doctor', '--from', '-'], { stdin: yaml })).code, 0, 'YAML as well');
});

t.test('a live cluster: what is asked of it, and how its errors are told', async (t) => {
  const seen: unknown[] = [];
  const readCluster: DoctorDependencies['readCluster'] = (request) => {
    seen.push(request);
    return Promise.resolve({ ...inventoryOf([JSON.parse(cluster)], 'x'), version: 'v1.28.0' });
  };
  const { code, out } = await doctor(['--context', 'prod', '--timeout', '2.5'], { readCluster });
  t.same(seen, [{ context: 'prod', timeoutMs: 2500 }]);
  t.equal(code, 1);
  t.match(out, 'Kubernetes v1.28.0 is older than 1.30');
  const failing = () => Promise.reject(new OutriderError('cluster_unavailable', 'https://x does not answer.'));
  const failed = await doctor(['--cluster'], { readCluster: failing });
  t.equal(failed.code, 2);
  t.equal(failed.err, 'outrider: error: https://x does not answer. [docs/errors.md#cluster_unavailable]\n');
});

t.test('F21: namespaces whose LimitRanges leave the agent no room', async (t) => {
  const policy = (name: string, spec: object) =>
    JSON.stringify({
      apiVersion: 'outrider.dev/v1alpha1',
      kind: 'InstrumentationPolicy',
      metadata: { name },
      spec: { profile: { name: 'sysdig', settings: { region: 'us2' } }, ...spec },
    });
  const range = {
    kind: 'LimitRange',
    metadata: { name: 'small', namespace: 'shop' },
    spec: { limits: [{ type: 'Container', max: { memory: '100Mi' } }] },
  };
  const items = nodesAndNamespaces(['k3s-server-1']);
  const place = await workplace(t, {
    'limited.json': JSON.stringify({ kind: 'List', items: [...items, range] }),
    'silent.json': JSON.stringify({ kind: 'List', items }),
    'secure.yaml': policy('secure', { prefer: 'Security' }),
    'open.yaml': policy('open', {}),
  });
  const secure = await place.outrider(['doctor', '--from', 'limited.json', '--policy', 'secure.yaml']);
  t.equal(secure.code, 1);
  t.match(
    secure.stdout,
    'policy secure: container sysdig-workload-agent may have 100Mi of memory at most, and it needs 256Mi, so pods here are refused (reason resources_do_not_fit)',
  );
  const open = await place.outrider(['doctor', '--from', 'limited.json', '--policy', 'open.yaml']);
  t.equal(open.code, 0);
  t.match(open.stdout, 'so pods here are left alone (reason resources_do_not_fit)');
  const silent = await place.outrider(['doctor', '--from', 'silent.json', '--policy', 'secure.yaml']);
  t.notMatch(silent.stdout, 'resources_do_not_fit');
});

t.test('E23: the namespaces that policies match, and what is in the way of each', async (t) => {
  const policy = (name: string, spec: object) =>
    JSON.stringify({
      apiVersion: 'outrider.dev/v1alpha1',
      kind: 'InstrumentationPolicy',
      metadata: { name },
      spec: { profile: { name: 'sysdig', settings: { region: 'us2' } }, ...spec },
    });
  const on = (labels: object) => ({ namespaceSelector: { matchLabels: labels } });
  const shops = on({ 'outrider.dev/inject': 'enabled' });
  const healthy = JSON.stringify({ kind: 'List', items: nodesAndNamespaces(['k3s-server-1']) });
  const place = await workplace(t, {
    'nodes.json': healthy,
    'only-nodes.json': JSON.stringify({ kind: 'NodeList', items: [{ metadata: { name: 'n' } }] }),
    'p/auto.yaml': policy('shops', { prefer: 'Security', match: shops }),
    'p/none.yaml': policy('none', { match: on({ team: 'none' }) }),
    'always.yaml': policy('always', { capability: 'Always', precedence: 5, match: shops }),
    'all.yaml': policy('all', { match: {} }),
    'bad.yaml': policy('bad', { profile: { name: 'nope' } }),
    'ns.yaml': '{apiVersion: v1, kind: Namespace, metadata: {name: offline, labels: {outrider.dev/inject: enabled}}}',
  });
  const auto = await place.outrider(['doctor', '--from', 'nodes.json', '--policy', 'p']);
  t.equal(auto.code, 0, auto.stderr);
  t.match(auto.stdout, /! namespace shop +Pod Security restricted, policy shops \(Security, Inject\)/);
  t.match(auto.stdout, /✓ namespace tools +Pod Security by default, policy shops/);
  t.match(auto.stdout, 'policy none matches no namespace');

  const both = ['doctor', '--from', 'nodes.json', '--policy', 'always.yaml', '--policy', 'p'];
  const always = await place.outrider(both);
  t.equal(always.code, 1);
  t.match(always.stdout, /✗ namespace shop +Pod Security restricted, policy always \(Availability, Inject\)/);
  t.match(always.stdout, 'policy shops wins for no pod');
  const json: unknown = JSON.parse((await place.outrider([...both, '-o', 'json'])).stdout);
  const [name, enforce] = ['shop', 'restricted'];
  const source = /^Kubernetes, Pod Security/;
  const findings = [{ check: 'capability', result: 'problem', source }];
  t.match(json, {
    healthy: false,
    namespaces: [{ name, enforce, policies: [{ name: 'always', pods: 'all' }], findings }],
  });
  const lax = await place.outrider(['doctor', '--from', 'nodes.json', '--policy', 'always.yaml'], {
    env: { OUTRIDER_EXCLUDED_NAMESPACES: 'shop' },
  });
  t.equal(lax.code, 0, 'an excluded namespace is in nobody’s way');
  const strict = ['doctor', '--from', 'nodes.json', '--policy', 'all.yaml', '--pod-security-default', 'baseline'];
  t.match((await place.outrider(strict)).stdout, 'Pod Security baseline (the cluster’s default)');

  const nodesOnly = ['doctor', '--from', 'only-nodes.json', '--policy', 'p'];
  t.match((await place.outrider(nodesOnly)).stdout, 'there is no namespace in the input');
  t.match((await place.outrider([...nodesOnly, '--policy', 'ns.yaml'])).stdout, 'namespace offline');

  const wrong = await place.outrider(['doctor', '--from', 'nodes.json', '--policy', 'bad.yaml']);
  t.equal(wrong.code, 2);
  t.match(wrong.stderr, /bad\.yaml/);
  const nowhere = await place.outrider(['doctor', '--policy', 'p']);
  t.equal(nowhere.code, 2);
  t.match(nowhere.stderr, /give --cluster or --from/);
});

t.test('an ECS task definition', async (t) => {
  const place = await workplace(t, { 'task.json': JSON.stringify(task) });
  const { code, stdout } = await place.outrider(['doctor', '-f', 'task.json']);
  t.equal(code, 0);
  t.match(stdout, /^web {2}FARGATE\n/);
  t.match(stdout, '! platform version');
  const several = `${JSON.stringify(task)}\n---\n${JSON.stringify({ ...task, family: 'old', networkMode: 'bridge' })}`;
  const both = await place.outrider(['doctor', '-f', '-', '-o', 'json'], { stdin: several });
  t.equal(both.code, 1, 'one of two in trouble');
  const tasks = [{ family: 'web' }, { family: 'old', findings: [{ source: /^Datadog/ }] }];
  t.match(JSON.parse(both.stdout), { kind: 'task', healthy: false, tasks });
  const broken = await place.outrider(['doctor', '-f', '-'], { stdin: '{"family": "web",\n' });
  t.equal(broken.code, 2);
  t.match(broken.stderr, /-:\d+/, 'where it is broken');
});

t.test('wrong usage', async (t) => {
  const place = await workplace(t, { 'a.json': '{}', 'b.yaml': 'a: 1\n---\nb: 2\n' });
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [['--cluster', '-f', 'a.json'], /different patients/],
    [['a.json'], /too many arguments/],
    [['--cluster', '--timeout', 'x'], /--timeout is "x"; give seconds/],
    [['-f', 'a.json'], /there is no task in it/],
    [['-f', 'b.yaml'], /there is no task in it/],
    [['--from', 'a.json'], /there is no Node in it/],
    [['--from', 'none.json'], /no such file/],
  ];
  for (const [argv, message] of cases) {
    const { code, stderr } = await place.outrider(['doctor', ...argv]);
    t.equal(code, 2, argv.join(' '));
    t.match(stderr, message);
  }
});
