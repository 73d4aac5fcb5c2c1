import t, { type Test } from 'tap';
import type { ConfirmedPort } from '../../../src/cluster/registration/registration.js';
import { PortKeeper } from '../../../src/cluster/port/port-keeper.js';
import { portKeysIn } from '../../../src/cluster/port/port-keys.js';
import { PortProof } from '../../../src/cluster/port/port-proof.js';
import { provenPath, tokenOf } from '../../../src/model/door-token.js';
import { names } from '../../../src/model/names.js';
import { fakeApi, fakeTiming, memoryLog, refusal, settle } from '../fake-api.js';
import { createFakeObjects } from '../fake-objects.js';

const path = '/api/v1/namespaces/own/secrets/outrider-certificate';
const pods = '/api/v1/namespaces/own/pods';
const door = '/mutate/pods';
const aMinute = 60;

/** An API server with a Secret, pods and a registration, and a replica and a leader who go by them. */
function createWorld(t: Test) {
  const timing = fakeTiming();
  const { log, lines } = memoryLog();
  const listed = fakeApi();
  const proof = new PortProof('outrider');
  const objects = createFakeObjects((_path, secret) => {
    proof.takeSecret(secret);
    keeper?.poke();
    if (world.undo !== undefined && portKeysIn(secret).current !== undefined) queueMicrotask(world.undo);
  });
  let keeper: PortKeeper | undefined;
  let confirmed: ConfirmedPort | undefined;
  let term = new AbortController();
  const register = (key: string | undefined): void => {
    confirmed = { key, sinceMs: timing.clock.monotonicMs() };
    const webhooks = [{ name: 'p.outrider.outrider.dev', clientConfig: { service: { path: provenPath(door, key) } } }];
    for (const kind of ['mutating', 'validating'] as const) proof.takeConfiguration(kind, { webhooks });
  };
  const world = {
    objects,
    proof,
    listed,
    lines,
    certificate: 'A',
    /** What someone does after each write of the Secret. */
    undo: undefined as (() => void) | undefined,
    keys: () => portKeysIn(objects.read(path)),
    registered: () => confirmed,
    /** As a leader of an older version writes it, or nobody. */
    register,
    lead: async (): Promise<void> => {
      term = new AbortController();
      confirmed = undefined;
      keeper = new PortKeeper({
        client: { ...listed.client, ...objects.client() },
        ...timing,
        log,
        instance: 'outrider',
        secret: { namespace: 'own', name: 'outrider-certificate' },
        relistMs: 600_000,
        terms: { overlapMs: 300_000, settleMs: 60_000 },
        proof,
        certificate: () => world.certificate,
        confirmed: () => confirmed,
        onChoice: () => {
          const choice = keeper?.choice();
          if (choice !== undefined) register(choice.key);
        },
      });
      void keeper.run(term.signal);
      await settle();
    },
    resign: async (): Promise<void> => {
      term.abort();
      await settle();
      t.equal(keeper?.choice(), undefined);
    },
    choice: () => keeper?.choice(),
    why: () => keeper?.why(),
    /** Lets time pass; the API server’s calls are proven all along. */
    pass: async (seconds: number): Promise<void> => {
      for (let second = 0; second < seconds; second++) {
        await timing.advance(1_000);
        await settle();
        const key = confirmed?.key;
        const isProven = proof.isProven('mutate', key === undefined ? undefined : tokenOf(key, door));
        if (!isProven) t.fail(`a call of the API server is not proven: ${JSON.stringify(world.keys())}`);
      }
    },
  };
  t.teardown(() => term.abort());
  return world;
}

const older = { status: { phase: 'Running' } };
const tokens = { metadata: { labels: { [names.port]: 'token' } }, status: { phase: 'Running' } };
const newer = {
  metadata: { labels: { [names.port]: 'token', [names.inForce]: 'hash', [names.ways]: 'sessions' } },
  status: { phase: 'Running' },
};

t.test('F25: a new installation asks for proof after a minute of calls with tokens', async (t) => {
  const world = createWorld(t);
  await world.lead();
  await world.pass(2);
  t.ok(world.keys().current);
  t.equal(world.registered()?.key, world.keys().current);
  t.notOk(world.proof.asks);
  await world.pass(aMinute);
  t.ok(world.proof.asks);
  t.notMatch(JSON.stringify(world.lines), new RegExp(world.keys().current ?? ''), 'no key is logged');
});

t.test(
  'F25: with another certificate comes another key, which every replica knows before it is called by',
  async (t) => {
    const world = createWorld(t);
    await world.lead();
    await world.pass(2 * aMinute);
    const first = world.keys().current;
    world.certificate = 'B';
    await world.pass(2 * aMinute);
    const { next } = world.keys();
    t.ok(next);
    t.equal(world.registered()?.key, first, 'it spreads');
    await world.pass(5 * aMinute);
    t.equal(world.registered()?.key, next);
    await world.pass(2 * aMinute);
    t.match(world.keys(), { current: next, previous: undefined, next: undefined, asked: true, certificate: 'B' });
    t.notOk(world.proof.isProven('mutate', tokenOf(first ?? '', door)), 'the earlier one is worth nothing');
  },
);

t.test('F25: an upgrade: nothing is asked and no token registered until the last older replica is gone', async (t) => {
  const world = createWorld(t);
  world.listed.put(`${pods}/old`, older);
  world.listed.put(`${pods}/new`, newer);
  world.listed.put(`${pods}/evicted`, { status: { phase: 'Failed' } });
  world.register(undefined);
  await world.lead();
  await world.pass(10 * aMinute);
  t.same(world.choice(), { key: undefined, hashed: false, ways: false });
  t.match(world.why(), /a replica that knows no tokens is there/);
  t.notOk(world.keys().asked);
  world.listed.remove(`${pods}/old`);
  await world.pass(2);
  t.equal(world.registered()?.key, world.keys().current);
  await world.pass(2 * aMinute);
  t.ok(world.proof.asks);
});

t.test('F25: a way back: an older replica is created, and tokens are gone before it can answer', async (t) => {
  const world = createWorld(t);
  world.listed.put(`${pods}/new`, newer);
  await world.lead();
  await world.pass(2 * aMinute);
  t.ok(world.proof.asks);
  world.listed.put(`${pods}/old`, { status: { phase: 'Pending' } });
  await world.pass(0);
  await settle();
  t.notOk(world.keys().asked, 'first nobody asks any more');
  await world.pass(3);
  t.same(world.choice(), { key: undefined, hashed: false, ways: false }, 'then nobody calls by a token');
  // It leads, writes without tokens, and knows nothing about the Secret’s keys.
  await world.resign();
  world.register(undefined);
  await world.pass(aMinute);
  t.ok(world.proof.isProven('mutate', undefined));
  await world.lead();
  t.not(world.choice()?.key, world.keys().current);
  await world.pass(aMinute);
  world.listed.remove(`${pods}/old`);
  await world.pass(3 * aMinute);
  t.ok(world.proof.asks, 'and forward again');
});

t.test('F25: a way back that takes the rights away first: tokens are gone all the same', async (t) => {
  const world = createWorld(t);
  await world.lead();
  await world.pass(2 * aMinute);
  t.ok(world.proof.asks);
  world.objects.fault = () => refusal(403, 'Forbidden');
  world.listed.put(`${pods}/old`, { status: { phase: 'Pending' } });
  await world.pass(4);
  t.same(world.choice(), { key: undefined, hashed: false, ways: false });
  t.ok(world.keys().asked, 'the Secret could not be told');
  t.notOk(world.proof.asks, 'the entries tell');
});

t.test('E44: the path names the configuration only while every replica can tell which one it was', async (t) => {
  const world = createWorld(t);
  world.listed.put(`${pods}/new`, newer);
  await world.lead();
  await world.pass(2 * aMinute);
  t.match(world.choice(), { key: world.keys().current, hashed: true, ways: true });
  world.listed.put(`${pods}/old`, tokens);
  await world.pass(1);
  t.match(world.choice(), { key: world.keys().current, hashed: false, ways: false }, 'and it calls by a token on');
  t.ok(world.proof.asks);
  world.listed.remove(`${pods}/old`);
  await world.pass(1);
  t.match(world.choice(), { hashed: true, ways: true });
  world.listed.put(`${pods}/oldest`, older);
  await world.pass(3);
  t.same(world.choice(), { key: undefined, hashed: false, ways: false });
});

t.test('F25: what undoes each write is not raced with', async (t) => {
  const world = createWorld(t);
  await world.lead();
  await world.pass(1);
  const spoil = (): void => world.objects.put(path, { metadata: { name: 'outrider-certificate', namespace: 'own' } });
  const before = world.objects.requests.length;
  world.undo = spoil;
  await world.pass(aMinute);
  t.ok(world.objects.requests.length - before < 100, `${world.objects.requests.length - before} requests`);
});

t.test('F25: a leader that died meanwhile left the mark: the entries without tokens take it back', async (t) => {
  const world = createWorld(t);
  await world.lead();
  await world.pass(2 * aMinute);
  await world.resign();
  world.register(undefined);
  t.ok(world.keys().asked);
  t.notOk(world.proof.asks);
  world.listed.put(`${pods}/old`, older);
  await world.lead();
  await world.pass(aMinute);
  t.notOk(world.keys().asked);
  t.same(world.choice(), { key: undefined, hashed: false, ways: false });
});

t.test('F25: where the pods may not be read, nothing is asked, and that is said', async (t) => {
  const world = createWorld(t);
  world.listed.breakDown(`LIST ${pods}`, refusal(403, 'Forbidden'));
  await world.lead();
  await world.pass(3 * aMinute);
  t.match(world.why(), /may not be read/);
  t.same(world.choice(), { key: undefined, hashed: false, ways: false });
  t.match(JSON.stringify(world.lines), /the port asks for no proof/);
});

t.test('F25: where the Secret may not be kept, calls go without a token rather than nowhere', async (t) => {
  const world = createWorld(t);
  world.objects.fault = (method) => (method === 'GET' ? refusal(403, 'Forbidden') : undefined);
  await world.lead();
  await world.pass(2);
  t.same(world.choice(), { key: undefined, hashed: true, ways: true });
  t.match(world.why(), /cannot be kept/);
  world.objects.fault = () => undefined;
  await world.pass(2 * aMinute);
  t.ok(world.choice()?.key, 'until it may');
});

t.test('F25: while nobody answers, what stands in the configurations stays', async (t) => {
  const world = createWorld(t);
  world.listed.breakDown(`LIST ${pods}`, refusal(0, 'NoAnswer'));
  await world.lead();
  await world.pass(3 * aMinute);
  t.equal(world.choice(), undefined, 'nothing is written');
  world.listed.heal(`LIST ${pods}`);
  await world.pass(aMinute);
  t.ok(world.choice()?.key);
});

t.test('F25: keys that were lost from the Secret are put back, and calls go on', async (t) => {
  const world = createWorld(t);
  await world.lead();
  await world.pass(2 * aMinute);
  const before = world.keys();
  world.objects.remove(path);
  await world.pass(2 * aMinute);
  t.same(world.keys(), before);
  world.objects.put(path, {
    metadata: { name: 'outrider-certificate', namespace: 'own' },
    data: { 'port.key': 'eA==' },
  });
  await world.pass(2 * aMinute);
  t.same(world.keys(), before);
  world.objects.fault = () => 'down';
  await world.pass(aMinute);
  t.match(JSON.stringify(world.lines), /cannot be kept in the Secret/);
});
