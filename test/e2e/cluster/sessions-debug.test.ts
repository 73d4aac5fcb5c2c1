import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { lookContainer } from '../../../src/inject/pod/debug/look-container.js';
import { isObject, listOf, objectOf, stringOf, type JsonObject } from '../../../src/model/json.js';
import { apiVersion } from '../../../src/model/names.js';
import { until } from './guarded-process.js';
import { install } from './installation.js';
import { agent, isInstrumented, wrapper } from './instrumented.js';
import type { KubectlResult } from './kubectl.js';
import { accessKey, conditionsOf, messageOf, namespace, policy } from './objects.js';
import { pod, summaryOf } from './pods.js';

t.setTimeout(900_000);

// Debug containers behind a real API server, as kubectl debug adds them. No node starts them.

const image = 'registry.example/tools:1';
const volumeImage = 'registry.example/volume:1';
const toolsImage = 'registry.example/outrider:1';
const agentUser = 59_417;
const values = { sessions: { breakGlassGroups: ['break-glass'] } };

/** By the tier of the namespaces that a policy is for; a namespace has its tier's name. */
const specs: Readonly<Record<string, JsonObject>> = {
  strict: { prefer: 'Security' },
  forbidden: { optOut: 'Forbidden' },
  tracing: { sessions: { debug: 'Trace' } },
  recording: { prefer: 'Security', sessions: { debug: 'Record' } },
  closed: { sessions: { debug: 'Deny', exempt: { users: ['trusted'] } } },
  open: {},
  imaged: { prefer: 'Security', delivery: 'ImageVolume' },
};

const here = await install({ values, flags: [`--tools-image=${toolsImage}`, '--image-volumes=true'] });
t.teardown(() => here.stop());
const images = join(here.api.directory, 'images.json');
writeFileSync(
  images,
  JSON.stringify({
    [image]: { entrypoint: ['/bin/sh'], cmd: ['-c', 'echo $HOME'] },
    [volumeImage]: { entrypoint: ['/x'] },
  }),
);
await here.addReplica('one', [`--image-config=${images}`]);
await here.addReplica('two', [`--image-config=${images}`]);
await here.apply(Object.keys(specs).flatMap((tier) => [namespace(tier, { tier }), accessKey(tier)]));
await here.apply(Object.entries(specs).map(([tier, spec]) => policy(tier, { tier }, spec)));
for (const tier of Object.keys(specs)) {
  await until(`policy ${tier} to be in force`, async () =>
    conditionsOf(await here.get('ipol', tier)).some((condition) => condition.startsWith('InForce=True')),
  );
  const created = await here.created(tier, pod('web', { labels: { app: 'web' } }));
  if (created.status !== 'injected') throw new Error(`the pod of ${tier} is not instrumented`);
}

let count = 0;

/** Adds a debug container as a person does, and returns it as it is stored; `undefined` where it is refused. */
async function debug(
  tier: string,
  ...parameters: readonly string[]
): Promise<{ readonly said: string; readonly container: JsonObject | undefined }> {
  const name = `debugger-${++count}`;
  const result = await here.api.kubectl(['debug', '-n', tier, 'web', '-c', name, ...parameters]);
  return { said: saidBy(result), container: await ephemeral(tier, name) };
}

async function ephemeral(tier: string, name: string): Promise<JsonObject | undefined> {
  const stored = await here.get('pod', 'web', tier);
  return listOf(objectOf(stored['spec'])?.['ephemeralContainers'])
    .filter(isObject)
    .find((one) => one['name'] === name);
}

/** Adds a whole ephemeral container, by the subresource. */
function add(tier: string, container: JsonObject, ...flags: readonly string[]): Promise<KubectlResult> {
  const patch = { spec: { ephemeralContainers: [container] } };
  const parameters = ['patch', 'pod', 'web', '-n', tier, '--subresource=ephemeralcontainers', '--type=strategic'];
  return here.api.kubectl([...parameters, '-p', JSON.stringify(patch), ...flags]);
}

function saidBy({ stdout, stderr }: KubectlResult): string {
  return `${stdout}${stderr}`;
}

const files = [
  { name: agent, mountPath: '/opt/draios', readOnly: true },
  { name: `${agent}-bin`, mountPath: '/opt/draios/bin', readOnly: true },
];

const isTraced = (container: JsonObject | undefined): boolean =>
  listOf(container?.['command'])[0] === wrapper &&
  files.every(({ name, mountPath }) =>
    listOf(container?.['volumeMounts']).some((mount) => {
      const one = objectOf(mount);
      return one?.['name'] === name && one['mountPath'] === mountPath && one['readOnly'] === true;
    }),
  );

t.test('each profile of kubectl debug, under each preference', async (t) => {
  for (const profile of ['legacy', 'general', 'baseline', 'restricted', 'netadmin', 'sysadmin']) {
    for (const tier of ['tracing', 'forbidden']) {
      const { container, said } = await debug(tier, `--image=${image}`, `--profile=${profile}`);
      t.ok(isTraced(container), `${tier}, ${profile}: traced`, { said, container });
      t.same(container?.['args'], ['-c', 'echo $$HOME'], 'E6: what the image says is not expanded');
    }
    const { container, said } = await debug(
      'strict',
      `--image=${image}`,
      `--profile=${profile}`,
      '--',
      'sh',
      '-c',
      'id',
    );
    if (profile === 'general' || profile === 'sysadmin') {
      t.equal(container, undefined, `strict, ${profile}: denied`);
      t.match(said, /policy strict does not let this debug container start \(debug_privilege_forbidden\).*--profile=/);
    } else {
      t.ok(isTraced(container), `strict, ${profile}: traced`, { said, container });
      t.match(container, { command: [wrapper, 'sh', '-c', 'id'] });
    }
  }
});

t.test('with --target; and a second one leaves the first as it is', async (t) => {
  const first = await debug('strict', `--image=${image}`, '--profile=baseline', '--target=app', '--', 'id');
  t.match(first.container, { targetContainerName: 'app' });
  t.ok(isTraced(first.container), first.said);
  const second = await debug('strict', `--image=${image}`, '--profile=baseline', '--', 'id');
  t.ok(isTraced(second.container), second.said);
  t.same(await ephemeral('strict', stringOf(first.container?.['name']) ?? ''), first.container);
});

t.test('--copy-to makes a new pod, which is instrumented whole', async (t) => {
  for (const tier of ['strict', 'tracing']) {
    const flags = ['--copy-to=copy', '--profile=baseline', '-c', 'debugger'];
    const made = await here.api.kubectl(['debug', '-n', tier, 'web', `--image=${image}`, ...flags, '--', 'sleep', '1']);
    t.equal(made.exitCode, 0, saidBy(made));
    const copy = summaryOf(await here.get('pod', 'copy', tier));
    isInstrumented(t, copy);
    t.match(
      copy.containers.map(({ name }) => name),
      ['app', 'debugger'],
    );
  }
});

t.test('every mode; a pod that is not instrumented; and who is exempt', async (t) => {
  for (const tier of ['recording', 'open']) {
    const { container, said } = await debug(tier, `--image=${image}`, '--profile=sysadmin', '--', 'id');
    t.match(container, { command: ['id'] }, `${tier}: as it came`, { said });
    t.equal(container?.['volumeMounts'], undefined);
    t.notMatch(said, 'outrider');
  }
  const closed = await debug('closed', `--image=${image}`, '--profile=baseline', '--', 'id');
  t.equal(closed.container, undefined);
  t.match(closed.said, /policy closed does not let this debug container start \(session_denied\)/);
  const exempt = await add('closed', { name: 'exempt', image }, '--as=trusted', '--as-group=system:masters');
  t.equal(exempt.exitCode, 0, exempt.stderr);

  const bare = await here.api.kubectl(['label', 'namespace', 'open', 'tier=strict', '--overwrite']);
  t.equal(bare.exitCode, 0);
  await here.apply([namespace('late')]);
  const late = await here.create('late', pod('web'));
  t.equal(late.exitCode, 0, late.stderr);
  await here.api.kubectl(['label', 'namespace', 'late', 'tier=strict']);
  const { container } = await debug('late', `--image=${image}`, '--profile=sysadmin', '--', 'id');
  t.match(container, { command: ['id'] }, 'left as it is');
});

t.test('F9: by a custom profile or by hand, nobody gets at the agent’s files or in its place', async (t) => {
  const custom = join(here.api.directory, 'custom.json');
  const denied: Readonly<Record<string, readonly [JsonObject, string]>> = {
    'our volume read-write': [{ volumeMounts: [{ name: agent, mountPath: '/mnt' }] }, 'debug_mount_forbidden'],
    'our volume over itself': [
      { volumeMounts: [{ name: `${agent}-bin`, mountPath: '/opt/draios/bin' }] },
      'debug_mount_forbidden',
    ],
    'our volume read-only elsewhere': [
      { volumeMounts: [{ name: agent, mountPath: '/mnt', readOnly: true }] },
      'debug_mount_forbidden',
    ],
    'our user': [{ securityContext: { runAsUser: agentUser } }, 'debug_user_forbidden'],
  };
  for (const [what, [fields, reason]] of Object.entries(denied)) {
    writeFileSync(custom, JSON.stringify(fields));
    for (const tier of ['strict', 'forbidden']) {
      const { container, said } = await debug(
        tier,
        `--image=${image}`,
        '--profile=baseline',
        `--custom=${custom}`,
        '--',
        'id',
      );
      t.equal(container, undefined, `${tier}: ${what}`);
      t.match(said, `(${reason})`);
    }
  }
  const unknown = await debug('strict', '--image=registry.example/unknown:1', '--profile=baseline', '--', 'id');
  t.match(unknown.said, /\(debug_image_unknown\)/);
  const let_ = await debug('tracing', '--image=registry.example/unknown:1', '--profile=baseline', '--', 'id');
  t.match(let_.container, { command: ['id'] });
  t.match(let_.said, /Warning: outrider: debug container debugger-\d+ is not traced, debug_image_unknown/);

  const env = { name: 'own-env', image, env: [{ name: '__INSTRUMENTATION_WRAPPER', value: '/bin/true' }] };
  for (const tier of ['forbidden', 'strict']) t.match(saidBy(await add(tier, env)), /\(tampered\)/, tier);
});

t.test('an update that also changes something else gets its debug container traced, and nothing else', async (t) => {
  const before = await here.get('pod', 'web', 'strict');
  const patch = {
    metadata: { labels: { 'outrider.dev/inject': 'disabled' } },
    spec: { containers: [{ name: 'app', command: ['/bin/app'] }], ephemeralContainers: [{ name: 'sly', image }] },
  };
  const result = await here.api.kubectl([
    ...['patch', 'pod', 'web', '-n', 'strict', '--subresource=ephemeralcontainers', '--type=strategic'],
    ...['-p', JSON.stringify(patch)],
  ]);
  t.equal(result.exitCode, 0, result.stderr);
  t.ok(isTraced(await ephemeral('strict', 'sly')));
  const after = await here.get('pod', 'web', 'strict');
  t.same(objectOf(after['spec'])?.['containers'], objectOf(before['spec'])?.['containers']);
  t.same(objectOf(after['metadata'])?.['labels'], objectOf(before['metadata'])?.['labels']);
});

t.test('the debug container of verify passes', async (t) => {
  for (const tier of ['strict', 'forbidden', 'tracing']) {
    const result = await add(tier, lookContainer('outrider-verify-0a1b2c3d', toolsImage, agentUser));
    t.equal(result.exitCode, 0, `${tier}: ${result.stderr}`);
    t.equal(listOf((await ephemeral(tier, 'outrider-verify-0a1b2c3d'))?.['command'])[0], '/tools/busybox');
  }
});

t.test(
  'with an image volume: what cannot be traced is a condition’s to say; a tracer that moves is moved',
  async (t) => {
    await until('the condition', async () =>
      conditionsOf(await here.get('ipol', 'imaged')).includes('Sessions=False DebugUntraceable'),
    );
    t.match(messageOf(await here.get('ipol', 'imaged'), 'Sessions'), 'session.relocatable');
    const { said } = await debug('imaged', `--image=${image}`, '--profile=baseline', '--', 'id');
    t.match(said, /\(debug_untraceable\)/);

    const profile = {
      apiVersion,
      kind: 'InstrumentationProfile',
      metadata: { name: 'moving' },
      spec: {
        version: '1',
        image: 'registry.example/moving:1',
        wrapper: { argv: ['/opt/moving/bin/trace', '--'] },
        session: { relocatable: true },
        volume: { name: 'moving', mountPath: '/opt/moving', imageVolume: { subPath: 'opt/moving' } },
      },
    };
    await here.apply([
      profile,
      namespace('moving', { tier: 'moving' }),
      policy(
        'moving',
        { tier: 'moving' },
        { prefer: 'Security', profile: { name: 'moving' }, delivery: 'ImageVolume' },
      ),
    ]);
    await until('policy moving to be in force', async () =>
      conditionsOf(await here.get('ipol', 'moving')).some((condition) => condition.startsWith('InForce=True')),
    );
    t.equal((await here.created('moving', pod('web'))).status, 'injected');
    const moved = await debug('moving', `--image=${image}`, '--profile=baseline', '--', 'id');
    t.match(moved.container, {
      command: ['/outrider/opt/moving/bin/trace', '--', 'id'],
      volumeMounts: [{ name: 'moving', mountPath: '/outrider', readOnly: true }],
    });
  },
);

t.test('with no replica: Security stays shut but for those who are exempt, Availability goes on', async (t) => {
  for (const replica of [...here.replicas]) await here.kill(replica);
  const strict = await debug('strict', `--image=${image}`, '--profile=baseline', '--', 'id');
  t.match(strict.said, /failed calling webhook/);
  t.equal(strict.container, undefined);
  const open = await debug('tracing', `--image=${image}`, '--profile=baseline', '--', 'id');
  t.match(open.container, { command: ['id'] }, open.said);
  const exempt = await add(
    'strict',
    { name: 'glass', image },
    '--as=jo',
    '--as-group=break-glass',
    '--as-group=system:masters',
  );
  t.equal(exempt.exitCode, 0, exempt.stderr);
});
