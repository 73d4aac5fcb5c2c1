import t, { type Test } from 'tap';
import type { ImageConfig } from '../../../src/model/image.js';
import { listOf, objectOf, stringOf, stringsOf, type JsonObject } from '../../../src/model/json.js';
import { engineOf, policyText, resolverOf } from '../../support/engine.js';
import { patched, textOf } from '../../support/json.js';
import { comparable, createAll, decided, isByApiServer, objectsOf, settled, type Scene } from './by-api-server.js';
import type { Created } from './dry-run-pods.js';
import { startScenes } from './started-scenes.js';

t.setTimeout(900_000);

/** The longest reference, words that are hard to quote, and as many images as there is room for. */
const longest = `registry.example/${'a'.repeat(4000)}:1.2.3`;
const images: Record<string, ImageConfig> = {
  [longest]: { entrypoint: ['/long'], cmd: [] },
  'shop/quotes:1.2.3': { entrypoint: ['/it\'s "so"', '\\n`~/'], cmd: ['$(x)', 'a~b/c', '{}', '\u2028'] },
};
for (let index = 0; index < 400; index++) images[`shop/image-${index}:1.2.3`] = { entrypoint: ['/app'], cmd: ['--x'] };

const scene: Scene = {
  namespace: 'shop',
  namespaceLabels: {},
  policyName: 'it.s-a',
  engine: {
    ...engineOf(
      policyText('it.s-a', {
        prefer: 'Security',
        profile: { name: 'sysdig', settings: { region: 'us2', extraConf: `it's: "so" ~/ $(X) \`\\n` } },
      }),
    ),
    images: resolverOf(images),
  },
  references: Object.keys(images),
};

const { api, pods } = await startScenes(t, [scene]);

function podOf(spec: JsonObject, metadata: JsonObject = {}): JsonObject {
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web', ...metadata }, spec };
}

const app = { name: 'app', image: 'x', command: ['/app'] };
await settled('the first pod', async () =>
  isByApiServer((await pods.create('shop', podOf({ containers: [app] }))).body),
);

function why({ status, body }: Created): string {
  return `${status} ${stringOf(body['message']) ?? ''}`;
}

async function asTheWebhook(t: Test, pod: JsonObject): Promise<void> {
  const [by, plain] = await Promise.all([pods.create('shop', pod), pods.create('shop-off', pod)]);
  t.equal(by.status, 201, why(by));
  t.ok(isByApiServer(by.body), 'the API server instruments it');
  const webhook = await pods.create('shop-off', patched(plain.body, decided(plain.body, scene, 'mutate').patch));
  t.equal(textOf(comparable(by.body)), textOf(comparable(webhook.body)));
}

t.test('W56: names, words and references that are hard to quote', async (t) => {
  const odd = { 'a.b~c/d~e': '\'"`\\', 'x/y~1z': '~0~1' };
  await asTheWebhook(
    t,
    podOf(
      {
        containers: [
          { name: 'long', image: longest },
          { name: 'quotes', image: 'shop/quotes:1.2.3' },
          { ...app, command: ['/it\'s "so" ~/', '`\\n', '$(A)'], env: [{ name: 'a.b-c', value: '\'"~/' }] },
        ],
      },
      { annotations: { 'example.com/a_b.c': textOf(odd) }, labels: { 'example.com/x': 'y' } },
    ),
  );
  const longer = await pods.create('shop', podOf({ containers: [{ name: 'a', image: `${longest}0` }] }));
  t.notOk(isByApiServer(longer.body), 'a reference that is not among the parameters is left to the webhook');
});

t.test('W56: the largest pods stay within what the API server lets conditions cost, or are left alone', async (t) => {
  const env = Array.from({ length: 200 }, (_, index) => ({ name: `V${index}`, value: 'x'.repeat(60) }));
  const large = (count: number, more: JsonObject = {}): JsonObject =>
    podOf({
      containers: Array.from({ length: count }, (_, index) => ({
        name: `c${index}`,
        image: `shop/image-${index}:1.2.3`,
        env,
        ...more,
      })),
    });
  await asTheWebhook(t, large(60));
  for (const [what, pod] of Object.entries({
    'more containers': large(61),
    'many words': large(20, { command: ['/app', ...Array.from({ length: 2000 }, () => 'word')] }),
    'long words': large(10, { command: ['/app', 'x'.repeat(100_000)] }),
    'one long script': large(1, { command: ['sh', '-c', 'echo x; '.repeat(80_000)] }),
    'many mounts': podOf({
      volumes: [{ name: 'data', emptyDir: {} }],
      containers: Array.from({ length: 30 }, (_, index) => ({
        ...app,
        name: `c${index}`,
        volumeMounts: Array.from({ length: 200 }, (__, at) => ({ name: 'data', mountPath: `/data/${at}` })),
      })),
    }),
    'many volumes': podOf({
      volumes: Array.from({ length: 3000 }, (_, at) => ({ name: `v${at}`, emptyDir: {} })),
      containers: [app],
    }),
    'many labels': podOf(
      { containers: [app] },
      { labels: Object.fromEntries(Array.from({ length: 3000 }, (_, at) => [`l${at}`, 'x'])) },
    ),
  })) {
    const started = performance.now();
    const by = await pods.create('shop', pod);
    const took = performance.now() - started;
    t.equal(by.status, 201, `${what}: ${why(by)}`);
    t.comment(`${what}: ${isByApiServer(by.body) ? 'instrumented' : 'left alone'}, ${took.toFixed(0)} ms`);
    if (isByApiServer(by.body)) await asTheWebhook(t, pod);
  }
});

const path = '/apis/outrider.dev/v1alpha1/namespaces/shop/instrumentationplans/it.s-a';

async function writeParameters(spec: JsonObject): Promise<void> {
  const live: unknown = JSON.parse(
    (await api.kubectl(['get', 'instrumentationplan', 'it.s-a', '-n', 'shop', '-o', 'json'])).stdout,
  );
  const put = await pods.call('PUT', path, { ...objectOf(live), spec });
  if (put.status !== 200) throw new Error(why(put));
}

function parametersOf(): JsonObject {
  const made = objectsOf(scene);
  if ('reason' in made) throw new Error(made.reason);
  return objectOf(made.parameters['spec']) ?? {};
}

t.test(
  'W56: whatever its size, no pod that the API server instruments is refused for what the judgement costs',
  async (t) => {
    // Two plans that a pod meets cost most.
    const spec = parametersOf();
    await writeParameters({ ...spec, plans: [...listOf(spec['plans']), ...listOf(spec['plans'])] });
    await new Promise((resolve) => setTimeout(resolve, 2000));
    const times = (count: number, make: (index: number) => JsonObject): JsonObject[] =>
      Array.from({ length: count }, (_, index) => make(index));
    const grow: Readonly<Record<string, (size: number) => JsonObject>> = {
      words: (size) =>
        podOf({
          containers: times(10, (index) => ({
            ...app,
            name: `c${index}`,
            args: Array.from({ length: size }, () => 'word'),
          })),
        }),
      letters: (size) => podOf({ containers: [{ ...app, args: ['x'.repeat(size * 100)] }] }),
      'words and letters': (size) =>
        podOf({
          containers: times(60, (index) => ({
            ...app,
            name: `c${index}`,
            args: Array.from({ length: Math.ceil(size / 6) }, () => 'w'.repeat(16)),
          })),
        }),
      'variables of 60': (size) =>
        podOf({
          containers: times(60, (index) => ({
            ...app,
            name: `c${index}`,
            env: times(size, (at) => ({ name: `VARIABLE_${at}`, value: 'x'.repeat(60) })),
          })),
        }),
      'all together': (size) =>
        podOf({
          volumes: [{ name: 'data', emptyDir: {} }],
          containers: times(60, (index) => ({
            ...app,
            name: `c${index}`,
            args: Array.from({ length: size }, () => 'w'.repeat(16)),
            env: times(size * 3, (at) => ({ name: `VARIABLE_${at}`, value: 'x' })),
            volumeMounts: times(Math.min(33, size), (at) => ({ name: 'data', mountPath: `/data/of/some/depth/${at}` })),
          })),
        }),
      variables: (size) =>
        podOf({
          containers: times(20, (index) => ({
            ...app,
            name: `c${index}`,
            env: times(size, (at) => ({ name: `VARIABLE_${at}`, value: 'x' })),
          })),
        }),
      mounts: (size) =>
        podOf({
          volumes: [{ name: 'data', emptyDir: {} }],
          containers: times(10, (index) => ({
            ...app,
            name: `c${index}`,
            volumeMounts: times(size, (at) => ({ name: 'data', mountPath: `/data/of/some/depth/${at}` })),
          })),
        }),
      volumes: (size) =>
        podOf({
          volumes: times(size * 4, (at) => ({ name: `v${at}`, emptyDir: {} })),
          containers: times(60, (index) => ({ ...app, name: `c${index}` })),
        }),
      ports: (size) => podOf({ containers: [{ ...app, ports: times(size * 4, (at) => ({ containerPort: at + 1 })) }] }),
      init: (size) =>
        podOf({
          initContainers: times(Math.min(size, 59), (index) => ({ ...app, name: `i${index}` })),
          containers: [app],
        }),
    };
    for (const [what, make] of Object.entries(grow)) {
      let most = 0;
      for (let size = 8; size <= 6000; size = Math.ceil(size * 1.5)) {
        const by = await pods.create('shop', make(size));
        if (by.status === 413 || (stringOf(by.body['message']) ?? '').includes('too large')) break;
        if (by.status !== 201) t.fail(`${size} ${what}: ${why(by)}`);
        if (!isByApiServer(by.body)) break;
        most = size;
      }
      t.ok(most > 0, `${what}: up to ${most} are instrumented`);
    }
    await writeParameters(spec);
  },
);

t.test('W57: a pod of the plan before is let in, and one of an earlier one is not', async (t) => {
  const spec = parametersOf();
  const plan = objectOf(listOf(spec['plans'])[0]) ?? {};
  const version = (value: string): JsonObject => ({
    ...plan,
    env: [...listOf(plan['env']), { name: 'VERSION', value }],
  });
  const [first, second, third] = [version('1'), version('2'), version('3')];
  const inForce = async (plans: readonly JsonObject[], value: string): Promise<JsonObject> => {
    await writeParameters({ ...spec, plans });
    let pod: JsonObject = {};
    await settled(`version ${value}`, async () => {
      pod = (await pods.create('shop', podOf({ containers: [app] }))).body;
      return textOf(pod).includes(`{"name":"VERSION","value":"${value}"}`);
    });
    return pod;
  };
  const pod = withoutIdentity(await inForce([first], '1'));
  t.equal((await pods.create('shop', pod)).status, 201, 'of the only one');
  await inForce([second, first], '2');
  const before = await pods.create('shop', pod);
  t.equal(before.status, 201, why(before));
  await inForce([third, second], '3');
  const earlier = await pods.create('shop', pod);
  t.equal(earlier.status, 422, why(earlier));
  t.match(earlier.body['message'], 'a container is not started as planned');
  await writeParameters(spec);
});

t.test('W57: parameters that somebody edited instrument nothing half, and let no marked pod in', async (t) => {
  const whole = (await pods.create('shop', podOf({ containers: [app] }))).body;
  const spec = parametersOf();
  const plan = objectOf(listOf(spec['plans'])[0]) ?? {};
  const edits: Readonly<Record<string, JsonObject>> = {
    'no plans': { ...spec, plans: [] },
    'no wrapper': { ...spec, plans: [{ ...plan, wrapper: 'x' }] },
    'steps of another kind': { ...spec, plans: [{ ...plan, steps: 'x' }] },
    'an image': {
      ...spec,
      plans: [{ ...plan, steps: listOf(plan['steps']).map((one) => ({ ...objectOf(one), image: 'other:1' })) }],
    },
    nothing: {},
  };
  for (const [what, edited] of Object.entries(edits)) {
    await writeParameters(edited);
    const marked = withoutIdentity(whole);
    await settled(`refusal after ${what}`, async () => (await pods.create('shop', marked)).status !== 201);
    let by = await pods.create('shop', podOf({ containers: [app] }));
    // The policy that instruments may learn of an edit later than the one that judges.
    await settled(`creations after ${what}`, async () => {
      by = await pods.create('shop', podOf({ containers: [app] }));
      return by.status === 201;
    });
    // Under Ignore what cannot be made is left to the webhook; what can be made the validating policy compares with the same.
    if (!isByApiServer(by.body)) {
      const plain = await pods.create('shop-off', podOf({ containers: [app] }));
      t.equal(by.status, 201, `${what}: ${why(by)}`);
      t.equal(textOf(comparable(by.body)), textOf(comparable(plain.body)), `${what}: nothing is there`);
    } else {
      t.equal(what, 'an image', `${what}: instrumented`);
    }
  }
});

function withoutIdentity(pod: JsonObject): JsonObject {
  const { labels, annotations } = objectOf(pod['metadata']) ?? {};
  return { ...pod, metadata: { name: 'web', labels: labels ?? {}, annotations: annotations ?? {} } };
}

t.test('W53: the mutating webhook is called for whatever the API server did not finish', async (t) => {
  const made = objectsOf(scene);
  if ('reason' in made) throw new Error(made.reason);
  await writeParameters(parametersOf());
  await settled('the parameters', async () =>
    isByApiServer((await pods.create('shop', podOf({ containers: [app] }))).body),
  );
  const whole = withoutIdentity((await pods.create('shop', podOf({ containers: [app] }))).body);
  // Nobody is there, so that who is called for is refused.
  const configuration = {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    metadata: { name: 'nobody' },
    webhooks: [
      {
        name: 'nobody.outrider.dev',
        clientConfig: { url: 'https://127.0.0.1:1/' },
        rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }],
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'shop' } },
        failurePolicy: 'Fail',
        sideEffects: 'None',
        admissionReviewVersions: ['v1'],
        matchConditions: [{ name: 'left', expression: made.objects.calledFor }],
      },
    ],
  };
  await createAll(api, [configuration]);
  const unknown = podOf({ containers: [{ name: 'app', image: 'shop/unknown:1' }] });
  await settled('the configuration', async () => (await pods.create('shop', unknown)).status === 500);
  const done = await pods.create('shop', podOf({ containers: [app], initContainers: [{ ...app, name: 'init' }] }));
  t.equal(done.status, 201, why(done));
  t.equal((await pods.create('shop', whole)).status, 201, 'one that is whole already');
  for (const [what, operation] of Object.entries({
    'a container more': { path: '/spec/containers/-', value: { name: 'more', image: 'x', command: ['/x'] } },
    'an init container more': { path: '/spec/initContainers/0', value: { name: 'more', image: 'x' } },
    'a variable of the agent’s': { path: '/spec/initContainers/2/env/-', value: { name: 'X', value: 'x' } },
    'a mount of a step’s': {
      path: '/spec/initContainers/0/volumeMounts/-',
      value: { name: 'sysdig-workload-agent', mountPath: '/x' },
    },
  })) {
    const called = await pods.create('shop', patched(whole, [{ op: 'add', ...operation }]));
    t.match(called.body['message'], 'failed calling webhook', what);
  }
  await api.kubectl(['delete', 'mutatingwebhookconfiguration', 'nobody']);
  await settled('its end', async () => (await pods.create('shop', unknown)).status === 201);
});

t.test(
  'W58: a list of made objects as a value makes the API server’s handler panic, so that no expression of ours has one',
  async (t) => {
    const made = objectsOf(scene);
    if ('reason' in made) throw new Error(made.reason);
    const { mutating } = made.objects;
    const spec = objectOf(mutating['spec']) ?? {};
    const expression = stringOf(objectOf(objectOf(listOf(spec['mutations'])[0])?.['jsonPatch'])?.['expression']) ?? '';
    t.notMatch(expression, /value: \[[^\]]/, 'a list with members');
    t.notMatch(expression, /Object\.[A-Za-z.]+\{[^}]*\}\s*\]/, 'a list of typed objects');
    // What the trap is, so that it is known when it is one no more.
    const trap = {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'MutatingAdmissionPolicy',
      metadata: { name: 'trap' },
      spec: {
        failurePolicy: 'Ignore',
        reinvocationPolicy: 'Never',
        matchConstraints: spec['matchConstraints'] ?? null,
        mutations: [
          {
            patchType: 'JSONPatch',
            jsonPatch: {
              expression:
                '[JSONPatch{op: "add", path: "/spec/containers/0/env", value: [Object.spec.containers.env{name: "A", value: "x"}]}]',
            },
          },
        ],
      },
    };
    const binding = {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'MutatingAdmissionPolicyBinding',
      metadata: { name: 'trap' },
      spec: {
        policyName: 'trap',
        matchResources: { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'shop-off' } } },
      },
    };
    await createAll(api, [trap, binding]);
    let answer: Created | undefined;
    for (let tries = 0; tries < 50 && (answer === undefined || answer.status === 201); tries++) {
      answer = await pods.create('shop-off', podOf({ containers: [app] })).catch((error: unknown) => ({
        status: 0,
        body: { message: String(error) },
      }));
      const env = stringsOf(
        listOf(objectOf(listOf(objectOf(answer.body['spec'])?.['containers'])[0])?.['env']).map(
          (one) => objectOf(one)?.['name'],
        ),
      );
      if (env?.includes('A') === true) break;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    t.comment(`the trap: ${answer === undefined ? '?' : why(answer)}`);
    t.not(answer?.status, 201, 'the API server still falls into it');
  },
);
