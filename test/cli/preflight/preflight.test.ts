import t, { type Test } from 'tap';
import { preflightCommand } from '../../../src/cli/preflight/preflight.js';
import { ApiError } from '../../../src/cluster/client/api-error.js';
import { isObject, listOf, objectOf, stringOf, type JsonObject } from '../../../src/model/json.js';
import type { PagedObjects } from '../../cluster/paged-objects.js';
import { deployment, inNamespaces, policyObject, runPreview, smallCluster } from '../preview/run-preview.js';
import type { RanCommand } from '../run-command.js';

const policy = policyObject('new', inNamespaces({ team: 'bank' }));
const files = { 'policy.json': JSON.stringify(policy) };
const asked = ['--policy', 'policy.json', '-n', 'bank'];

/** Runs the command on a cluster that answers dry runs so. */
async function run(
  t: Test,
  cluster: PagedObjects,
  answer: (pod: JsonObject) => ApiError | undefined,
  argv: readonly string[] = asked,
) {
  const sent: JsonObject[] = [];
  const client = {
    ...cluster.client,
    create: (_path: string, pod: JsonObject, { query }: { readonly query?: object } = {}): Promise<JsonObject> => {
      t.match(query, { dryRun: 'All' });
      sent.push(pod);
      const error = answer(pod);
      return error === undefined ? Promise.resolve(pod) : Promise.reject(error);
    },
  };
  const ran: RanCommand = await runPreview(t, client, { name: 'preflight', make: preflightCommand }, argv, files);
  return { ...ran, sent };
}

function containersOf(pod: JsonObject): readonly string[] {
  const { containers, initContainers } = objectOf(pod['spec']) ?? {};
  return [...listOf(initContainers), ...listOf(containers)].filter(isObject).map(({ name }) => stringOf(name) ?? '');
}

const isOurs = (pod: JsonObject): boolean => containersOf(pod).includes('sysdig-workload-agent');

function refusal(said: string, status = 403): ApiError {
  return new ApiError(said, { status, reason: 'Forbidden', said });
}

t.test('a pod with our parts is sent, as its controller would make it', async (t) => {
  const { code, stdout, sent } = await run(t, smallCluster(), () => undefined);
  t.equal(sent.length, 1);
  const [pod = {}] = sent;
  t.ok(isOurs(pod));
  t.match(pod, { metadata: { generateName: 'ledger-preflight-', ownerReferences: [{ kind: 'ReplicaSet' }] } });
  t.equal(code, 1, 'something changes, and nobody refuses it');
  t.match(stdout, 'Policies: new added.');
  t.match(stdout, '1 workload: the pods of 1 would be created.');
});

t.test('a refusal is printed with its words and what helps, and is exit code 3', async (t) => {
  const security = refusal('pods "x" is forbidden: violates PodSecurity "baseline:latest": SYS_PTRACE');
  const { code, stdout, sent } = await run(t, smallCluster(), (pod) => (isOurs(pod) ? security : undefined));
  t.equal(code, 3);
  t.equal(sent.length, 2, 'the pod without our parts is asked about, too');
  t.match(stdout, '✗ bank  Pod Security baseline:latest refuses deploy/ledger\n');
  t.match(stdout, 'fix: set capability: Auto or Never in policy new');
  const both = await run(t, smallCluster(), () => security, [...asked, '-o', 'json']);
  t.equal(both.code, 3);
  const report: unknown = JSON.parse(both.stdout);
  t.match(report, {
    summary: { workloads: 1, refused: 1, refusedNow: 1, requests: 2 },
    workloads: [{ name: 'ledger', apiServer: { verdict: 'refused', by: 'PodSecurity', now: 'refused' } }],
  });
});

t.test('nothing is sent where nothing is added, or our own policies deny', async (t) => {
  const idle = await run(t, smallCluster(), () => undefined, ['--policy', 'policy.json', '-n', 'other']);
  t.strictSame(idle.sent, []);
  t.equal(idle.code, 0);
  const onHost = deployment('bank', 'probe', 1, { hostNetwork: true });
  const strict = { ...policyObject('new', { ...inNamespaces({ team: 'bank' }), prefer: 'Security' }) };
  const cluster = smallCluster([onHost]);
  const sent: JsonObject[] = [];
  const client = {
    ...cluster.client,
    create: (_path: string, pod: JsonObject) => {
      sent.push(pod);
      return Promise.resolve(pod);
    },
  };
  const command = { name: 'preflight', make: preflightCommand };
  const ran = await runPreview(t, client, command, asked, { 'policy.json': JSON.stringify(strict) });
  t.equal(sent.length, 1, 'for the other one');
  t.equal(ran.code, 3);
  t.match(ran.stdout, 'those of 1 denied by the policies themselves');
});

t.test('workloads that cannot be told apart stand for each other', async (t) => {
  const alike = [deployment('bank', 'second', 2), deployment('bank', 'third', 2)];
  const { sent, stdout } = await run(t, smallCluster(alike), () => undefined, [...asked, '-o', 'wide']);
  t.equal(sent.length, 1);
  t.match(stdout, /deploy\/third .*creates it/);
  const other = deployment('bank', 'fourth', 1, { priorityClassName: 'high' });
  t.equal((await run(t, smallCluster([other]), () => undefined)).sent.length, 2);
});

t.test('without the right to create pods the rest is said, with exit code 2', async (t) => {
  const no = refusal(
    'pods is forbidden: User "jane" cannot create resource "pods" in API group "" in the namespace "bank"',
  );
  const { code, stdout, stderr, sent } = await run(
    t,
    smallCluster([deployment('bank', 'b', 1, { hostname: 'x' })]),
    () => no,
  );
  t.equal(code, 2);
  t.match(stderr, 'you may not create pods in bank, so nobody could be asked there');
  t.match(stdout, '2 workloads: 2 could not be asked about.');
  t.match(stdout, 'nothing was created');
  t.ok(sent.length <= 2);
});

t.test('what is not known is exit code 2', async (t) => {
  const own = refusal('admission webhook "default.outrider.outrider.dev" denied the request: parts_differ');
  const { code, stdout } = await run(t, smallCluster(), () => own);
  t.equal(code, 2);
  t.match(stdout, '? bank  not known for deploy/ledger');
});

t.test('a rate that is none is refused', async (t) => {
  for (const rate of ['0', '-1', 'x', '501', '1e2']) {
    const { code, stderr } = await run(t, smallCluster(), () => undefined, [...asked, `--rate=${rate}`]);
    t.equal(code, 2, rate);
    t.match(stderr, 'whole number from 1 to 500');
  }
});
