import t from 'tap';
import { LearnedImages } from '../../../src/cluster/plans/learned-images.js';
import type { ImageOutcome, ImageRequest, ImageResolver } from '../../../src/model/image.js';
import type { LearnedImage } from '../../../src/model/instrumentation-plan.js';

const never = new AbortController().signal;
const hourMs = 3_600_000;

function said(...entrypoint: readonly string[]): ImageOutcome {
  return { ok: true, config: { entrypoint, cmd: [] }, source: 'registry', digest: `sha256:${entrypoint.join()}` };
}

const down: ImageOutcome = { ok: false, reason: 'registry_unreachable', detail: 'no answer' };
const denied: ImageOutcome = { ok: false, reason: 'image_unauthorized', detail: '401' };

function createWorld() {
  const world = {
    nowMs: Date.parse('2026-11-29T08:00:00Z'),
    registry: said('/app'),
    cached: new Map<string, ImageOutcome>(),
    asked: [] as ImageRequest[],
    standing: {} as Record<string, LearnedImage>,
    news: 0,
  };
  const next: ImageResolver = {
    known: ({ reference }) => world.cached.get(reference),
    lookUp: (request) => {
      world.asked.push(request);
      if (world.registry.ok) world.cached.set(request.reference, { ...world.registry, source: 'cache' });
      return Promise.resolve(world.registry);
    },
  };
  const images = new LearnedImages({
    next,
    standing: () => world.standing,
    isUnchanging: (reference) => reference.endsWith(':1.2.3'),
    tagTtlMs: 300_000,
    clock: { wallMs: () => world.nowMs },
    onNews: () => world.news++,
  });
  /** As if it had been written, and the replica had started again. */
  const restart = (): void => {
    for (const [, learned] of images.take())
      for (const [reference, image] of learned) world.standing[reference] = image;
    world.cached.clear();
  };
  return { world, images, restart };
}

const request = (reference: string): ImageRequest => ({
  reference,
  namespace: 'shop',
  pod: { spec: { nodeName: 'a' } },
});

t.test('W62: what one replica looked up, another one knows at once', async (t) => {
  const { world, images, restart } = createWorld();
  await images.lookUp(request('app:1.2.3'), never);
  t.equal(world.news, 1);
  restart();
  t.match(images.known(request('app:1.2.3')), { ok: true, config: { entrypoint: ['/app'] }, source: 'cache' });
  world.nowMs += 30 * 24 * hourMs;
  t.ok(images.known(request('app:1.2.3'))?.ok, 'what does not change is known for ever');
  t.equal(world.asked.length, 1);
});

t.test(
  'W62: a tag that may change is believed for minutes, and for longer where its registry is in trouble',
  async (t) => {
    const { world, images, restart } = createWorld();
    await images.lookUp(request('app:latest'), never);
    restart();
    t.ok(images.known(request('app:latest'))?.ok);
    world.nowMs += 300_001;
    t.equal(images.known(request('app:latest')), undefined);
    world.registry = down;
    t.ok((await images.lookUp(request('app:latest'), never)).ok, 'the older answer is the better one');
    world.registry = denied;
    t.match(
      await images.lookUp(request('app:latest'), never),
      { ok: false, reason: 'image_unauthorized' },
      'a refusal is a refusal',
    );
  },
);

t.test('what is not the same on every node is not handed on', async (t) => {
  const { world, images } = createWorld();
  world.cached.set('app:1.2.3', denied);
  const odd: ImageResolver['lookUp'] = () => Promise.resolve(said('/app'));
  const other = new LearnedImages({
    next: { known: () => denied, lookUp: odd },
    standing: () => undefined,
    isUnchanging: () => true,
    tagTtlMs: 1,
    clock: { wallMs: () => world.nowMs },
    onNews: () => t.fail('nothing is to be written'),
  });
  t.ok((await other.lookUp(request('app:1.2.3'), never)).ok);
  t.equal(other.take().size, 0);
  t.equal(images.take().size, 0);
});

t.test('a use is written down once in an hour, and what could not be written comes again', async (t) => {
  const { world, images, restart } = createWorld();
  await images.lookUp(request('app:1.2.3'), never);
  restart();
  images.used('shop', 'app:1.2.3');
  images.used('shop', 'unknown');
  t.equal(images.take().size, 0);
  world.nowMs += hourMs;
  images.used('shop', 'app:1.2.3');
  const taken = images.take();
  t.match(taken.get('shop')?.get('app:1.2.3'), {
    usedAt: '2026-11-29T09:00:00.000Z',
    learnedAt: '2026-11-29T08:00:00.000Z',
  });
  for (const [namespace, learned] of taken) images.giveBack(namespace, learned);
  t.equal(images.take().size, 1);
});
