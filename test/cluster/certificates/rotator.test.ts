import { X509Certificate } from 'node:crypto';
import t, { type Test } from 'tap';
import { secretKeys } from '../../../src/cluster/certificates/contents.js';
import { CertificateRotator } from '../../../src/cluster/certificates/rotator.js';
import { CertificateReader } from '../../../src/cluster/certificates/reader.js';
import { ApiError } from '../../../src/cluster/client/api-error.js';
import { ServerClock } from '../../../src/cluster/client/server-clock.js';
import { objectOf, stringOf, type JsonObject, type JsonValue } from '../../../src/model/json.js';
import { createLogger } from '../../../src/observe/logger.js';
import { certificatesIn, isIssuedBy } from '../../../src/tls/bundle.js';
import { issueAuthority, issueServer } from '../../../src/tls/issue.js';
import { createFakeObjects, type FakeObjects } from '../fake-objects.js';
import { createVirtualTime, type VirtualTime } from '../virtual-time.js';

// Keys are made, and the machine may be busy.
t.setTimeout(90_000);

const path = '/api/v1/namespaces/own/secrets/outrider-certificate';
const place = { namespace: 'own', name: 'outrider-certificate' };
const rules = { leafLifetimeMs: 60 * 60_000, authorityLifetimeMs: 240 * 60_000, overlapMs: 5 * 60_000 };
const names = ['outrider.own.svc', '10.0.0.1'];
const anHourMs = 60 * 60_000;

/** A Secret, one replica that reads it, and as many leaders as a test wants. */
interface World {
  readonly time: VirtualTime;
  readonly api: FakeObjects;
  readonly reader: CertificateReader;
  readonly lines: readonly string[];
  /** What is in the webhook configurations. */
  configured: string | undefined;
  /** Whether the bundle is written there as soon as it changes. */
  registers: boolean;
  lead(names?: readonly string[]): AbortController;
  /** What the next leaders' clock shows, less the API server's; `undefined`: nobody tells them the API server's. */
  skewMs: number | undefined;
  text(key: string): string;
  leaf(): X509Certificate;
  edit(data: Readonly<Record<string, string | undefined>>): void;
}

async function createWorld(t: Test): Promise<World> {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  const log = await createLogger({ level: 'debug', format: 'json', destination });
  const leaders = new Set<AbortController>();
  const time = createVirtualTime(undefined, () => leaders.size);
  const listeners: (() => void)[] = [];
  const reader = new CertificateReader({ clock: time, log });
  const api = createFakeObjects((_path, secret) => {
    reader.take(secret);
    for (const listener of listeners) listener();
  });
  reader.onBundle(() => {
    if (world.registers) world.configured = reader.bundle();
  });
  const data = (): JsonObject => objectOf(api.read(path)?.['data']) ?? {};
  const world: World = {
    time,
    api,
    reader,
    lines,
    configured: undefined,
    registers: true,
    skewMs: undefined,
    lead: (wanted = names) => {
      const leader = new AbortController();
      leaders.add(leader);
      leader.signal.addEventListener('abort', () => leaders.delete(leader));
      t.teardown(() => leader.abort());
      const own = { monotonicMs: () => time.monotonicMs(), wallMs: () => time.wallMs() + (world.skewMs ?? 0) };
      const clock = new ServerClock(own, log);
      const rotator = new CertificateRotator({
        client: world.skewMs === undefined ? api.client() : dated(api.client(), clock, time),
        secret: place,
        names: wanted,
        rules,
        held: () => reader.held(),
        confirmedBundle: () => world.configured,
        log,
        clock,
        random: () => 0.5,
        sleep: time.sleep,
      });
      listeners.push(rotator.changed);
      void rotator.run(leader.signal);
      return leader;
    },
    text: (key) => Buffer.from(stringOf(data()[key]) ?? '', 'base64').toString(),
    leaf: () => new X509Certificate(world.text(secretKeys.leaf)),
    edit: (changes) => {
      const edited: Record<string, JsonValue | undefined> = { ...data() };
      for (const [key, text] of Object.entries(changes)) {
        edited[key] = text === undefined ? undefined : Buffer.from(text).toString('base64');
      }
      api.put(path, { ...api.read(path), data: edited });
    },
  };
  return world;
}

/** A client whose answers tell the date, as the API server's do. */
function dated(client: ReturnType<FakeObjects['client']>, clock: ServerClock, time: VirtualTime): typeof client {
  const telling = <Result>(answer: Promise<Result>): Promise<Result> => {
    const sentMs = time.monotonicMs();
    return answer.finally(() => clock.heard(new Date(time.wallMs()).toUTCString(), sentMs));
  };
  return {
    get: (...given) => telling(client.get(...given)),
    create: (...given) => telling(client.create(...given)),
    replace: (...given) => telling(client.replace(...given)),
    delete: (...given) => telling(client.delete(...given)),
  };
}

/** The served leaf is one that the API server takes. */
function servesWell(t: Test, world: World, what: string): void {
  const pair = world.reader.held()?.pair;
  if (pair === undefined) {
    t.fail(`${what}: nothing is served`);
    return;
  }
  const leaf = new X509Certificate(pair.certPem);
  const trusted = certificatesIn(world.configured ?? '');
  t.ok(
    trusted.some((authority) => isIssuedBy(leaf, authority)),
    `${what}: trusted`,
  );
  t.ok(
    pair.notAfter.getTime() > world.time.wallMs() && pair.notBefore.getTime() <= world.time.wallMs(),
    `${what}: valid`,
  );
}

t.test('an empty Secret of the chart’s is filled, and its labels stay', async (t) => {
  const world = await createWorld(t);
  world.api.put(path, { kind: 'Secret', metadata: { ...place, labels: { chart: 'outrider' } }, type: 'Opaque' });
  world.lead();
  await world.time.advance(1_000);
  servesWell(t, world, 'at once');
  t.match(world.api.read(path), { type: 'Opaque', metadata: { labels: { chart: 'outrider' } } });
  t.equal(world.leaf().subjectAltName, 'DNS:outrider.own.svc, IP Address:10.0.0.1');
  t.equal(world.text(secretKeys.nextKey), '');
  t.equal(world.lines.filter((line) => line.includes('"error"')).length, 0, 'without a complaint');
  const writes = world.api.requests.filter((request) => !request.startsWith('GET')).length;
  await world.time.advance(anHourMs / 2);
  t.equal(world.api.requests.filter((request) => !request.startsWith('GET')).length, writes, 'and left alone');
});

t.test('over hours: every leaf is valid and trusted while it is served', async (t) => {
  const world = await createWorld(t);
  world.lead();
  const authorities = new Set<string>();
  const leaves = new Set<string>();
  for (let minute = 0; minute < 8 * 60; minute += 5) {
    await world.time.advance(5 * 60_000);
    const pair = world.reader.held()?.pair;
    if (pair === undefined || pair.notAfter.getTime() <= world.time.wallMs()) t.fail(`minute ${minute}: nothing valid`);
    if (!leaves.has(pair?.fingerprint ?? '')) servesWell(t, world, `minute ${minute}`);
    leaves.add(pair?.fingerprint ?? '');
    authorities.add(world.leaf().issuer);
  }
  t.ok(leaves.size > 10, `${leaves.size} leaves`);
  t.ok(authorities.size >= 3, `${authorities.size} authorities`);
  t.ok(certificatesIn(world.reader.bundle()).length <= 2, 'what has ended is not trusted for ever');
});

t.test('an authority signs only after the overlap, counted from when its trust was confirmed', async (t) => {
  const world = await createWorld(t);
  const first = world.lead();
  await world.time.advance(1_000);
  const issuer = world.leaf().issuer;
  world.registers = false;
  await world.time.advance(155 * 60_000);
  t.not(world.text(secretKeys.nextKey), '', 'the next authority is there');
  await world.time.advance(20 * 60_000);
  t.equal(world.leaf().issuer, issuer, 'and waits, since no configuration has it');
  world.registers = true;
  world.configured = world.reader.bundle();
  await world.time.advance(4 * 60_000);
  first.abort();
  world.lead();
  await world.time.advance(4 * 60_000);
  t.equal(world.leaf().issuer, issuer, 'a new leader counts anew');
  await world.time.advance(2 * 60_000);
  t.not(world.leaf().issuer, issuer);
  servesWell(t, world, 'the new leaf');
  t.equal(certificatesIn(world.reader.bundle()).length, 2, 'the old authority stays');
});

t.test('two leaders at once make one history', async (t) => {
  const world = await createWorld(t);
  world.lead();
  world.lead();
  await world.time.advance(1_000);
  const { fingerprint256 } = world.leaf();
  await world.time.advance(anHourMs / 2);
  t.equal(world.leaf().fingerprint256, fingerprint256, 'neither takes the other’s for wrong');
  for (let hour = 0; hour < 6; hour++) {
    await world.time.advance(anHourMs);
    servesWell(t, world, `hour ${hour}`);
  }
  t.ok(certificatesIn(world.reader.bundle()).length <= 3);
});

t.test('whatever was done to the Secret, it is made again, loudly, and what is served stays trusted', async (t) => {
  const rsa = await issueForeign();
  const edits: Readonly<Record<string, (world: World) => void>> = {
    deleted: ({ api }) => api.remove(path),
    emptied: ({ api }) => api.put(path, { ...api.read(path), data: {} }),
    'of no form': ({ api }) => api.put(path, { ...api.read(path), data: 'nonsense' }),
    'all garbage': (world) => world.edit(Object.fromEntries(Object.values(secretKeys).map((key) => [key, 'garbage']))),
    'no certificate': (world) => world.edit({ [secretKeys.leaf]: undefined }),
    'another key': (world) => world.edit({ [secretKeys.leafKey]: rsa.keyPem }),
    'no bundle': (world) => world.edit({ [secretKeys.authorities]: undefined }),
    'a foreign authority more': (world) =>
      world.edit({ [secretKeys.authorities]: world.text(secretKeys.authorities) + rsa.caPem }),
    'no key of the authority': (world) => world.edit({ [secretKeys.signerKey]: undefined }),
    'a broken key of the authority': (world) => world.edit({ [secretKeys.signerKey]: rsa.keyPem }),
    'a foreign pair': (world) => world.edit({ [secretKeys.leaf]: rsa.certPem, [secretKeys.leafKey]: rsa.keyPem }),
    'binary data': ({ api }) =>
      api.put(path, { ...api.read(path), data: { 'tls.crt': '/////w==', 'ca.crt': '%%%', 'ca.key': 7 } }),
    'of another type': ({ api }) => {
      api.put(path, { metadata: place, type: 'kubernetes.io/tls', data: { 'tls.crt': 'eA==', 'tls.key': 'eA==' } });
    },
    immutable: ({ api }) => api.put(path, { ...api.read(path), immutable: true }),
  };
  for (const [what, edit] of Object.entries(edits)) {
    const world = await createWorld(t);
    const leader = world.lead();
    await world.time.advance(60_000);
    const bundle = world.reader.bundle();
    const before = world.lines.length;
    edit(world);
    for (let minute = 0; minute < 8; minute++) {
      servesWell(t, world, `${what}, minute ${minute}`);
      await world.time.advance(60_000);
    }
    servesWell(t, world, `${what}, in the end`);
    t.equal(world.api.read(path)?.['type'] ?? 'Opaque', 'Opaque', what);
    t.not(world.api.read(path)?.['immutable'], true, what);
    const leaf = world.leaf();
    t.equal(leaf.fingerprint256, world.reader.held()?.pair.fingerprint, `${what}: the Secret’s is served`);
    t.ok(
      certificatesIn(world.text(secretKeys.authorities)).some((each) => isIssuedBy(leaf, each)),
      what,
    );
    t.not(world.text(secretKeys.signerKey), '', what);
    t.notOk(world.reader.bundle().includes(rsa.caPem), `${what}: nobody else’s authority is trusted`);
    t.ok(world.reader.bundle().includes(bundle), `${what}: the old authority stays`);
    t.ok(
      world.lines.slice(before).some((line) => /"level":"(info|warn|error)"/.test(line)),
      `${what}: is said`,
    );
    leader.abort();
  }
});

t.test('other names ask for another certificate of the same authority', async (t) => {
  const world = await createWorld(t);
  const first = world.lead();
  await world.time.advance(1_000);
  const { issuer } = world.leaf();
  first.abort();
  world.lead([...names, 'outrider.test']);
  await world.time.advance(1_000);
  t.match(world.leaf().subjectAltName, /DNS:outrider\.test/);
  t.equal(world.leaf().issuer, issuer);
  servesWell(t, world, 'it');
});

t.test('an API server that fails, or undoes each write, is not raced with', async (t) => {
  const world = await createWorld(t);
  world.api.fault = () => 'down';
  world.lead();
  await world.time.advance(10 * 60_000);
  t.ok(world.api.requests.length < 30, `${world.api.requests.length} requests in ten minutes`);
  world.api.fault = (method) =>
    method === 'POST' ? new ApiError('secrets is forbidden', { status: 403, reason: 'Forbidden' }) : undefined;
  await world.time.advance(5 * 60_000);
  t.match(world.lines.join(''), /secrets is forbidden/);
  world.api.fault = () => undefined;
  await world.time.advance(2 * 60_000);
  servesWell(t, world, 'after it');
  const made = world.api.requests.length;
  for (let write = 0; write < 60; write++) {
    await world.time.advance(10_000);
    world.edit({ [secretKeys.leaf]: 'garbage' });
  }
  t.ok(world.api.requests.length - made < 300, `${world.api.requests.length - made} requests in ten minutes`);
});

t.test('a date that is set ahead or back leaves a valid leaf', async (t) => {
  for (const jumpMs of [2 * anHourMs, -2 * anHourMs, 1e10, -1e10]) {
    const world = await createWorld(t);
    world.lead();
    await world.time.advance(60_000);
    world.time.jump(jumpMs);
    await world.time.advance(7 * 60_000);
    servesWell(t, world, `${jumpMs} ms`);
  }
});

t.test(
  'F27: a leader whose clock is wrong by more than five minutes issues nothing and throws nothing out',
  async (t) => {
    for (const skewMs of [8 * anHourMs, -8 * anHourMs, 4_000 * 24 * anHourMs, -4_000 * 24 * anHourMs]) {
      const world = await createWorld(t);
      world.skewMs = 0;
      world.lead();
      await world.time.advance(60_000);
      servesWell(t, world, 'before');
      const before = world.api.read(path);
      world.skewMs = skewMs;
      await world.time.advance(10 * 60_000);
      t.same(world.api.read(path), before, `${skewMs} ms: the Secret stays as it is`);
      t.match(world.lines.join(''), /too far from the API server’s/);
      world.api.remove(path);
      await world.time.advance(2 * 60_000);
      t.equal(world.api.read(path), undefined, 'nor does it make one anew');
      world.skewMs = 0;
      await world.time.advance(2 * 60_000);
      t.not(world.text(secretKeys.nextKey), '', 'once the clocks agree again it does');
      servesWell(t, world, `${skewMs} ms`);
    }
  },
);

t.test('F27: the clock jumps while a key is made: what was made is not written', async (t) => {
  const world = await createWorld(t);
  world.skewMs = 0;
  world.api.fault = (method) => {
    if (method === 'GET') setImmediate(() => (world.skewMs = 8 * anHourMs));
    return undefined;
  };
  world.lead();
  await world.time.advance(60_000);
  t.equal(world.api.read(path), undefined);
});

t.test('F27: a certificate begins by the earlier of the two clocks, and ends by the API server’s', async (t) => {
  for (const skewMs of [4 * 60_000, -4 * 60_000]) {
    const world = await createWorld(t);
    const startMs = world.time.wallMs();
    world.skewMs = skewMs;
    world.lead();
    await world.time.advance(1_000);
    const near = (text: string, ms: number): boolean => Math.abs(Date.parse(text) - ms) < 3_000;
    const { validFrom, validTo } = world.leaf();
    t.ok(near(validFrom, startMs + Math.min(0, skewMs) - 6 * 60_000), `${skewMs} ms: ${validFrom}`);
    t.ok(near(validTo, startMs + anHourMs), `${skewMs} ms: ${validTo}`);
    for (let minute = 0; minute < 2 * 60; minute += 10) {
      await world.time.advance(10 * 60_000);
      servesWell(t, world, `${skewMs} ms, minute ${minute}`);
    }
  }
});

t.test('F27: what a wrong clock has issued is not adopted before it has begun, and is replaced at once', async (t) => {
  const world = await createWorld(t);
  const first = world.lead();
  await world.time.advance(60_000);
  first.abort();
  const served = world.reader.held()?.pair.fingerprint;
  const authority = { certPem: world.text(secretKeys.authorities), keyPem: world.text(secretKeys.signerKey) };
  const nowMs = world.time.wallMs() + 8 * anHourMs;
  const early = await issueServer({ authority, names, lifetimeMs: 240 * 60_000, nowMs });
  world.edit({ [secretKeys.leaf]: early.certPem, [secretKeys.leafKey]: early.keyPem });
  t.equal(world.reader.held()?.pair.fingerprint, served, 'what was served is served on');
  t.equal(world.reader.waits, true);
  t.match(world.lines.join(''), /a certificate that has not begun is left alone/);
  world.lead();
  await world.time.advance(1_000);
  t.not(world.leaf().fingerprint256, new X509Certificate(early.certPem).fingerprint256);
  t.not(world.reader.held()?.pair.fingerprint, served);
  t.equal(world.reader.waits, false);
  servesWell(t, world, 'the one in its place');
});

t.test('F27: an authority of the year after next is not trusted, and does not take the working one away', async (t) => {
  const world = await createWorld(t);
  const first = world.lead();
  await world.time.advance(60_000);
  first.abort();
  const working = world.reader.bundle();
  const nowMs = world.time.wallMs() + 4_000 * 24 * anHourMs;
  const authority = await issueAuthority({ commonName: 'early', lifetimeMs: rules.authorityLifetimeMs, nowMs });
  const early = await issueServer({ authority, names, lifetimeMs: rules.leafLifetimeMs, nowMs });
  world.edit({
    [secretKeys.authorities]: authority.certPem,
    [secretKeys.signerKey]: authority.keyPem,
    [secretKeys.leaf]: early.certPem,
    [secretKeys.leafKey]: early.keyPem,
  });
  t.equal(world.reader.bundle(), working, 'the bundle stays what it was');
  world.lead();
  for (let minute = 0; minute < 60; minute += 10) {
    await world.time.advance(10 * 60_000);
    servesWell(t, world, `minute ${minute}`);
  }
  t.notOk(world.reader.bundle().includes(authority.certPem));
  t.ok(Date.parse(world.leaf().validFrom) < world.time.wallMs(), 'the Secret has a valid one again');
});

t.test('F27: a certificate that has not begun is adopted when it does', async (t) => {
  const world = await createWorld(t);
  const nowMs = world.time.wallMs() + 2 * anHourMs;
  const authority = await issueAuthority({ commonName: 'early', lifetimeMs: 10 * anHourMs, nowMs });
  const early = await issueServer({ authority, names, lifetimeMs: 5 * anHourMs, nowMs });
  world.api.put(path, { kind: 'Secret', metadata: place, type: 'Opaque' });
  world.edit({
    [secretKeys.authorities]: authority.certPem,
    [secretKeys.leaf]: early.certPem,
    [secretKeys.leafKey]: early.keyPem,
  });
  t.equal(world.reader.held(), undefined);
  t.equal(world.reader.bundle(), '');
  t.equal(world.reader.waits, true);
  await world.time.advance(2 * anHourMs - 30 * 60_000);
  world.reader.take(world.api.read(path));
  t.equal(world.reader.bundle(), authority.certPem);
  t.equal(world.reader.held()?.pair.certPem, early.certPem);
});

/** Someone else's authority and pair. */
async function issueForeign(): Promise<{ readonly caPem: string; readonly certPem: string; readonly keyPem: string }> {
  const nowMs = Date.parse('2026-11-22T12:00:00Z');
  const authority = await issueAuthority({ commonName: 'foreign', days: 10, nowMs });
  const { certPem, keyPem } = await issueServer({ authority, names, days: 5, nowMs });
  return { caPem: authority.certPem, certPem, keyPem };
}
