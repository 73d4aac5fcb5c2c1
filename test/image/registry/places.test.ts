import fc from 'fast-check';
import t from 'tap';
import { Askers } from '../../../src/image/askers.js';
import { Places } from '../../../src/image/registry/places.js';
import { never } from './fake-registry.js';

/** Asks for places of one host, and notes who got one. */
class World {
  readonly places = new Places();
  readonly got: string[] = [];
  readonly #leave: (() => void)[] = [];
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  ask(
    who: string | Askers,
    label = typeof who === 'string' ? who : 'several',
    signal: AbortSignal = never,
  ): Promise<void> {
    const askers = typeof who === 'string' ? new Askers(who) : who;
    return this.places.acquire('r.example', this.#limit, askers, signal).then((leave) => {
      this.got.push(label);
      this.#leave.push(leave);
    });
  }

  /** Gives back the place that was taken first, and lets whoever gets it note that. */
  async free(): Promise<void> {
    this.#leave.shift()?.();
    await settled();
  }
}

function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

t.test('F24: a namespace with 1,500 questions in line delays another’s by no more than one place', async (t) => {
  const world = new World(1);
  for (let at = 0; at < 1_500; at++) void world.ask('noisy');
  await settled();
  for (const namespace of ['web', 'pay']) void world.ask(namespace);
  for (let at = 0; at < 4; at++) await world.free();
  t.strictSame(world.got, ['noisy', 'noisy', 'web', 'pay', 'noisy']);
});

t.test('F24: no namespace has all places, so that another finds one free at once', async (t) => {
  const world = new World(16);
  for (let at = 0; at < 100; at++) void world.ask('noisy');
  await settled();
  t.equal(world.got.length, 12);
  await world.ask('web');
  t.equal(world.got.at(-1), 'web');
  await world.free();
  t.equal(world.got.filter((who) => who === 'noisy').length, 13, 'and its own places go on in its own line');
});

t.test('F24: a question that another namespace joins stands in the line of each', async (t) => {
  const world = new World(1);
  for (let at = 0; at < 50; at++) void world.ask('noisy');
  const shared = new Askers('noisy');
  void world.ask(shared, 'shared');
  await settled();
  shared.join('web');
  shared.join('web');
  await world.free();
  await world.free();
  t.strictSame(world.got, ['noisy', 'noisy', 'shared'], 'in web’s turn');
  const open = new World(4);
  for (let at = 0; at < 5; at++) void open.ask('noisy');
  const late = new Askers('noisy');
  void open.ask(late, 'late');
  await settled();
  late.join('web');
  await settled();
  t.strictSame(open.got, ['noisy', 'noisy', 'noisy', 'late'], 'at once, where a place is free for web');
});

t.test('F24: whoever asks, joins and gives up: never too many, nobody forgotten, nothing kept', async () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('ask'), who: fc.constantFrom('a', 'b', 'c') }),
    fc.record({ kind: fc.constantFrom('free', 'giveUp', 'join'), who: fc.constantFrom('a', 'b', 'c') }),
  );
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 5 }), fc.array(step, { maxLength: 40 }), async (limit, steps) => {
      const places = new Places();
      const held: (() => void)[] = [];
      const waiting = new Map<Askers, AbortController>();
      let most = 0;
      for (const { kind, who } of steps) {
        const [oldest] = waiting;
        if (kind === 'ask') {
          const askers = new Askers(who);
          const controller = new AbortController();
          waiting.set(askers, controller);
          places.acquire('h', limit, askers, controller.signal).then(
            (leave) => {
              waiting.delete(askers);
              held.push(leave);
              most = Math.max(most, held.length);
            },
            () => void waiting.delete(askers),
          );
        } else if (kind === 'free') held.shift()?.();
        else if (kind === 'giveUp') oldest?.[1].abort();
        else oldest?.[0].join(who);
        await settled();
      }
      while (held.length > 0) {
        held.shift()?.();
        await settled();
      }
      return waiting.size === 0 && most <= limit;
    }),
    { numRuns: 200 },
  );
});

t.test('a host’s places are its own, and one who comes too late gets none', async (t) => {
  const places = new Places();
  const leave = await places.acquire('a', 1, new Askers('x'), never);
  (await places.acquire('b', 1, new Askers('x'), never))();
  await t.rejects(places.acquire('a', 1, new Askers('x'), AbortSignal.abort()), { name: 'AbortError' });
  const controller = new AbortController();
  const second = places.acquire('a', 1, new Askers('y'), controller.signal);
  controller.abort();
  await t.rejects(second, { name: 'AbortError' });
  leave();
  (await places.acquire('a', 1, new Askers('y'), never))();
});
