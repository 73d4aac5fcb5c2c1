import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { parse } from 'yaml';
import { isObject, listOf, objectOf, stringOf, type JsonObject } from '../../../src/model/json.js';
import { apiVersion } from '../../../src/model/names.js';
import { images } from '../support/images.js';
import { keySecret, pullSecret } from '../support/inject.js';
import { getObject, kubectl, kubectlOutput, stateFolder } from '../support/kubectl.js';
import { createNamespace, until, type Namespace } from '../support/namespace.js';
import { containerOf, containerStatus } from '../support/pod-status.js';
import { datadogWrapper, idle, pod, shell, sysdigAgent, sysdigWrapper } from '../support/pods.js';
import { tracedIn } from '../support/processes.js';
import { installOutrider } from './installation.js';

// kubectl debug in pods of an installation, as a person does it who is none of the cluster's administrators: those are
// exempt.

t.setTimeout(1_500_000);

const as = ['--as=dev', '--as-group=developers', '--as-group=system:authenticated'];
const profiles = ['legacy', 'general', 'baseline', 'restricted', 'netadmin', 'sysadmin'];
const version = '1';
const resources = { requests: { cpu: '10m', memory: '16Mi' }, limits: { memory: '64Mi' } };
const agent = { imagePullSecrets: [pullSecret], resources };
const credentials = { secretRef: { name: keySecret, key: 'key' } };
const sysdig = { name: 'sysdig', settings: { region: 'us2', version } };

/** By the team of the namespaces that a policy is for. */
const specs: Readonly<Record<string, JsonObject>> = {
  watched: { profile: sysdig, sessions: { debug: 'Trace' } },
  watchdogs: { profile: { name: 'datadog', settings: { version } }, sessions: { debug: 'Trace' } },
  owned: {
    profile: { name: 'stand-in', settings: { repository: 'registry.test:5000/datadog-agent' } },
    agent: { ...agent, resources: {} },
    sessions: { debug: 'Trace' },
  },
  guarded: { profile: sysdig, prefer: 'Security' },
};

const policies = Object.entries(specs).map(([team, spec]) => ({
  apiVersion,
  kind: 'InstrumentationPolicy',
  metadata: { name: team },
  spec: { match: { namespaceSelector: { matchLabels: { team } } }, precedence: 200, agent, credentials, ...spec },
}));

const developer = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRoleBinding',
  metadata: { name: 'dev' },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
  subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'dev' }],
};

t.before(async () => {
  const ownProfile: unknown = parse(readFileSync('test/agent/profile.yaml', 'utf8'));
  await installOutrider(t);
  await kubectlOutput(
    ['apply', '-f', '-'],
    JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [ownProfile, developer, ...policies] }),
  );
  for (const { metadata } of policies) {
    await kubectlOutput(['wait', `instrumentationpolicy/${metadata.name}`, '--for=condition=InForce', '--timeout=90s']);
  }
});

/** A namespace of a team with an instrumented pod, whose containers run as nobody in particular. */
async function withPod(t: Test, team: string): Promise<Namespace> {
  const here = await createNamespace(t, `debug-${team}`, { labels: { team } });
  for (const [name, spec] of [
    ['web', {}],
    ['user', { securityContext: { runAsUser: 1000, runAsGroup: 1000 } }],
  ] as const) {
    await here.create(pod(name, shell(idle), spec));
    await here.ready(name);
  }
  return here;
}

interface Debugged {
  readonly said: string;
  /** Id of the container; `undefined` where it was refused. */
  readonly id: string | undefined;
}

let count = 0;

/** Runs kubectl debug, and waits until what it adds runs. */
async function debug(here: Namespace, podName: string, ...parameters: readonly string[]): Promise<Debugged> {
  const container = `debugger-${++count}`;
  const { exitCode, stdout, stderr } = await kubectl([
    ...['debug', ...as, '-n', here.name, podName, '-c', container],
    ...parameters,
  ]);
  const said = `${stdout}${stderr}`;
  if (exitCode !== 0) return { said, id: undefined };
  let id = '';
  await until(`${podName}/${container} to run`, async () => {
    const status = await ephemeralStatus(here, podName, container);
    id = status?.id ?? '';
    return status?.state === 'running';
  });
  return { said, id };
}

async function ephemeralStatus(here: Namespace, podName: string, container: string) {
  const status = objectOf((await getObject(here.name, 'pod', podName))['status']);
  const found = listOf(status?.['ephemeralContainerStatuses'])
    .filter(isObject)
    .find(({ name }) => name === container);
  return found === undefined ? undefined : containerStatus(found);
}

/** Waits until the tracer has started what it starts. */
async function isTraced(t: Test, { id, said }: Debugged, wrapper: string, what: string): Promise<void> {
  if (id === undefined) {
    t.fail(`${what}: refused`, { said });
    return;
  }
  await until(`${what} to be traced`, () => Promise.resolve(tracedIn(id, wrapper).allTraced));
  t.ok(tracedIn(id, wrapper).allTraced, `${what}: TracerPid of every process is the tracer`);
}

const busy = ['--', 'sh', '-c', 'sleep 500; exit 0'];

/** Where the image's USER is root, the kubelet starts no container that must not be. */
const podFor = (profile: string): string => (profile === 'restricted' ? 'user' : 'web');

for (const [team, wrapper] of [
  ['watched', sysdigWrapper],
  ['watchdogs', datadogWrapper],
  ['owned', '/stand-in-files/cws-instrumentation'],
] as const) {
  t.test(`${team}: every profile of kubectl debug starts under the tracer`, async (t) => {
    const here = await withPod(t, team);
    for (const profile of profiles) {
      const what = debug(here, podFor(profile), `--image=${images.box}`, `--profile=${profile}`, ...busy);
      await isTraced(t, await what, wrapper, `${team}, ${profile}`);
    }
    const own = await debug(here, 'web', `--image=${images.web}`, '--profile=baseline');
    await isTraced(t, own, wrapper, 'what the image starts');
    const targeted = await debug(here, 'web', `--image=${images.box}`, '--profile=general', '--target=app', ...busy);
    await isTraced(t, targeted, wrapper, '--target');
    if (team === 'watched') await here.waitForLog('web', sysdigAgent, /sleep 500/);
  });
}

t.test('guarded: what could reach the agent is denied, the rest traced', async (t) => {
  const here = await withPod(t, 'guarded');
  for (const profile of profiles) {
    const what = await debug(here, podFor(profile), `--image=${images.box}`, `--profile=${profile}`, ...busy);
    const isDenied = profile === 'general' || profile === 'sysadmin';
    if (!isDenied) await isTraced(t, what, sysdigWrapper, `guarded, ${profile}`);
    else t.match(what.said, /\(debug_privilege_forbidden\).*--profile=baseline/, `guarded, ${profile}: denied`);
  }
  const targeted = await debug(here, 'web', `--image=${images.box}`, '--profile=baseline', '--target=app', ...busy);
  await isTraced(t, targeted, sysdigWrapper, '--target');

  const stored = await getObject(here.name, 'pod', 'web');
  const volume = listOf(objectOf(stored['spec'])?.['volumes'])
    .filter(isObject)
    .map(({ name }) => stringOf(name) ?? '')
    .find((name) => name === `${sysdigAgent}-bin`);
  const custom = join(stateFolder(), 'custom.json');
  writeFileSync(custom, JSON.stringify({ volumeMounts: [{ name: volume, mountPath: '/opt/draios/bin' }] }));
  const rewriting = await debug(
    here,
    'web',
    `--image=${images.box}`,
    '--profile=baseline',
    `--custom=${custom}`,
    ...busy,
  );
  t.match(rewriting.said, '(debug_mount_forbidden)', 'F9: nobody rewrites the tracer for the next start');

  const copied = await kubectl([
    ...['debug', ...as, '-n', here.name, 'web', '--copy-to=copy', '-c', 'debugger', `--image=${images.box}`],
    ...['--profile=baseline', ...busy],
  ]);
  t.equal(copied.exitCode, 0, copied.stderr);
  const copy = await here.ready('copy');
  for (const name of ['app', 'debugger']) {
    await until(`${name} of the copy to be traced`, () =>
      Promise.resolve(tracedIn(containerOf(copy, name).id, sysdigWrapper).allTraced),
    );
  }
});

t.test('guarded: a read-only mount of the agent’s files stays so in a debug container', async (t) => {
  const here = await createNamespace(t, 'debug-readonly', { labels: { team: 'guarded' } });
  await here.create(pod('web', shell(idle)));
  await here.ready('web');
  const tries = 'touch /opt/draios/bin/instrument; mount -o remount,rw /opt/draios/bin; sleep 500';
  await debug(here, 'web', `--image=${images.box}`, '--profile=baseline', '--', 'sh', '-c', tries);
  const name = `debugger-${count}`;
  await here.waitForLog('web', name, /Read-only file system/);
});
