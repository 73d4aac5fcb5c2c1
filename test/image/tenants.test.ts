import fc from 'fast-check';
import t from 'tap';
import { anonymous, basicCredential } from '../../src/image/credentials/credential.js';
import { RegistryResolver } from '../../src/image/resolver.js';
import { RegistryError } from '../../src/image/types.js';
import type { ImageOutcome, ImageRequest } from '../../src/model/image.js';
import { fakeClock, fakeRegistry, forever, silent, type FakeClock, type FakeRegistry } from './fake-registry.js';

const tenants = ['alice', 'bob'] as const;
type Tenant = (typeof tenants)[number];
const credentials = {
  alice: basicCredential('alice', 'a', 'secret alice/pull'),
  bob: basicCredential('bob', 'b', 'secret bob/pull'),
};
const limits = { tagTtlMs: 1_000, rightTtlMs: 3_000, staleMs: 20_000, jitter: 0, entries: 50 };
const name = 'r.example/x/app';

/** What is true in the registry, and when it was last true. */
interface World {
  nowMs: number;
  outage: boolean;
  /** When a tenant was last allowed to read: now, while it is. */
  readonly allowed: Map<Tenant, boolean>;
  readonly lastAllowedMs: Map<Tenant, number>;
  /** Entry points by when the tag last named them. */
  readonly named: Map<string, number>;
  current: string;
  /** Digest of the image `/zero`. */
  readonly zero: string;
}
interface Real {
  readonly registry: FakeRegistry;
  readonly resolver: RegistryResolver;
  readonly clock: FakeClock;
}
type Step = {
  readonly [fc.toStringMethod]: () => string;
  readonly run: (world: World, real: Real) => void | Promise<void>;
};

function note(world: World): void {
  for (const tenant of tenants) if (world.allowed.get(tenant) === true) world.lastAllowedMs.set(tenant, world.nowMs);
  world.named.set(world.current, world.nowMs);
}

function check(world: World, tenant: Tenant, pinned: boolean, outcome: ImageOutcome | undefined): void {
  if (outcome?.ok !== true) return;
  const [rightMs, tagMs] = world.outage ? [limits.staleMs, limits.staleMs] : [limits.rightTtlMs, limits.tagTtlMs];
  const allowedAt = world.lastAllowedMs.get(tenant) ?? -Infinity;
  if (world.allowed.get(tenant) !== true && world.nowMs - allowedAt >= rightMs) {
    throw new Error(`${tenant} was served without a right`);
  }
  const entrypoint = outcome.config.entrypoint[0] ?? '';
  if (pinned) {
    if (entrypoint !== '/zero') throw new Error('another image than the digest’s');
    return;
  }
  const namedAt = world.named.get(entrypoint) ?? -Infinity;
  if (world.current !== entrypoint && world.nowMs - namedAt >= tagMs) {
    throw new Error(`${tenant} was served ${entrypoint}, which the tag has long left`);
  }
}

function request(tenant: Tenant, world: World, pinned: boolean): ImageRequest {
  return { reference: pinned ? `${name}@${world.zero}` : `${name}:1`, namespace: tenant, pod: {} };
}

function allow(registry: FakeRegistry, world: World): void {
  const readers = tenants.filter((tenant) => world.allowed.get(tenant) === true);
  registry.allow(name, ...readers.map((tenant) => credentials[tenant].fingerprint));
}

const step = fc.oneof(
  fc.tuple(fc.constantFrom(...tenants), fc.boolean()).map(([tenant, allowed]): Step => ({
    [fc.toStringMethod]: () => `${tenant} ${allowed ? 'allowed' : 'denied'}`,
    run(world, { registry }) {
      note(world);
      world.allowed.set(tenant, allowed);
      allow(registry, world);
    },
  })),
  fc.constantFrom('/one', '/two', '/three').map((entrypoint): Step => ({
    [fc.toStringMethod]: () => `push ${entrypoint}`,
    run(world, { registry }) {
      note(world);
      registry.push(name, '1', { entrypoint: [entrypoint] });
      world.current = entrypoint;
    },
  })),
  fc.boolean().map((outage): Step => ({
    [fc.toStringMethod]: () => `outage ${outage}`,
    run(world, { registry }) {
      world.outage = outage;
      registry.fail(outage ? () => new RegistryError('registry_unreachable', 'down') : undefined);
    },
  })),
  fc.constantFrom(500, 1_000, 3_000, 19_000).map((ms): Step => ({
    [fc.toStringMethod]: () => `wait ${ms}`,
    run(world, { clock }) {
      note(world);
      clock.advance(ms);
      world.nowMs += ms;
      note(world);
    },
  })),
  ...['ask', 'known'].map((how) =>
    fc.tuple(fc.constantFrom(...tenants), fc.boolean()).map(([tenant, pinned]): Step => ({
      [fc.toStringMethod]: () => `${tenant} ${how} ${pinned}`,
      async run(world, { resolver }) {
        note(world);
        const outcome =
          how === 'known'
            ? resolver.known(request(tenant, world, pinned))
            : await resolver.lookUp(request(tenant, world, pinned), forever);
        // After an outage the back-off may still hold; an older answer is then right.
        check(how === 'known' ? { ...world, outage: false } : { ...world, outage: true }, tenant, pinned, outcome);
        if (how === 'ask' && outcome?.ok === true && outcome.source === 'registry') {
          check({ ...world, outage: false }, tenant, pinned, outcome);
        }
      },
    })),
  ),
);

t.test('E14: whatever happens in the registry, no tenant is served past its right or the tag’s time', async (t) => {
  let served = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 40 }), async (steps) => {
      const registry = fakeRegistry();
      const clock = fakeClock();
      const resolver = new RegistryResolver({
        client: registry.client,
        credentials: {
          credentials: (_, { namespace }) =>
            Promise.resolve([namespace === 'alice' ? credentials.alice : credentials.bob, anonymous]),
        },
        clock,
        log: silent,
        limits,
      });
      const zero = registry.push(name, '1', { entrypoint: ['/zero'] });
      const world: World = {
        nowMs: 0,
        outage: false,
        allowed: new Map([['alice', true]]),
        lastAllowedMs: new Map(),
        named: new Map(),
        current: '/zero',
        zero,
      };
      allow(registry, world);
      for (const { run } of steps) await run(world, { registry, resolver, clock });
      served += resolver.stats().hits + resolver.stats().stale;
    }),
    { numRuns: 300 },
  );
  t.ok(served > 100, 'the cache was used');
});
