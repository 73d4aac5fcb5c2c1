import t, { type Test } from 'tap';
import { ApiError } from '../../../src/cluster/client/api-error.js';
import type { RequestOptions } from '../../../src/cluster/client/api-client.js';
import type { PolicyEntries } from '../../../src/cluster/registration/desired.js';
import { selfTestName } from '../../../src/cluster/registration/entry-names.js';
import { InForceLoop } from '../../../src/cluster/registration/in-force-loop.js';
import type { CalledBy, SelfTestResult } from '../../../src/cluster/registration/run-self-test.js';
import type { Standing } from '../../../src/cluster/registration/standing.js';
import { objectOf, type JsonObject } from '../../../src/model/json.js';
import { names } from '../../../src/model/names.js';
import { answeringWarning, nonceOf, writeAnswer } from '../../../src/model/self-test.js';
import { createLogger } from '../../../src/observe/logger.js';
import { createVirtualTime } from '../virtual-time.js';

const log = await createLogger({ level: 'silent', format: 'json' });
/** A hash of the form that paths have. */
const hash = (text: string): string => text.padEnd(32, '0');

/** What stands: the digest of each policy’s mutating entry, and of the validating one of those that are listed. */
function standing(
  version: string,
  mutating: Readonly<Record<string, string>>,
  validating: Readonly<Record<string, string>> = {},
  { hashed = true, more = {} }: { readonly hashed?: boolean; readonly more?: Record<string, PolicyEntries> } = {},
): Standing {
  const entriesOf = (kind: string, of: Readonly<Record<string, string>>) => ({
    hash: hashed ? hash(`${kind === 'mutating' ? 'a' : 'b'}${version}`) : undefined,
    entries: new Map(Object.entries(of)),
  });
  const all = [...new Set([...Object.keys(mutating), ...Object.keys(validating)])];
  const policies = all.map((name): [string, PolicyEntries] => [
    name,
    {
      mutating: Object.hasOwn(mutating, name) ? name : undefined,
      validating: Object.hasOwn(validating, name) ? name : undefined,
      none: undefined,
      madeFrom: { uid: name, generation: 1 },
    },
  ]);
  return {
    objects: { mutating: entriesOf('mutating', mutating), validating: entriesOf('validating', validating) },
    hashed,
    policies: new Map([...policies, ...Object.entries(more)]),
  };
}

const of = (version: string): CalledBy => ({ mutating: hash(`a${version}`), validating: hash(`b${version}`) });

function start(t: Test) {
  const time = createVirtualTime();
  const world = {
    /** What each API server behind the balancer has loaded. */
    servers: [of('0')] as CalledBy[],
    fails: undefined as ApiError | undefined,
    showsWarnings: true,
    requests: 0,
    counted: { current: 0, earlier: 0, failed: 0 },
    changes: 0,
  };
  const create = (_path: string, configMap: JsonObject, options: RequestOptions = {}): Promise<JsonObject> => {
    t.ok(options.newConnection, 'each on a connection of its own');
    const calledBy = world.servers[world.requests % world.servers.length] ?? {};
    world.requests += 1;
    if (world.fails !== undefined) return Promise.reject(world.fails);
    const nonce = nonceOf(configMap);
    const warning = answeringWarning(nonce, calledBy.validating);
    options.onWarnings?.(warning === undefined || !world.showsWarnings ? [] : [`299 - "${warning}"`]);
    const answer = writeAnswer({ identity: 'a', nonce, objectHash: calledBy.mutating });
    const metadata = { ...objectOf(configMap['metadata']), annotations: { [names.answeredBy]: answer } };
    return Promise.resolve({ ...configMap, metadata });
  };
  let nonces = 0;
  const loop = new InForceLoop({
    client: { create },
    log,
    metrics: { countInForceTest: (result) => void (world.counted[result] += 1) },
    clock: time,
    sleep: time.sleep,
    random: () => 0,
    instance: 'outrider',
    ownNamespace: 'own',
    nonce: () => `n-${nonces++}`,
    onChange: () => (world.changes += 1),
  });
  let term = new AbortController();
  let ended = loop.run(term.signal);
  const end = async (): Promise<void> => {
    term.abort();
    await ended;
  };
  t.teardown(end);
  return {
    loop,
    time,
    world,
    end,
    lead: (): void => {
      term = new AbortController();
      ended = loop.run(term.signal);
    },
    said: (name: string): string => {
      const policy = loop.policies().get(name);
      return policy === undefined ? 'nothing' : `${String(policy.inForce)} ${policy.reason}`;
    },
  };
}

const minute = (reachable: boolean | undefined, calledBy: CalledBy = {}): SelfTestResult => ({
  reachable,
  latencyMs: 1,
  at: '2026-11-22T12:00:00Z',
  answeredBy: 'a',
  why: 'because',
  calledBy,
});
const refused = (): ApiError =>
  new ApiError(`failed calling webhook "${selfTestName}": failed to call webhook: no endpoints`, {
    status: 500,
    reason: 'InternalError',
  });

t.test(
  'E44: a new policy is in force once five new connections in a row were answered by what is written',
  async (t) => {
    const { loop, time, world, said } = start(t);
    loop.stand(standing('0', {}));
    await time.advance(1_000);
    t.equal(world.requests, 0, 'with no policy there is nothing to prove');
    loop.stand(standing('1', { payments: 'x' }, { payments: 'y' }));
    t.equal(said('payments'), 'false Proving');
    await time.advance(5_000);
    t.equal(said('payments'), 'false Proving', 'the API server is behind');
    world.servers = [{ ...of('1'), validating: hash('b0') }];
    await time.advance(10_000);
    t.equal(said('payments'), 'false NotProven', 'a Security policy needs both');
    world.servers = [of('1')];
    const before = world.counted.current;
    await time.advance(11_000);
    t.equal(said('payments'), 'true Proven');
    t.equal(world.counted.current - before, 5);
    const { requests } = world;
    await time.advance(600_000);
    t.equal(world.requests, requests, 'and then nothing is asked');
    t.ok(requests < 30, `${requests} requests`);
  },
);

t.test('E44: one of two API servers that is behind keeps a policy from being in force', async (t) => {
  const { loop, time, world, said } = start(t);
  world.servers = [of('0'), of('1')];
  loop.stand(standing('0', {}));
  loop.stand(standing('1', { payments: 'x' }));
  await time.advance(60_000);
  t.equal(said('payments'), 'false NotProven');
  t.match(loop.policies().get('payments')?.message, /still calls by an earlier configuration/);
  world.servers = [of('1'), of('1')];
  await time.advance(30_000);
  t.equal(said('payments'), 'true Proven');
  t.equal(loop.policies().get('payments')?.message.includes('Five new connections'), true);
});

t.test('E44: the change of one policy says nothing against another, however many there are', async (t) => {
  const { loop, time, world, said } = start(t);
  loop.stand(standing('0', { payments: 'x' }, { payments: 'y' }));
  await time.advance(2_000);
  t.equal(said('payments'), 'true Proven');
  const { sinceMs } = loop.policies().get('payments') ?? {};
  loop.stand(standing('1', { payments: 'x', shop: '1' }, { payments: 'y' }));
  t.equal(said('payments'), 'true Proven');
  t.equal(said('shop'), 'false Proving');
  const { requests } = world;
  // Each half second another version of the policy `churn`; the API server has loaded the one before.
  for (let version = 2; version < 22; version++) {
    loop.stand(standing(String(version), { payments: 'x', shop: '1', churn: String(version) }, { payments: 'y' }));
    world.servers = [of(String(version - 1))];
    await time.advance(500);
    t.equal(said('payments'), 'true Proven');
  }
  t.equal(said('shop'), 'true Proven', 'what does not change gets proven meanwhile');
  t.equal(said('churn'), 'false Proving');
  t.ok(world.requests - requests <= 50, `${world.requests - requests} requests in ten seconds`);
  t.equal(loop.policies().get('payments')?.sinceMs, sinceMs);
  world.servers = [of('21')];
  await time.advance(5_000);
  t.equal(said('churn'), 'true Proven');
  loop.stand(standing('22', { payments: 'x' }, { payments: 'y' }));
  const after = world.requests;
  await time.advance(5_000);
  t.equal(world.requests, after, 'nothing is to be proven where entries only go');
});

t.test('E44: an entry that changes there and back, or is spoiled and repaired, is proven anew', async (t) => {
  const { loop, time, world, said } = start(t);
  loop.stand(standing('0', { payments: 'x' }));
  await time.advance(2_000);
  world.servers = [of('1')];
  loop.stand(standing('1', { payments: 'z' }));
  loop.stand(standing('2', { payments: 'x' }));
  await time.advance(2_000);
  t.equal(said('payments'), 'false Proving', 'an API server is still at the change');
  world.servers = [of('2')];
  await time.advance(10_000);
  t.equal(said('payments'), 'true Proven');
  const spoiled = standing('2', {});
  loop.stand({
    ...spoiled,
    objects: { ...spoiled.objects, mutating: { hash: undefined, entries: new Map() } },
    policies: standing('2', { payments: 'x' }).policies,
  });
  t.equal(said('payments'), 'false Proving');
  loop.stand(standing('3', { payments: 'x' }));
  await time.advance(2_000);
  t.equal(said('payments'), 'false Proving', 'the hash of what was spoiled proves nothing');
  world.servers = [of('3')];
  await time.advance(10_000);
  t.equal(said('payments'), 'true Proven');
});

t.test('E44: a leader says nothing of what stood before it led until it has looked', async (t) => {
  const { loop, time, world, said, end, lead } = start(t);
  loop.stand(standing('0', { payments: 'x' }));
  loop.stand(standing('1', { payments: 'x', shop: '1' }));
  t.equal(said('payments'), 'undefined Proving');
  t.equal(said('shop'), 'false Proving', 'it was not there');
  await time.advance(5_000);
  t.equal(said('payments'), 'true Proven', 'it is in both versions');
  t.equal(said('shop'), 'false Proving');
  world.servers = [of('1')];
  await time.advance(5_000);
  t.equal(said('shop'), 'true Proven');
  await end();
  t.equal(loop.policies().size, 0, 'who no longer leads knows nothing');
  world.fails = new ApiError('no answer', { status: 0, reason: 'NoAnswer' });
  lead();
  loop.stand(standing('1', { payments: 'x', shop: '1' }));
  await time.advance(2_000);
  t.equal(said('payments'), 'undefined Proving');
  await time.advance(60_000);
  t.equal(said('payments'), 'false NotProven', 'and not for ever');
});

t.test('E44: an API server that did not reach the webhook, or did not answer, is proven anew', async (t) => {
  const { loop, time, world, said } = start(t);
  loop.stand(standing('0', { payments: 'x' }));
  await time.advance(2_000);
  const first = world.requests;
  loop.reached(minute(true, of('0')));
  await time.advance(2_000);
  t.equal(world.requests, first, 'a self-test that says the same costs nothing');

  world.fails = refused();
  loop.reached(minute(false));
  t.equal(said('payments'), 'false Unreachable');
  await time.advance(60_000);
  t.equal(world.requests, first, 'the self-test goes on asking, and nobody beside it');
  world.fails = undefined;
  loop.reached(minute(true, of('0')));
  t.equal(said('payments'), 'false Proving');
  await time.advance(2_000);
  t.equal(said('payments'), 'true Proven');
  t.equal(world.requests, first + 5);

  loop.reached(minute(undefined));
  t.equal(said('payments'), 'true Proven', 'what was seen holds until somebody has looked again');
  await time.advance(2_000);
  t.equal(said('payments'), 'true Proven');
  t.equal(world.requests, first + 10);
  loop.doubt();
  await time.advance(2_000);
  t.equal(world.requests, first + 15);

  loop.stand(standing('1', { payments: 'z' }));
  world.servers = [of('1')];
  await time.advance(2_000);
  t.equal(said('payments'), 'true Proven');
  loop.reached(minute(true, of('0')));
  t.equal(said('payments'), 'false Proving', 'an API server was met that has not loaded it');
  await time.advance(2_000);
  t.equal(said('payments'), 'true Proven');
});

t.test('E44: a pause ends it, and what comes back is proven anew', async (t) => {
  const { loop, time, world, said } = start(t);
  loop.stand(standing('0', { payments: 'x' }));
  await time.advance(2_000);
  loop.stand(undefined);
  t.equal(said('payments'), 'nothing');
  world.servers = [{}];
  loop.stand(standing('1', { payments: 'x' }));
  await time.advance(500);
  t.equal(said('payments'), 'false Proving');
  world.servers = [of('1')];
  await time.advance(5_000);
  t.equal(said('payments'), 'true Proven');
});

t.test('E44: beside a replica of a version before nothing new is proven, and nothing is taken back', async (t) => {
  const { loop, time, world, said } = start(t);
  loop.stand(standing('0', { payments: 'x' }));
  await time.advance(2_000);
  const { requests } = world;
  loop.stand(standing('1', { payments: 'x', shop: '1' }, {}, { hashed: false }));
  await time.advance(60_000);
  t.equal(said('payments'), 'true Proven');
  t.equal(said('shop'), 'false OlderReplicas');
  t.equal(world.requests, requests, 'nor asked');
  world.servers = [of('2')];
  loop.stand(standing('2', { payments: 'x', shop: '1' }));
  await time.advance(2_000);
  t.equal(said('shop'), 'true Proven');
});

t.test('E44: what is in the way is said, and policies without entries need no proof', async (t) => {
  const { loop, time, world, said } = start(t);
  const more = {
    off: { mutating: undefined, validating: undefined, none: 'Off' },
    empty: { mutating: undefined, validating: undefined, none: 'SelectsNothing' },
    broken: { mutating: undefined, validating: undefined, none: 'NothingToDo' },
  } as const;
  world.fails = new ApiError('admission webhook "quota" denied the request', { status: 403, reason: 'Forbidden' });
  loop.stand(standing('0', {}));
  loop.stand(standing('1', { payments: 'x' }, { payments: 'y' }, { more }));
  t.same(['off', 'empty', 'broken'].map(said), ['true Off', 'true SelectsNothing', 'false NothingToDo']);
  await time.advance(60_000);
  t.match(loop.policies().get('payments')?.message, /could not be made: .*quota/);
  world.fails = undefined;
  world.servers = [of('1')];
  world.showsWarnings = false;
  await time.advance(30_000);
  t.match(loop.policies().get('payments')?.message, /quota/, 'the first one is kept');
  loop.stand(standing('2', { payments: 'x' }, { payments: 'z' }));
  world.servers = [of('2')];
  await time.advance(60_000);
  t.match(loop.policies().get('payments')?.message, /its warnings are missing/);
});
