import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { readSettings, settingKeys } from '../../src/settings/settings.js';
import type { Settings } from '../../src/settings/table.js';
import { certificateFromFiles, certificateFromFilesBy } from '../../src/server/certificates.js';
import { certificateFromSecret } from '../../src/server/managed-certificate.js';
import type { CertificateSource } from '../../src/server/sources.js';
import { withTrustBundle } from '../../src/server/trust-bundle.js';
import { authorityIn } from '../../src/tls/bundle.js';
import type { TlsPair } from '../../src/tls/pair.js';
import { makePair, observers, temporaryFolder, until } from './harness.js';

const first = await makePair();
const second = await makePair();
const chainOf = ({ ca, pair }: typeof first): TlsPair => ({ ...pair, certPem: pair.certPem + ca });

/** Puts a file in its place whole. */
function put(dir: string, name: string, text: string): string {
  writeFileSync(join(dir, `.${name}`), text);
  renameSync(join(dir, `.${name}`), join(dir, name));
  return join(dir, name);
}

/** Opens a source with its bundle, and counts what it says. */
async function opened(t: Test, source: CertificateSource, own: Partial<Settings>, nowMs: () => number = Date.now) {
  const seen = await observers();
  const stop = new AbortController();
  t.teardown(() => stop.abort());
  const settings = { ...readSettings({ flags: {}, env: {} }, settingKeys), reloadIntervalMs: 50, ...own };
  const { certificates, trust } = withTrustBundle(source, nowMs);
  let changes = 0;
  trust.onBundle(() => changes++);
  const pairs: TlsPair[] = [];
  const certificate = await certificates({ settings, ...seen, signal: stop.signal });
  await certificate.watch((pair) => pairs.push(pair));
  return { trust, pairs, changes: () => changes, certificate, ...seen };
}

t.test('the authority of a served chain, and the old one beside it', async (t) => {
  const dir = temporaryFolder(t);
  const write = (pair: TlsPair): Partial<Settings> => ({
    tlsKey: put(dir, 'tls.key', pair.keyPem),
    tlsCert: put(dir, 'tls.crt', pair.certPem),
  });
  const { trust, pairs, changes, lines } = await opened(t, certificateFromFiles, write(chainOf(first)));
  t.equal(trust.bundle(), first.ca);
  t.equal(changes(), 1);
  write(chainOf(second));
  await until(() => pairs.length > 0);
  t.equal(trust.bundle(), second.ca + first.ca, 'other replicas may still serve the old one');
  write(first.pair);
  await until(() => pairs.length > 1);
  t.equal(trust.bundle(), '', 'a chain without an authority: the API server has to know it');
  t.match(lines().join(''), /give --ca-bundle/);
});

t.test('F27: a new certificate that has not begun waits, and the bundle with it', async (t) => {
  const dir = temporaryFolder(t);
  const now = { ms: Date.now() };
  const nowMs = (): number => now.ms;
  const dayMs = 24 * 60 * 60_000;
  const early = await makePair(Date.now() + 8 * 60 * 60_000);
  const write = (pair: TlsPair): Partial<Settings> => ({
    tlsKey: put(dir, 'tls.key', pair.keyPem),
    tlsCert: put(dir, 'tls.crt', pair.certPem),
  });
  const source = certificateFromFilesBy(nowMs);
  const { trust, pairs, lines } = await opened(t, source, write(chainOf(first)), nowMs);
  write(chainOf(early));
  await until(() => lines().some((line) => line.includes('the new certificate has not begun')));
  t.same(pairs, []);
  t.equal(trust.bundle(), first.ca);
  write(chainOf(second));
  await until(() => pairs.length > 0);
  t.equal(pairs.at(-1)?.fingerprint, second.pair.fingerprint, 'one that has begun is served at once');
  write(chainOf(early));
  await until(() => lines().filter((line) => line.includes('the new certificate has not begun')).length > 0);
  now.ms += 9 * 60 * 60_000;
  await until(() => pairs.length > 1);
  t.equal(pairs.at(-1)?.fingerprint, early.pair.fingerprint, 'without another change of the files');
  t.equal(trust.bundle(), early.ca + second.ca);
  // Once the old one has ended, there is nothing to keep it for.
  const later = await makePair(now.ms + 100 * dayMs);
  now.ms += 60 * dayMs;
  write(chainOf(later));
  await until(() => pairs.length > 2);
  t.equal(pairs.at(-1)?.fingerprint, later.pair.fingerprint);
  t.match((await opened(t, source, write(chainOf(later)), nowMs)).lines().join(''), /it yet/);
});

t.test('the file of --ca-bundle, watched', async (t) => {
  const dir = temporaryFolder(t);
  const files = {
    tlsKey: put(dir, 'tls.key', first.pair.keyPem),
    tlsCert: put(dir, 'tls.crt', first.pair.certPem),
    caBundle: put(dir, 'ca.crt', `# ours\n${first.ca}`),
  };
  const { trust, changes, lines } = await opened(t, certificateFromFiles, files);
  t.equal(trust.bundle(), first.ca);
  put(dir, 'ca.crt', 'nothing');
  await until(() => lines().some((line) => line.includes('cannot be used')));
  t.equal(trust.bundle(), first.ca);
  put(dir, 'ca.crt', second.ca + first.ca);
  await until(() => changes() === 2);
  t.equal(trust.bundle(), second.ca + first.ca);

  const wrong = opened(t, certificateFromFiles, { ...files, caBundle: put(dir, 'empty.crt', '') });
  await t.rejects(wrong, { code: 'certificate_invalid', message: /let --ca-bundle name a file with authorities/ });
  await t.rejects(opened(t, certificateFromFiles, { ...files, caBundle: join(dir, 'none') }), {
    code: 'file_unreadable',
  });
});

t.test('development, and what of a chain is an authority', async (t) => {
  const dir = temporaryFolder(t);
  const { trust, certificate } = await opened(t, certificateFromFiles, { certsDir: join(dir, 'certs') });
  t.equal(Buffer.from(trust.bundle()).toString('base64'), certificate.caBundle);
  t.equal(authorityIn(first.pair.certPem), undefined);
  t.equal(authorityIn('')?.subject, undefined);
  t.equal(authorityIn(first.pair.certPem + first.ca + second.ca)?.toString(), second.ca, 'the last one');
});

t.test('the certificate of a Secret: one that changed before the watch stood is not missed', async (t) => {
  let current = first.pair;
  let tell: (pair: TlsPair) => void = () => undefined;
  const source = certificateFromSecret({
    first: () => Promise.resolve(first.pair),
    current: () => current,
    onPair: (listener) => {
      tell = listener;
    },
  });
  current = second.pair;
  const { pairs, metric } = await opened(t, source, {});
  t.same(pairs, [second.pair]);
  tell(first.pair);
  t.same(pairs, [second.pair, first.pair]);
  t.equal(await metric('outrider_certificate_reloads_total', { result: 'success' }), 2);
});
