import t from 'tap';
import type { Engine, SecretState } from '../../src/engine/engine.js';
import { Questions, recorded } from '../../src/engine/recorded.js';
import type { ImageOutcome } from '../../src/model/image.js';
import { namespaceLimits } from '../../src/model/namespace-limits.js';
import type { TakenBackEntry } from '../../src/model/taken-back.js';
import { engineFor } from '../support/engine.js';
import { podOf } from '../support/pods.js';
import { entryFor } from '../support/taken-back.js';

const { signal } = new AbortController();
const again = (): AbortSignal => signal;
const request = { reference: 'app:1', namespace: 'shop', pod: {} };

function setUp() {
  const config = { entrypoint: ['/app'], cmd: [] };
  const world: {
    secret: SecretState;
    version: string;
    detail: string | undefined;
    trouble: string | undefined;
    image: ImageOutcome | undefined;
    limits: ReturnType<typeof namespaceLimits> | undefined;
    imageVolumes: boolean;
    isSameForAll: boolean;
    waits: boolean;
    entry: TakenBackEntry | undefined;
    tries: number;
  } = {
    secret: 'present',
    version: '1',
    detail: undefined,
    trouble: undefined,
    image: { ok: true, config, source: 'cache', digest: 'sha256:1' },
    limits: namespaceLimits([], []),
    imageVolumes: true,
    isSameForAll: true,
    waits: false,
    entry: entryFor(podOf(), engineFor()),
    tries: 0,
  };
  const wait = (): Promise<void> | undefined => (world.waits ? Promise.resolve() : undefined);
  const engine: Engine = {
    ...engineFor(),
    images: {
      known: () => world.image,
      lookUp: () => Promise.resolve({ ok: false, reason: 'lookup_timeout', detail: '' }),
    },
    secretState: () => world.secret,
    credentials: { prepare: wait, detail: () => world.detail, version: () => world.version },
    limits: { of: () => world.limits, trouble: () => world.trouble, prepare: wait },
    takenBack: { of: () => world.entry, mayTry: (_entry, takes) => world.tries > 0 && (!takes || world.tries-- > 0) },
    nodes: {
      imageVolumes: () => ({ holds: world.imageVolumes, because: '' }),
      isSameForAll: () => world.isSameForAll,
    },
  };
  const questions = new Questions();
  const one = recorded(engine, questions);
  const [rule] = engine.rules.byPolicy.values();
  if (rule === undefined) throw new Error('no rule');
  return { world, config, engine, one, questions, rule };
}

type Scene = ReturnType<typeof setUp>;

const asks: Readonly<Record<string, readonly [(scene: Scene) => unknown, (scene: Scene) => void]>> = {
  'takenBack.of': [
    ({ one, engine }) => one.takenBack?.of(() => entryFor(podOf(), engine)),
    ({ world }) => (world.entry = undefined),
  ],
  'takenBack.mayTry': [
    ({ one, engine }) => one.takenBack?.mayTry(entryFor(podOf(), engine), true),
    ({ world }) => (world.tries = 1),
  ],
  'nodes that come': [({ one }) => one.nodes?.imageVolumes({}), ({ world }) => (world.imageVolumes = false)],
  'nodes that differ': [({ one }) => one.nodes?.isSameForAll(), ({ world }) => (world.isSameForAll = false)],
  secretState: [({ one }) => one.secretState('shop', 'a', 'b'), ({ world }) => (world.secret = 'missing')],
  'an image that is gone': [({ one }) => one.images.known(request), ({ world }) => (world.image = undefined)],
  'an image of another digest': [
    ({ one }) => one.images.known(request),
    ({ world, config }) => (world.image = { ok: true, config, source: 'cache', digest: 'sha256:2' }),
  ],
  'an image that a registry no longer shows': [
    ({ one }) => one.images.known(request),
    ({ world }) => (world.image = { ok: false, reason: 'image_unauthorized', detail: '' }),
  ],
  'credentials.detail': [
    ({ one }) => one.credentials?.detail('shop', 'a', 'b'),
    ({ world }) => (world.detail = 'in the way'),
  ],
  'credentials.version': [
    ({ one }) => one.credentials?.version('shop', 'a', 'b'),
    ({ world }) => (world.version = '2'),
  ],
  'credentials.prepare': [
    ({ one, rule }) => one.credentials?.prepare('shop', rule, true, again),
    ({ world }) => (world.waits = true),
  ],
  'limits.of': [
    ({ one }) => one.limits?.of('shop'),
    ({ world }) => (world.limits = namespaceLimits([], [{ spec: { hard: { 'limits.cpu': '1' } } }])),
  ],
  'limits.trouble': [({ one }) => one.limits?.trouble('shop'), ({ world }) => (world.trouble = 'none')],
  'limits.prepare': [({ one }) => one.limits?.prepare('shop', 'mutate', again), ({ world }) => (world.waits = true)],
};

t.test('a question is answered as before until its answer changes', (t) => {
  for (const [what, [ask, change]] of Object.entries(asks)) {
    const scene = setUp();
    ask(scene);
    t.ok(scene.questions.areAnsweredAsBefore(again), what);
    change(scene);
    t.notOk(scene.questions.areAnsweredAsBefore(again), `${what}: changed`);
    const other = setUp();
    change(other);
    t.ok(other.questions.areAnsweredAsBefore(again), `${what}: never asked`);
  }
  t.end();
});

t.test('an image is the same whose config is, whoever wraps it', (t) => {
  const { one, world, config, questions } = setUp();
  one.images.known(request);
  world.image = { ok: true, config, source: 'cache', digest: 'sha256:1' };
  t.ok(questions.areAnsweredAsBefore(again));
  const failing = setUp();
  failing.world.image = { ok: false, reason: 'image_not_found', detail: 'a' };
  failing.one.images.known(request);
  failing.world.image = { ok: false, reason: 'image_not_found', detail: 'a' };
  t.ok(failing.questions.areAnsweredAsBefore(again));
  t.end();
});

t.test('what had to be waited for is never as before', async (t) => {
  const looking = setUp();
  await looking.one.images.lookUp(request, signal);
  t.notOk(looking.questions.areAnsweredAsBefore(again));
  const waiting = setUp();
  waiting.world.waits = true;
  await waiting.one.limits?.prepare('shop', 'mutate', again);
  t.notOk(waiting.questions.areAnsweredAsBefore(again));
});

t.test('an engine without a cluster has none of a cluster’s questions', (t) => {
  const engine = engineFor();
  const one = recorded(engine, new Questions());
  t.same(Object.keys(one).sort(), Object.keys(engine).sort());
  t.equal(one.rules, engine.rules);
  t.equal(one.facts, engine.facts);
  t.end();
});

t.test('a question that is asked again takes no try', (t) => {
  const { world, one, engine, questions } = setUp();
  const entry = entryFor(podOf(), engine);
  t.equal(one.takenBack?.mayTry(entry, true), false);
  world.tries = 1;
  t.equal(questions.areAnsweredAsBefore(again), false);
  t.equal(world.tries, 1);
  t.equal(one.takenBack?.mayTry(entry, true), true);
  t.equal(world.tries, 0);
  t.end();
});
