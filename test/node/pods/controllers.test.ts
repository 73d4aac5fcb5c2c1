import t, { type Test } from 'tap';
import { isObject } from '../../../src/model/json.js';
import type { JsonObject } from '../../../src/model/json.js';
import { images } from '../support/images.js';
import { inject, pullSecret, type PolicyOptions } from '../support/inject.js';
import { kubectlOutput, listObjects } from '../support/kubectl.js';
import { createNamespace, type Namespace, until } from '../support/namespace.js';
import { containerOf, podStatus, type PodStatus } from '../support/pod-status.js';
import { idle, injectAll, pod, shell, sysdigAgent, sysdigWrapper } from '../support/pods.js';
import { processesOf, tracedIn, type NodeProcess } from '../support/processes.js';

t.setTimeout(900_000);

/** A workload of any kind, named like its label; `spec` goes next to the template. */
function workload(
  kind: string,
  name: string,
  container: JsonObject,
  spec: JsonObject,
  podSpec: JsonObject = {},
): JsonObject {
  const template = { metadata: { labels: { app: name } }, spec: podSpecOf(container, podSpec) };
  return {
    apiVersion: kind === 'Job' || kind === 'CronJob' ? 'batch/v1' : 'apps/v1',
    kind,
    metadata: { name },
    spec: { ...spec, template },
  };
}

function podSpecOf(container: JsonObject, rest: JsonObject): JsonObject {
  return {
    imagePullSecrets: [{ name: pullSecret }],
    terminationGracePeriodSeconds: 2,
    containers: [{ name: 'app', image: images.box, ...container }],
    ...rest,
  };
}

function selecting(name: string): JsonObject {
  return { selector: { matchLabels: { app: name } } };
}

async function create(here: Namespace, object: JsonObject, policy: PolicyOptions = {}): Promise<void> {
  await here.create((await inject(object, policy)).object);
}

/** The pods of a workload, once there are that many and they are as they should be. */
async function podsOf(
  here: Namespace,
  name: string,
  count: number,
  holds: (pod: PodStatus) => boolean = ({ ready }) => ready,
): Promise<readonly PodStatus[]> {
  const list = async (): Promise<readonly PodStatus[]> =>
    (await listObjects(here.name, 'pods', `app=${name}`)).filter(isObject).map(podStatus);
  await until(
    `${count} pods of ${name}`,
    async () => {
      const pods = await list();
      return pods.length === count && pods.every(holds);
    },
    async () => JSON.stringify(await list(), undefined, 1),
  );
  return list();
}

function isTraced(t: Test, pod: PodStatus): void {
  const { allTraced, workload } = tracedIn(containerOf(pod, 'app').id, sysdigWrapper);
  t.ok(allTraced, `${pod.name}: every process is traced`, { processes: workload.map(({ argv }) => argv.join(' ')) });
}

t.test('E3, E11: a Deployment whose private image alone says what it starts', async (t) => {
  const here = await createNamespace(t, 'deployment');
  await create(here, workload('Deployment', 'web', { image: images.web }, { ...selecting('web'), replicas: 2 }));
  for (const web of await podsOf(here, 'web', 2)) {
    t.equal(await (await fetch(`http://${web.ip}:8080/`)).text(), 'the application answers\n');
    isTraced(t, web);
    t.match(
      await here.waitForLog(web.name, sysdigAgent, 'httpd'),
      /exec \d+ \/bin\/httpd -f -p 8080 -h \/www \(sees httpd/,
    );
    const { stdout } = await here.exec(web.name, 'app', 'sh', '-c', 'cat /proc/[0-9]*/cmdline');
    t.match(stdout.replaceAll('\0', ' '), '/opt/draios/bin/sidecar', 'kubectl exec sees the agent');
    t.match(stdout.replaceAll('\0', ' '), '/bin/httpd -f', 'and the application');
  }
  const [before] = await podsOf(here, 'web', 2);
  await kubectlOutput(['rollout', 'restart', 'deployment/web', '-n', here.name]);
  await kubectlOutput(['rollout', 'status', 'deployment/web', '-n', here.name, '--timeout=60s']);
  const after = await podsOf(here, 'web', 2);
  t.notOk(after.some(({ uid }) => uid === before?.uid));
  for (const web of after) isTraced(t, web);
});

t.test('E21: children are traced and reported too, and kubectl exec is not', async (t) => {
  const here = await createNamespace(t, 'children');
  await here.create(await injectAll([pod('parent', shell(`(sleep 700 &); sh -c 'sleep 800; true' & ${idle}`))]));
  const parent = await here.ready('parent');
  const app = containerOf(parent, 'app').id;
  for (const seconds of [800, 1000]) await here.waitForLog('parent', sysdigAgent, `sleep ${seconds} (`);
  t.match(await here.waitForLog('parent', sysdigAgent, /exec \d+ sleep 700/), /exec \d+ sh -c sleep 800/);
  t.equal(tracedIn(app, sysdigWrapper).workload.length, 5);
  isTraced(t, parent);
  const exec = here.exec('parent', 'app', 'sleep', '5');
  const running = (): NodeProcess | undefined => processesOf(app).find(({ argv }) => argv.join(' ') === 'sleep 5');
  await until('the exec', () => Promise.resolve(running() !== undefined));
  t.equal(running()?.tracer, 0);
  t.equal((await exec).exitCode, 0);
});

t.test('E26: a Job and a CronJob complete beside a native sidecar', async (t) => {
  const here = await createNamespace(t, 'jobs');
  const never = { restartPolicy: 'Never' };
  for (const prefer of ['Availability', 'Security'] as const) {
    const name = `job-${prefer.toLowerCase()}`;
    await create(here, workload('Job', name, shell('sleep 1; echo done'), {}, never), { prefer });
  }
  await create(here, workload('Job', 'failing', shell('exit 4'), { backoffLimit: 1 }, never));
  const jobTemplate = { spec: workload('Job', 'nightly', shell('echo done'), {}, never)['spec'] ?? {} };
  await create(here, {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name: 'nightly' },
    spec: { schedule: '0 3 * * *', jobTemplate },
  });
  await kubectlOutput(['create', 'job', 'tonight', '--from=cronjob/nightly', '-n', here.name]);
  for (const job of ['job-availability', 'job-security', 'tonight']) {
    await kubectlOutput(['wait', '--for=condition=Complete', `job/${job}`, '-n', here.name, '--timeout=60s']);
  }
  await kubectlOutput(['wait', '--for=condition=Failed', 'job/failing', '-n', here.name, '--timeout=60s']);
  const failed = await podsOf(here, 'failing', 2, ({ phase }) => phase === 'Failed');
  t.same(
    failed.map((seen) => containerOf(seen, 'app').exitCode),
    [4, 4],
  );
  for (const name of ['job-availability', 'job-security', 'nightly']) {
    const [done] = await podsOf(here, name, 1, ({ phase }) => phase === 'Succeeded');
    if (done === undefined) throw new Error(`${name} has no pod`);
    t.match(await here.log(done.name, sysdigAgent), /exec \d+ sh -c/, `${name} was traced`);
    t.equal(containerOf(done, sysdigAgent).exitCode, 0, 'the agent, and its keeper, ended when they were told to');
  }
});

t.test('E19: init containers run in their order, and are traced where the policy covers them', async (t) => {
  const here = await createNamespace(t, 'init');
  const volumeMounts = [{ name: 'work', mountPath: '/data' }];
  const step = (name: string, text: string): JsonObject => ({ name, image: images.box, ...shell(text), volumeMounts });
  const spec = {
    volumes: [{ name: 'work', emptyDir: {} }],
    initContainers: [
      step('first', 'grep TracerPid /proc/self/status > /data/first'),
      step('second', 'cat /data/first && grep TracerPid /proc/self/status > /data/second'),
    ],
  };
  const container = { ...shell(`cat /data/first /data/second; ${idle}`), volumeMounts };
  await here.create(await injectAll([pod('main-only', container, spec)]));
  await here.create(
    await injectAll([pod('covered', container, spec)], { spec: { containers: { cover: ['Main', 'Init'] } } }),
  );
  t.match(await here.waitForLog('main-only', 'app', /(TracerPid.*\n){2}/), /^(TracerPid:\s+0\n){2}/);
  t.match(await here.waitForLog('covered', 'app', /(TracerPid.*\n){2}/), /^(TracerPid:\s+[1-9]\d*\n){2}/);
  const log = await here.waitForLog('covered', sysdigAgent, /exec \d+ sh -c cat/);
  const first = log.indexOf('> /data/first');
  const second = log.indexOf('> /data/second');
  t.ok(
    first !== -1 && first < second && second < log.indexOf('exec', second),
    'all three were reported, in their order',
  );
  for (const name of ['main-only', 'covered']) isTraced(t, await here.ready(name));
});

t.test('a StatefulSet and a DaemonSet', async (t) => {
  const here = await createNamespace(t, 'sets');
  await create(
    here,
    workload('StatefulSet', 'stateful', shell(idle), {
      ...selecting('stateful'),
      replicas: 2,
      serviceName: 'stateful',
    }),
  );
  await create(here, workload('DaemonSet', 'daemon', shell(idle), selecting('daemon')));
  const stateful = await podsOf(here, 'stateful', 2);
  t.same(new Set(stateful.map(({ name }) => name)), new Set(['stateful-0', 'stateful-1']));
  for (const pod of [...stateful, ...(await podsOf(here, 'daemon', 1))]) isTraced(t, pod);
});
