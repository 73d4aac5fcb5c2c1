import t from 'tap';
import { selfTestName } from '../../../src/cluster/registration/entry-names.js';
import { Reconciler, type PortChoice } from '../../../src/cluster/registration/reconciler.js';
import type { RegisteredPolicy } from '../../../src/cluster/registration/registered-policy.js';
import type { Standing } from '../../../src/cluster/registration/standing.js';
import { configurationPath } from '../../../src/cluster/registration/write.js';
import { pathOfEntry, pathsIn } from '../../../src/cluster/registration/webhook-configuration.js';
import { carriesToken, tokenOf } from '../../../src/model/door-token.js';
import { isObject, listOf, objectOf, stringOf, type JsonObject } from '../../../src/model/json.js';
import { objectHashAt, withoutObjectHash } from '../../../src/model/object-hash.js';
import { ClusterMetrics } from '../../../src/observe/cluster-metrics.js';
import { createLogger } from '../../../src/observe/logger.js';
import { Registry } from '../../../src/observe/metrics.js';
import { createFakeApi } from './fake-api.js';

const log = await createLogger({ level: 'silent', format: 'json' });
const instance = 'outrider';
const kinds = ['mutating', 'validating'] as const;
const policy = (name: string, more: Partial<RegisteredPolicy> = {}): RegisteredPolicy => ({
  name,
  mode: 'Inject',
  prefer: 'Security',
  valid: true,
  canDeny: true,
  namespaceSelector: { matchLabels: { team: name } },
  podSelector: {},
  asksFor: [],
  ...more,
});

function start() {
  const fake = createFakeApi();
  const world = {
    policies: [policy('payments'), policy('shop')] as readonly RegisteredPolicy[],
    caBundle: 'Q0E=',
    port: { key: 'k', hashed: true } as PortChoice,
    standings: [] as (Standing | undefined)[],
  };
  const options = {
    client: fake.client,
    log,
    metrics: new ClusterMetrics(new Registry()),
    clock: { monotonicMs: () => performance.now() },
    random: () => 0,
    installation: {
      instance,
      ownNamespace: 'outrider-system',
      excludedNamespaces: [],
      address: { service: { name: instance, port: 443 } },
      timeoutSeconds: 10,
    },
    matchConditions: [],
    policies: () => world.policies,
    caBundle: () => world.caBundle,
    port: () => world.port,
    pause: { current: () => undefined, readLive: () => Promise.resolve(undefined), onChange: () => () => undefined },
    onStanding: (standing: Standing | undefined) => void world.standings.push(standing),
  };
  const leader = () => new Reconciler(options, new AbortController().signal, () => undefined);
  const live = (kind: (typeof kinds)[number]): JsonObject => fake.objects.get(configurationPath(kind, instance)) ?? {};
  const selfTestPath = (kind: (typeof kinds)[number]): string =>
    pathOfEntry(
      listOf(live(kind)['webhooks'])
        .filter(isObject)
        .find(({ name }) => name === selfTestName) ?? {},
    );
  return {
    fake,
    world,
    leader,
    live,
    selfTestPath,
    hashes: () => kinds.map((kind) => objectHashAt(selfTestPath(kind))),
    writes: () => fake.requests.filter((request) => /^(APPLY|REPLACE|CREATE) /.test(request)).length,
    last: () => world.standings.at(-1),
    /** As someone with kubectl would. */
    meddle: (
      kind: (typeof kinds)[number],
      change: (webhooks: readonly JsonObject[]) => readonly JsonObject[],
    ): void => {
      const object = live(kind);
      const metadata = { ...objectOf(object['metadata']), resourceVersion: `m-${fake.requests.length}` };
      const webhooks = change(listOf(object['webhooks']).filter(isObject));
      fake.objects.set(configurationPath(kind, instance), { ...object, metadata, webhooks });
    },
  };
}

t.test('E44: the self-test’s path ends with a hash of the object, behind the token, and is written once', async (t) => {
  const { world, leader, live, selfTestPath, hashes, writes, last } = start();
  const one = leader();
  await one.look();
  for (const [kind, door] of [
    ['mutating', '/mutate/self-test'],
    ['validating', '/validate/self-test'],
  ] as const) {
    t.match(selfTestPath(kind), new RegExp(`^${door}/${tokenOf('k', door)}/[0-9a-f]{32}$`));
    t.ok(pathsIn(live(kind), instance).every(carriesToken), 'whoever looks for tokens finds them');
  }
  const [mutating, validating] = hashes();
  t.not(mutating, validating, 'each object has its own');
  t.same(
    kinds.map((kind) => last()?.objects[kind].hash),
    [mutating, validating],
  );
  t.same(
    [...(last()?.objects.mutating.entries.keys() ?? [])],
    ['payments.outrider.outrider.dev', 'shop.outrider.outrider.dev'],
  );
  const written = writes();
  await one.look();
  await leader().look();
  t.equal(writes(), written, 'nothing is to be written again, by the next leader neither');
  t.same(hashes(), [mutating, validating]);
  t.same(
    kinds.map((kind) => world.standings.at(-2)?.objects[kind].hash),
    [mutating, validating],
    'and it knows what it found',
  );
});

t.test('E44: each change has another hash, and says of each policy whether it is one of its own', async (t) => {
  const { world, leader, hashes, last } = start();
  const one = leader();
  await one.look();
  const entry = (name: string, of = last()): string | undefined =>
    of?.objects.mutating.entries.get(`${name}.outrider.outrider.dev`);
  const seen = new Set(hashes());
  const was = { payments: entry('payments'), shop: entry('shop') };
  world.policies = [policy('payments'), policy('shop', { namespaceSelector: {} })];
  await one.look();
  t.equal(entry('payments'), was.payments);
  t.not(entry('shop'), was.shop);
  t.equal(entry('shop', world.standings.at(-2)), undefined, 'it was told before it was written that it does not stand');
  const [mutating] = hashes();
  t.notOk(seen.has(mutating));
  world.caBundle = 'Q0EK';
  world.port = { key: 'another', hashed: true };
  await one.look();
  t.not(hashes()[0], mutating);
  t.equal(entry('payments'), was.payments, 'who has the earlier authority or token calls on');
});

t.test('E44: a repair has another hash than what was spoiled; what others add to selectors changes none', async (t) => {
  const { world, leader, hashes, meddle, last, writes } = start();
  const one = leader();
  await one.look();
  const before = hashes();
  meddle('mutating', (webhooks) => webhooks.filter(({ name }) => stringOf(name)?.startsWith('payments') !== true));
  await one.look();
  t.not(hashes()[0], before[0]);
  t.equal(hashes()[1], before[1]);
  t.equal(world.standings.at(-2)?.objects.mutating.hash, undefined);
  t.equal(world.standings.at(-2)?.objects.mutating.entries.has('payments.outrider.outrider.dev'), false);
  t.equal(last()?.objects.mutating.entries.size, 2);

  const repaired = hashes();
  const written = writes();
  const added = { key: 'control-plane', operator: 'NotIn', values: ['true'] };
  meddle('mutating', (webhooks) =>
    webhooks.map((webhook) => {
      const selector = objectOf(webhook['namespaceSelector']) ?? {};
      const matchExpressions = [added, ...listOf(selector['matchExpressions'])];
      return { ...webhook, namespaceSelector: { ...selector, matchExpressions } };
    }),
  );
  await one.look();
  t.equal(writes(), written);
  t.same(hashes(), repaired);
});

t.test('E44: without replicas that can tell it, there is none in the path', async (t) => {
  const { world, leader, selfTestPath, hashes, last, writes } = start();
  world.port = { key: 'k', hashed: false };
  const one = leader();
  await one.look();
  const path = selfTestPath('mutating');
  t.equal(path, `/mutate/self-test/${tokenOf('k', '/mutate/self-test')}`);
  t.match(last(), { hashed: false, objects: { mutating: { hash: undefined } } });
  const digests = last()?.objects.mutating.entries;
  world.port = { key: 'k', hashed: true };
  await one.look();
  t.equal(withoutObjectHash(selfTestPath('mutating')), path);
  t.same(last()?.objects.mutating.entries, digests, 'no policy’s entry is another one');
  world.port = { key: undefined, hashed: true };
  await one.look();
  t.match(selfTestPath('mutating'), /^\/mutate\/self-test\/[0-9a-f]{32}$/);
  t.notOk(carriesToken(selfTestPath('mutating')));
  world.port = { key: 'k', hashed: false };
  await one.look();
  t.equal(selfTestPath('mutating'), path, 'and back');
  t.same(hashes(), [undefined, undefined]);
  const written = writes();
  await one.look();
  t.equal(writes(), written);
});
