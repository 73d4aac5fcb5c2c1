import t, { type Test } from 'tap';
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

/** What an author puts where the tracer should be: it starts what follows it, and that is all. */
const fake = { text: '#!/bin/sh\nexec "$@"\n' };
const entrypoint = { Entrypoint: ['sh', '-c', "trap 'exit 0' TERM; sleep 1000 & wait"], Env: ['PATH=/bin'] };
const command = entrypoint.Entrypoint;

/**
 * What happens to a forged pod: `refused` by Outrider, with this reason; `traced`; `stuck`, so that nothing runs; or
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
  /** What the author makes of the injected pod before it is handed in once more. @param agent JSON pointer to our agent */
  readonly forge?: (agent: string) => readonly Operation[];
  readonly ends: Ends;
  /** Where it ends otherwise with files that come by an image volume; `undefined` for a case of a copy alone. */
  readonly byImage?: Ends | undefined;
}

type Ends = Readonly<Record<(typeof both)[number], End>>;

/** How the agent's files come, and where our agent is among the pod's init containers then. */
const deliveries = { Copy: '/spec/initContainers/2', ImageVolume: '/spec/initContainers/0' } as const;

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

const always = (end: End): Ends => ({ Availability: end, Security: end });

const forbidden: Case['policy'] = { spec: { agent, optOut: 'Forbidden' } };
const copyStep = '/spec/initContainers/1';
const neighbour = (securityContext: JsonObject) => (): readonly Operation[] => [
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
    forge: (agent) => [
      { op: 'add', path: '/spec/volumes/-', value: { name: 'mine', emptyDir: {} } },
      {
        op: 'add',
        path: `${agent}/volumeMounts`,
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
    forge: (agent) => [{ op: 'add', path: `${agent}/envFrom`, value: [{ configMapRef: { name: 'mine' } }] }],
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
    forge: () => [{ op: 'add', path: `${copyStep}/terminationMessagePath`, value: '/opt/draios/bin/instrument' }],
    ends: always('traced'),
    byImage: undefined,
  },
  'F7: a container before ours that runs as root': {
    container: { command },
    policy: forbidden,
    forge: neighbour({ runAsUser: 0 }),
    ends: always({ refused: 'tampered' }),
    // Nothing that it could write to: an image volume is read-only, and no step fills it.
    byImage: undefined,
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

/** What happened to the pod on the node. */
async function seenEnd(here: Namespace, name: string, wrapper: string): Promise<End> {
  const seen = await here.waitFor(name, 'Ready, or known not to start', ({ ready, containers }) => {
    const { reason = '', lastReason = '' } = containers['app'] ?? {};
    return ready || /Error|CrashLoop/.test(`${reason} ${lastReason}`);
  });
  if (!seen.ready) return 'stuck';
  return tracedIn(containerOf(seen, 'app').id, wrapper).allTraced ? 'traced' : 'untraced';
}

/** Hands every case in by one delivery, and looks at what happened to it. */
async function handIn(t: Test, delivery: keyof typeof deliveries): Promise<void> {
  const short = delivery.toLowerCase();
  const here = await createNamespace(t, `forged-${short}`);
  await here.create({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'mine' },
    data: { __INSTRUMENTATION_WRAPPER: '/bin/false', LD_PRELOAD: '/mine.so' },
  });
  const running: { readonly title: string; readonly name: string; readonly wrapper: string; readonly end: End }[] = [];
  for (const [index, [title, one]] of [...Object.entries(cases).entries()]) {
    const { files, volumes = [], container, spec, policy = { spec: { agent } }, wrapper = sysdigWrapper, forge } = one;
    const ends = delivery === 'ImageVolume' && 'byImage' in one ? one.byImage : one.ends;
    if (ends === undefined) continue;
    const config = { ...entrypoint, Volumes: Object.fromEntries(volumes.map((path) => [path, {}])) };
    const image = await pushVariant(`forged-${index}`, config, files);
    for (const prefer of both) {
      const [name, end] = [`case-${index}-${prefer.toLowerCase()}`, ends[prefer]];
      const by = { prefer, spec: { ...policy.spec, delivery } };
      const plain = pod(name, { image, ...container }, spec, { annotations: { fake: fake.text } });
      const manifest =
        forge === undefined ? plain : patched((await inject(plain, by)).object, forge(deliveries[delivery]));
      const { object, report } = await injectOrRefuse(manifest, by);
      const what = `${title}, ${prefer}, ${delivery}`;
      if (typeof end === 'object') {
        t.match(report, end.refused, `${what}: refused`);
        t.same(object, manifest, `${what}: and left as it is`);
        continue;
      }
      t.match(JSON.stringify(object), '"outrider.dev/status":"injected"', `${what}: let in`, { report });
      t.equal(/"image":\{"reference"/.test(JSON.stringify(object)), delivery === 'ImageVolume', what);
      await here.create(object);
      running.push({ title: what, name, wrapper, end });
    }
  }
  for (const { title, name, wrapper, end } of running) t.equal(await seenEnd(here, name, wrapper), end, title);
}

t.test('a forged pod is refused, or traced, or one of those that docs/security.md names', (t) => handIn(t, 'Copy'));

t.test('F3: so is one whose files come by an image volume', (t) => handIn(t, 'ImageVolume'));
