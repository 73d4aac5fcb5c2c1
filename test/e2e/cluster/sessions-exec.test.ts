import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { isApiError } from '../../../src/cluster/client/api-error.js';
import { openCluster } from '../../../src/cluster/live/open-cluster.js';
import { objectOf, stringOf, type JsonObject } from '../../../src/model/json.js';
import { startFakeKubelet, type SeenSession } from './fake-kubelet.js';
import { until } from './guarded-process.js';
import { install } from './installation.js';
import type { KubectlResult } from './kubectl.js';
import { accessKey, conditionsOf, namespace, policy } from './objects.js';
import { pod } from './pods.js';

t.setTimeout(900_000);

// Exec and attach behind a real API server, by every road that leads there. In the node's place stands something that writes
// down what comes to it.

const wrapper = '/opt/draios/bin/instrument';
const agent = 'sysdig-workload-agent';
const exempted = 'trusted-operators';
const values = { sessions: { breakGlassGroups: ['break-glass'] } };

/** By the tier of the namespaces that a policy is for; a namespace has its tier's name. */
const specs: Readonly<Record<string, JsonObject>> = {
  strict: { prefer: 'Security', sessions: { exempt: { groups: [exempted] } } },
  tracing: { sessions: { exec: 'Trace', attach: 'Record' } },
  recording: { prefer: 'Security', sessions: { exec: 'Record' } },
  closed: { sessions: { exec: 'Deny', attach: 'Deny' } },
  open: {},
};

const here = await install({ values, audit: true });
t.teardown(() => here.stop());
const kubelet = await startFakeKubelet(here.api);
t.teardown(() => kubelet.stop());
await here.addReplica('one');
await here.addReplica('two');
await here.apply(Object.keys(specs).flatMap((tier) => [namespace(tier, { tier }), accessKey(tier)]));
await here.apply(Object.entries(specs).map(([tier, spec]) => policy(tier, { tier }, spec)));
for (const tier of Object.keys(specs)) {
  await until(`policy ${tier} to be in force`, async () =>
    conditionsOf(await here.get('ipol', tier)).some((condition) => condition.startsWith('InForce=True')),
  );
}
for (const tier of Object.keys(specs)) {
  const { status } = await here.created(tier, pod('web', { spec: { nodeName: 'node-1' } }));
  if (status !== 'injected') throw new Error(`the pod of ${tier} is not instrumented`);
}

const cluster = openCluster({ kubeconfig: here.api.kubeconfig });
t.teardown(() => cluster.client.close());

/** Roads to the same door: kubectl's two, and a WebSocket of our own. */
const roads: Readonly<
  Record<string, (tier: string, command: readonly string[], container?: string) => Promise<string>>
> = {
  'POST with SPDY': async (tier, command, container = 'app') => said(await exec(tier, command, container, 'false')),
  'a WebSocket by kubectl': async (tier, command, container = 'app') =>
    said(await exec(tier, command, container, 'true')),
  'a WebSocket of our own': bySocket,
};

async function bySocket(tier: string, command: readonly string[], container = 'app'): Promise<string> {
  try {
    await cluster.exec({ namespace: tier, pod: 'web', container, command, timeoutMs: 20_000, longestBytes: 1024 });
    return '';
  } catch (error) {
    if (isApiError(error)) return error.message;
    throw error;
  }
}

async function exec(
  tier: string,
  command: readonly string[],
  container: string,
  webSockets: string,
): Promise<KubectlResult> {
  process.env['KUBECTL_REMOTE_COMMAND_WEBSOCKETS'] = webSockets;
  return here.api.kubectl(['exec', '-n', tier, 'web', '-c', container, '--', ...command]);
}

function said({ stdout, stderr }: KubectlResult): string {
  return `${stdout}${stderr}`;
}

function startsWith(seen: readonly SeenSession[], words: readonly string[]): boolean {
  return seen.length > 0 && seen.every(({ command }) => words.every((word, index) => command[index] === word));
}

for (const [road, go] of Object.entries(roads)) {
  t.test(`each mode, by ${road}`, async (t) => {
    for (const tier of ['strict', 'tracing']) {
      kubelet.take();
      await go(tier, ['sh', '-c', 'id']);
      const seen = kubelet.take();
      t.ok(startsWith(seen, [wrapper, 'sh', '-c', 'id']), `${tier}: the node starts it under the tracer`, { seen });
      await go(tier, [wrapper, 'sh']);
      const again = kubelet.take();
      t.ok(startsWith(again, [wrapper, 'sh']), `${tier}: once`, { again });
    }
    for (const tier of ['recording', 'open']) {
      await go(tier, ['sh', '-c', 'id']);
      t.ok(startsWith(kubelet.take(), ['sh', '-c', 'id']), `${tier}: as it came`);
    }
    t.match(await go('closed', ['sh']), /policy closed does not let this exec start \(session_denied\)/);
    t.same(kubelet.take(), [], 'nothing gets to the node');
  });

  t.test(`what is ours, and what is nowhere, by ${road}`, async (t) => {
    t.match(await go('strict', ['sh'], agent), /\(exec_into_agent\)/);
    t.match(await go('strict', ['-x']), /\(entrypoint_is_option\)/);
    t.same(kubelet.take(), []);
    await go('tracing', ['sh'], agent);
    t.ok(startsWith(kubelet.take(), ['sh']), 'under Availability it is let in');
    for (const tier of ['strict', 'tracing']) {
      const refused = await go(tier, ['sh'], 'other');
      t.notMatch(refused, 'outrider', 'the API server says so itself');
      t.match(refused, /container (other is not valid|not found in pod)|container other/);
    }
    t.same(kubelet.take(), []);
  });
}

t.test('a container without the tracer: denied under Security, let in and written down else', async (t) => {
  for (const tier of ['strict', 'tracing']) {
    // It was there before the policy: nobody asked us.
    await here.apply([namespace(`${tier}-late`)]);
    const created = await here.create(`${tier}-late`, pod('web', { spec: { nodeName: 'node-1' } }));
    t.equal(created.exitCode, 0, created.stderr);
    await here.api.kubectl(['label', 'namespace', `${tier}-late`, `tier=${tier}`]);
  }
  await until(
    'the API server to ask about the namespace',
    async () => (await roads['POST with SPDY']?.('strict-late', ['sh']))?.includes('(exec_not_instrumented)') === true,
  );
  kubelet.take();
  await roads['POST with SPDY']?.('tracing-late', ['sh']);
  t.ok(startsWith(kubelet.take(), ['sh']));
  t.ok(annotated('tracing-late').some(({ reason }) => reason === 'exec_not_instrumented'));
});

t.test('attach: written down, or denied', async (t) => {
  const attach = (tier: string): Promise<KubectlResult> =>
    here.api.kubectl(['attach', '-n', tier, 'web', '-c', 'app', '--pod-running-timeout=3s']);
  kubelet.take();
  for (const tier of ['strict', 'tracing', 'open']) {
    t.notMatch((await post(tier, 'web', 'attach')).text, 'outrider');
  }
  t.match((await post('closed', 'web', 'attach')).text, /does not let this attach start \(session_denied\)/);
  t.not((await attach('closed')).exitCode, 0);
  for (const tier of ['strict', 'tracing']) {
    t.ok(annotated(tier).some(({ session, decision }) => session?.['kind'] === 'attach' && decision === 'untraced'));
  }
});

t.test('who did what is in the audit log, with secrets masked', async (t) => {
  await roads['POST with SPDY']?.('strict', ['sh', '-c', 'login --token hunter2']);
  const mine = annotated('strict').filter(({ session }) => (stringOf(session?.['command']) ?? '').includes('login'));
  t.ok(mine.length > 0);
  for (const { decision, policy: name, session } of mine) {
    t.equal(decision, 'wrapped');
    t.equal(name, 'strict');
    t.match(session, { user: 'admin', namespace: 'strict', pod: 'web', container: 'app', kind: 'exec' });
    t.equal(session?.['command'], `${wrapper} sh -c "login --token ***"`);
  }
  const counts = await Promise.all(
    here.replicas.map((replica) =>
      replica.metric('outrider_sessions_total', 'policy="strict",kind="exec",decision="wrapped"'),
    ),
  );
  t.ok(
    counts.some((count = 0) => count > 0),
    'and in the metrics',
    { counts },
  );
});

t.test('a pod that is gone: closed under Security, the API server’s own word elsewhere', async (t) => {
  t.match((await post('strict', 'gone', 'exec')).text, /\(session_pod_unknown\): there is no such pod/);
  const { text, status } = await post('tracing', 'gone', 'exec');
  t.equal(status, 404, text);
  t.notMatch(text, 'outrider');
});

t.test('a pod that is deleted while its sessions come', async (t) => {
  t.equal((await here.created('strict', pod('brief', { spec: { nodeName: 'node-1' } }))).status, 'injected');
  const answers: string[] = [];
  const asking = (async () => {
    for (let n = 0; n < 40; n++) answers.push((await post('strict', 'brief', 'exec')).text);
  })();
  await here.api.kubectl(['delete', 'pod', '-n', 'strict', 'brief', '--grace-period=0', '--force']);
  await asking;
  t.ok(
    answers.every((text) => /session_pod_unknown|Upgrade request required|not found|could not find/.test(text)),
    '',
    {
      answers: new Set(answers),
    },
  );
});

t.test('a command as long as the API server takes it', async (t) => {
  kubelet.take();
  const long = 'x'.repeat(700_000);
  await bySocket('strict', ['echo', long]);
  const seen = kubelet.take();
  t.ok(startsWith(seen, [wrapper, 'echo', long]), 'it comes whole', { count: seen.length });
  const mine = annotated('strict').filter(({ session }) => (stringOf(session?.['command']) ?? '').includes('echo xxx'));
  t.ok(mine.length > 0 && mine.every(({ session }) => Buffer.byteLength(stringOf(session?.['command']) ?? '') <= 1024));
  await bySocket('strict', ['echo', 'x'.repeat(1_200_000)]);
  t.same(kubelet.take(), [], 'what the API server refuses by itself');
});

t.test('two hundred at once', async (t) => {
  kubelet.take();
  const startMs = performance.now();
  const words = Array.from({ length: 200 }, (_, n) => ['sh', '-c', `echo ${n}`]);
  await Promise.all(words.map((command) => bySocket('strict', command)));
  t.comment(`${Math.round(performance.now() - startMs)} ms`);
  const seen = kubelet.take();
  t.ok(startsWith(seen, [wrapper, 'sh', '-c']), 'all under the tracer');
  t.equal(new Set(seen.map(({ command }) => command.at(-1))).size, 200, 'each of them');
});

t.test('whoever is exempt, also while no replica answers; and others, by what the policy prefers', async (t) => {
  for (const replica of [...here.replicas]) await here.kill(replica);
  kubelet.take();
  const as = (group: string) => ['--as=jo', `--as-group=${group}`, '--as-group=system:authenticated'];
  const tried = (tier: string, ...flags: string[]): Promise<KubectlResult> =>
    here.api.kubectl(['exec', '-n', tier, 'web', '-c', 'app', ...flags, '--', 'sh']);
  await here.apply([binding([exempted, 'break-glass', 'developers'])]);
  for (const group of [exempted, 'break-glass']) {
    await tried('strict', ...as(group));
    t.ok(startsWith(kubelet.take(), ['sh']), `${group} is let in`);
  }
  t.match((await tried('strict', ...as('developers'))).stderr, /failed calling webhook/);
  t.same(kubelet.take(), []);
  await tried('tracing', ...as('developers'));
  t.ok(startsWith(kubelet.take(), ['sh']), 'an outage blocks nobody under Availability');
});

function binding(groups: readonly string[]): JsonObject {
  return {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: 'session-testers' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
    subjects: groups.map((name) => ({ kind: 'Group', apiGroup: 'rbac.authorization.k8s.io', name })),
  };
}

/** What the API server says to someone who asks without wanting to be connected: it admits first. */
async function post(tier: string, name: string, kind: 'exec' | 'attach'): Promise<{ status: number; text: string }> {
  const command = kind === 'exec' ? '&command=sh' : '';
  const path = `/api/v1/namespaces/${tier}/pods/${name}/${kind}?container=app&stdout=true${command}`;
  const { exitCode, stdout, stderr } = await here.api.kubectl(['create', '--raw', path, '-f', '-'], '');
  const text = `${stdout}${stderr}`;
  return { status: /NotFound|not found/.test(text) ? 404 : exitCode, text };
}

interface Annotated {
  readonly decision: string | undefined;
  readonly reason: string | undefined;
  readonly policy: string | undefined;
  readonly session: JsonObject | undefined;
}

/** What is in the audit log of sessions in a namespace, as the validating door said it. */
function annotated(tier: string): readonly Annotated[] {
  const lines = readFileSync(join(here.api.directory, 'audit.log'), 'utf8').split('\n').slice(0, -1);
  return lines.flatMap((line) => {
    const event = objectOf(JSON.parse(line)) ?? {};
    if (objectOf(event['objectRef'])?.['namespace'] !== tier) return [];
    const annotations = Object.entries(objectOf(event['annotations']) ?? {});
    const [name, value] = annotations.find(([key]) => key.endsWith('/session')) ?? [];
    const session = stringOf(value);
    if (name === undefined || session === undefined) return [];
    const entry = name.slice(0, name.lastIndexOf('/'));
    const of = (key: string): string | undefined =>
      stringOf(annotations.find(([other]) => other === `${entry}/${key}`)?.[1]);
    return [
      { decision: of('decision'), reason: of('reason'), policy: of('policy'), session: objectOf(JSON.parse(session)) },
    ];
  });
}
