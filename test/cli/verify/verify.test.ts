import t from 'tap';
import { verifyCommand } from '../../../src/cli/verify/verify.js';
import type { Io } from '../../../src/cli/io.js';
import { OutriderError } from '../../../src/model/error.js';
import { isObject, listOf, objectOf, parsedJson, stringOf, type JsonObject } from '../../../src/model/json.js';
import type { Executed, ExecRequest } from '../../../src/cluster/client/exec.js';
import { ApiError } from '../../../src/cluster/client/api-error.js';
import { systemClock } from '../../../src/time/clock.js';
import { fakeApi, refusal, type FakeApi } from '../../cluster/fake-api.js';
import { workplace } from '../harness.js';
import { lookText, type Described } from './looks.js';

const agentImage = 'quay.io/sysdig/workload-agent:6.3.0';
const imageMap = { [agentImage]: { entrypoint: ['/opt/draios/bin/sidecar'] } };
const idFor = (container: string): string => Buffer.from(container.padEnd(32, '-')).toString('hex');

function policyFor(spec: JsonObject): JsonObject {
  return {
    apiVersion: 'outrider.dev/v1alpha1',
    kind: 'InstrumentationPolicy',
    metadata: { name: 'default' },
    spec: { profile: { name: 'sysdig', settings: { region: 'us2' } }, ...spec },
  };
}

const bare: JsonObject = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web-1', namespace: 'shop', labels: { app: 'web' } },
  spec: {
    containers: [
      { name: 'app', image: 'acme/app:1', command: ['/app'] },
      { name: 'istio-proxy', image: 'istio/proxyv2:1', command: ['/envoy'] },
    ],
  },
};

/** A pod as it runs: every container of its spec with an id, but those that are done. */
function running(pod: JsonObject, name: string, metadata: JsonObject = {}): JsonObject {
  const spec = objectOf(pod['spec']) ?? {};
  const statuses = (list: string): JsonObject[] =>
    listOf(spec[list])
      .filter(isObject)
      .map((container) => {
        const called = stringOf(container['name']) ?? '';
        const done = list === 'initContainers' && container['restartPolicy'] !== 'Always';
        const state = done ? { terminated: { reason: 'Completed' } } : { running: {} };
        return { name: called, containerID: `containerd://${idFor(called)}`, state };
      });
  return {
    ...pod,
    metadata: { ...objectOf(pod['metadata']), name, namespace: 'shop', ...metadata },
    status: {
      phase: 'Running',
      containerStatuses: statuses('containers'),
      initContainerStatuses: statuses('initContainers'),
    },
  };
}

interface Scene {
  readonly api: FakeApi;
  /** A pod as the webhook makes it. */
  readonly injected: JsonObject;
  readonly execs: ExecRequest[];
  exec: (request: ExecRequest) => Executed | ApiError;
  readText: (path: string) => string;
  patch: ((path: string, operations: readonly JsonObject[]) => JsonObject) | undefined;
  run(args: readonly string[], flags?: JsonObject): Promise<{ code: number; stdout: string }>;
}

async function scene(t: Parameters<typeof workplace>[0], spec: JsonObject = {}): Promise<Scene> {
  const policy = policyFor(spec);
  const place = await workplace(t, {
    'pod.json': JSON.stringify(bare),
    'policy.json': JSON.stringify(policy),
    'images.json': JSON.stringify(imageMap),
  });
  const argv = ['inject', '-f', 'pod.json', '--policy', 'policy.json', '--image-config', 'images.json', '-o', 'json'];
  const injected = objectOf(parsedJson((await place.outrider(argv)).stdout)) ?? {};
  const api = fakeApi();
  api.put('/version', { gitVersion: 'v1.36.3', major: '1', minor: '36' });
  api.put('/apis/outrider.dev/v1alpha1/instrumentationpolicies/default', policy);
  api.put('/api/v1/namespaces/shop', { metadata: { labels: {} } });
  const own = 'namespaces/outrider-system';
  api.put(`/api/v1/${own}/configmaps/images`, { data: { 'map.json': JSON.stringify(imageMap) } });
  api.put(`/apis/apps/v1/${own}/deployments/outrider`, {
    spec: {
      template: {
        spec: {
          containers: [
            {
              name: 'outrider',
              args: ['serve', '--image-config=/images/map.json', '--tools-image=registry.example/outrider:1'],
              volumeMounts: [{ name: 'images', mountPath: '/images' }],
            },
          ],
          volumes: [{ name: 'images', configMap: { name: 'images' } }],
        },
      },
    },
  });
  const made: Scene = {
    api,
    // The tools' image is what the installation says.
    injected: toolsFrom(injected, 'registry.example/outrider:1'),
    execs: [],
    exec: () => refusal(500, 'InternalError'),
    readText: () => '',
    patch: undefined,
    run: async (args, flags = {}) => {
      let stdout = '';
      const output = { write: (text: string) => void (stdout += text), isTerminal: false, columns: undefined };
      const io: Io = {
        stdin: (async function* () {})(),
        stdout: output,
        stderr: { ...output, write: () => undefined },
        cwd: place.cwd,
        env: {},
        programName: 'outrider',
        isInteractive: false,
      };
      const client: FakeApi['client'] = {
        ...api.client,
        patch: (path, _, body) => {
          const answer = made.patch?.(path, listOf(body).filter(isObject));
          return answer === undefined ? Promise.reject(refusal(403, 'Forbidden')) : Promise.resolve(answer);
        },
      };
      const open = () =>
        Promise.resolve({
          client,
          namespace: 'default',
          clock: systemClock,
          readText: (path: string) => Promise.resolve(made.readText(path)),
          exec: (request: ExecRequest) => {
            made.execs.push(request);
            const answer = made.exec(request);
            return answer instanceof ApiError ? Promise.reject(answer) : Promise.resolve(answer);
          },
        });
      const given = { pods: '3', max: '100', timeout: '10', color: 'never', ...flags };
      const code = await verifyCommand(open).run({ flags: given, args, io });
      return { code, stdout };
    },
  };
  return made;
}

function toolsFrom(pod: JsonObject, image: string): JsonObject {
  const spec = objectOf(pod['spec']) ?? {};
  const initContainers = listOf(spec['initContainers'])
    .filter(isObject)
    .map((one) => (one['name'] === 'sysdig-workload-agent-tools' ? { ...one, image } : one));
  return { ...pod, spec: { ...spec, initContainers } };
}

const printed = (stdout: string): Executed => ({ stdout, stderr: '', exitCode: 0, cut: false, trouble: undefined });
const cgroup = (container: string): string => `/kubepods/podx/${idFor(container)}`;
const pause: Described = { pid: 1, parent: 0, name: 'pause', cgroup: '/kubepods/podx/sandbox' };
const tracer: Described = { pid: 20, parent: 0, name: 'instrument', cgroup: cgroup('app') };
const app: Described = { pid: 21, parent: 20, name: 'app', cgroup: cgroup('app'), tracer: 20 };
const proxy: Described = { pid: 30, parent: 0, name: 'envoy', cgroup: cgroup('istio-proxy') };
const agent: Described = { pid: 10, parent: 0, name: 'sh', cgroup: cgroup('sysdig-workload-agent') };
const usual = [pause, agent, tracer, app, proxy];
const podPath = '/api/v1/namespaces/shop/pods';

t.test('a Deployment: what was looked at, how, and what is not judged', async (t) => {
  const here = await scene(t);
  here.api.put('/apis/apps/v1/namespaces/shop/deployments/web', {
    spec: { selector: { matchLabels: { app: 'web' } } },
  });
  for (let n = 1; n <= 5; n++) {
    here.api.put(
      `${podPath}/web-${n}`,
      running(here.injected, `web-${n}`, { creationTimestamp: `2026-01-0${n}T00:00:00Z` }),
    );
  }
  here.exec = () => printed(lookText(usual));
  const { code, stdout } = await here.run(['deploy/web'], { namespace: 'shop' });
  t.equal(code, 0);
  const pod = (
    name: string,
  ): string => `  ${name}  policy default, profile sysdig; looked at by exec into sysdig-workload-agent, which leaves nothing behind
    ✓ app          traced       1 process by 20 instrument
    · istio-proxy  not covered  a pattern of containers.exclude matches
`;
  t.equal(
    stdout,
    `deploy/web  TRACED  3 of 5 running pods, namespace shop
${pod('web-1')}${pod('web-3')}${pod('web-5')}`,
    'the oldest, the newest, and one between',
  );
  t.equal(here.execs[0]?.container, 'sysdig-workload-agent');
  t.equal(here.execs[0]?.command[0], '/outrider/.outrider/busybox');
  t.notOk(
    here.api.asked.some((what) => what.includes('secrets')),
    'no Secret is read',
  );
  t.notOk(
    here.api.asked.some((what) => what.startsWith('PATCH')),
    'nothing is written',
  );
});

t.test('F6, F3: a process that is not traced is named, and so that it cannot pass for another', async (t) => {
  const here = await scene(t);
  here.api.put(`${podPath}/web-1`, running(here.injected, 'web-1'));
  const hidden = { pid: 22, parent: 21, name: '), 7 x (traced\u001b[2K', cgroup: cgroup('app') };
  here.exec = () => printed(lookText([...usual, hidden, { pid: 40, parent: 0, name: 'bash', cgroup: cgroup('app') }]));
  const { code, stdout } = await here.run(['pod/web-1'], { namespace: 'shop' });
  t.equal(code, 1);
  t.match(stdout, /^pod\/web-1 {2}UNTRACED {2}1 of 1 running pod, namespace shop\n/);
  t.match(stdout, /✗ app +untraced +1 not traced; 1 traced by 20 instrument\n/);
  t.match(stdout, 'not traced: 22 "), 7 x (traced\\u{1b}[2K"\n');
  t.match(stdout, '! session (exec): 40 bash (not traced)\n');
  t.notMatch(stdout, '\u001b');
});

t.test('many untraced processes are counted, and the first of them named', async (t) => {
  const here = await scene(t);
  here.api.put(`${podPath}/web-1`, running(here.injected, 'web-1'));
  const many = Array.from({ length: 500 }, (_, index) => ({
    pid: 100 + index,
    parent: 21,
    name: 'x',
    cgroup: cgroup('app'),
  }));
  here.exec = () => printed(lookText([...usual, ...many]));
  const report = parsedJson((await here.run(['pod/web-1'], { namespace: 'shop', output: 'json' })).stdout);
  t.match(report, { result: 'untraced', workloads: [{ pods: [{ containers: [{ untraced: { more: 480 } }] }] }] });
});

t.test('what is seen beside the containers: debug containers, and what is in none', async (t) => {
  const here = await scene(t);
  const pod = running(here.injected, 'web-1');
  const debugging = { name: 'debugger-x', containerID: `containerd://${idFor('debugger-x')}`, state: { running: {} } };
  const status = { ...objectOf(pod['status']), ephemeralContainerStatuses: [debugging] };
  here.api.put(`${podPath}/web-1`, { ...pod, status });
  const shell = { pid: 50, parent: 0, name: 'sh', cgroup: cgroup('debugger-x') };
  here.exec = () => printed(lookText([...usual, shell]));
  const first = await here.run(['pod/web-1'], { namespace: 'shop' });
  t.equal(first.code, 0);
  t.match(first.stdout, '! kubectl debug debugger-x: 50 sh\n');
  here.exec = () => printed(lookText([...usual, { pid: 60, parent: 1, name: 'lost', cgroup: '/elsewhere' }]));
  const second = await here.run(['pod/web-1'], { namespace: 'shop' });
  t.equal(second.code, 2, 'it could be anybody’s');
  t.match(second.stdout, /✓ app +traced/);
  t.match(second.stdout, '? in no container of the pod: 60 lost\n');
});

t.test('a tracer of another name is not known, unless it is named', async (t) => {
  const here = await scene(t);
  here.api.put(`${podPath}/web-1`, running(here.injected, 'web-1'));
  here.exec = () => printed(lookText([pause, agent, { ...tracer, name: 'pdig' }, app, proxy]));
  const unnamed = await here.run(['pod/web-1'], { namespace: 'shop' });
  t.equal(unnamed.code, 2);
  t.match(
    unnamed.stdout,
    /\? app +not known +all is traced, by a program that is not called .* \(--tracer NAME\); 1 traced by 20 pdig\n/,
  );
  const named = await here.run(['pod/web-1'], { namespace: 'shop', tracer: ['pdig'] });
  t.equal(named.code, 0);
  t.match(named.stdout, /✓ app +traced +1 process by 20 pdig\n/);
});

t.test('a container that could change what a look sees is named', async (t) => {
  const here = await scene(t);
  here.api.put(`${podPath}/web-1`, running(here.injected, 'web-1'));
  const root = { capabilities: '000001ffffffffff' };
  here.exec = () =>
    printed(lookText([pause, agent, tracer, { ...app, ...root }, { ...proxy, capabilities: '00000000a80425fb' }]));
  const { code, stdout } = await here.run(['pod/web-1'], { namespace: 'shop' });
  t.equal(code, 0);
  t.match(stdout, /^ {4}! app could change what a look sees: SYS_PTRACE is in effect there\n/m);
});

t.test('cgroup version 2: the look’s own container is seen as /, the others from there', async (t) => {
  const here = await scene(t);
  here.api.put(`${podPath}/web-1`, running(here.injected, 'web-1'));
  const from = (container: string): string => `/../cri-containerd-${idFor(container)}.scope`;
  here.exec = () =>
    printed(
      lookText([
        { ...pause, cgroup: `/../cri-containerd-${'0'.repeat(64)}.scope` },
        { ...agent, cgroup: '/' },
        { ...tracer, cgroup: from('app') },
        { ...app, cgroup: from('app') },
        { ...proxy, cgroup: from('istio-proxy') },
      ]),
    );
  const { code, stdout } = await here.run(['pod/web-1'], { namespace: 'shop' });
  t.equal(code, 0, stdout);
});

t.test('whoever may not exec is told which right is lacking, and is not refused again for each pod', async (t) => {
  const here = await scene(t);
  for (const name of ['a', 'b', 'c']) here.api.put(`${podPath}/${name}`, running(here.injected, name));
  here.exec = () =>
    new ApiError('exec at …: User "jane" cannot create resource "pods/exec"', { status: 403, reason: 'Forbidden' });
  const { code, stdout } = await here.run([], { namespace: 'shop', max: '1' });
  t.equal(code, 2);
  t.match(
    stdout,
    'is forbidden (403), which needs the rights to get and create pods/exec: exec at …: User "jane" cannot create',
  );
  t.match(stdout, '--debug-container looks from a debug container, which stays in the pod’s spec');
  t.match(stdout, '2 more workloads were not looked at: --max');
  here.execs.length = 0;
  await here.run([], { namespace: 'shop' });
  t.ok(here.execs.length <= 3);
});

t.test('what went wrong with a look is not known, and never traced', async (t) => {
  const here = await scene(t);
  here.api.put(`${podPath}/web-1`, running(here.injected, 'web-1'));
  const whole = lookText(usual);
  const troubles: readonly (Executed | ApiError)[] = [
    printed(''),
    printed('hello\n'),
    printed(whole.replace('end 5\n', '')),
    { ...printed(whole.slice(0, -30)), cut: true, exitCode: undefined },
    { ...printed(whole), exitCode: 137, stderr: 'killed\u001b[2K' },
    { ...printed(''), exitCode: undefined, trouble: 'OCI runtime exec failed' },
    refusal(0, 'NoAnswer'),
    refusal(404, 'NotFound'),
    refusal(500, 'InternalError'),
    printed(lookText([pause, agent, proxy])),
    printed(lookText([pause, agent, proxy, tracer])),
  ];
  for (const trouble of troubles) {
    here.exec = () => trouble;
    const { code, stdout } = await here.run(['pod/web-1'], { namespace: 'shop' });
    t.equal(code, 2, stdout);
    t.match(stdout, /\? app +not known/);
    t.notMatch(stdout, '\u001b');
  }
});

t.test('a pod that goes, a container that starts or ends while it is looked at', async (t) => {
  const here = await scene(t);
  here.api.put(`${podPath}/web-1`, running(here.injected, 'web-1'));
  here.exec = () => {
    here.api.remove(`${podPath}/web-1`);
    return printed(lookText(usual));
  };
  const gone = await here.run([], { namespace: 'shop' });
  t.equal(gone.code, 2);
  t.match(gone.stdout, 'nothing that runs here is to be traced, so there is nothing to prove');
  const pod = running(here.injected, 'web-1');
  const status = objectOf(pod['status']) ?? {};
  const waiting = { name: 'app', containerID: '', state: { waiting: { reason: 'CrashLoopBackOff' } } };
  here.api.put(`${podPath}/web-1`, { ...pod, status: { ...status, containerStatuses: [waiting] } });
  here.exec = () => printed(lookText([pause, agent, proxy].filter((one) => one !== proxy)));
  const crashing = await here.run(['pod/web-1'], { namespace: 'shop' });
  t.equal(crashing.code, 2);
  t.match(crashing.stdout, /· app +no process +CrashLoopBackOff\n/);
  t.match(crashing.stdout, 'pod/web-1  NOTHING TO TRACE');
});

t.test('a pod from before its policy is untraced by its spec, without a look', async (t) => {
  const here = await scene(t);
  here.api.put(`${podPath}/web-1`, running(bare, 'web-1'));
  const { code, stdout } = await here.run([], { policy: 'default' });
  t.equal(code, 1);
  t.match(stdout, /✗ app +untraced +the pod’s spec starts it without the tracer\n/);
  t.match(stdout, 'do not share a process namespace');
  t.equal(here.execs.length, 0);
});

t.test('a pod whose image alone says what it starts is missed too, and no registry is asked', async (t) => {
  const here = await scene(t);
  const spec = { containers: [{ name: 'app', image: 'ghcr.io/acme/app:1' }] };
  here.api.put(`${podPath}/web-1`, running({ ...bare, spec }, 'web-1'));
  const { code, stdout } = await here.run(['pod/web-1'], { namespace: 'shop' });
  t.equal(code, 1);
  t.match(
    stdout,
    /✗ app +untraced +the pod’s spec starts it without the tracer; what its image starts was not looked up\n/,
  );
});

t.test('what nobody asks to be traced is not judged, and is no proof', async (t) => {
  const here = await scene(t);
  const metadata = { labels: { app: 'web', 'outrider.dev/inject': 'disabled' } };
  here.api.put(`${podPath}/web-1`, running(bare, 'web-1', metadata));
  const { code, stdout } = await here.run(['pod/web-1'], { namespace: 'shop' });
  t.equal(code, 2);
  t.match(stdout, /· app +not covered +pod_opted_out: /);
  const reporting = await scene(t, { mode: 'Report' });
  reporting.api.put(`${podPath}/web-1`, running(bare, 'web-1'));
  t.match((await reporting.run(['pod/web-1'], { namespace: 'shop' })).stdout, /· app +not covered +report_mode: /);
});

t.test(
  'F9: an agent’s container that is not as planned is not looked from: its author could say anything',
  async (t) => {
    const here = await scene(t);
    const spec = objectOf(here.injected['spec']) ?? {};
    const changed = (change: JsonObject): JsonObject => ({
      ...here.injected,
      spec: {
        ...spec,
        initContainers: listOf(spec['initContainers'])
          .filter(isObject)
          .map((one) => (one['name'] === 'sysdig-workload-agent' ? { ...one, ...change } : one)),
      },
    });
    here.exec = () => printed(lookText(usual));
    for (const change of [
      { volumeMounts: [{ name: 'mine', mountPath: '/outrider' }] },
      { env: [{ name: 'LD_PRELOAD', value: '/mine.so' }] },
      { image: 'mine/agent:1' },
    ]) {
      here.api.put(`${podPath}/web-1`, running(changed(change), 'web-1'));
      const { code, stdout } = await here.run(['pod/web-1'], { namespace: 'shop' });
      t.equal(code, 2, stdout);
      t.match(stdout, /\? app +not known/);
    }
    t.equal(here.execs.length, 0);
  },
);

t.test('a debug container is added where it is asked for, and is said to stay', async (t) => {
  const here = await scene(t, { prefer: 'Security' });
  const pod = running(here.injected, 'web-1');
  here.api.put(`${podPath}/web-1`, pod);
  const unasked = await here.run(['pod/web-1'], { namespace: 'shop' });
  t.equal(unasked.code, 2);
  t.match(unasked.stdout, 'the agent’s container sysdig-workload-agent has no tools of ours');
  let added: JsonObject = {};
  here.patch = (path, [operation]) => {
    t.equal(path, `${podPath}/web-1/ephemeralcontainers`);
    t.match(operation, { op: 'add', path: '/spec/ephemeralContainers' });
    added = listOf(operation?.['value']).filter(isObject)[0] ?? {};
    const spec = { ...objectOf(pod['spec']), ephemeralContainers: [added] };
    const own = { name: added['name'] ?? '', containerID: `containerd://${idFor('own')}`, state: { terminated: {} } };
    here.api.put(`${podPath}/web-1`, {
      ...pod,
      spec,
      status: { ...objectOf(pod['status']), ephemeralContainerStatuses: [own] },
    });
    return { spec };
  };
  here.readText = (path) => {
    t.equal(path, `${podPath}/web-1/log?container=${stringOf(added['name']) ?? ''}`);
    // Under Security nothing is left out by default.
    const traced = { pid: 31, parent: 30, name: 'envoy', cgroup: cgroup('istio-proxy'), tracer: 30 };
    return lookText([pause, agent, tracer, app, { ...proxy, name: 'instrument' }, traced]);
  };
  const { code, stdout } = await here.run(['pod/web-1'], { namespace: 'shop', debugContainer: true });
  t.equal(code, 0, stdout);
  t.match(
    stdout,
    /looked at from debug container outrider-verify-[0-9a-f]{8}, which has ended and stays in the pod’s spec/,
  );
  t.match(added, {
    image: 'registry.example/outrider:1',
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      readOnlyRootFilesystem: true,
      runAsNonRoot: true,
      runAsUser: 59_417,
      seccompProfile: { type: 'RuntimeDefault' },
    },
  });
  t.equal(listOf(added['command'])[0], '/tools/busybox');
  t.match(listOf(added['command'])[3], '"$$0" awk "$$1"', 'so that Kubernetes leaves the dollars alone');
  t.same(
    Object.keys(added).sort(),
    ['command', 'image', 'name', 'securityContext'],
    'no mount, no variable, no terminal',
  );
  here.patch = undefined;
  here.api.put(`${podPath}/web-1`, pod);
  const refusedOne = await here.run(['pod/web-1'], { namespace: 'shop', debugContainer: true });
  t.equal(refusedOne.code, 2);
  t.match(refusedOne.stdout, 'needs the rights to get pods, patch pods/ephemeralcontainers and get pods/log');
});

t.test('what a command line cannot mean', async (t) => {
  const here = await scene(t);
  const fails = (args: readonly string[], flags: JsonObject): Promise<unknown> =>
    here.run(args, flags).then(
      () => 'it ran',
      (error: unknown) => (error instanceof OutriderError ? `${error.code}: ${error.message}` : error),
    );
  t.match(await fails([], {}), /^usage: there is nothing to look at/);
  t.match(await fails(['pod/x'], { policy: 'default' }), /^usage: pod\/x and --policy are two questions/);
  t.match(
    await fails([], { policy: 'defautl' }),
    /^object_missing: there is no policy defautl .* Did you mean default\?/,
  );
  t.match(await fails(['pod/x'], { namespace: 'shop' }), /^object_missing: /);
  t.match(await fails(['pod/x'], { pods: '0' }), /^usage: --pods is "0"; give a number from 1 to 20\./);
  here.api.put('/apis/batch/v1/namespaces/shop/cronjobs/report', { spec: {} });
  t.match(await fails(['cronjob/report'], { namespace: 'shop' }), /^usage: CronJob report selects no pods by labels/);
  here.api.breakDown(`LIST ${podPath}`, refusal(403, 'Forbidden'));
  t.match(
    await fails([], { namespace: 'shop' }),
    /^cluster_unavailable: .*pods in namespace shop \(403\); ask for the right to list them/,
  );
});
