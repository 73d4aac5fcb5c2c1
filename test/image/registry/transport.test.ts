import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { createServer as createPlainServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { connect } from 'node:net';
import * as x509 from '@peculiar/x509';
import t from 'tap';
import { parseReference } from '../../../src/image/reference.js';
import { OciRegistryClient } from '../../../src/image/registry/client.js';
import {
  anonymous,
  basic,
  clientFor,
  failureOf,
  manifest,
  never,
  sendError,
  sendManifest,
  sha256,
  startServer,
} from './fake-registry.js';

async function makeCertificate(): Promise<{ readonly cert: string; readonly key: string }> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const names = new x509.SubjectAlternativeNameExtension([
    { type: 'ip', value: '127.0.0.1' },
    { type: 'dns', value: 'registry.test' },
  ]);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned(
    {
      name: 'CN=registry.test',
      notBefore: new Date(Date.now() - 60_000),
      notAfter: new Date(Date.now() + 3_600_000),
      keys,
      signingAlgorithm: algorithm,
      extensions: [names, new x509.BasicConstraintsExtension(true, undefined, true)],
    },
    webcrypto,
  );
  const key = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  return { cert: certificate.toString('pem'), key: x509.PemConverter.encode(key, 'PRIVATE KEY') };
}

t.test('TLS: an unknown authority, a configured one, another name', async (t) => {
  const { cert, key } = await makeCertificate();
  const server = await startServer(
    (_, response) => sendManifest(response),
    () => createTlsServer({ cert, key }),
  );
  const [, port = ''] = server.host.split(':');
  const lookup = (
    _: string,
    __: unknown,
    callback: (error: null, addresses: { address: string; family: number }[]) => void,
  ): void => callback(null, [{ address: '127.0.0.1', family: 4 }]);
  const egress = { allow: ['127.0.0.1'] };
  const trusting = new OciRegistryClient({ hosts: [{ host: '*', ca: cert }], egress, lookup });
  const strict = new OciRegistryClient({ egress, lookup });
  t.teardown(() => Promise.all([trusting.close(), strict.close(), server.close()]));
  const ask = (client: typeof strict, host: string) =>
    client.manifest(parseReference(`${host}:${port}/acme/app`), anonymous, never);

  for (const host of ['127.0.0.1', 'registry.test']) {
    t.equal((await ask(trusting, host)).digest, sha256(manifest), host);
    t.match(await failureOf(ask(strict, host)), {
      reason: 'registry_unreachable',
      message: /DEPTH_ZERO_SELF_SIGNED_CERT/,
    });
  }
  t.match(await failureOf(ask(trusting, 'other.test')), { reason: 'registry_unreachable', message: /ALTNAME_INVALID/ });

  server.handler = (_, response) => {
    response.writeHead(302, { location: 'http://registry.test/plain' }).end();
  };
  t.match(await failureOf(ask(trusting, 'registry.test')), { reason: 'registry_denied', message: /plain HTTP/ });
});

t.test('a name that does not resolve', async (t) => {
  const client = new OciRegistryClient({
    lookup: (host, _, callback) => {
      callback(Object.assign(new Error(host), { code: 'ENOTFOUND' }), []);
    },
  });
  t.teardown(() => client.close());
  const failure = await failureOf(client.manifest(parseReference('registry.test/a'), anonymous, never));
  t.match(failure, { reason: 'registry_unreachable', message: /registry\.test.*ENOTFOUND/ });
});

t.test('E13: a proxy: tunnels for TLS, plain requests otherwise, and the guard before it', async (t) => {
  const { cert, key } = await makeCertificate();
  const registry = await startServer(
    (_, response) => sendManifest(response),
    () => createTlsServer({ cert, key }),
  );
  const [, port = ''] = registry.host.split(':');
  const tunnels: string[] = [];
  let refusesTunnels = false;
  const proxy = await startServer(
    (request, response) => {
      if (request.url === 'http://plain.test/v2/acme/app/manifests/latest') sendManifest(response);
      else sendError(response, 407, 'NO');
    },
    () => {
      const server = createPlainServer();
      server.on('connect', (request, socket) => {
        if (refusesTunnels) {
          socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
          return;
        }
        tunnels.push(request.url ?? '');
        const onward = connect(Number(port), '127.0.0.1', () => {
          socket.write('HTTP/1.1 200 OK\r\n\r\n');
          onward.pipe(socket).pipe(onward);
        });
        for (const end of [onward, socket]) end.on('error', () => end.destroy());
        onward.on('close', () => socket.destroy());
        socket.on('close', () => onward.destroy());
      });
      return server;
    },
  );
  const resolved: string[] = [];
  const client = new OciRegistryClient({
    hosts: [
      { host: 'plain.test', plainHttp: true },
      { host: '*', ca: cert },
    ],
    proxies: { https: proxy.origin, http: proxy.origin, noProxy: 'direct.test' },
    lookup: (host, _, callback) => {
      resolved.push(host);
      if (host === 'registry.test') callback(Object.assign(new Error(host), { code: 'ENOTFOUND' }), []);
      else
        callback(null, [
          { address: ['plain.test', 'refused.test'].includes(host) ? '10.0.0.1' : '127.0.0.1', family: 4 },
        ]);
    },
  });
  t.teardown(() => Promise.all([client.close(), proxy.close(), registry.close()]));
  const ask = (name: string) => client.manifest(parseReference(name), anonymous, never);

  t.equal((await ask('registry.test/acme/app')).digest, sha256(manifest), 'who only the proxy can resolve');
  t.strictSame(tunnels, ['registry.test:443']);
  t.equal((await ask('plain.test/acme/app')).digest, sha256(manifest));
  t.match(
    await failureOf(ask('plain.test/acme/other')),
    { reason: 'registry_unreachable' },
    'the proxy’s 407 is none of the registry’s',
  );
  refusesTunnels = true;
  t.match(await failureOf(ask('refused.test/acme/app')), { reason: 'registry_unreachable' });
  for (const host of ['loopback.test', '169.254.169.254', 'metadata.google.internal', 'direct.test']) {
    t.match(await failureOf(ask(`${host}/acme/app`)), { reason: 'registry_denied' }, host);
  }
  t.equal(tunnels.length, 1, 'nothing of that reached the proxy');
});

t.test('429 with a date, by the clock', async (t) => {
  const now = Date.UTC(2026, 0, 1);
  const server = await startServer((_, response) =>
    sendError(response, 429, 'X', { 'retry-after': new Date(now + 90_000).toUTCString() }),
  );
  const { client } = clientFor([server.host], { clock: () => now });
  t.teardown(() => Promise.all([client.close(), server.close()]));
  const failure = await failureOf(client.head(parseReference(`${server.host}/a`), basic('a', 'b'), never));
  t.match(failure, { reason: 'registry_rate_limited', status: 429, retryAfterMs: 90_000 });
});
