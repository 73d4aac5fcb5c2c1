import { execFile, spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { isObject, listOf, objectOf, parsedJson, stringOf, type JsonObject } from '../../../src/model/json.js';
import { apiVersion } from '../../../src/model/names.js';
import { images, pushVariant } from '../support/images.js';
import { inject, keySecret, pullSecret, sysdig, type PolicyOptions } from '../support/inject.js';
import { kubectl, kubectlOutput, stateFolder } from '../support/kubectl.js';
import { createNamespace, until, type Namespace } from '../support/namespace.js';
import { containerOf } from '../support/pod-status.js';
import { idle, pod, shell, sysdigWrapper } from '../support/pods.js';
import { tracedIn } from '../support/processes.js';
import { webDeployment } from '../installed/deployment.js';

// What `outrider verify` says about pods on a node, by its bundle. The cluster has the policies and what an
// installation is started with; the pods are instrumented by `outrider inject`.

t.setTimeout(900_000);

const bundle = fileURLToPath(new URL('../../../outrider.js', import.meta.url));
const resources = { requests: { cpu: '10m', memory: '32Mi' } };
const agent = { image: images.agent, imagePullSecrets: [pullSecret], resources };
const credentials = { secretRef: { name: keySecret, key: 'key' } };

/** Policies by the label that selects their pods. */
const policies: Readonly<Record<string, PolicyOptions>> = {
  usual: { prefer: 'Availability', spec: { agent, delivery: 'Copy' } },
  strict: { prefer: 'Security', spec: { agent, delivery: 'Copy', capability: 'Never' } },
  stubbed: { prefer: 'Availability', spec: { agent: { ...agent, image: images.rootOnlyAgent }, delivery: 'Copy' } },
  // An older version of it made its pods.
  stale: { prefer: 'Security', spec: { agent: { ...agent, image: images.rootOnlyAgent }, delivery: 'Copy' } },
};

function policyObject(name: string, { prefer, spec }: PolicyOptions): JsonObject {
  const match = { podSelector: { matchLabels: { policy: name } } };
  return {
    apiVersion,
    kind: 'InstrumentationPolicy',
    metadata: { name },
    spec: { match, prefer, profile: sysdig, credentials, ...spec },
  };
}

const namespace = 'outrider-system';
const argvOfAgents = Object.fromEntries(
  [images.agent, images.rootOnlyAgent].map((image) => [image, { entrypoint: ['/opt/draios/bin/sidecar'] }]),
);
const serveArgs = [
  'serve',
  '--cluster',
  `--tools-image=${images.tools}`,
  '--image-config=/etc/outrider/images/images.json',
];
const imageMap = {
  apiVersion,
  kind: 'ImageMap',
  images: argvOfAgents,
};
/** What an installation is read by; nothing of it runs. */
const installed: readonly JsonObject[] = [
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
  {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'outrider-images', namespace },
    data: { 'images.json': JSON.stringify(argvOfAgents) },
  },
  {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'outrider', namespace },
    spec: {
      replicas: 0,
      selector: { matchLabels: { app: 'outrider' } },
      template: {
        metadata: { labels: { app: 'outrider' } },
        spec: {
          containers: [
            {
              name: 'outrider',
              image: 'outrider',
              args: serveArgs,
              volumeMounts: [{ name: 'images', mountPath: '/etc/outrider/images' }],
            },
          ],
          volumes: [{ name: 'images', configMap: { name: 'outrider-images' } }],
        },
      },
    },
  },
];

/** What Pod Security asks of a container, at its strictest. */
const restricted = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  runAsNonRoot: true,
  runAsUser: 1000,
  seccompProfile: { type: 'RuntimeDefault' },
};

interface Verified {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

function verify(...parameters: readonly string[]): Promise<Verified> {
  return new Promise((resolve) => {
    execFile(process.execPath, [bundle, 'verify', ...parameters], (error, stdout, stderr) =>
      resolve({ exitCode: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}

const manifestFor = (name: string, policy: string, container: JsonObject, spec: JsonObject = {}, annotations = {}) =>
  pod(name, { resources, ...container }, spec, { labels: { policy }, annotations });

/** Creates a pod as its policy makes it, and waits until it is ready. */
async function createPod(here: Namespace, policy: string, manifest: JsonObject): Promise<JsonObject> {
  const options = { ...policies[policy], documents: [imageMap], withoutKeeper: true };
  const { object, report } = await inject(manifest, options);
  t.match(JSON.stringify(object), '"outrider.dev/status":"injected"', 'is instrumented', { report });
  await here.create(object);
  return object;
}

t.before(async () => {
  await kubectlOutput(['apply', '--server-side', '-f', '-'], await crds());
  const objects = [...installed, ...Object.entries(policies).map(([name, options]) => policyObject(name, options))];
  await kubectlOutput(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }));
});

function crds(): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [bundle, 'crds'], (error, stdout) =>
      error === null ? resolve(stdout) : reject(new Error('no definitions', { cause: error })),
    );
  });
}

t.test('a Deployment is traced; a session shows as one; nothing is left behind', async (t) => {
  const here = await createNamespace(t, 'verified');
  const deployment = webDeployment(2, { resources });
  const template = objectOf(objectOf(deployment['spec'])?.['template']) ?? {};
  const labelled = {
    ...deployment,
    spec: {
      ...objectOf(deployment['spec']),
      template: { ...template, metadata: { labels: { app: 'web', policy: 'usual' } } },
    },
  };
  const registries = ['--native-sidecars=true'];
  const { object } = await inject(labelled, { ...policies['usual'], options: registries });
  await here.create(object);
  await kubectlOutput(['rollout', 'status', 'deployment/web', '-n', here.name, '--timeout=4m']);

  const seen = await verify('deploy/web', '-n', here.name);
  t.comment(seen.stdout);
  t.equal(seen.exitCode, 0, seen.stderr);
  t.match(seen.stdout, /^deploy\/web {2}TRACED {2}2 of 2 running pods, namespace verified\n/);
  t.match(seen.stdout, /✓ app +traced +1 process by \d+ instrument\n/);
  t.match(seen.stdout, '! app could change what a look sees: SYS_PTRACE is in effect there\n', 'it runs as root');
  t.match(seen.stdout, 'looked at by exec into sysdig-workload-agent, which leaves nothing behind');

  const name = stringOf(objectOf((await podsOf(here))[0]?.['metadata'])?.['name']) ?? '';
  const parameters = ['exec', '-n', here.name, name, '-c', 'app', '--', 'sleep', '1000'];
  const session = spawn('kubectl', [`--kubeconfig=${join(stateFolder(), 'admin.kubeconfig')}`, ...parameters]);
  t.teardown(() => session.kill());
  await until('the session to be seen', async () =>
    (await verify(`pod/${name}`, '-n', here.name)).stdout.includes('session'),
  );
  const during = await verify(`pod/${name}`, '-n', here.name);
  t.comment(during.stdout);
  t.equal(during.exitCode, 0, 'a session does not decide');
  t.match(during.stdout, /! session \(exec\): \d+ sleep \(not traced\)\n/);

  const debug = ['debug', '-n', here.name, name, `--image=${images.box}`, '-c', 'looker', '--', 'sleep', '1000'];
  await kubectlOutput(debug);
  await until('the debug container to be seen', async () =>
    (await verify(`pod/${name}`, '-n', here.name)).stdout.includes('kubectl debug looker'),
  );
  const report = parsedJson((await verify('-n', here.name, '-o', 'json')).stdout);
  t.match(report, {
    result: 'traced',
    leftOut: 0,
    workloads: [{ running: 2, workload: { kind: 'Deployment', name: 'web' } }],
  });
  for (const each of await podsOf(here)) {
    const added = listOf(objectOf(each['spec'])?.['ephemeralContainers']).filter(isObject);
    t.notOk(
      added.some((one) => stringOf(one['name'])?.startsWith('outrider-')),
      'nothing of ours was added',
    );
  }
});

t.test(
  'without our tools in the agent’s container: nothing is added unasked, and a debug container shows it',
  async (t) => {
    const here = await createNamespace(t, 'strict', { labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } });
    await createPod(here, 'strict', manifestFor('strict', 'strict', { ...shell(idle), securityContext: restricted }));
    await here.ready('strict');
    const unasked = await verify('pod/strict', '-n', here.name);
    t.comment(unasked.stdout);
    t.equal(unasked.exitCode, 2);
    t.match(
      unasked.stdout,
      /not looked at: the agent’s container sysdig-workload-agent has no tools of ours; --debug-container [^]*\? app +not known\n/,
    );
    const asked = await verify('pod/strict', '-n', here.name, '--debug-container');
    t.comment(asked.stdout);
    t.equal(asked.exitCode, 0, asked.stderr);
    t.match(
      asked.stdout,
      /looked at from debug container outrider-verify-[0-9a-f]{8}, which has ended and stays in the pod’s spec/,
    );
    t.match(asked.stdout, /✓ app +traced +2 processes by \d+ instrument/);
    const [left] = listOf(objectOf((await podsOf(here))[0]?.['spec'])?.['ephemeralContainers']);
    t.match(left, { name: /^outrider-verify-/, image: images.tools });
  },
);

t.test('what only looks instrumented is named', async (t) => {
  const here = await createNamespace(t, 'untraced');
  const fake = { text: '#!/bin/sh\nexec "$@"\n' };
  const linked = await pushVariant(
    'verify-linked',
    { Env: ['PATH=/bin'] },
    { 'srv/a/bin/other': fake, 'opt/draios': { linkTo: '/srv/a' } },
  );
  // F6: the agent's folder is a link of the image, with a file of the author's at the wrapper's path after it.
  const behindLink = manifestFor(
    'linked',
    'usual',
    {
      image: linked,
      ...shell(idle),
      volumeMounts: [{ name: 'mine', mountPath: '/srv/a/bin/instrument', subPath: 'instrument' }],
    },
    {
      volumes: [
        {
          name: 'mine',
          downwardAPI: {
            defaultMode: 0o755,
            items: [{ path: 'instrument', fieldRef: { fieldPath: "metadata.annotations['fake']" } }],
          },
        },
      ],
    },
    { fake: fake.text },
  );
  await createPod(here, 'usual', behindLink);
  const detached = { ...shell(idle), env: [{ name: 'STAND_IN_TRACER', value: 'detach' }] };
  await createPod(here, 'usual', manifestFor('detached', 'usual', detached));
  // The agent's files could not be brought in: the stub starts the workload.
  await createPod(here, 'stubbed', manifestFor('stubbed', 'stubbed', shell(idle)));
  await here.create(manifestFor('missed', 'usual', shell(idle)));
  const old = await inject(manifestFor('stale', 'stale', shell(idle)), policies['strict']);
  await here.create(old.object);
  const proxied = manifestFor('proxied', 'usual', shell(idle), {
    containers: [
      { name: 'app', image: images.box, resources, ...shell(idle) },
      { name: 'istio-proxy', image: images.box, resources, ...shell(idle) },
    ],
  });
  await createPod(here, 'usual', proxied);
  for (const name of ['linked', 'detached', 'stubbed', 'missed', 'stale', 'proxied']) await here.ready(name);

  const seen = await verify('-n', here.name);
  t.comment(seen.stdout);
  t.equal(seen.exitCode, 1, seen.stderr);
  const of = (name: string): string =>
    seen.stdout.split('\n\n').find((block) => block.startsWith(`pod/${name} `)) ?? '';
  for (const name of ['linked', 'detached', 'stubbed']) {
    t.match(of(name), `pod/${name}  UNTRACED`);
    t.match(of(name), /✗ app +untraced +\d not traced\n +not traced: .*\d+ sh\b/);
  }
  t.match(of('missed'), /✗ app +untraced +the pod’s spec starts it without the tracer$/m);
  t.match(of('stale'), 'pod/stale  NOT KNOWN');
  t.match(of('stale'), /\? sysdig-workload-agent +not known +it is called like a part of ours/);
  t.match(of('proxied'), /✓ app +traced/);
  t.match(of('proxied'), /· istio-proxy +not covered/);

  const ofPolicy = parsedJson((await verify('--policy', 'stubbed', '-o', 'json')).stdout);
  t.match(ofPolicy, { result: 'untraced', workloads: [{ workload: { kind: 'Pod', name: 'stubbed' } }] });
  const lookedInto = await verify('pod/stale', '-n', here.name, '--debug-container');
  t.equal(lookedInto.exitCode, 2);
  t.match(lookedInto.stdout, /✓ app +traced +2 processes by/);
  const nothing = await verify('--policy', 'nobody');
  t.equal(nothing.exitCode, 2);
  t.match(nothing.stderr, 'there is no policy nobody');
});

t.test('a tracer that is killed takes its container along, and what runs then is traced', async (t) => {
  const here = await createNamespace(t, 'killed');
  await createPod(here, 'usual', manifestFor('killed', 'usual', shell(idle)));
  const before = await here.ready('killed');
  const { tracer } = tracedIn(containerOf(before, 'app').id, sysdigWrapper);
  process.kill(tracer?.pid ?? 0, 'SIGKILL');
  await here.waitFor('killed', 'started again', (now) => now.ready && containerOf(now, 'app').restarts === 1);
  const seen = await verify('pod/killed', '-n', here.name);
  t.equal(seen.exitCode, 0, seen.stdout);
});

t.test('whoever may not exec is told which right is lacking', async (t) => {
  const here = await createNamespace(t, 'forbidden');
  await createPod(here, 'usual', manifestFor('one', 'usual', shell(idle)));
  await here.ready('one');
  const rules = [
    { apiGroups: [''], resources: ['pods', 'namespaces'], verbs: ['get', 'list'] },
    { apiGroups: ['outrider.dev'], resources: ['*'], verbs: ['list'] },
    { apiGroups: ['apps'], resources: ['deployments'], verbs: ['get'] },
    { apiGroups: [''], resources: ['configmaps'], verbs: ['get'] },
  ];
  const subjects = [{ kind: 'ServiceAccount', name: 'default', namespace: here.name }];
  const role = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: { name: 'looker' }, rules };
  const binding = {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: 'looker' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'looker' },
    subjects,
  };
  await here.create(role);
  await here.create(binding);
  t.teardown(() => kubectl(['delete', 'clusterrole/looker', 'clusterrolebinding/looker']));
  const token = (await kubectlOutput(['create', 'token', 'default', '-n', here.name])).trim();
  const file = join(stateFolder(), 'looker.kubeconfig');
  await kubectlOutput(['config', 'view', '--raw', '--flatten', '-o', 'json']).then(async (text) => {
    const config = objectOf(parsedJson(text)) ?? {};
    const context = listOf(config['contexts']).filter(isObject)[0];
    const contexts = [{ ...context, context: { ...objectOf(context?.['context']), user: 'looker' } }];
    const users = [{ name: 'looker', user: { token } }];
    const { writeFile } = await import('node:fs/promises');
    await writeFile(file, JSON.stringify({ ...config, users, contexts, 'current-context': context?.['name'] }));
  });
  const seen = await verify('pod/one', '-n', here.name, '--kubeconfig', file);
  t.comment(seen.stdout);
  t.equal(seen.exitCode, 2, seen.stderr);
  t.match(
    seen.stdout,
    /forbidden \(403\), which needs the rights to get and create pods\/exec: .*cannot get resource "pods\/exec"/,
  );
  const debugging = await verify('pod/one', '-n', here.name, '--kubeconfig', file, '--debug-container');
  t.match(debugging.stdout, /which needs the rights to get pods, patch pods\/ephemeralcontainers and get pods\/log/);
});

async function podsOf({ name }: Namespace): Promise<readonly JsonObject[]> {
  const list = parsedJson(await kubectlOutput(['get', 'pods', '-n', name, '-o', 'json']));
  return listOf(objectOf(list)?.['items']).filter(isObject);
}
