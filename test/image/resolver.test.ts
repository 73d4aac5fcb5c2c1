import t from 'tap';
import { anonymous, basicCredential } from '../../src/image/credentials/credential.js';
import { parseReference } from '../../src/image/reference.js';
import { RegistryResolver, type ResolverOptions } from '../../src/image/resolver.js';
import { RegistryError, type Credential, type CredentialSource } from '../../src/image/types.js';
import type { ImageOutcome, ImageRequest } from '../../src/model/image.js';
import type { JsonObject } from '../../src/model/json.js';
import { fakeClock, fakeRegistry, forever, silent, type FakeClock, type FakeRegistry } from './fake-registry.js';

const alice = basicCredential('alice', 'a', 'secret payments/alice');
const bob = basicCredential('bob', 'b', 'secret payments/bob');
const carol = basicCredential('carol', 'c', 'secret payments/carol');

/** Credentials by namespace; anonymous last, as the composed source has it. */
function credentialsOf(byNamespace: Readonly<Record<string, readonly Credential[]>>): CredentialSource {
  return {
    credentials: (_reference, { namespace }) => Promise.resolve([...(byNamespace[namespace] ?? []), anonymous]),
  };
}

interface World {
  readonly registry: FakeRegistry;
  readonly clock: FakeClock;
  readonly resolver: RegistryResolver;
  readonly ask: (
    reference: string,
    namespace?: string,
    spec?: JsonObject,
    signal?: AbortSignal,
  ) => Promise<ImageOutcome>;
}

function request(reference: string, namespace = 'payments', spec: JsonObject = {}): ImageRequest {
  return { reference, namespace, pod: { spec } };
}

function world(options: Partial<ResolverOptions> = {}, byNamespace: Record<string, readonly Credential[]> = {}): World {
  const registry = fakeRegistry();
  const clock = fakeClock();
  const resolver = new RegistryResolver({
    client: registry.client,
    credentials: credentialsOf(byNamespace),
    clock,
    log: silent,
    random: () => 0,
    ...options,
  });
  return {
    registry,
    clock,
    resolver,
    ask: (reference, namespace, spec, signal = forever) => resolver.lookUp(request(reference, namespace, spec), signal),
  };
}

const app = 'registry.example/team/app';
const unreachable = (): RegistryError => new RegistryError('registry_unreachable', 'no');

t.test('the first look-up asks, the next is known without asking', async (t) => {
  const { registry, resolver, ask } = world();
  const digest = registry.push(app, '1', { entrypoint: ['/app'], cmd: ['serve'] });
  t.equal(resolver.known(request(`${app}:1`)), undefined);
  t.strictSame(await ask(`${app}:1`), {
    ok: true,
    config: { entrypoint: ['/app'], cmd: ['serve'] },
    source: 'registry',
    digest,
  });
  const asked = registry.total();
  t.match(resolver.known(request(`${app}:1`)), { ok: true, source: 'cache', digest });
  t.match(await ask(`${app}:1`), { ok: true, source: 'cache' });
  t.equal(registry.total(), asked);
});

t.test('E10: a reference that is none is an outcome, which quotes it', async (t) => {
  const { ask, resolver } = world();
  t.match(await ask('registry.example/UPPER/case'), { ok: false, reason: 'image_reference_invalid', detail: /UPPER/ });
  t.match(resolver.known(request('a:b:c')), { ok: false, reason: 'image_reference_invalid' });
});

t.test('E14: 500 look-ups of one image ask once', async (t) => {
  const { registry, resolver, ask } = world();
  registry.push(app, '1', { entrypoint: ['/app'] });
  const open = registry.hold();
  const all = Array.from({ length: 500 }, () => ask(`${app}:1`));
  await new Promise((resolve) => setImmediate(resolve));
  t.equal(resolver.stats().inFlight, 1);
  open();
  t.ok((await Promise.all(all)).every(({ ok }) => ok));
  t.strictSame(registry.counts, { head: 0, manifest: 1, blob: 1 });
  t.match(resolver.stats(), { joined: 499, inFlight: 0 });
});

t.test('E14: 200 look-ups by different ServiceAccounts with the same rights ask once, too', async (t) => {
  const { registry, ask } = world();
  registry.push(app, '1', { entrypoint: ['/app'] });
  const open = registry.hold();
  const all = Array.from({ length: 200 }, (_, at) => ask(`${app}:1`, 'payments', { serviceAccountName: `sa-${at}` }));
  await new Promise((resolve) => setImmediate(resolve));
  open();
  t.ok((await Promise.all(all)).every(({ ok }) => ok));
  t.strictSame(registry.counts, { head: 0, manifest: 1, blob: 1 });
});

t.test(
  'E14: a tag is asked again with HEAD after its time; a retag is seen; a digest is never fetched twice',
  async (t) => {
    const { registry, clock, ask } = world({ limits: { tagTtlMs: 60_000 } });
    const first = registry.push(app, '1', { entrypoint: ['/one'] });
    await ask(`${app}:1`);
    clock.advance(60_000);
    t.match(await ask(`${app}:1`), { ok: true, source: 'registry', digest: first });
    t.strictSame(registry.counts, { head: 1, manifest: 1, blob: 1 });
    const second = registry.push(app, '1', { entrypoint: ['/two'] });
    t.match(await ask(`${app}:1`), { ok: true, digest: first });
    clock.advance(60_000);
    t.match(await ask(`${app}:1`), { ok: true, digest: second, config: { entrypoint: ['/two'] } });
    t.strictSame(registry.counts, { head: 2, manifest: 2, blob: 2 });
    t.match(await ask(`${app}@${first}`), { ok: true, digest: first, source: 'cache' });
    t.strictSame(registry.counts, { head: 2, manifest: 2, blob: 2 });
  },
);

t.test('a registry whose HEAD gives no digest, or that has no HEAD, is asked with GET', async (t) => {
  const { registry, clock, ask } = world();
  registry.push(app, '1', { entrypoint: ['/one'] });
  await ask(`${app}:1`);
  registry.headGivesNoDigest = true;
  registry.push(app, '1', { entrypoint: ['/two'] });
  clock.advance(60_000);
  t.match(await ask(`${app}:1`), { config: { entrypoint: ['/two'] } });

  const bare = fakeRegistry();
  bare.push(app, '1', { entrypoint: ['/one'] });
  const head = (): Promise<never> => Promise.reject(new RegistryError('registry_error', 'no', { status: 405 }));
  const other = world({ client: { ...bare.client, head } });
  t.match(await other.ask(`${app}:1`), { ok: true });
  other.clock.advance(60_000);
  t.match(await other.ask(`${app}:1`), { ok: true, source: 'registry' });
});

t.test('E14: a tenant without rights never gets another’s image out of the cache, by tag or by digest', async (t) => {
  const { registry, resolver, clock, ask } = world({}, { payments: [alice], evil: [bob] });
  const digest = registry.push(app, '1', { entrypoint: ['/private'] });
  registry.allow(app, alice.fingerprint);
  t.match(await ask(`${app}:1`), { ok: true });
  for (const reference of [`${app}:1`, `${app}@${digest}`, `${app}:1@${digest}`]) {
    t.equal(resolver.known(request(reference, 'evil')), undefined);
    t.match(await ask(reference, 'evil'), { ok: false, reason: 'image_unauthorized' });
    t.match(resolver.known(request(reference)), { ok: true }, 'the tenant with rights is served');
  }
  registry.fail(unreachable);
  clock.advance(120_000);
  t.match(await ask(`${app}:1`, 'evil'), { ok: false, reason: 'registry_unreachable' }, 'nor when it is out of reach');
});

t.test('E14: a repository of one’s own that claims to hold a digest does not open the cache', async (t) => {
  const { registry, ask } = world({}, { payments: [alice], evil: [bob] });
  const digest = registry.push(app, '1', { entrypoint: ['/private'] });
  registry.allow(app, alice.fingerprint);
  await ask(`${app}@${digest}`);
  const theirs = 'evil.example/x/y';
  registry.pushRaw(
    theirs,
    '1',
    'application/vnd.oci.image.index.v1+json',
    JSON.stringify({
      schemaVersion: 2,
      manifests: [
        {
          mediaType: 'application/vnd.oci.image.manifest.v1+json',
          digest,
          size: 1,
          platform: { os: 'linux', architecture: 'amd64' },
        },
      ],
    }),
  );
  t.match(await ask(`${theirs}:1`, 'evil'), { ok: false, reason: 'image_not_found' });
  t.match(await ask(`${theirs}@${digest}`, 'evil'), { ok: false, reason: 'image_not_found' });
});

t.test('E14: a right that is taken away ends at its time, and is not answered for when stale', async (t) => {
  const { registry, resolver, clock, ask } = world({ limits: { rightTtlMs: 300_000 } }, { payments: [alice] });
  const digest = registry.push(app, '1', { entrypoint: ['/private'] });
  registry.allow(app, alice.fingerprint);
  await ask(`${app}@${digest}`);
  registry.allow(app);
  clock.advance(299_999);
  t.match(await ask(`${app}@${digest}`), { ok: true, source: 'cache' });
  clock.advance(1);
  t.equal(resolver.known(request(`${app}@${digest}`)), undefined);
  t.match(await ask(`${app}@${digest}`), { ok: false, reason: 'image_unauthorized' });
  registry.fail(unreachable);
  clock.advance(60_000);
  t.match(await ask(`${app}@${digest}`), { ok: false, reason: 'registry_unreachable' });
});

t.test('E11: every credential is tried until one works, and that one first the next time', async (t) => {
  const { registry, clock, ask } = world({}, { payments: [alice, bob, carol] });
  registry.push(app, '1', { entrypoint: ['/app'] });
  registry.push(app, '2', { entrypoint: ['/app2'] });
  registry.allow(app, bob.fingerprint);
  t.match(await ask(`${app}:1`), { ok: true });
  t.strictSame([...new Set(registry.used)], [alice.source, bob.source]);
  registry.used.length = 0;
  t.match(await ask(`${app}:2`), { ok: true });
  t.strictSame([...new Set(registry.used)], [bob.source]);
  registry.allow(app, carol.fingerprint);
  clock.advance(300_000);
  t.match(await ask(`${app}:2`), { ok: true }, 'and when that one stops working, the others again');
});

t.test('E11, E16: the outcome names the registry’s answer and what was tried, and no body', async (t) => {
  const { registry, ask } = world({}, { payments: [alice, bob] });
  registry.push(app, '1', {});
  registry.allow(app);
  t.strictSame(await ask(`${app}:1`), {
    ok: false,
    reason: 'image_unauthorized',
    detail: `${app}:1 → 401 UNAUTHORIZED; tried ${alice.source}, ${bob.source}, anonymously`,
  });
  t.strictSame(await ask('registry.example/none:1'), {
    ok: false,
    reason: 'image_not_found',
    detail: `registry.example/none:1 → 404 NAME_UNKNOWN; tried ${alice.source}, ${bob.source}, anonymously`,
  });
});

t.test('E11: missing for one credential and refused for another is refused', async (t) => {
  let first = true;
  const { registry, ask } = world({}, { payments: [alice] });
  registry.fail(() => {
    const reason = first ? 'image_not_found' : 'image_unauthorized';
    first = false;
    return new RegistryError(reason, 'no', { status: reason === 'image_not_found' ? 404 : 403 });
  });
  t.match(await ask(`${app}:1`), { ok: false, reason: 'image_unauthorized', detail: /403/ });
});

t.test('E11: missing for one who sees the repository is missing, whomever else the registry refuses', async (t) => {
  const { registry, ask } = world({}, { payments: [alice, bob] });
  registry.push(app, '1', {});
  registry.allow(app, bob.fingerprint);
  t.match(await ask(`${app}:2`), { ok: false, reason: 'image_not_found', detail: /404 MANIFEST_UNKNOWN; tried/ });
});

t.test('E14: a refusal is remembered for its time, per credential', async (t) => {
  const { registry, clock, resolver, ask } = world({}, { payments: [alice], other: [bob] });
  registry.push(app, '1', {});
  registry.allow(app, bob.fingerprint);
  await ask(`${app}:1`);
  const asked = registry.total();
  t.match(await ask(`${app}:1`), { reason: 'image_unauthorized' });
  t.equal(registry.total(), asked);
  t.ok(resolver.stats().negatives > 0);
  t.match(await ask(`${app}:1`, 'other'), { ok: true }, 'another tenant is not turned away');
  registry.allow(app, alice.fingerprint);
  clock.advance(30_000);
  t.match(await ask(`${app}:1`), { ok: true });
});

t.test('E14: 429 stops the trying, for as long as the registry asks, for every image', async (t) => {
  const { registry, clock, ask } = world({}, { payments: [alice] });
  registry.push(app, '1', {});
  registry.fail(() => new RegistryError('registry_rate_limited', 'no', { status: 429, retryAfterMs: 90_000 }));
  t.match(await ask(`${app}:1`), { reason: 'registry_rate_limited', detail: `${app}:1 → 429` });
  t.equal(registry.total(), 1);
  registry.fail(undefined);
  clock.advance(89_999);
  t.match(await ask(`${app}:1`), { reason: 'registry_rate_limited' });
  t.match(await ask('registry.example/other:1'), { reason: 'registry_rate_limited' });
  t.equal(registry.total(), 1);
  clock.advance(1);
  t.match(await ask(`${app}:1`), { ok: true });
});

t.test(
  'E14: an outage costs nothing after the first failure, backs off, and ends with one look-up’s success',
  async (t) => {
    const said: string[] = [];
    const { registry, clock, resolver, ask } = world({ log: { warn: (_facts, message) => void said.push(message) } });
    registry.push(app, '1', {});
    t.match(await ask(`${app}:1`), { ok: true });
    t.equal(resolver.known(request(`${app}:2`)), undefined);
    registry.fail(unreachable);
    clock.advance(60_000);
    const asks: number[] = [];
    const asked = registry.total();
    t.match(await ask(`${app}:2`), { reason: 'registry_unreachable' });
    t.match(resolver.known(request(`${app}:2`)), { reason: 'registry_unreachable' }, 'known, so nobody waits');
    t.equal(resolver.known(request(`${app}:1`)), undefined, 'a look-up has to see to what is stale');
    t.match(await ask(`${app}:1`), { ok: true, source: 'cache' });
    t.equal(registry.total(), asked + 1);
    clock.advance(1_000);
    t.equal(resolver.known(request(`${app}:2`)), undefined, 'and then somebody tries');
    registry.fail(undefined);
    t.match(await ask(`${app}:2`), { reason: 'image_not_found' });
    registry.fail(unreachable);
    said.length = 0;
    for (let second = 0; second < 60; second += 1) {
      const before = registry.total();
      for (const tag of ['3', '4', '5']) t.match(await ask(`${app}:${tag}`), { reason: 'registry_unreachable' });
      if (registry.total() > before) asks.push(second);
      clock.advance(1_000);
    }
    t.strictSame(asks, [0, 1, 3, 7, 15, 31]);
    t.match(said, [/does not answer/], 'said once');
    t.equal(said.length, 1);
    registry.fail(undefined);
    clock.advance(60_000);
    t.match(await ask(`${app}:1`), { ok: true });
    t.match(said[1], /answers again/);
    t.match(await ask(`${app}:2`), { reason: 'image_not_found' }, 'and the others go on');
  },
);

t.test('E14: stale on error for one who had the right, up to the limit', async (t) => {
  const { registry, clock, resolver, ask } = world({ limits: { staleMs: 3_600_000 } });
  registry.push(app, '1', { entrypoint: ['/app'] });
  await ask(`${app}:1`);
  for (const error of [
    unreachable(),
    new RegistryError('registry_error', 'no', { status: 500 }),
    new RegistryError('registry_rate_limited', 'no', { status: 429 }),
  ]) {
    registry.fail(() => error);
    clock.advance(600_000);
    t.match(await ask(`${app}:1`), { ok: true, source: 'cache' }, error.reason);
  }
  t.equal(resolver.stats().stale, 3);
  clock.advance(3_600_000);
  t.match(await ask(`${app}:1`), { ok: false });
});

t.test('E13: one who stops waiting gets an outcome, or what is stale; the look-up goes on for the retry', async (t) => {
  const { registry, clock, ask } = world();
  registry.push(app, '1', { entrypoint: ['/app'] });
  const open = registry.hold();
  const leaving = new AbortController();
  const first = ask(`${app}:1`, 'payments', {}, leaving.signal);
  const second = ask(`${app}:1`);
  await new Promise((resolve) => setImmediate(resolve));
  leaving.abort();
  t.match(await first, { ok: false, reason: 'lookup_timeout' });
  open();
  t.match(await second, { ok: true }, 'who stays is answered');

  clock.advance(60_000);
  const openAgain = registry.hold();
  const impatient = new AbortController();
  const third = ask(`${app}:1`, 'payments', {}, impatient.signal);
  await new Promise((resolve) => setImmediate(resolve));
  impatient.abort();
  t.match(await third, { ok: true, source: 'cache' }, 'stale');
  openAgain();
  await new Promise((resolve) => setImmediate(resolve));
  const asked = registry.total();
  t.match(await ask(`${app}:1`), { ok: true, source: 'cache' }, 'the look-up nobody waited for is in the cache');
  t.equal(registry.total(), asked);
});

t.test('a registry that hangs is given up, and counts as out of reach', async (t) => {
  const { registry, ask, clock } = world({ longestMs: 30 });
  registry.push(app, '1', {});
  const open = registry.hold();
  t.match(await ask(`${app}:1`), { ok: false, reason: 'registry_unreachable' });
  const asked = registry.total();
  t.match(await ask(`${app}:2`), { ok: false, reason: 'registry_unreachable' });
  t.equal(registry.total(), asked);
  open();
  clock.advance(2_000);
  t.match(await ask(`${app}:1`), { ok: true });
});

t.test(
  'E14: one repository that is slow, or behind a broken gateway, does not cost its registry’s others',
  async (t) => {
    for (const error of [
      new RegistryError('registry_error', 'no', { status: 504 }),
      new RegistryError('registry_unreachable', 'no', { cause: Object.assign(new Error(), { code: 'ECONNRESET' }) }),
    ]) {
      const { registry, ask } = world();
      registry.push(app, '1', {});
      registry.push('registry.example/other', '1', {});
      registry.fail(() => error);
      t.match(await ask(`${app}:1`), { ok: false });
      registry.fail(undefined);
      t.match(await ask('registry.example/other:1'), { ok: true });
      const asked = registry.total();
      t.match(await ask(`${app}:2`), { ok: false, reason: 'registry_unreachable' });
      t.equal(registry.total(), asked, 'and is left alone itself');
    }
  },
);

t.test('too many look-ups at once are refused; closing ends what is under way', async (t) => {
  const { registry, resolver, ask } = world({ maximum: 1 });
  registry.push(app, '1', {});
  registry.hold();
  const first = ask(`${app}:1`);
  t.match(await ask(`${app}:2`), { ok: false, reason: 'lookup_timeout', detail: /too many/ });
  await new Promise((resolve) => setImmediate(resolve));
  resolver.close();
  t.match(await first, { ok: false });
});

t.test('credentials that fail or never come end in an outcome', async (t) => {
  const broken = world({ credentials: { credentials: () => Promise.reject(new Error('bug')) } });
  t.match(await broken.ask(`${app}:1`), { ok: false, reason: 'registry_error' });
  const hanging = world({ credentials: { credentials: () => new Promise(() => undefined) }, longestMs: 20 });
  t.match(await hanging.ask(`${app}:1`), { ok: false, reason: 'lookup_timeout' });
  const strange = world({
    client: { ...fakeRegistry().client, manifest: () => Promise.reject(new TypeError('bug')) },
  });
  t.match(await strange.ask(`${app}:1`), { ok: false, reason: 'registry_error' });
});

t.test('E8: platforms that agree, that differ, that a pod rules out, and that a copy lacks', async (t) => {
  const { registry, resolver, ask } = world();
  const arm = { architecture: 'arm64', entrypoint: ['/arm'] };
  const amd = { architecture: 'amd64', entrypoint: ['/amd'] };
  registry.pushIndex(app, 'differ', [amd, arm]);
  registry.pushIndex(app, 'agree', [{ ...amd, entrypoint: ['/arm'] }, arm, { os: 'windows', entrypoint: ['cmd.exe'] }]);
  registry.pushIndex(`${app}/copy`, '1', [amd, arm], ['arm64']);
  registry.pushIndex(`${app}/hollow`, '1', [amd, arm], ['arm64', 'amd64']);
  registry.push(app, 'windows', { os: 'windows', entrypoint: ['cmd.exe'] });
  const differ = await ask(`${app}:differ`);
  t.match(differ, {
    ok: false,
    reason: 'image_platforms_differ',
    detail: /linux\/amd64: .*\/amd.*linux\/arm64: .*\/arm/,
  });
  t.strictSame(resolver.known(request(`${app}:differ`)), differ);
  const on = (arch: string): JsonObject => ({ nodeSelector: { 'kubernetes.io/arch': arch } });
  t.match(await ask(`${app}:differ`, 'payments', on('arm64')), { ok: true, config: { entrypoint: ['/arm'] } });
  t.match(await ask(`${app}:differ`, 'payments', on('s390x')), { ok: false, reason: 'image_not_runnable' });
  t.match(await ask(`${app}:agree`), { ok: true, config: { entrypoint: ['/arm'] } });
  t.match(await ask(`${app}/copy:1`), { ok: true, config: { entrypoint: ['/amd'] } });
  t.match(await ask(`${app}/hollow:1`), { ok: false, reason: 'image_not_found' });
  t.match(await ask(`${app}:windows`), { ok: false, reason: 'image_not_runnable', detail: /windows/ });
});

t.test('E9: what is no image is remembered by its digest', async (t) => {
  const { registry, clock, ask } = world();
  registry.pushRaw(app, 'old', 'application/vnd.docker.distribution.manifest.v1+prettyjws', '{}');
  registry.pushRaw(app, 'bad', 'application/vnd.oci.image.manifest.v1+json', 'no json');
  t.match(await ask(`${app}:old`), { ok: false, reason: 'image_not_runnable', detail: /schema 1/ });
  t.match(await ask(`${app}:bad`), { ok: false, reason: 'image_config_invalid' });
  clock.advance(60_000);
  await ask(`${app}:old`);
  t.strictSame(registry.counts, { head: 1, manifest: 2, blob: 0 });
});

t.test('E14: jumps of the computer’s date change nothing', async (t) => {
  const { registry, clock, resolver, ask } = world();
  registry.push(app, '1', { entrypoint: ['/app'] });
  await ask(`${app}:1`);
  for (const wall of [0, Date.UTC(2100, 0, 1), -1]) {
    clock.setWall(wall);
    t.match(resolver.known(request(`${app}:1`)), { ok: true });
  }
});

t.test('E14: small limits evict and go on', async (t) => {
  const { registry, resolver, ask } = world({ limits: { entries: 2, bytes: 4_000 } });
  for (let at = 0; at < 20; at += 1) {
    registry.push(app, `t${at}`, { entrypoint: [`/app${at}`, 'x'.repeat(300)] });
    t.match(await ask(`${app}:t${at}`), { ok: true });
  }
  const stats = resolver.stats();
  t.ok(stats.entries <= 2);
  t.ok(stats.bytes <= 4_000);
  t.ok(stats.evictions > 0);
  registry.pushIndex(
    app,
    'wide',
    ['amd64', 'arm64', 's390x', 'ppc64le'].map((architecture) => ({ architecture })),
  );
  t.match(await ask(`${app}:wide`), { ok: true }, 'an index with more platforms than there is room for');
});

t.test('describe tells the steps', async (t) => {
  const { registry, resolver } = world({}, { payments: [alice] });
  const digest = registry.pushIndex(app, '1', [
    { entrypoint: ['/app'] },
    { entrypoint: ['/app'], architecture: 'arm64' },
  ]);
  registry.allow(app, alice.fingerprint);
  const report = await resolver.describe(request(`${app}:1`), forever);
  t.match(report, {
    outcome: { ok: true, source: 'registry' },
    reference: `${app}:1`,
    digest,
    credential: { source: alice.source, kind: 'basic' },
  });
  t.strictSame(
    report.platforms.map(({ platform }) => platform),
    ['linux/amd64', 'linux/arm64'],
  );
  t.strictSame(
    report.steps.map(({ step }) => step),
    ['credentials', 'manifest', 'manifest', 'manifest', 'config', 'config'],
  );
  t.match(await resolver.describe(request('no::ref'), forever), { reference: undefined, steps: [] });
});

t.test('F24: one pod has so many look-ups, one namespace so many under way, and another’s are its own', async (t) => {
  const { registry, resolver, ask } = world({ lookups: { perPod: 3, perNamespace: 5 } });
  for (const tag of ['1', '2', '3', '4', '5', '6']) registry.push(app, tag, { entrypoint: ['/app'] });
  const pod = {};
  const asPod = (tag: string): Promise<ImageOutcome> =>
    resolver.lookUp({ reference: `${app}:${tag}`, namespace: 'noisy', pod }, forever);
  const open = registry.hold();
  const first = ['1', '2', '3', '1', '4'].map(asPod);
  t.match(await first[4], { ok: false, reason: 'too_many_lookups', detail: `${app}:4 → the pod asks for too many` });
  const others = ['4', '5'].map((tag) => ask(`${app}:${tag}`, 'noisy'));
  t.match(await ask(`${app}:6`, 'noisy'), { ok: false, reason: 'too_many_lookups', detail: /namespace/ });
  const victim = ask(`${app}:6`, 'web');
  open();
  t.match(await victim, { ok: true });
  t.ok((await Promise.all([...first.slice(0, 4), ...others])).every(({ ok }) => ok));
  t.match(await ask(`${app}:6`, 'noisy'), { ok: true }, 'and there is room again');
});

t.test('F34: 22,800 tags of one tenant leave another’s answers for when its registry is down', async (t) => {
  const { registry, clock, resolver, ask } = world();
  const images = [`${app}:1`, 'registry.example/shared:1'];
  registry.push(app, '1', { entrypoint: ['/app'] });
  registry.push('registry.example/shared', '1', { entrypoint: ['/shared'] });
  t.match(await ask('registry.example/shared:1', 'noisy'), { ok: true }, 'which the other tenant had first');
  for (const image of images) t.match(await ask(image, 'web'), { ok: true });
  // What so many look-ups leave behind.
  const digest = `sha256:${'0'.repeat(58)}`;
  for (let at = 0; at < 22_800; at++) {
    const { content } = resolver.cache;
    const own = `${digest}${String(at).padStart(6, '0')}`;
    content.set('noisy.example/a/b', own, { kind: 'index', entries: [] }, 'noisy');
    resolver.cache.grant(parseReference(`noisy.example/a/b${at}:1`), anonymous.fingerprint, own, 'noisy');
  }
  t.ok(resolver.stats().evictions > 2_000);
  registry.fail(unreachable);
  clock.advance(3_600_000);
  for (const image of images) t.match(await ask(image, 'web'), { ok: true, source: 'cache' }, image);
});

t.test('F24: a rate limit that one tenant draws is not another’s', async (t) => {
  const { registry, ask } = world();
  registry.push(app, '1', { entrypoint: ['/app'] });
  registry.fail(() => new RegistryError('registry_rate_limited', 'no', { status: 429, retryAfterMs: 600_000 }));
  t.match(await ask(`${app}:1`, 'noisy'), { reason: 'registry_rate_limited' });
  registry.fail(undefined);
  t.match(await ask(`${app}:2`, 'web'), { reason: 'image_not_found' }, 'which the registry says');
  t.match(await ask(`${app}:2`, 'noisy'), { reason: 'registry_rate_limited' });
});
