import t from 'tap';
import type { JsonObject } from '../../../src/model/json.js';
import { kubectlOutput } from '../support/kubectl.js';
import { createNamespace, type Namespace } from '../support/namespace.js';
import { bare, injectAll, listOfPods, pod, shell, sysdigWrapper } from '../support/pods.js';
import { containerOf, type ContainerStatus } from '../support/pod-status.js';
import { processesOf, tracedIn } from '../support/processes.js';

t.setTimeout(900_000);

const finalizer = 'outrider.test/look-at-it-first';
const kept = { finalizers: [finalizer] };

/** Creates each pod as it is (with a shared process namespace) and instrumented. */
async function createBoth(here: Namespace, pods: readonly JsonObject[]): Promise<void> {
  await here.create(listOfPods(pods.map(bare)));
  await here.create(await injectAll(pods));
}

/** Waits for the same thing in both, and returns what happened to the application in each. */
async function both(
  here: Namespace,
  name: string,
  what: string,
  holds: (app: ContainerStatus) => boolean,
): Promise<readonly [ContainerStatus, ContainerStatus]> {
  const appOf = async (podName: string): Promise<ContainerStatus> => {
    const seen = await here.waitFor(podName, what, (status) => holds(containerOf(status, 'app')));
    return containerOf(seen, 'app');
  };
  return Promise.all([appOf(`${name}-bare`), appOf(name)]);
}

/** Ends a pod as users do and returns its application's exit code; a finalizer keeps the pod until it was read. */
async function exitCodeOnDelete(here: Namespace, name: string): Promise<number | undefined> {
  await kubectlOutput(['delete', 'pod', name, '-n', here.name, '--wait=false']);
  const ended = await here.waitFor(name, 'terminated', (status) => containerOf(status, 'app').state === 'terminated');
  await kubectlOutput([
    'patch',
    'pod',
    name,
    '-n',
    here.name,
    '--type=merge',
    '-p',
    '{"metadata":{"finalizers":null}}',
  ]);
  return containerOf(ended, 'app').exitCode;
}

t.test('E34: exit codes', async (t) => {
  const here = await createNamespace(t, 'exit-codes');
  const once = { restartPolicy: 'Never' };
  const codes: Readonly<Record<string, readonly [JsonObject, number]>> = {
    'exit-0': [shell('exit 0'), 0],
    'exit-1': [shell('exit 1'), 1],
    'exit-137': [shell('kill -9 $$$$'), 137],
    'exit-143': [shell('kill -15 $$$$'), 143],
    'exit-255': [shell('(exit 3); sh -c "exit 4"; exit 255'), 255],
  };
  await createBoth(
    here,
    Object.entries(codes).map(([name, [container]]) => pod(name, container, once)),
  );
  for (const [name, [, code]] of Object.entries(codes)) {
    const [plain, instrumented] = await both(here, name, 'ended', ({ state }) => state === 'terminated');
    t.same([plain.exitCode, instrumented.exitCode], [code, code], name);
    t.equal(instrumented.reason, plain.reason, name);
    const phase = code === 0 ? 'Succeeded' : 'Failed';
    for (const pod of [name, `${name}-bare`]) await here.waitFor(pod, phase, (seen) => seen.phase === phase);
  }
});

t.test(
  'a program that is not there: the runtime says so of a bare container, the tracer of an instrumented one',
  async (t) => {
    const here = await createNamespace(t, 'no-program');
    await createBoth(here, [pod('missing', { command: ['/no/such/program'] }, { restartPolicy: 'Never' })]);
    const [plain, instrumented] = await both(here, 'missing', 'ended', ({ state }) => state === 'terminated');
    t.same([plain.exitCode, plain.reason], [128, 'StartError']);
    t.same([instrumented.exitCode, instrumented.reason], [127, 'Error']);
    t.match(await here.log('missing', 'app'), /\/no\/such\/program: No such file/);
  },
);

t.test('E34: signals: SIGTERM with the grace period, SIGHUP, SIGSTOP and SIGCONT', async (t) => {
  const here = await createNamespace(t, 'signals');
  const cleansUp =
    "trap 'echo cleaning; sleep 1; echo clean; exit 7' TERM; trap 'echo again' HUP; while :; do sleep 0.2; done";
  const deaf = "trap '' TERM; echo deaf; while :; do sleep 0.2; done";
  const spec = { terminationGracePeriodSeconds: 3 };
  await createBoth(here, [
    pod('cleans-up', shell(cleansUp), spec, kept),
    pod('no-handler', { command: ['sleep', '1000'] }, spec, kept),
    pod('deaf', shell(deaf), spec, kept),
  ]);
  for (const name of ['cleans-up', 'cleans-up-bare']) {
    const { id } = containerOf(await here.ready(name), 'app');
    const [first] = processesOf(id);
    if (first === undefined) throw new Error(`${name} has no process`);
    // As a runtime would send it: to the container's first process.
    process.kill(first.pid, 'SIGHUP');
    t.match(await here.waitForLog(name, 'app', 'again'), 'again', name);
  }
  const stopped = tracedIn(containerOf(await here.pod('cleans-up'), 'app').id, sysdigWrapper);
  for (const { pid } of stopped.workload) process.kill(pid, 'SIGSTOP');
  for (const { pid } of stopped.workload) process.kill(pid, 'SIGCONT');
  const heard = async (): Promise<number> => (await here.log('cleans-up', 'app')).split('again').length - 1;
  process.kill(stopped.tracer?.pid ?? -1, 'SIGHUP');
  await here.waitFor('cleans-up', 'goes on after a stop', async () => (await heard()) === 2);

  for (const [name, code] of [
    ['cleans-up', 7],
    ['no-handler', 143],
    ['deaf', 137],
  ] as const) {
    await Promise.all([here.ready(name), here.ready(`${name}-bare`)]);
    const log = name === 'cleans-up' ? here.waitForLog(name, 'app', /\nclean\n/) : undefined;
    const seen = await Promise.all([exitCodeOnDelete(here, `${name}-bare`), exitCodeOnDelete(here, name)]);
    t.same(seen, [code, code], name);
    t.match((await log) ?? 'clean', 'clean');
  }
});

t.test(
  'E34: what the shared process namespace itself changes: SIGTERM ends a program that ignored it as process 1',
  async (t) => {
    const here = await createNamespace(t, 'process-1');
    const alone = pod('alone', { command: ['sleep', '1000'] }, { terminationGracePeriodSeconds: 2 }, kept);
    await here.create(alone);
    await here.ready('alone');
    t.equal(await exitCodeOnDelete(here, 'alone'), 137);
  },
);

t.test('restartPolicy and CrashLoopBackOff', async (t) => {
  const here = await createNamespace(t, 'restarts');
  await createBoth(here, [
    pod('always', shell('exit 3')),
    pod('on-failure', shell('[ -f /state/here ] && exit 0; touch /state/here; exit 5'), {
      restartPolicy: 'OnFailure',
      volumes: [{ name: 'state', emptyDir: {} }],
      containers: [
        {
          name: 'app',
          image: 'registry.test:5000/box:1',
          ...shell('[ -f /state/here ] && exit 0; touch /state/here; exit 5'),
          volumeMounts: [{ name: 'state', mountPath: '/state' }],
        },
      ],
    }),
  ]);
  const looping = await both(
    here,
    'always',
    'backing off',
    ({ reason, restarts }) => reason === 'CrashLoopBackOff' && restarts >= 2,
  );
  t.same(
    looping.map(({ lastExitCode }) => lastExitCode),
    [3, 3],
  );
  const done = await both(
    here,
    'on-failure',
    'completed',
    ({ state, exitCode }) => state === 'terminated' && exitCode === 0,
  );
  t.same(
    done.map(({ restarts }) => restarts),
    [1, 1],
  );
});

t.test('probes and preStop', async (t) => {
  const here = await createNamespace(t, 'probes');
  const often = { periodSeconds: 1, failureThreshold: 1, timeoutSeconds: 5 };
  const file = (name: string): JsonObject => ({ exec: { command: ['cat', `/tmp/${name}`] }, ...often });
  const volumes = [{ name: 'tmp', emptyDir: {} }];
  const volumeMounts = [{ name: 'tmp', mountPath: '/tmp' }];
  const serve =
    "touch /tmp/alive; (sleep 2; touch /tmp/started) & httpd -p 8080 -h /www; trap '[ -f /tmp/stopping ] && exit 9; exit 8' TERM; while :; do sleep 0.2; done";
  const container = {
    ...shell(serve),
    volumeMounts,
    startupProbe: { ...file('started'), failureThreshold: 30 },
    livenessProbe: file('alive'),
    readinessProbe: { httpGet: { port: 8080, path: '/' }, ...often },
    lifecycle: { preStop: { exec: { command: ['touch', '/tmp/stopping'] } } },
  };
  await createBoth(here, [pod('probed', container, { volumes }, kept)]);
  await Promise.all([here.ready('probed'), here.ready('probed-bare')]);
  for (const name of ['probed', 'probed-bare']) {
    t.equal((await here.exec(name, 'app', 'rm', '/tmp/alive')).exitCode, 0);
  }
  const restarted = await both(
    here,
    'probed',
    'restarted by its liveness probe',
    ({ restarts, ready }) => restarts === 1 && ready,
  );
  t.same(
    restarted.map(({ lastExitCode }) => lastExitCode),
    [9, 9],
    'preStop ran before the restart',
  );
  t.same(
    await Promise.all([exitCodeOnDelete(here, 'probed-bare'), exitCodeOnDelete(here, 'probed')]),
    [9, 9],
    'preStop ran first',
  );
});
