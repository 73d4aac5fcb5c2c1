import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import t from 'tap';
import { z } from 'zod';
import { KnownPodNodes } from '../../../src/cluster/facts/pod-nodes.js';
import { listOf, objectOf, stringOf, type JsonObject } from '../../../src/model/json.js';
import { namespaceLimits } from '../../../src/model/namespace-limits.js';
import { names } from '../../../src/model/names.js';
import type { Operation } from '../../../src/model/patch.js';
import { nodeOf, setsOf } from '../../doctor/nodes.js';
import { policyText, engineOf, resolverOf } from '../../support/engine.js';
import { draft, isDraftObject, patched, textOf } from '../../support/json.js';
import { withoutEachPart } from '../../property/removal.js';
import { comparable, createAll, decided, isByApiServer, objectsOf, settled, type Scene } from './by-api-server.js';
import { manyImages, manyPods } from './many-pods.js';
import { startScenes } from './started-scenes.js';

t.setTimeout(900_000);

const numRuns = Number(process.env['FAST_CHECK_RUNS'] ?? 1000);
const sysdig = { name: 'sysdig', settings: { region: 'us2' } };

/** Policies of different kinds, each in a namespace of its own. */
const specs: Readonly<Record<string, JsonObject>> = {
  security: { prefer: 'Security', profile: sysdig },
  forbidden: {
    prefer: 'Security',
    optOut: 'Forbidden',
    agent: { imagePullSecrets: ['sysdig-pull', 'regcred'] },
    profile: sysdig,
  },
  availability: { profile: sysdig },
  covering: {
    containers: { cover: ['Main', 'Init', 'Probes', 'Lifecycle'] },
    delivery: 'ImageVolume',
    profile: sysdig,
  },
  nodes: { profile: sysdig },
  plain: {
    agent: { placement: 'Container' },
    containers: { cover: ['Main'], exclude: ['worker', 'image:shop/cmd*'] },
    profile: sysdig,
  },
  ranged: { prefer: 'Security', profile: sysdig },
  datadog: { prefer: 'Security', profile: { name: 'datadog' } },
  restricted: { prefer: 'Security', containers: { cover: ['Main'] }, capability: 'Auto', profile: sysdig },
};
const namespaceLabels: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  restricted: { 'pod-security.kubernetes.io/enforce': 'baseline' },
};

/** What namespaces ask of amounts, as the API server and the engine have it. */
const limitRange = {
  limits: [
    {
      type: 'Container',
      default: { memory: '600Mi' },
      defaultRequest: { memory: '100Mi' },
      max: { memory: '2Gi' },
      min: { cpu: '20m' },
    },
  ],
};
const limits = namespaceLimits([{ spec: limitRange }], []);

/** A node that mounts image volumes. Pods that ask for another one get the copy. */
const nodes = new KnownPodNodes();
nodes.know('v1.36.3', setsOf([nodeOf('a', { labels: { disk: 'ssd' } })]));

const scenes = Object.entries(specs).map(([name, spec]): Scene => {
  const engine = engineOf(policyText('default', spec));
  return {
    namespace: name,
    namespaceLabels: namespaceLabels[name] ?? {},
    policyName: 'default',
    engine: {
      ...engine,
      images: resolverOf(manyImages),
      ...(name === 'nodes' ? { nodes } : {}),
      ...(name === 'ranged'
        ? { limits: { of: () => limits, trouble: () => undefined, prepare: () => undefined } }
        : {}),
    },
    references: Object.keys(manyImages),
  };
});

const { api, pods, unclaimed } = await startScenes(t, scenes);
if (unclaimed.size > 0) throw new Error(JSON.stringify([...unclaimed]));
await createAll(
  api,
  ['ranged', 'ranged-off'].map((place) => ({
    apiVersion: 'v1',
    kind: 'LimitRange',
    metadata: { name: 'range', namespace: place },
    spec: limitRange,
  })),
);
const simple = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web' },
  spec: {
    containers: [
      { name: 'web', image: 'shop/web:1.2.3' },
      { name: 'other', image: 'x', command: ['/app'] },
    ],
  },
};
for (const { namespace } of scenes) {
  await settled(`the first pod of ${namespace}`, async () => {
    const { status, body } = await pods.create(namespace, simple);
    return status === 201 && isByApiServer(body);
  });
}

/** Where two texts begin to differ. */
function difference(one: JsonObject, other: JsonObject): string {
  const [a, b] = [textOf(one), textOf(other)];
  let at = 0;
  while (at < a.length && a[at] === b[at]) at++;
  const from = Math.max(0, at - 150);
  return `${a.slice(from, at + 200)}\n${b.slice(from, at + 200)}`;
}

/** Runs over items, several at a time. */
async function each<Item>(items: readonly Item[], run: (item: Item, index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length) {
      const at = next++;
      const item = items[at];
      if (item !== undefined) await run(item, at);
    }
  };
  await Promise.all(Array.from({ length: 12 }, worker));
}

const made: {
  readonly scene: Scene;
  readonly plain: JsonObject;
  readonly whole: JsonObject;
  readonly patch: readonly Operation[];
}[] = [];

t.test('W54: generated pods are left alone by the API server, or come out as the webhook makes them', async (t) => {
  const sample = fc.sample(manyPods, { seed: Number(process.env['FAST_CHECK_SEED'] ?? 54), numRuns });
  const count = { refused: 0, leftAlone: 0, claimed: 0, injected: 0 };
  const failures: string[] = [];
  await each(sample, async (pod, index) => {
    const scene = scenes[index % scenes.length];
    if (scene === undefined) return;
    const { namespace } = scene;
    const isForged = textOf(pod).includes('"outrider.dev/by"');
    const [by, plain] = await Promise.all([pods.create(namespace, pod), pods.create(`${namespace}-off`, pod)]);
    const report = (what: string): void => void failures.push(`${namespace}: ${what}\n${textOf(pod)}`);
    if (plain.status !== 201) {
      count.refused++;
      if (by.status === 201) report('accepted, and refused without');
      return;
    }
    const outcome = decided(plain.body, scene, 'mutate');
    if (outcome.decision.decision === 'inject') count.injected++;
    if (isForged) {
      const denies = objectsOf(scene);
      const hasJudge = !('reason' in denies) && denies.objects.validating !== undefined;
      if (hasJudge === (by.status === 201)) report(`forged, and ${by.status} ${stringOf(by.body['message']) ?? ''}`);
      return;
    }
    if (by.status === 201 && !isByApiServer(by.body)) {
      count.leftAlone++;
      if (textOf(comparable(by.body)) !== textOf(comparable(plain.body))) report('left alone, and changed');
      return;
    }
    count.claimed++;
    const webhook = await pods.create(`${namespace}-off`, patched(plain.body, outcome.patch));
    if (outcome.decision.decision !== 'inject') report(`claimed, and the webhook says ${outcome.decision.reason}`);
    else if (by.status !== webhook.status)
      report(`${by.status} ${stringOf(by.body['message']) ?? ''}, webhook ${webhook.status}`);
    else if (by.status === 201) {
      if (textOf(comparable(by.body)) !== textOf(comparable(webhook.body)))
        report(`differs\n${difference(comparable(by.body), comparable(webhook.body))}`);
      made.push({ scene, plain: plain.body, whole: by.body, patch: outcome.patch });
    }
  });
  t.comment(
    `of ${sample.length} pods ${count.refused} are none that an API server takes; it instruments ${count.claimed} of the ${count.injected} that the webhook would, and leaves ${count.leftAlone} to it`,
  );
  t.same(failures.slice(0, 5), [], `${failures.length} pods`);
  t.ok(count.claimed > numRuns / 10, `${count.claimed} claimed`);
});

const folder = join('test', 'fixtures', 'forged');
const additions = z.array(z.strictObject({ op: z.literal('add'), path: z.string(), value: z.json() }));

/** What an author makes of a pod that the API server instrumented. */
function forgeries(whole: JsonObject): readonly { readonly what: string; readonly pod: JsonObject }[] {
  const forged: { what: string; pod: JsonObject }[] = [];
  const change = (what: string, operations: readonly Operation[]): void => {
    try {
      forged.push({ what, pod: patched(whole, operations) });
    } catch {
      // Not such a pod.
    }
  };
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.patch.json'))) {
    const operations: unknown = JSON.parse(readFileSync(join(folder, file), 'utf8'));
    change(file, additions.parse(operations));
  }
  const add = (path: string, value: JsonObject[string]): Operation => ({ op: 'add', path, value: value ?? null });
  const spec = objectOf(whole['spec']);
  const index = listOf(spec?.['containers']).length;
  change('a container that is not wrapped', [
    add('/spec/containers/-', { name: 'bare', image: 'x', command: ['/app'] }),
  ]);
  change('an init container in front', [
    add('/spec/initContainers/0', { name: 'front', image: 'x', command: ['/app'] }),
  ]);
  change('another mount in the place', [
    add('/spec/containers/0/volumeMounts/-', { name: 'data', mountPath: '/opt/draios/bin/' }),
  ]);
  change('a writer', [add('/spec/containers/0/volumeMounts/-', { name: 'sysdig-workload-agent', mountPath: '/x' })]);
  change('a process folder', [add('/spec/containers/0/volumeMounts/-', { name: 'data', mountPath: '/proc/self/cwd' })]);
  change('another word first', [add('/spec/containers/0/command/0', '/bin/sh')]);
  change('an option', [add('/spec/containers/0/command/1', '--nothing')]);
  change('a variable first', [add('/spec/containers/0/command/1', '$(A)')]);
  change('no command', [{ op: 'remove', path: '/spec/containers/0/command' }]);
  change('a variable', [add('/spec/containers/0/env/-', { name: 'SYSDIG_SIDECAR', value: 'off' })]);
  change('a collector', [add('/spec/containers/0/env/-', { name: 'SYSDIG_COLLECTOR', value: 'evil' })]);
  change('hosts', [add('/spec/hostAliases', [{ ip: '10.0.0.1', hostnames: ['ingest-us2.app.sysdig.com'] }])]);
  change('hostPID', [{ op: 'remove', path: '/spec/shareProcessNamespace' }, add('/spec/hostPID', true)]);
  change('our user', [add('/spec/containers/0/securityContext/runAsUser', 59_417)]);
  change('a port', [add('/spec/containers/0/ports', [{ containerPort: 32_000 }])]);
  change('a log in the place', [add('/spec/containers/0/terminationMessagePath', '/opt/draios/bin/instrument')]);
  for (let at = 0; at < listOf(spec?.['initContainers']).length; at++) {
    const path = `/spec/initContainers/${at}`;
    change(`image of ${path}`, [{ op: 'replace', path: `${path}/image`, value: 'evil/agent:1' }]);
    change(`args of ${path}`, [add(`${path}/args`, ['evil'])]);
    change(`user of ${path}`, [add(`${path}/securityContext/runAsUser`, 0)]);
    change(`variable of ${path}`, [add(`${path}/env`, [{ name: 'LD_PRELOAD', value: '/x' }])]);
    change(`envFrom of ${path}`, [add(`${path}/envFrom`, [{ secretRef: { name: 'x' } }])]);
    change(`probe of ${path}`, [add(`${path}/startupProbe`, { exec: { command: ['/x'] } })]);
    change(`hook of ${path}`, [add(`${path}/lifecycle`, { preStop: { exec: { command: ['/x'] } } })]);
  }
  (spec?.['volumes'] === undefined ? [] : listOf(spec['volumes'])).forEach((volume, at) => {
    const name = stringOf(objectOf(volume)?.['name']) ?? '';
    change(`volume ${name}`, [
      { op: 'replace', path: `/spec/volumes/${at}`, value: { name, hostPath: { path: '/x' } } },
    ]);
  });
  change('one more', [add(`/spec/containers/${index}`, { name: 'more', image: 'x', args: ['/app'] })]);
  return forged;
}

function marked(pod: JsonObject): JsonObject {
  const copy = draft(pod);
  const { metadata } = copy;
  if (isDraftObject(metadata)) {
    const labels = isDraftObject(metadata['labels']) ? metadata['labels'] : {};
    metadata['labels'] = { ...labels, [names.by]: 'api-server' };
    for (const field of ['uid', 'creationTimestamp', 'managedFields', 'resourceVersion', 'namespace'])
      Reflect.deleteProperty(metadata, field);
  }
  return copy;
}

t.test('W55: what the validating door refuses of marked pods, the validating policy refuses', async (t) => {
  const strict = made
    .filter(({ scene }) => scene.engine.rules.byPolicy.get('default')?.recipe.prefer === 'Security')
    .slice(0, 25);
  const tried = strict.flatMap(({ scene, plain, whole, patch }) => [
    { scene, what: 'untouched', pod: marked(whole) },
    ...withoutEachPart(plain, whole, patch).map(({ part, pod }) => ({
      scene,
      what: `without ${part}`,
      pod: marked(pod),
    })),
    ...forgeries(whole).map(({ what, pod }) => ({ scene, what, pod: marked(pod) })),
  ]);
  const count = { refused: 0, accepted: 0, stricter: new Map<string, number>() };
  const failures: string[] = [];
  await each(tried, async ({ scene, what, pod }) => {
    const { namespace } = scene;
    const [by, plain] = await Promise.all([pods.create(namespace, pod), pods.create(`${namespace}-off`, pod)]);
    if (plain.status !== 201) return;
    const { decision } = decided(plain.body, scene, 'validate');
    const says = `${namespace}: ${what}: ${by.status} ${stringOf(by.body['message']) ?? ''}; the door says ${decision.decision} ${decision.reason}`;
    const denied = by.status === 422 || by.status === 403;
    if (denied) count.refused++;
    else count.accepted++;
    if (!denied && (decision.decision === 'deny' || by.status !== 201)) failures.push(`${says}\n${textOf(pod)}`);
    if (what === 'untouched' && denied) failures.push(`${says}\n${textOf(pod)}`);
    if (denied && decision.decision !== 'deny')
      count.stricter.set(
        `${what} ${decision.decision} ${decision.reason}`,
        (count.stricter.get(`${what} ${decision.decision} ${decision.reason}`) ?? 0) + 1,
      );
  });
  t.comment(
    `${tried.length} marked pods: ${count.refused} refused, ${count.accepted} accepted; refused although the door accepts: ${JSON.stringify([...count.stricter])}`,
  );
  t.same(failures.slice(0, 5), [], `${failures.length} pods`);
  t.ok(count.refused > strict.length, 'some are refused');
});
