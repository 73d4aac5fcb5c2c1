import { X509Certificate } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { ensureDevelopmentCertificates } from '../../src/tls/development.js';
import { issueAuthority, issueServer } from '../../src/tls/issue.js';
import { loadPair } from '../../src/tls/pair.js';

const nowMs = Date.parse('2026-11-22T12:00:00Z');
const aDayMs = 24 * 60 * 60 * 1000;
const files = { certFile: 'tls.crt', keyFile: 'tls.key' };
const dir = mkdtempSync(join(tmpdir(), 'outrider-tls-'));
t.teardown(() => rmSync(dir, { recursive: true, force: true }));

const authority = await issueAuthority({ commonName: 'test CA', days: 10, nowMs });
const names = ['localhost', '*.example.com', '127.0.0.1', '::1'];
const server = await issueServer({ authority, names, days: 5, nowMs });

t.test('what is issued is what OpenSSL takes for a CA and a server certificate', (t) => {
  const ca = new X509Certificate(authority.certPem);
  t.equal(ca.ca, true);
  t.equal(ca.subject, 'CN=test CA');
  t.ok(ca.verify(ca.publicKey));
  const leaf = new X509Certificate(server.certPem);
  t.equal(leaf.ca, false);
  t.ok(leaf.checkIssued(ca));
  t.ok(leaf.verify(ca.publicKey));
  t.equal(leaf.checkHost('localhost'), 'localhost');
  t.equal(leaf.checkHost('a.example.com'), '*.example.com');
  t.equal(leaf.checkHost('other'), undefined);
  t.equal(leaf.checkIP('127.0.0.1'), '127.0.0.1');
  t.equal(leaf.checkIP('::1'), '::1');
  t.equal(leaf.publicKey.asymmetricKeyType, 'ec');
  t.match(leaf.publicKey.asymmetricKeyDetails, { namedCurve: 'prime256v1' });
  t.same(leaf.keyUsage, ['1.3.6.1.5.5.7.3.1'], 'for servers only');
  t.equal(Date.parse(leaf.validFrom), nowMs - 60 * 60 * 1000, 'backdated, for clocks that are behind');
  t.equal(Date.parse(leaf.validTo), nowMs + 5 * aDayMs);
  t.not(leaf.serialNumber, ca.serialNumber);
  t.match(leaf.serialNumber, /^[4-7][0-9A-F]{31}$/, 'positive');
  t.end();
});

t.test('F27: a certificate begins before the earlier of two clocks, and ends by the one that counts', async (t) => {
  const earliestNowMs = nowMs - 4 * 60_000;
  const { certPem } = await issueServer({ authority, names, days: 5, nowMs, earliestNowMs });
  const leaf = new X509Certificate(certPem);
  t.equal(Date.parse(leaf.validFrom), earliestNowMs - 60 * 60 * 1000);
  t.equal(Date.parse(leaf.validTo), nowMs + 5 * aDayMs);
  const later = await issueAuthority({ commonName: 'later', days: 5, nowMs, earliestNowMs: nowMs + 1e9 });
  t.equal(Date.parse(new X509Certificate(later.certPem).validFrom), nowMs - 60 * 60 * 1000);
});

t.test('a pair is loaded with its facts', (t) => {
  const pair = loadPair(server.certPem, server.keyPem, files);
  t.equal(pair.notAfter.getTime(), nowMs + 5 * aDayMs);
  t.equal(pair.notBefore.getTime(), nowMs - 60 * 60 * 1000);
  t.match(pair.names, 'DNS:localhost');
  t.equal(pair.fingerprint, new X509Certificate(server.certPem).fingerprint256);
  const chain = loadPair(server.certPem + authority.certPem, server.keyPem, files);
  t.equal(chain.fingerprint, pair.fingerprint, 'of a chain, the first counts');
  t.end();
});

t.test('a pair that cannot be used is an error that names the file and the remedy', (t) => {
  const broken: readonly (readonly [string, string, string, RegExp])[] = [
    ['', server.keyPem, 'tls.crt', /no certificate in PEM form/],
    ['-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n', server.keyPem, 'tls.crt', /no certificate/],
    [server.keyPem, server.keyPem, 'tls.crt', /no certificate/],
    [server.certPem, '', 'tls.key', /no private key in PEM form/],
    [server.certPem, server.certPem, 'tls.key', /no private key/],
    [server.certPem, authority.keyPem, 'tls.key', /is not the key of the certificate in tls\.crt/],
    [authority.certPem + server.certPem, server.keyPem, 'tls.key', /is not the key/],
  ];
  for (const [cert, key, file, message] of broken) {
    t.throws(() => loadPair(cert, key, files), { code: 'certificate_invalid', file, message });
  }
  t.end();
});

t.test('development certificates are made once, and again when they no longer fit', async (t) => {
  const certs = join(dir, 'deep', 'certs');
  const ensure = (dnsNames: readonly string[] = ['localhost', '127.0.0.1'], atMs = nowMs) =>
    ensureDevelopmentCertificates({ dir: certs, dnsNames, nowMs: atMs });
  const first = await ensure();
  t.equal(first.made, 'authority');
  t.same(readdirSync(certs).sort(), ['ca.crt', 'ca.key', 'tls.crt', 'tls.key'], 'and no temporary file');
  for (const name of readdirSync(certs)) t.equal(statSync(join(certs, name)).mode & 0o777, 0o600, name);
  t.equal(Buffer.from(first.caBundle, 'base64').toString(), readFileSync(first.caFile, 'utf8'));
  t.ok(
    new X509Certificate(readFileSync(first.certFile)).verify(new X509Certificate(readFileSync(first.caFile)).publicKey),
  );

  const again = await ensure();
  t.equal(again.made, 'nothing');
  t.equal(again.pair.fingerprint, first.pair.fingerprint);
  t.equal((await ensure(['127.0.0.1', 'localhost'])).made, 'nothing', 'order does not matter');

  const renamed = await ensure(['localhost', 'other.test']);
  t.equal(renamed.made, 'certificate');
  t.equal(renamed.caBundle, first.caBundle, 'the authority stays');
  t.equal((await ensure(['localhost'])).made, 'certificate', 'a name less');
  t.equal((await ensure(['localhost', '127.0.0.2'])).made, 'certificate');
  t.equal((await ensure(['localhost', '127.0.0.3'])).made, 'certificate', 'another address');

  t.equal((await ensure(['localhost', '127.0.0.3'], nowMs + 366 * aDayMs)).made, 'nothing');
  t.equal((await ensure(['localhost', '127.0.0.3'], nowMs + 368 * aDayMs)).made, 'certificate', 'thirty days left');
  t.equal((await ensure(['localhost', '127.0.0.3'], nowMs)).made, 'certificate', 'not valid yet');
  t.equal((await ensure(undefined, nowMs + 3300 * aDayMs)).made, 'authority', 'the authority would end first');

  writeFileSync(join(certs, 'tls.key'), authority.keyPem);
  t.equal((await ensure()).made, 'certificate', 'a key of another certificate');
  writeFileSync(join(certs, 'ca.crt'), 'nonsense');
  t.equal((await ensure()).made, 'authority');
  writeFileSync(join(certs, 'ca.crt'), server.certPem);
  writeFileSync(join(certs, 'ca.key'), server.keyPem);
  t.equal((await ensure()).made, 'authority', 'a certificate that is none of an authority');
});

t.test('a folder that cannot be written is an error that names the setting', async (t) => {
  const file = join(dir, 'file');
  writeFileSync(file, '');
  chmodSync(file, 0o400);
  const options = { dnsNames: ['localhost'], nowMs };
  const unwritable = { code: 'file_unwritable', message: /--certs-dir/ };
  await t.rejects(ensureDevelopmentCertificates({ dir: join(file, 'certs'), ...options }), unwritable);
  const taken = join(dir, 'taken');
  mkdirSync(join(taken, 'ca.key'), { recursive: true });
  await t.rejects(ensureDevelopmentCertificates({ dir: taken, ...options }), unwritable);
  t.same(readdirSync(taken), ['ca.key'], 'no temporary file is left');
});
