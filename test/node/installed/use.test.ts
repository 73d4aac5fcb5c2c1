import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { isObject, listOf, objectOf, stringOf } from '../../../src/model/json.js';
import type { JsonObject } from '../../../src/model/json.js';
import { names } from '../../../src/model/names.js';
import { release } from '../../e2e/cluster/helm.js';
import { imageEntrypoint } from '../../support/image-entrypoint.js';
import { keySecret } from '../support/inject.js';
import { getObject, kubectl, kubectlOutput, listObjects } from '../support/kubectl.js';
import { createNamespace, until, type Namespace } from '../support/namespace.js';
import { containerOf, podStatus, type PodStatus } from '../support/pod-status.js';
import { datadogAgent, datadogWrapper, sysdigAgent, sysdigWrapper } from '../support/pods.js';
import { processesOf, tracedIn } from '../support/processes.js';
import { answerOf, only, rolledOut, webDeployment, webPods } from './deployment.js';
import { installOutrider } from './installation.js';

// Outrider in a cluster as its users run it: by its image and its chart.

t.setTimeout(900_000);

const bundle = fileURLToPath(new URL('../../../outrider.js', import.meta.url));
const optedIn = { [names.inject]: 'enabled' };
const sysPtrace = 1n << 19n;

interface Ended {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `outrider` as the admin. */
function outrider(...parameters: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(process.execPath, [bundle, ...parameters], (error, stdout, stderr) =>
      resolve({ exitCode: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}

function isTraced(t: Test, pod: PodStatus, wrapper: string): void {
  const { allTraced, workload } = tracedIn(containerOf(pod, 'app').id, wrapper);
  t.ok(allTraced, `${pod.name}: TracerPid of every process is the tracer`, { processes: workload });
}

/** Creates the Deployment in a new namespace and waits until it is rolled out. */
async function deploy(t: Test, name: string, labels: Record<string, string>, withoutKey = false): Promise<Namespace> {
  const here = await createNamespace(t, name, { labels, withoutKey });
  await here.create(webDeployment());
  return here;
}

t.before(() => installOutrider(t));

t.test('two replicas that are ready, with rights and certificates of their own', async (t) => {
  const pods = (await listObjects(release.namespace, 'pods', 'app.kubernetes.io/name=outrider')).filter(isObject);
  t.equal(pods.length, 2);
  for (const pod of pods.map(podStatus)) {
    t.ok(pod.ready, pod.name);
    t.equal(containerOf(pod, 'outrider').restarts, 0, 'started at the first try');
    const [server] = processesOf(containerOf(pod, 'outrider').id);
    t.match(server, { uid: 65_532, argv: [...imageEntrypoint(), 'serve'], capabilities: 0n });
  }
  await until('outrider status to be content', async () => (await outrider('status')).exitCode === 0);
  for (const { name } of pods.map(podStatus)) {
    const log = await kubectlOutput(['logs', '-n', release.namespace, name]);
    t.notMatch(log, '"level":"error"', 'nothing of it is an error');
  }
  const webhooks = await getObject('', 'mutatingwebhookconfiguration', release.name);
  for (const webhook of listOf(webhooks['webhooks']).filter(isObject)) {
    const service = { name: release.name, namespace: release.namespace };
    t.match(webhook, { failurePolicy: 'Ignore', clientConfig: { service, caBundle: /.+/ } });
  }
  const owner = { ownerReferences: [{ kind: 'ConfigMap', name: release.name }] };
  t.match(await getObject(release.namespace, 'secret', `${release.name}-certificate`), { metadata: owner });
  // Nothing here enforces it: the network plug-in is a bare bridge.
  t.match(await getObject(release.namespace, 'networkpolicy', release.name), { spec: { policyTypes: ['Ingress'] } });
  for (const policy of ['default', 'payments', 'crashing', 'dogs', 'mirrored']) {
    await kubectlOutput(['wait', `instrumentationpolicy/${policy}`, '--for=condition=InForce', '--timeout=60s']);
  }
});

t.test('E3, E11: a Deployment whose private image alone says what it starts', async (t) => {
  const bare = await deploy(t, 'bare', {});
  const shop = await deploy(t, 'shop', optedIn);
  const [bareWeb, shopWeb] = [await rolledOut(bare), await rolledOut(shop)];
  t.equal(await answerOf(bareWeb), 'the application answers\n');
  t.equal(await answerOf(shopWeb), await answerOf(bareWeb));
  const web = only(shopWeb);
  isTraced(t, web, sysdigWrapper);
  for (const { capabilities } of tracedIn(containerOf(web, 'app').id, sysdigWrapper).workload) {
    t.equal(capabilities & sysPtrace, sysPtrace, 'SYS_PTRACE is there');
  }
  await shop.waitForLog(web.name, sysdigAgent, '/bin/httpd -f -p 8080 -h /www (sees httpd;');

  const { stdout } = await shop.exec(web.name, 'app', 'sh', '-c', 'cat /proc/[0-9]*/cmdline');
  t.match(stdout, '/opt/draios/bin/sidecar', 'exec sees the sidecar');
  t.match(stdout.replaceAll('\0', ' '), '/bin/httpd -f -p 8080', 'and the application');
});

t.test('the agent is told of what the application starts', async (t) => {
  const here = await createNamespace(t, 'children', { labels: optedIn });
  const command = ['/bin/sh', '-c', 'while :; do /bin/sh -c "/bin/id; exit 0"; sleep 1; done'];
  await here.create(webDeployment(1, { command }));
  const pod = only(await rolledOut(here));
  await here.waitForLog(pod.name, sysdigAgent, /exec \d+ \/bin\/id/);
  await until('every process to be traced', () =>
    Promise.resolve(tracedIn(containerOf(pod, 'app').id, sysdigWrapper).allTraced),
  );
});

t.test('one namespace under Security, another with Datadog’s profile', async (t) => {
  const payments = await deploy(t, 'payments', { team: 'payments' });
  const dogs = await deploy(t, 'dogs', { team: 'dogs' });
  const paid = only(await rolledOut(payments));
  isTraced(t, paid, sysdigWrapper);
  t.equal(await answerOf([paid]), 'the application answers\n');
  const walked = only(await rolledOut(dogs));
  isTraced(t, walked, datadogWrapper);
  await dogs.waitForLog(walked.name, datadogAgent, '/bin/httpd');
  // An agent under a keeper has tools of ours to look with; one under Security has none.
  for (const [here, tracer, from] of [
    [payments, 'instrument', 'looked at from debug container outrider-verify-'],
    [dogs, 'cws-instrumenta', `looked at by exec into ${datadogAgent}`],
  ] as const) {
    const verified = await outrider('verify', 'deploy/web', '-n', here.name, '--debug-container');
    t.equal(verified.exitCode, 0, `${verified.stdout}${verified.stderr}`);
    t.match(verified.stdout, from);
    t.match(verified.stdout, new RegExp(`✓ app +traced +1 process by \\d+ ${tracer}\n`));
  }

  const refused = await kubectl(['run', 'alone', '-n', payments.name, '--image=registry.test:5000/no-such-image:1']);
  t.not(refused.exitCode, 0, 'nothing runs there uninstrumented');
  t.match(refused.stderr, 'does not let this pod run uninstrumented');
  const away = await kubectl(['run', 'out', '-n', payments.name, '--image=x', `--labels=${names.inject}=disabled`]);
  t.not(away.exitCode, 0);
});

t.test('a missing access key under Availability: said, and made good by the next rollout', async (t) => {
  const here = await deploy(t, 'keyless', optedIn, true);
  const bare = only(await rolledOut(here));
  t.equal(await answerOf([bare]), 'the application answers\n', 'the application runs');
  t.same(Object.keys(bare.containers), ['app'], 'as it would without Outrider');
  const events = ['get', 'events.events.k8s.io', '-n', here.name, '-o', 'json'];
  const said = async (): Promise<JsonObject | undefined> => {
    const all: unknown = JSON.parse(await kubectlOutput(events));
    return listOf(objectOf(all)?.['items'])
      .filter(isObject)
      .find(({ reason }) => reason === 'credentials_missing');
  };
  await until('the Event', async () => (await said()) !== undefined);
  const event = await said();
  t.match(event, { type: 'Warning', regarding: { kind: 'Deployment', name: 'web', namespace: here.name } });
  t.match(stringOf(event?.['note']), keySecret);
  t.match((await outrider('explain', 'deploy/web', '-n', here.name)).stdout, 'credentials_missing');
  const { exitCode, stdout } = await outrider('status');
  t.equal(exitCode, 1, 'status asks for attention');
  // A namespace of the tests before, on its way out, may have lost its Secret first.
  t.match(stdout, new RegExp(`Secret ${keySecret} is missing in (\\S+, )*${here.name}\\b`));

  await kubectlOutput(['create', 'secret', 'generic', keySecret, '-n', here.name, '--from-literal=key=now-there']);
  await until('a rollout that is instrumented', async () => {
    await kubectlOutput(['rollout', 'restart', 'deployment/web', '-n', here.name]);
    const [pod] = await rolledOut(here);
    return pod !== undefined && sysdigAgent in pod.containers;
  });
  isTraced(t, only(await rolledOut(here)), sysdigWrapper);
});

t.test('an access key that is kept in one place is mirrored', async (t) => {
  const here = await deploy(t, 'mirrored', { team: 'mirrored' }, true);
  const web = only(await rolledOut(here));
  isTraced(t, web, sysdigWrapper);
  const copies = (await listObjects(here.name, 'secrets', names.mirrorOf)).filter(isObject);
  t.equal(copies.length, 1);
  t.match(copies[0], { data: { key: Buffer.from('the-central-key').toString('base64') } });
  const copy = stringOf(objectOf(copies[0]?.['metadata'])?.['name']) ?? '';
  t.match(JSON.stringify(await webPods(here.name)), `"secretKeyRef":{"key":"key","name":"${copy}"`);
});

t.test('what the commands say of it', async (t) => {
  const here = await deploy(t, 'said', optedIn);
  await rolledOut(here);
  await until(
    'outrider status to be content',
    async () => (await outrider('status')).exitCode === 0,
    async () => (await outrider('status')).stdout,
  );
  const status = await outrider('status');
  t.comment(status.stdout);
  t.match(status.stdout, /replicas +2 of 2 ready/);
  t.match(status.stdout, /API server +reaches the webhook/);
  const explained = await outrider('explain', 'deploy/web', '-n', here.name);
  t.comment(explained.stdout);
  t.equal(explained.exitCode, 0, explained.stderr);
  t.match(explained.stdout, /deploy\/web +INJECT/);
  t.match(explained.stdout, '1 of 1 is instrumented', 'by the settings of the installation, which nobody gave');
  const verified = await outrider('verify', 'deploy/web', '-n', here.name);
  t.comment(verified.stdout);
  t.equal(verified.exitCode, 0, verified.stderr);
  t.match(verified.stdout, /✓ app +traced +1 process by \d+ instrument\n/);
  const [pod] = await webPods(here.name);
  t.match(objectOf(pod?.['metadata'])?.['labels'], { [names.status]: 'injected' });
});
