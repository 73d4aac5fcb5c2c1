import t from 'tap';
import { ApiError } from '../../../src/cluster/client/api-error.js';
import { Election } from '../../../src/cluster/leader/election.js';
import { names } from '../../../src/model/names.js';
import { objectOf, stringOf, type JsonObject } from '../../../src/model/json.js';
import { createLogger } from '../../../src/observe/logger.js';
import { createFakeObjects, type FakeObjects } from '../fake-objects.js';
import { createVirtualTime, type VirtualTime } from '../virtual-time.js';

const path = '/apis/coordination.k8s.io/v1/namespaces/own/leases/outrider';

/** One replica, and what happened to it. */
interface Replica {
  readonly leads: () => boolean;
  readonly terms: () => number;
  readonly gauge: () => boolean | undefined;
  /** Makes `lead` take so long to return. */
  slowMs: number;
  observed: string | undefined;
  /** Whether it may lead; asked often. */
  fit: () => boolean;
  /** Ends the replica as SIGTERM does. */
  stop(): Promise<void>;
  /** Cuts it from the API server. */
  cut: boolean;
  readonly failLead: (error: Error) => void;
}

interface World {
  /** What was worth a warning. */
  readonly warnings: readonly string[];
  readonly time: VirtualTime;
  readonly api: FakeObjects;
  join(identity: string, skewMs?: number): Replica;
  leaders(): readonly string[];
  /** The most that led at a time. */
  readonly most: () => number;
  spec(): JsonObject;
}

async function createWorld(): Promise<World> {
  const warnings: string[] = [];
  const destination = { write: (line: string) => void warnings.push(line) };
  const log = await createLogger({ level: 'warn', format: 'json', destination });
  const time = createVirtualTime();
  const api = createFakeObjects();
  const leading = new Set<string>();
  let most = 0;
  let joined = 0;
  return {
    warnings,
    time,
    api,
    most: () => most,
    leaders: () => [...leading],
    spec: () => objectOf(api.read(path)?.['spec']) ?? {},
    join: (identity, skewMs = 0) => {
      const stop = new AbortController();
      const me = `${identity}#${joined++}`;
      let terms = 0;
      let gauge: boolean | undefined;
      let fail: (error: Error) => void = () => undefined;
      const real = api.client();
      const down = (): Promise<never> => Promise.reject(new ApiError('cut', { status: 0, reason: 'NoAnswer' }));
      const epochMs = joined * 1e6;
      const replica: Replica = {
        leads: () => leading.has(me),
        terms: () => terms,
        gauge: () => gauge,
        slowMs: 0,
        observed: undefined,
        fit: () => true,
        cut: false,
        failLead: (error) => fail(error),
        stop: async () => {
          stop.abort();
          await time.advance(1);
          await Promise.race([done, time.advance(60_000)]);
        },
      };
      const election = new Election({
        client: {
          get: (...given) => (replica.cut ? down() : real.get(...given)),
          create: (...given) => (replica.cut ? down() : real.create(...given)),
          replace: (...given) => (replica.cut ? down() : real.replace(...given)),
        },
        namespace: 'own',
        name: 'outrider',
        identity,
        leaseSeconds: 15,
        lead: async (signal) => {
          terms++;
          leading.add(me);
          most = Math.max(most, leading.size);
          try {
            await new Promise<void>((resolve, reject) => {
              fail = reject;
              signal.addEventListener('abort', () => resolve(), { once: true });
            });
            await time.sleep(replica.slowMs, new AbortController().signal);
          } finally {
            leading.delete(me);
          }
        },
        observed: () => replica.observed,
        fit: () => replica.fit(),
        log,
        metrics: {
          setLeader: (leads) => {
            gauge = leads;
          },
        },
        clock: { monotonicMs: () => time.monotonicMs() + epochMs, wallMs: () => time.wallMs() + skewMs },
        random: () => 0.5,
        sleep: time.sleep,
      });
      const done = election.run(stop.signal);
      t.teardown(() => stop.abort());
      return replica;
    },
  };
}

t.test('the first one leads, renews, and hands over at once when it ends', async (t) => {
  const world = await createWorld();
  const a = world.join('a');
  await world.time.advance(0);
  const b = world.join('b', 3_600_000);
  await world.time.advance(120_000);
  t.ok(a.leads());
  t.notOk(b.leads(), 'whatever the other’s date says of the Lease');
  t.equal(a.gauge(), true);
  t.equal(b.gauge(), false);
  t.match(world.spec(), {
    holderIdentity: 'a',
    leaseDurationSeconds: 15,
    leaseTransitions: 0,
    acquireTime: '2026-11-22T12:00:00.000000Z',
    renewTime: /^2026-11-22T12:01:5\d\.\d{6}Z$/,
  });
  const writes = world.api.requests.filter((request) => request.startsWith('PUT')).length;
  t.ok(writes >= 24 && writes <= 30, `renewed at a third of the lease: ${writes} times in 2 minutes`);

  await a.stop();
  t.match(world.spec(), { holderIdentity: '', leaseDurationSeconds: 1 });
  t.equal(a.gauge(), false);
  await world.time.advance(2_500);
  t.ok(b.leads(), 'within one look at the Lease');
  t.match(world.spec(), { holderIdentity: 'b', leaseTransitions: 1 });
  t.equal(world.most(), 1);
});

t.test('of two that start at once one leads, and the other has nothing to complain of', async (t) => {
  const world = await createWorld();
  world.join('a');
  world.join('b');
  await world.time.advance(30_000);
  t.equal(world.leaders().length, 1);
  t.equal(world.api.requests.filter((request) => request.startsWith('POST')).length, 2, 'both tried to make the Lease');
  t.same(world.warnings, []);
});

t.test('a leader that is cut off gives up before anybody takes over, and comes back as a follower', async (t) => {
  const world = await createWorld();
  const a = world.join('a', -86_400_000);
  await world.time.advance(0);
  const b = world.join('b');
  await world.time.advance(30_000);
  a.cut = true;
  await world.time.advance(10_500);
  t.notOk(a.leads(), 'after two thirds of the lease');
  t.notOk(b.leads());
  await world.time.advance(8_000);
  t.ok(b.leads(), 'within the lease and a look at it');
  a.cut = false;
  await world.time.advance(60_000);
  t.ok(b.leads());
  t.equal(a.terms(), 1);
  t.equal(world.most(), 1);
});

t.test('a request that hangs does not keep a leader leading', async (t) => {
  const world = await createWorld();
  const a = world.join('a');
  await world.time.advance(1_000);
  t.ok(a.leads());
  world.api.fault = () => 'hang';
  await world.time.advance(10_500);
  t.notOk(a.leads());
  world.api.fault = () => undefined;
  await world.time.advance(3_000);
  t.ok(a.leads(), 'it goes on with the Lease that nobody took meanwhile');
  t.equal(a.terms(), 2);
});

t.test('a write whose answer is lost is no other replica’s', async (t) => {
  const world = await createWorld();
  let lost = 1;
  world.api.fault = (method) => (method === 'POST' && lost-- > 0 ? 'lost' : undefined);
  const a = world.join('a');
  await world.time.advance(8_000);
  t.ok(a.leads(), 'it does not wait for itself');
  lost = 1;
  world.api.fault = (method) => (method === 'PUT' && lost-- > 0 ? 'lost' : undefined);
  await world.time.advance(60_000);
  t.ok(a.leads());
  await a.stop();
  t.match(world.spec(), { holderIdentity: '' });
});

t.test('an API server that is away for a moment changes nothing', async (t) => {
  const world = await createWorld();
  const a = world.join('a');
  await world.time.advance(6_000);
  world.api.fault = () => 'down';
  await world.time.advance(6_000);
  world.api.fault = (method) =>
    method === 'PUT' ? new ApiError('no', { status: 409, reason: 'Conflict' }) : undefined;
  await world.time.advance(1_000);
  world.api.fault = () => undefined;
  await world.time.advance(60_000);
  t.ok(a.leads());
  t.equal(a.terms(), 1);
});

t.test('a Lease that others touch', async (t) => {
  const world = await createWorld();
  const a = world.join('a');
  await world.time.advance(1_000);
  const lease = world.api.read(path) ?? {};
  world.api.put(path, { ...lease, metadata: { name: 'outrider', labels: { team: 'x' }, annotations: { note: 'y' } } });
  a.observed = '{"reachable":true}';
  await world.time.advance(12_000);
  t.equal(a.terms(), 1, 'a label of somebody else’s is no loss');
  t.match(world.api.read(path), {
    metadata: { labels: { team: 'x' }, annotations: { note: 'y', [names.observed]: '{"reachable":true}' } },
  });
  a.observed = 'x'.repeat(100_000);
  await world.time.advance(12_000);
  const annotations = objectOf(objectOf(world.api.read(path)?.['metadata'])?.['annotations']);
  t.equal(stringOf(annotations?.[names.observed]), '{"reachable":true}', 'what is too long is left out');

  world.api.remove(path);
  await world.time.advance(12_000);
  t.ok(a.leads(), 'a deleted one is made again');
  t.match(world.spec(), { holderIdentity: 'a' });

  world.api.put(path, { spec: { holderIdentity: 'thief', leaseDurationSeconds: 15, renewTime: 'whenever' } });
  await world.time.advance(6_000);
  t.notOk(a.leads(), 'a stolen one is not taken back');
  await world.time.advance(20_000);
  t.ok(a.leads(), 'until it stood still');

  world.api.put(path, { spec: { holderIdentity: 'a', leaseDurationSeconds: 15, acquireTime: '2020-01-01T00:00:00Z' } });
  await world.time.advance(6_000);
  t.notOk(a.leads(), 'another process of our name is another process');

  world.api.put(path, { spec: { holderIdentity: 'z', leaseDurationSeconds: 1e9 } });
  await world.time.advance(310_000);
  t.ok(a.leads(), 'nobody keeps it for ever');
  world.api.put(path, { spec: 'nonsense' });
  await world.time.advance(20_000);
  t.ok(a.leads());
});

t.test('a new term never starts before the old work has ended', async (t) => {
  const world = await createWorld();
  const a = world.join('a');
  await world.time.advance(1_000);
  a.slowMs = 60_000;
  a.cut = true;
  await world.time.advance(12_000);
  t.equal(a.gauge(), false);
  a.cut = false;
  await world.time.advance(40_000);
  t.equal(a.terms(), 1);
  t.ok(a.leads(), 'the old work is still at its end');
  a.slowMs = 0;
  await world.time.advance(30_000);
  t.equal(a.terms(), 2);
  t.equal(world.most(), 1);
  await a.stop();
  t.match(world.spec(), { holderIdentity: '' });
});

t.test('work that ends slowly keeps the Lease from being given up too early', async (t) => {
  const world = await createWorld();
  const a = world.join('a');
  await world.time.advance(1_000);
  a.slowMs = 3_000;
  const stopped = a.stop();
  await world.time.advance(1_000);
  t.match(world.spec(), { holderIdentity: 'a' });
  await world.time.advance(3_000);
  await stopped;
  t.match(world.spec(), { holderIdentity: '' });
});

t.test('work that fails gives up leading, and the next term begins anew', async (t) => {
  const world = await createWorld();
  const a = world.join('a');
  await world.time.advance(1_000);
  a.failLead(new Error('broken'));
  await world.time.advance(10);
  t.equal(a.gauge(), false);
  t.match(world.spec(), { holderIdentity: '' });
  await world.time.advance(5_000);
  t.equal(a.terms(), 2);
});

t.test(
  'F27: a leader that may not lead any longer hands over at once, and takes no Lease while that lasts',
  async (t) => {
    const world = await createWorld();
    const a = world.join('a');
    await world.time.advance(1_000);
    const b = world.join('b');
    await world.time.advance(10_000);
    t.ok(a.leads());
    a.fit = () => false;
    await world.time.advance(5_100);
    t.notOk(a.leads(), 'at the next renewal');
    t.equal(a.gauge(), false);
    await world.time.advance(2_500);
    t.ok(b.leads(), 'the Lease was given up, and is not waited for');
    t.match(world.spec(), { holderIdentity: 'b' });
    await b.stop();
    await world.time.advance(120_000);
    t.same(world.leaders(), [], 'though nobody else is there');
    t.match(world.spec(), { holderIdentity: '' });
    t.same(world.warnings, []);
    a.fit = () => true;
    await world.time.advance(3_000);
    t.ok(a.leads(), 'once it may again');
    t.equal(world.most(), 1);
  },
);

t.test('F27: an answer of the API server decides, before a Lease is taken and before one is given up', async (t) => {
  const world = await createWorld();
  // As a clock is that nobody has compared with the API server's yet.
  const a = world.join('a');
  a.fit = () => world.api.requests.length === 0;
  await world.time.advance(30_000);
  t.same(world.leaders(), []);
  t.ok(
    world.api.requests.every((request) => request.startsWith('GET')),
    'nothing is written',
  );
  await a.stop();
  // As a clock that was corrected, and the API server's date is known from before: the next answer tells it again.
  const c = world.join('c');
  await world.time.advance(3_000);
  t.ok(c.leads());
  let asked = 0;
  let requests = 0;
  c.fit = () => {
    if (asked++ === 0) requests = world.api.requests.length;
    return world.api.requests.length > requests;
  };
  await world.time.advance(30_000);
  t.ok(c.leads());
  t.equal(c.terms(), 1);
});

t.test(
  'many replicas, any one of which is cut off at any time: never two at once, and never long nobody',
  async (t) => {
    const world = await createWorld();
    const replicas = ['a', 'b', 'c', 'd'].map((identity, index) => world.join(identity, index * 100_000));
    let seed = 7;
    const random = (): number => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647;
    let without = 0;
    for (let step = 0; step < 400; step++) {
      const cut = replicas[Math.floor(random() * replicas.length)];
      if (cut !== undefined && random() < 0.2) cut.cut = !cut.cut;
      if (replicas.every((replica) => replica.cut)) replicas.forEach((replica) => (replica.cut = false));
      await world.time.advance(1_000);
      without = world.leaders().length === 0 && replicas.some((replica) => !replica.cut) ? without + 1 : 0;
      if (without > 30) t.fail(`nobody led for ${without} s in step ${step}`);
    }
    t.equal(world.most(), 1);
    t.ok(replicas.filter((replica) => replica.terms() > 0).length > 1, 'several of them led');
  },
);
