import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import type { DoorOptions, Reviewed } from '../../../src/admission/door-options.js';
import { createDoor } from '../../../src/admission/handler.js';
import { PatchEncoder } from '../../../src/admission/patch-encoder.js';
import { PodReview } from '../../../src/admission/pod-review.js';
import type { Engine, SecretState } from '../../../src/engine/engine.js';
import { pods } from '../../../src/model/doors.js';
import type { ImageOutcome } from '../../../src/model/image.js';
import { isObject, type JsonObject } from '../../../src/model/json.js';
import { namespaceLimits } from '../../../src/model/namespace-limits.js';
import { madeUp, podOf, reviewText } from '../../bench/pods.js';
import { engineFor, readAnswer } from '../../support/engine.js';

const pod = podOf({ namespace: 'shop', containers: 1, variables: 1, command: true });
const text = reviewText(pod, 'shop');
const call = { signal: new AbortController().signal, traceparent: undefined };

/** The review of another pod of the same template. */
function replica(number: number, of = text): string {
  const word = (0x10000 + number).toString(16).slice(-5);
  return of.replaceAll(madeUp.tokenVolume, `kube-api-access-${word}`).replace(madeUp.review.slice(0, 5), word);
}

/** An answer that waits for nothing. */
function atOnce(answer: string | Promise<string>): string {
  if (typeof answer !== 'string') throw new Error('it asks a registry');
  return answer;
}

const optedOut = { 'outrider.dev/inject': 'disabled' };

interface World {
  engine: Engine;
  labels: Record<string, string>;
  secret: SecretState;
  quota: string | undefined;
  agentMissing: boolean;
  /** Namespaces that opt out. */
  closed: Set<string>;
  /** Whether nodes mount image volumes, for pods that are placed by nothing. */
  imageVolumes: boolean;
  /** Whether there is something to wait for. */
  waits: boolean;
  /** What keys were prepared for, and with what effects. */
  readonly prepared: Set<string>;
}

/** A door whose world can be changed, and one next to it that remembers nothing. */
function setUp(spec: JsonObject = {}) {
  let looks = 0;
  const told: Reviewed[] = [];
  const tellings: { readonly kept: unknown[]; readonly plain: unknown[] } = { kept: [], plain: [] };
  const world: World = {
    engine: engineOf(spec),
    labels: {},
    secret: 'present',
    quota: undefined,
    agentMissing: false,
    closed: new Set(),
    imageVolumes: false,
    waits: false,
    prepared: new Set(),
  };
  function engineOf(of: JsonObject): Engine {
    const limits = new Map<string | undefined, ReturnType<typeof namespaceLimits>>();
    const made = engineFor(
      { agent: { image: 'agent.example.com/agent:1' }, ...of },
      {
        secretState: () => world.secret,
        nodes: {
          imageVolumes: ({ nodeSelector }) => ({
            holds: world.imageVolumes && nodeSelector === undefined,
            because: `of ${world.labels['team'] ?? 'all'}`,
          }),
          isSameForAll: () => false,
        },
        credentials: {
          prepare: (namespace, _rule, effects) => {
            world.prepared.add(`${namespace} ${effects}`);
            return world.waits ? Promise.resolve() : undefined;
          },
          detail: () => (world.secret === 'missing' ? 'nobody made it' : undefined),
          version: () => world.secret,
        },
        limits: {
          of: () => {
            const { quota } = world;
            const known = limits.get(quota) ?? namespaceLimits([], quota === undefined ? [] : [quotaOf(quota)]);
            limits.set(quota, known);
            return known;
          },
          trouble: () => undefined,
          prepare: () => undefined,
        },
      },
    );
    const images: Engine['images'] = {
      ...made.images,
      known: ({ reference }) =>
        world.agentMissing ? { ok: false, reason: 'image_not_found', detail: reference } : imageNamed(reference),
    };
    return {
      ...made,
      images,
      get rules() {
        looks++;
        return made.rules;
      },
    };
  }
  const options: DoorOptions = {
    engine: () => world.engine,
    namespaceLabels: (namespace) => (world.closed.has(namespace) ? optedOut : world.labels),
    onReviewed: (reviewed, decision, { metadata }) => {
      told.push(reviewed);
      tellings.kept.push([{ ...reviewed, durationMs: 0 }, decision, metadata]);
    },
    onFailure: (error) => t.fail(String(error)),
  };
  const door = createDoor('mutate', options);
  const encoder = new PatchEncoder();
  const ask = (body: string) => readAnswer(atOnce(door(Buffer.from(body), call)));
  const decide = (body: string) =>
    new PodReview(
      pods.doors.mutate,
      {
        ...options,
        onReviewed: (reviewed, decision, { metadata }) => {
          tellings.plain.push([{ ...reviewed, durationMs: 0 }, decision, metadata]);
        },
      },
      encoder,
      Buffer.from(body),
      call,
    ).answer();
  const plain = (body: string) => readAnswer(atOnce(decide(body)));
  /** All that both doors answer, tell and have made. */
  const both = async (body: string) => {
    const seen = async (answer: string | Promise<string>, of: unknown[]) => {
      const read = readAnswer(await answer);
      return { read, told: of.splice(0), prepared: [...world.prepared] };
    };
    world.prepared.clear();
    const kept = await seen(door(Buffer.from(body), call), tellings.kept);
    world.prepared.clear();
    return { kept, plain: await seen(decide(body), tellings.plain) };
  };
  return { world, ask, plain, both, told, engineOf, looks: () => looks };
}

const configs = new Map<string, ImageOutcome>();

/** Each image starts something of its own, and is the same object as long as it is known. */
function imageNamed(reference: string): ImageOutcome {
  const known = configs.get(reference);
  const outcome = known ?? { ok: true, config: { entrypoint: [`/start-${configs.size}`], cmd: [] }, source: 'cache' };
  configs.set(reference, outcome);
  return outcome;
}

const quotaOf = (cpu: string): JsonObject => ({
  metadata: { name: 'quota' },
  spec: { hard: { 'limits.cpu': cpu } },
  status: { hard: { 'limits.cpu': cpu }, used: {} },
});

t.test('from the third pod of a template on, the answer is the one before with the uid of the call', (t) => {
  const { ask, plain, told, looks } = setUp();
  const answers = [1, 2, 3, 4].map((number) => {
    const before = looks();
    const answer = ask(replica(number));
    const looked = looks() - before;
    t.same(answer, plain(replica(number)), `pod ${number}`);
    return { answer, looked };
  });
  const [first = 0, second = 0, third = 0, fourth = 0] = answers.map(({ looked }) => looked);
  t.ok(first > 0 && second > 0, 'the first two are decided on');
  t.same([third, fourth], [0, 0], 'the others are not');
  t.equal(new Set(answers.map(({ answer }) => answer.uid)).size, 4);
  t.same(
    told.map(({ uid, owner, decision, namespace }) => [uid, owner, decision, namespace]),
    answers.map(({ answer }) => [answer.uid, `ReplicaSet/${madeUp.replicaSet}`, 'inject', 'shop']),
    'each is told',
  );
  const [once, ...others] = told.map((one) => ({ ...one, uid: '', durationMs: 0 }));
  for (const one of others) t.strictSame(one, once, 'with all that a decision tells');
  t.end();
});

t.test('what a decision depends on is asked again each time', (t) => {
  const changes: Readonly<Record<string, (scene: ReturnType<typeof setUp>) => void>> = {
    'the Secret is gone': ({ world }) => (world.secret = 'missing'),
    'a quota': ({ world }) => (world.quota = '1'),
    'the namespace opts out': ({ world }) => (world.labels = { 'outrider.dev/inject': 'disabled' }),
    'the agent’s image is gone': ({ world }) => (world.agentMissing = true),
    'the policy prefers security': ({ world, engineOf }) => (world.engine = engineOf({ prefer: 'Security' })),
    'the policy is off': ({ world, engineOf }) => (world.engine = engineOf({ mode: 'Off' })),
  };
  for (const [what, change] of Object.entries(changes)) {
    const scene = setUp();
    for (const number of [1, 2, 3]) scene.ask(replica(number));
    const before = scene.ask(replica(4));
    change(scene);
    for (const number of [5, 6, 7]) t.same(scene.ask(replica(number)), scene.plain(replica(number)), what);
    t.notSame(scene.ask(replica(8)).response['patch'], before.response['patch'], `${what}: it changes the answer`);
  }
  t.end();
});

t.test('a skip is given again, too, and each time told', (t) => {
  const { ask, world, looks, plain, told } = setUp();
  world.secret = 'missing';
  const each = [1, 2, 3, 4].map((number) => {
    const before = looks();
    t.match(ask(replica(number)).audit, { decision: 'skip', reason: 'credentials_missing' });
    return looks() - before;
  });
  t.same(
    each.map((looked) => looked > 0),
    [true, true, false, false],
  );
  t.equal(told.length, 4);
  world.secret = 'present';
  t.same(ask(replica(5)), plain(replica(5)));
  t.end();
});

t.test('after an error the next pod is decided on', (t) => {
  const { world } = setUp();
  const failures: unknown[] = [];
  let isBroken = true;
  const door = createDoor('mutate', {
    engine: () => world.engine,
    namespaceLabels: () => {
      if (isBroken) throw new Error('no labels');
      return {};
    },
    onReviewed: () => undefined,
    onFailure: (error) => void failures.push(error),
  });
  for (const number of [1, 2, 3]) t.match(atOnce(door(Buffer.from(replica(number)), call)), 'internal_error');
  t.equal(failures.length, 3);
  isBroken = false;
  t.match(atOnce(door(Buffer.from(replica(4)), call)), '"decision":"inject"');
  t.end();
});

t.test('where pods of one name are not alike, as a DaemonSet’s are not, nothing is kept', (t) => {
  const { ask, plain, looks } = setUp();
  const onNode = (number: number): string => replica(number, text.replace('"priority":0', `"priority":${number}`));
  const each = [1, 2, 3, 4, 5, 6].map((number) => {
    const before = looks();
    const answer = ask(onNode(number));
    const looked = looks() - before;
    t.same(answer, plain(onNode(number)));
    return looked;
  });
  t.ok(each.every((looked) => looked > 0));
  t.equal(new Set(each.slice(3)).size, 1, 'nor recorded');
  t.end();
});

t.test('the validating door decides on each', (t) => {
  const { world } = setUp({ prefer: 'Security' });
  let looks = 0;
  const engine: Engine = {
    ...world.engine,
    get rules() {
      looks++;
      return world.engine.rules;
    },
  };
  const door = createDoor('validate', {
    engine: () => engine,
    namespaceLabels: () => ({}),
    onReviewed: () => undefined,
    onFailure: () => undefined,
  });
  const each = [1, 2, 3, 4].map((number) => {
    const before = looks;
    t.match(atOnce(door(Buffer.from(replica(number)), call)), '"allowed":false');
    return looks - before;
  });
  t.equal(new Set(each).size, 1);
  t.end();
});

t.test('an answer that tells of the name that the API server made up is not kept', (t) => {
  const { ask, plain } = setUp({ agent: { image: 'registry.example.com/kube-api-access-agent:1' } });
  for (const number of [1, 2, 3, 4]) t.same(ask(replica(number)), plain(replica(number)));
  t.end();
});

t.test('F23: an agent that asks the API server mounts the token of its own pod', (t) => {
  const { ask, plain } = setUp({ profile: { name: 'datadog' } });
  for (const number of [1, 2, 3, 4]) {
    const answer = ask(replica(number));
    t.same(answer, plain(replica(number)));
    t.match(JSON.stringify(answer), `kube-api-access-${(0x10000 + number).toString(16).slice(-5)}`);
  }
  t.end();
});

/** A pod whose image says what it starts. */
function startsImage(of: string, image: string): string {
  return of.replace(/"image":"[^"]*","command":\[.*?\],"args":\[.*?\]/, `"image":"${image}"`);
}

/** Of a pod whose ServiceAccount mounts none. */
function withoutToken(of: string): string {
  return of
    .replace(/"volumes":\[\{"name":"kube-api-access-.*?"defaultMode":420\}\}\],/, '')
    .replace(/"volumeMounts":\[.*?\],/g, '');
}

/** A long name in front, so that reviews in several namespaces begin alike. */
function inNamespace(of: string, namespace: string): string {
  const long = of.replace(/"generateName":"[^"]*"/, `"generateName":"${'n'.repeat(200)}-"`);
  return long.replaceAll('"namespace":"shop"', `"namespace":"${namespace}"`);
}

t.test('a pod of an image that is named as a token’s volume could be is started as its own image says', (t) => {
  const { ask, plain } = setUp();
  const of = startsImage(withoutToken(text), madeUp.tokenVolume);
  const starts = new Set<string>();
  for (const number of [1, 2, 3, 4]) {
    const answer = ask(replica(number, of));
    t.same(answer, plain(replica(number, of)));
    starts.add(JSON.stringify(answer.patch));
  }
  t.equal(starts.size, 4);
  t.end();
});

t.test('a pod in a namespace of such a name is decided on by its own labels', (t) => {
  const { ask, plain, world, told } = setUp();
  const of = inNamespace(withoutToken(text), madeUp.tokenVolume);
  for (const number of [1, 1, 2]) ask(replica(number, of));
  t.equal(told.at(-1)?.namespace, 'kube-api-access-10002');
  world.closed.add('kube-api-access-10003');
  t.match(ask(replica(3, of)).audit, { decision: 'skip' });
  t.same(ask(replica(3, of)), plain(replica(3, of)));
  t.end();
});

t.test('a short pod behind a long one that begins alike is no failure', (t) => {
  const { ask, plain } = setUp();
  const long = text.replace('"annotations":{', `"annotations":{"a":"${'x'.repeat(30_000)}",`);
  for (const number of [1, 2, 3]) ask(replica(number, long));
  for (const number of [4, 5, 6]) t.same(ask(replica(number)), plain(replica(number)));
  t.end();
});

t.test('whatever comes in whatever order is answered and told as by a door that remembers nothing', async (t) => {
  const { both, world, engineOf } = setUp();
  const engines = [world.engine, engineOf({ prefer: 'Security' }), engineOf({ capability: 'Never' })];
  const labels: Record<string, string>[] = [{}, { team: 'a' }, { 'outrider.dev/inject': 'disabled' }];
  const edit = fc.constantFrom<(of: string) => string>(
    (of) => of,
    (of) => of.replace('"app":"web"', '"app":"wob"'),
    (of) => of.replace('"app":"web"', `"app":"${madeUp.tokenVolume}"`),
    (of) => of.replace('"app":"web"', '"app":"web","outrider.dev/inject":"disabled"'),
    (of) => of.replace('/app/server', '/app/sorver'),
    (of) => of.replace('"dryRun":false', '"dryRun":true'),
    (of) => of.replace('"username":"', '"username":"x'),
    (of) => of.replace('"mountPath":"/var/run/secrets/kubernetes.io/serviceaccount"', '"mountPath":"/opt/draios"'),
    (of) => of.replace('"value":"value-of', '"value":"kube-api-access-00001'),
    (of) => of.replace('"status":{}', '"status":{"phase":"Pending"}'),
    (of) => of.replace('"annotations":{', `"annotations":{"a":"${'x'.repeat(3_000)}",`),
    (of) => of.replace(/"tolerations":\[.*?\],/, '').replace(/"ownerReferences":\[.*?\],/, ''),
    (of) => startsImage(of, madeUp.tokenVolume),
    (of) => startsImage(withoutToken(of), madeUp.tokenVolume),
    (of) => startsImage(withoutToken(of), 'registry.example.com/app:1'),
    (of) => inNamespace(withoutToken(of), madeUp.tokenVolume),
    (of) => inNamespace(of, 'other'),
    (of) => of.replace('"spec":{', '"spec":{"nodeSelector":{"disk":"ssd"},'),
    (of) => of.replace('"annotations":{', '"annotations":{"\\"generateName\\":\\"web-":"é 😀\\u0000",'),
    (of) => of.replace('"annotations":{', '"annotations":{"generateName":"web-","managedFields":"[",'),
  );
  const step = fc.record({
    number: fc.nat({ max: 4 }),
    edit,
    engine: fc.constantFrom(0, 0, 0, 0, 1, 2),
    labels: fc.constantFrom(0, 0, 0, 1, 2),
    secret: fc.constantFrom<SecretState>('present', 'present', 'present', 'missing', 'unknown'),
    quota: fc.constantFrom(undefined, undefined, '2'),
    imageVolumes: fc.constantFrom(true, true, false),
    waits: fc.constantFrom(false, false, false, true),
  });
  let repeated = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), async (steps) => {
      for (const one of steps) {
        world.engine = engines[one.engine] ?? world.engine;
        world.labels = labels[one.labels] ?? {};
        world.secret = one.secret;
        world.quota = one.quota;
        world.imageVolumes = one.imageVolumes;
        world.waits = one.waits;
        const { kept, plain } = await both(replica(one.number, one.edit(text)));
        if (isObject(kept.read.response) && kept.read.patch.length > 0) repeated++;
        assert.deepStrictEqual(kept, plain);
      }
    }),
    { numRuns: 60 },
  );
  t.ok(repeated > 100, `${repeated} with a patch`);
});
