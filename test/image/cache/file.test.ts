import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { createCacheFile } from '../../../src/image/cache/file.js';
import { defaultCacheLimits, ImageCache } from '../../../src/image/cache/image-cache.js';
import { CacheCounter } from '../../../src/image/cache/counter.js';
import { anonymous, basicCredential } from '../../../src/image/credentials/credential.js';
import { parseReference } from '../../../src/image/reference.js';
import { RegistryResolver } from '../../../src/image/resolver.js';
import { fakeClock, fakeRegistry, forever, silent } from '../fake-registry.js';

const digest = `sha256:${'a'.repeat(64)}`;
const other = `sha256:${'b'.repeat(64)}`;
const reference = parseReference('r.example/x/one:1');

function cacheOf(): ImageCache {
  return new ImageCache({
    clock: fakeClock(),
    limits: { ...defaultCacheLimits, entries: 200 },
    counter: new CacheCounter(),
    random: () => 0,
  });
}

function fill(cache: ImageCache): void {
  const platform = { os: 'linux', architecture: 'arm', variant: 'v7' };
  cache.content.set('r.example/x/one', digest, {
    kind: 'image',
    config: { entrypoint: ['/a'], cmd: [], volumes: ['/data'], users: [1000] },
    platform,
  });
  cache.content.set('r.example/x/one', other, {
    kind: 'index',
    entries: [
      { mediaType: 'm', digest, size: 1, platform: { ...platform, variant: undefined }, annotations: { a: 'b' } },
      { mediaType: 'm', digest, size: 1, platform: undefined, annotations: {} },
    ],
  });
  cache.content.set('r.example/x/two', digest, { kind: 'unusable', reason: 'image_not_runnable', message: 'no' });
  cache.grant(reference, 'fingerprint-of-alice', digest);
}

t.test('E14: what is written is read again, without rights and fingerprints, for the owner alone', async (t) => {
  const path = join(t.testdir(), 'cache.json');
  const file = createCacheFile({ path, limitBytes: 100_000, log: silent });
  const before = cacheOf();
  fill(before);
  await file.save(before);
  t.equal(statSync(path).mode & 0o777, 0o600);
  t.notMatch(readFileSync(path, 'utf8'), /fingerprint-of-alice/);
  const after = cacheOf();
  await file.load(after);
  t.strictSame([...after.content.all()], [...before.content.all()], 'in the order of use, too');
  t.equal(after.hint(reference), digest);
  t.equal(after.digestFor(reference, 'fingerprint-of-alice', 'stale'), undefined);
});

t.test('F7: an image without a numeric user is read without one', async (t) => {
  const platform = { os: 'linux', architecture: 'amd64' };
  const content = { kind: 'image', config: { entrypoint: ['/a'], cmd: [] }, platform };
  const text = JSON.stringify({ version: 3, contents: [{ repository: 'r', digest, content }], hints: [] });
  const path = join(t.testdir({ 'cache.json': text }), 'cache.json');
  const cache = cacheOf();
  await createCacheFile({ path, limitBytes: 100_000, log: silent }).load(cache);
  t.strictSame(
    [...cache.content.all()].map((entry) => entry.content),
    [{ ...content, platform: { ...platform, variant: undefined } }],
  );
});

t.test('E14: a file that cannot be used is logged, ignored and written anew', async (t) => {
  const valid = { version: 3, contents: [], hints: [] };
  const bad = [
    '',
    '{',
    'null',
    JSON.stringify({ ...valid, version: 2 }),
    JSON.stringify({ ...valid, contents: [{ repository: 'r', digest: 'no', content: { kind: 'unusable' } }] }),
    JSON.stringify({ ...valid, contents: [{ repository: 'r', digest, content: { kind: 'image', config: {} } }] }),
    JSON.stringify({ ...valid, hints: [['a', 'b']] }),
    JSON.stringify({ ...valid, hints: [], rubbish: 'x'.repeat(100_000) }),
  ];
  for (const text of bad) {
    const path = join(t.testdir({ 'cache.json': text }), 'cache.json');
    const lines: string[] = [];
    const log = { warn: (_: object, message: string): void => void lines.push(message) };
    const file = createCacheFile({ path, limitBytes: 100_000, log });
    const cache = cacheOf();
    await file.load(cache);
    t.equal(lines.length, 1, text.slice(0, 60));
    t.equal(cache.content.entries, 0);
    await file.save(cache);
    await file.load(cache);
    t.equal(lines.length, 1);
  }
  const nothing = createCacheFile({
    path: join(t.testdir(), 'none'),
    limitBytes: 1_000,
    log: { warn: (_, message) => void t.fail(message) },
  });
  await nothing.load(cacheOf());
});

t.test('E14: the file keeps to its limit, the most used first; a place that cannot be written is logged', async (t) => {
  const dir = t.testdir();
  const path = join(dir, 'cache.json');
  const file = createCacheFile({ path, limitBytes: 4_000, log: silent });
  const cache = cacheOf();
  for (let at = 0; at < 100; at += 1) {
    const one = `sha256:${at.toString(16).padStart(64, '0')}`;
    cache.content.set('r', one, { kind: 'unusable', reason: 'image_not_runnable', message: 'x'.repeat(100) });
  }
  const first = `sha256:${'0'.repeat(64)}`;
  cache.content.get('r', first);
  await file.save(cache);
  t.ok(statSync(path).size <= 4_000);
  const after = cacheOf();
  await file.load(after);
  t.ok(after.content.entries > 5);
  t.ok(after.content.get('r', first) !== undefined);

  const lines: string[] = [];
  const log = { warn: (_: object, message: string): void => void lines.push(message) };
  mkdirSync(join(dir, 'taken'));
  writeFileSync(join(dir, 'taken', 'x'), '');
  await createCacheFile({ path: join(dir, 'taken'), limitBytes: 4_000, log }).save(cache);
  await createCacheFile({ path: join(dir, 'none', 'cache.json'), limitBytes: 4_000, log }).save(cache);
  t.equal(lines.length, 2);
  t.strictSame(readdirSync(dir).sort(), ['cache.json', 'taken'], 'nothing half-written is left');
});

t.test('E14: a restarted replica is warm, and asks for the right again', async (t) => {
  const path = join(t.testdir(), 'cache.json');
  const file = createCacheFile({ path, limitBytes: 100_000, log: silent });
  const alice = basicCredential('alice', 'a', 'secret n/alice');
  const registry = fakeRegistry();
  registry.push('r.example/x/one', '1', { entrypoint: ['/app'] });
  registry.allow('r.example/x/one', alice.fingerprint);
  const start = (namespace: string) => {
    const credentials = {
      credentials: () => Promise.resolve(namespace === 'payments' ? [alice, anonymous] : [anonymous]),
    };
    const resolver = new RegistryResolver({ client: registry.client, credentials, clock: fakeClock(), log: silent });
    const request = { reference: reference.text, namespace, pod: {} };
    return { resolver, ask: () => resolver.lookUp(request, forever), known: () => resolver.known(request) };
  };
  const before = start('payments');
  t.match(await before.ask(), { ok: true });
  await file.save(before.resolver.cache);
  const after = start('payments');
  await file.load(after.resolver.cache);
  t.equal(after.known(), undefined);
  t.match(await after.ask(), { ok: true, config: { entrypoint: ['/app'] } });
  t.strictSame(registry.counts, { head: 1, manifest: 1, blob: 1 });
  const tenant = start('evil');
  await file.load(tenant.resolver.cache);
  t.match(await tenant.ask(), { ok: false, reason: 'image_unauthorized' });
});
