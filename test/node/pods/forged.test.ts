import t from 'tap';
import { listOf, type JsonObject } from '../../../src/model/json.js';
import type { Operation } from '../../../src/model/patch.js';
import { patched } from '../../support/json.js';
import type { Image } from '../support/image.js';
import { datadog, inject, keySecret, pullSecret, type Injected, type PolicyOptions } from '../support/inject.js';
import { images, pushVariant } from '../support/images.js';
import { createNamespace, type Namespace } from '../support/namespace.js';
import { datadogWrapper, pod, sysdigWrapper } from '../support/pods.js';
import { containerOf } from '../support/pod-status.js';
import { tracedIn } from '../support/processes.js';

t.setTimeout(900_000);

/** The node has two processors, and other tests run on it too. */
const resources = { requests: { cpu: '10m', memory: '32Mi' } };
const both = ['Availability', 'Security'] as const;

/** What an author puts where the tracer should be: it starts what stands behind it, and that is all. */
const fake = { text: '#!/bin/sh\nexec "$@"\n' };
const entrypoint = { Entrypoint: ['sh', '-c', "trap 'exit 0' TERM; sleep 1000 & wait"], Env: ['PATH=/bin'] };
const command = entrypoint.Entrypoint;

/**
 * What becomes of a forged pod: `refused` by Outrider, with this reason; `traced`; `stuck`, so that nothing runs; or
 * `untraced`, where docs/security.md says that this remains.
 */
type End = { readonly refused: string } | 'traced' | 'stuck' | 'untraced';

interface Case {
  /** The author's image: its own files, and the paths that it declares as volumes. */
  readonly files?: Image['files'];
  readonly volumes?: readonly string[];
  readonly container?: JsonObject;
  readonly spec?: JsonObject;
  readonly policy?: Pick<PolicyOptions, 'spec'>;
  readonly wrapper?: string;
  /** What the author makes of the injected pod before it is handed in once more. */
  readonly forge?: readonly Operation[];
  readonly ends: Readonly<Record<(typeof both)[number], End>>;
}

const sysdigFake: Image['files'] = { 'opt/draios/bin/instrument': fake };
const datadogFake: Image['files'] = { 'cws-instrumentation-volume/cws-instrumentation': fake };
const inDatadog: Pick<Case, 'policy' | 'wrapper'> = {
  policy: {
    spec: {
      profile: datadog,
      agent: {
        image: images.datadogAgent,
        imagePullSecrets: [pullSecret],
        resources: { ...resources, limits: resources.requests },
      },
      credentials: { secretRef: { name: keySecret, key: 'key' } },
    },
  },
  wrapper: datadogWrapper,
};
const agent = { image: images.agent, imagePullSecrets: [pullSecret], resources };
const byImageVolume = { spec: { agent, delivery: 'ImageVolume' } };

/** Files of the author's over a path of the image. */
const mounted = (mountPath: string, subPath?: string): Pick<Case, 'container' | 'spec'> => ({
  container: {
    command,
    volumeMounts: [{ name: 'mine', mountPath, ...(subPath === undefined ? {} : { subPath }) }],
  },
  spec: {
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
});

/** The same, and a volume in which an init container has made a link. */
const behindOwnLink = (link: string, target: string, mountPath: string): Pick<Case, 'container' | 'spec'> => {
  const files = mounted(mountPath);
  const links = { name: 'links', mountPath: '/srv' };
  const makeLink = `/tools/busybox mkdir -p ${link.slice(0, link.lastIndexOf('/'))}; /tools/busybox ln -s ${target} ${link}`;
  return {
    container: { command, volumeMounts: [links, { name: 'mine', mountPath }] },
    spec: {
      volumes: [{ name: 'links', emptyDir: {} }, ...listOf(files.spec?.['volumes'])],
      initContainers: [
        {
          name: 'linker',
          image: images.tools,
          command: ['/tools/busybox', 'sh', '-c', makeLink],
          resources,
          volumeMounts: [links],
        },
      ],
    },
  };
};

const always = (end: End): Case['ends'] => ({ Availability: end, Security: end });

const forbidden: Case['policy'] = { spec: { agent, optOut: 'Forbidden' } };
/** Our copy step and our agent among the init containers of an injected pod. */
const [copyStep, agentContainer] = ['/spec/initContainers/1', '/spec/initContainers/2'];
const neighbour = (securityContext: JsonObject): readonly Operation[] => [
  {
    op: 'add',
    path: '/spec/initContainers/0',
    value: { name: 'helper', image: images.tools, command: ['/tools/busybox', 'true'], resources, securityContext },
  },
];

const cases: Readonly<Record<string, Case>> = {
  'F1: a volume of the author’s over the agent’s files, and ours to be written to, in our agent': {
    container: { command },
    policy: forbidden,
    forge: [
      { op: 'add', path: '/spec/volumes/-', value: { name: 'mine', emptyDir: {} } },
      {
        op: 'add',
        path: `${agentContainer}/volumeMounts`,
        value: [
          { name: 'mine', mountPath: '/opt/draios' },
          { name: 'sysdig-workload-agent', mountPath: '/vol' },
        ],
      },
    ],
    ends: always('traced'),
  },
  'F2: envFrom in our agent': {
    container: { command },
    policy: forbidden,
    forge: [{ op: 'add', path: `${agentContainer}/envFrom`, value: [{ configMapRef: { name: 'mine' } }] }],
    ends: always('traced'),
  },
  'F4: a reserved variable out of a ConfigMap': {
    container: { command, envFrom: [{ configMapRef: { name: 'mine' } }] },
    policy: forbidden,
    ends: always('traced'),
  },
  'F5: last words of our copy step at the wrapper’s path': {
    container: { command },
    policy: forbidden,
    forge: [{ op: 'add', path: `${copyStep}/terminationMessagePath`, value: '/opt/draios/bin/instrument' }],
    ends: always('traced'),
  },
  'F7: a container before ours that runs as root': {
    container: { command },
    policy: forbidden,
    forge: neighbour({ runAsUser: 0 }),
    ends: always({ refused: 'tampered' }),
  },
  'F7: a container before ours that runs as our user': {
    container: { command },
    policy: forbidden,
    forge: neighbour({ runAsUser: 59417, runAsGroup: 59417 }),
    ends: always({ refused: 'agent_user_taken' }),
  },
  'F11: a first word that the tracer takes for an option': {
    container: { command: ['--version', ...command] },
    policy: forbidden,
    ends: always({ refused: 'entrypoint_is_option' }),
  },
  'F12: an alias for the host that the agent sends to': {
    container: { command },
    spec: { hostAliases: [{ ip: '10.0.0.1', hostnames: ['collector.test'] }] },
    policy: forbidden,
    ends: always({ refused: 'tampered' }),
  },

  'F3: a VOLUME at the wrapper’s folder': {
    files: sysdigFake,
    volumes: ['/opt/draios/bin'],
    container: { command },
    ends: always('traced'),
  },
  'F3: the same, with what starts out of the image': {
    files: sysdigFake,
    volumes: ['/opt/draios/bin/'],
    ends: always('traced'),
  },
  'F3: the same where the files come by an image volume': {
    files: sysdigFake,
    volumes: ['/opt/draios/bin'],
    container: { command },
    policy: byImageVolume,
    ends: always('traced'),
  },
  'F3: VOLUMEs at the agent’s folder and above it': {
    files: sysdigFake,
    volumes: ['/opt', '/opt/draios'],
    ends: always('traced'),
  },
  'F3: VOLUMEs at the wrapper’s folder, which is the volume’s root': {
    files: datadogFake,
    volumes: ['/cws-instrumentation-volume'],
    ...inDatadog,
    ends: always('traced'),
  },
  'F3: a VOLUME at another folder of the agent’s, of an image that is looked up': {
    files: sysdigFake,
    volumes: ['/opt/draios/lib'],
    // Without such a folder among the agent's files the runtime has nothing to mount it on, and the pod would be stuck.
    ends: always({ refused: 'image_declares_volume' }),
  },
  'F3: a VOLUME at the wrapper itself, of an image that is not looked up': {
    files: { 'opt/draios/bin/instrument/instrument': fake },
    volumes: ['/opt/draios/bin/instrument'],
    container: { command },
    ends: always('stuck'),
  },
  'F5: last words at the wrapper’s path': {
    container: { command, terminationMessagePath: '/opt/draios/bin/instrument' },
    ends: always({ refused: 'mount_path_taken' }),
  },
  'F5: files at the wrapper’s folder, by way of a process’s root': {
    ...mounted('/proc/self/root/opt/draios/bin'),
    ends: always({ refused: 'mount_path_taken' }),
  },
  'F6: the agent’s folder is a link, with files at the wrapper’s folder behind it': {
    files: { 'srv/a/bin/other': fake, 'opt/draios': { linkTo: '/srv/a' } },
    ...mounted('/srv/a/bin'),
    ends: always('traced'),
  },
  'F6: the agent’s folder is a link, with a file at the wrapper’s path behind it': {
    files: { 'srv/a/bin/other': fake, 'opt/draios': { linkTo: '/srv/a' } },
    ...mounted('/srv/a/bin/instrument', 'instrument'),
    ends: always('untraced'),
  },
  'F6: a link in a volume of the author’s, with files mounted deeper than ours behind it': {
    ...behindOwnLink('/srv/a/l', '/opt/draios', '/srv/a/l/bin'),
    ends: always('untraced'),
  },
  'F6: a VOLUME behind a link of the image': {
    files: { 'opt/draios/bin/instrument': fake, 'srv/a/b/l': { linkTo: '/opt/draios/bin' } },
    volumes: ['/srv/a/b/l'],
    container: { command },
    ends: always('untraced'),
  },
  'F6: a VOLUME at a process’s root': {
    files: { 'proc/self/root/opt/draios/bin/instrument': fake },
    volumes: ['/proc/self/root/opt/draios/bin'],
    container: { command },
    ends: always('untraced'),
  },
};

/** What Outrider makes of a pod; as it came where it refuses it. */
async function injectOrRefuse(manifest: JsonObject, policy: PolicyOptions): Promise<Injected> {
  try {
    return await inject(manifest, policy);
  } catch (error) {
    return { object: manifest, report: String(error) };
  }
}

/** What became of the pod on the node. */
async function seenEnd(here: Namespace, name: string, wrapper: string): Promise<End> {
  const seen = await here.waitFor(name, 'Ready, or known not to start', ({ ready, containers }) => {
    const { reason = '', lastReason = '' } = containers['app'] ?? {};
    return ready || /Error|CrashLoop/.test(`${reason} ${lastReason}`);
  });
  if (!seen.ready) return 'stuck';
  return tracedIn(containerOf(seen, 'app').id, wrapper).allTraced ? 'traced' : 'untraced';
}

t.test('a forged pod is refused, or traced, or one of those that docs/security.md names', async (t) => {
  const here = await createNamespace(t, 'forged');
  await here.create({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'mine' },
    data: { __INSTRUMENTATION_WRAPPER: '/bin/false', LD_PRELOAD: '/mine.so' },
  });
  const running: { readonly title: string; readonly name: string; readonly wrapper: string; readonly end: End }[] = [];
  for (const [
    index,
    [
      title,
      { files, volumes = [], container, spec, policy = { spec: { agent } }, wrapper = sysdigWrapper, forge = [], ends },
    ],
  ] of [...Object.entries(cases).entries()]) {
    const config = { ...entrypoint, Volumes: Object.fromEntries(volumes.map((path) => [path, {}])) };
    const image = await pushVariant(`forged-${index}`, config, files);
    for (const prefer of both) {
      const [name, end] = [`case-${index}-${prefer.toLowerCase()}`, ends[prefer]];
      const annotations = { fake: fake.text };
      const plain = pod(name, { image, ...container }, spec, { annotations });
      const manifest = forge.length === 0 ? plain : patched((await inject(plain, { prefer, ...policy })).object, forge);
      const { object, report } = await injectOrRefuse(manifest, { prefer, ...policy });
      if (typeof end === 'object') {
        t.match(report, end.refused, `${title}, ${prefer}: refused`);
        t.same(object, manifest, `${title}, ${prefer}: and left as it is`);
        continue;
      }
      t.match(JSON.stringify(object), '"outrider.dev/status":"injected"', `${title}, ${prefer}: let in`, { report });
      await here.create(object);
      running.push({ title: `${title}, ${prefer}`, name, wrapper, end });
    }
  }
  for (const { title, name, wrapper, end } of running) t.equal(await seenEnd(here, name, wrapper), end, title);
});
