import { createDoor } from '../../../src/admission/handler.js';
import type { Engine } from '../../../src/engine/engine.js';
import type { Door } from '../../../src/model/decision.js';
import type { JsonObject } from '../../../src/model/json.js';
import { decideNow, engineFor, reviewOf } from '../../support/engine.js';
import {
  draft,
  draftsOf,
  listAt,
  nameOf,
  objectAt,
  patched,
  type Draft,
  type DraftObject,
} from '../../support/json.js';
import { podOf, podWith } from '../../support/pods.js';
import { must, type Target } from '../target.js';

const small = 2_000;
const times = 8;
// What is linear takes eight times as long, and what is quadratic sixty-four times. A busy machine's caches do the rest.
const mostRatio = 2 * times;
const spareMs = 30;

const never = new AbortController().signal;
const facts = { maxContainers: 1_000_000 } as const;
const everything = { cover: ['Main', 'Init', 'Probes', 'Lifecycle'] } as const;

const engines: readonly Engine[] = [
  engineFor({ prefer: 'Security', optOut: 'Forbidden', containers: everything }, { facts }),
  engineFor({ containers: everything }, { facts }),
  engineFor({ optOut: 'Forbidden', profile: { name: 'datadog' } }, { facts }),
  engineFor({ profile: { name: 'datadog-node' } }, { facts }),
  engineFor({ agent: { placement: 'Container' }, containers: { exclude: ['image:a*', 'c1'] } }, { facts }),
];

const many = (count: number, make: (index: number) => DraftObject | string): Draft[] =>
  Array.from({ length: count }, (_, index) => make(index));

const container = (index: number): DraftObject => ({ name: `c${String(index)}`, image: 'i', command: ['/app'] });
const mount = (index: number): DraftObject => ({ name: `v${String(index)}`, mountPath: `/mnt/${String(index)}` });
const volume = (index: number): DraftObject => ({ name: `v${String(index)}`, emptyDir: {} });
const map = (count: number): JsonObject =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`key-${String(index)}`, 'a']));

/** A pod that is instrumented already, with our own containers changed. */
function forged(engine: Engine, change: (list: (field: string) => Draft[]) => void): JsonObject {
  const pod = draft(patched(podOf(), decideNow(podOf(), engine).patch));
  const spec = objectAt(pod, 'spec');
  for (const one of [...draftsOf(spec['initContainers']), ...draftsOf(spec['containers'])]) {
    if (nameOf(one) !== 'web') change((field) => listAt(one, field));
  }
  return pod;
}

/** What grows, of the pod that an engine is asked about. */
const shapes: Readonly<Record<string, (count: number, engine: Engine) => JsonObject>> = {
  containers: (count) => podOf({ containers: many(count, container) }),
  'init containers': (count) => podOf({ initContainers: many(count, container) }),
  'containers of our names': (count) =>
    podOf({
      containers: many(count, (index) => ({ ...container(index), name: `sysdig-workload-agent-${String(index)}` })),
    }),
  'wrapped containers': (count, engine) => {
    const pod = draft(forged(engine, () => undefined));
    const [web] = draftsOf(objectAt(pod, 'spec')['containers']);
    const list = listAt(objectAt(pod, 'spec'), 'containers');
    for (let index = 0; index < count; index++) list.push({ ...web, name: `w${String(index)}` });
    return pod;
  },
  'containers without a command': (count) =>
    podOf({ containers: many(count, (index) => ({ name: `c${String(index)}`, image: `i${String(index)}` })) }),
  'ephemeral containers': (count) => podOf({ ephemeralContainers: many(count, container) }),
  variables: (count) =>
    podWith({ command: ['/app'], env: many(count, (index) => ({ name: `DD_${String(index)}`, value: 'v' })) }),
  'variables from elsewhere': (count) =>
    podWith({ command: ['/app'], envFrom: many(count, (index) => ({ configMapRef: { name: `c${String(index)}` } })) }),
  words: (count) => podWith({ command: ['/bin/sh', '-c', ...many(count, (index) => `kill $(x) ${String(index)}`)] }),
  script: (count) => podWith({ command: ['/bin/sh', '-c', 'exec /app && kill -0 12; '.repeat(count)] }),
  'mounts and volumes': (count) =>
    podWith({ command: ['/app'], volumeMounts: many(count, mount) }, { volumes: many(count, volume) }),
  'mounts of a part of a node agent': (count) =>
    podOf({
      containers: [{ name: 'system-probe', image: 'i', command: ['/a'], volumeMounts: many(count, mount) }],
      volumes: many(count, volume),
    }),
  ports: (count) => podWith({ command: ['/app'], ports: many(count, (index) => ({ containerPort: index + 1 })) }),
  capabilities: (count) =>
    podWith({
      command: ['/app'],
      securityContext: { capabilities: { drop: many(count, (index) => `C${String(index)}`) } },
    }),
  tolerations: (count) => podOf({ tolerations: many(count, (index) => ({ key: `k${String(index)}` })) }),
  'host aliases': (count) =>
    podOf({ hostAliases: many(count, (index) => ({ ip: '10.0.0.1', hostnames: [`h${String(index)}.example`] })) }),
  'pull secrets': (count) => podOf({ imagePullSecrets: many(count, (index) => ({ name: `s${String(index)}` })) }),
  labels: (count) => podOf({}, { name: 'web', labels: map(count) }),
  annotations: (count) => podOf({}, { name: 'web', annotations: map(count) }),
  narrowed: (count) => {
    const names = Array.from({ length: count }, (_, index) => `c${String(index)}`).join(',');
    return podOf({ containers: many(count, container) }, { annotations: { 'outrider.dev/containers': names } });
  },
  'variables of ours': (count, engine) =>
    forged(engine, (list) =>
      list('env').push(...many(count, (index) => ({ name: `MINE_${String(index)}`, value: 'v' }))),
    ),
  'mounts of ours': (count, engine) => {
    const pod = draft(forged(engine, (list) => list('volumeMounts').push(...many(count, mount))));
    listAt(objectAt(pod, 'spec'), 'volumes').push(...many(count, volume));
    return pod;
  },
};
const names = Object.keys(shapes);

/**
 * Reviews of pods in which one thing grows, with the limit on containers lifted: eight times as much of it may take eight
 * times as long, and not the square of that (F19). The first byte says what grows, the second under which policy.
 */
export function growth(): Target {
  return {
    name: 'growth',
    form: 'bytes',
    // Everything under one policy first: the suite takes as many as that, and as many again.
    seeds: () => engines.flatMap((_, engine) => names.map((_name, shape) => Uint8Array.of(shape, engine))),
    baseMs: 20_000,
    async check(input) {
      const name = names[(input[0] ?? 0) % names.length] ?? '';
      const engine = engines[(input[1] ?? 0) % engines.length];
      const shape = shapes[name];
      if (engine === undefined || shape === undefined) return 'nothing';
      for (const door of ['mutate', 'validate'] as const) {
        const few = await costOf(shape(small, engine), engine, door);
        const more = await costOf(shape(small * times, engine), engine, door);
        must(
          more < mostRatio * few + spareMs,
          `${name} at ${door}: ${few.toFixed(0)} ms for ${String(small)}, ${more.toFixed(0)} ms for ${String(small * times)}`,
        );
      }
      return name;
    },
  };
}

/** CPU time of a review, the lesser of two, ms. */
async function costOf(pod: JsonObject, engine: Engine, door: Door): Promise<number> {
  const handler = createDoor(door, {
    engine: () => engine,
    namespaceLabels: () => ({}),
    onReviewed: () => undefined,
    onFailure: (error) => {
      throw error;
    },
  });
  const body = Buffer.from(JSON.stringify(reviewOf(pod)));
  let least = Infinity;
  for (let run = 0; run < 2; run++) {
    const before = process.cpuUsage();
    await handler(Buffer.from(body), { signal: never, traceparent: undefined });
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, (user + system) / 1_000);
  }
  return least;
}
