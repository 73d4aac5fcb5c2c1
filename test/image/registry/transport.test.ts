import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { createServer as createPlainServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { connect } from 'node:net';
import * as x509 from '@peculiar/x509';
import t from 'tap';
import { parseReference } from '../../../src/image/reference.js';
import { OciRegistryClient } from '../../../src/image/registry/client.js';
import { Dispatchers } from '../../../src/image/registry/dispatchers.js';
import { createEgressGuard, type EgressRules } from '../../../src/image/registry/egress-guard.js';
import { defaultHostSettings } from '../../../src/image/registry/hosts.js';
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

t.test('F15: a registry leads into a private network only from one, or where that is allowed', async (t) => {
  const asked: string[] = [];
  // A proxy stands for the network: what is asked of it was let through.
  const network = await startServer((request, response) => {
    const { url = '' } = request;
    asked.push(url);
    const kind = /\/v2\/(\w+)\//.exec(url)?.[1];
    const challenge = `Bearer realm="http://10.1.2.3/token",service="s"`;
    if (url.startsWith('http://10.1.2.3/token')) response.end('{"token":"t"}');
    else if (url.startsWith('http://10.1.2.3/') || request.headers.authorization === 'Bearer t') sendManifest(response);
    else if (kind === 'realm') sendError(response, 401, 'X', { 'www-authenticate': challenge });
    else response.writeHead(307, { location: kind === 'twice' ? '/v2/redirect/x' : 'http://10.1.2.3/stored' }).end();
  });
  const addresses = new Map([
    ['public.test', '8.8.8.8'],
    ['private.test', '10.9.9.9'],
  ]);
  const clientWith = (egress: EgressRules) =>
    new OciRegistryClient({
      hosts: [{ host: '*', plainHttp: true }],
      proxies: { http: network.origin },
      lookup: (host, _, callback) => callback(null, [{ address: addresses.get(host) ?? host, family: 4 }]),
      egress,
    });
  const [closed, allowed] = [clientWith({}), clientWith({ allow: ['10.1.2.3'] })];
  t.teardown(() => Promise.all([closed.close(), allowed.close(), network.close()]));
  for (const kind of ['realm', 'redirect', 'twice']) {
    const ask = (client: OciRegistryClient, host: string) =>
      client.manifest(parseReference(`${host}/${kind}/app`), anonymous, never);
    t.match(await failureOf(ask(closed, 'public.test')), { reason: 'registry_denied' }, kind);
    t.notOk(
      asked.some((url) => url.startsWith('http://10.1.2.3')),
      `${kind}: nobody inside was asked`,
    );
    t.equal((await ask(allowed, 'public.test')).digest, sha256(manifest), `${kind}, allowed`);
    t.equal((await ask(closed, 'private.test')).digest, sha256(manifest), `${kind}, by one inside`);
    asked.length = 0;
  }
});

t.test('F15: a connection that a private registry may use is none for a public one', async (t) => {
  const server = await startServer((_, response) => response.end('{}'));
  const guard = createEgressGuard({ allow: ['127.0.0.0/8'] });
  const { publicOnly } = createEgressGuard({});
  const dispatchers = new Dispatchers({
    guard: { ...guard, publicOnly },
    proxies: {},
    lookup: (_, __, callback) => callback(null, [{ address: '127.0.0.1', family: 4 }]),
  });
  t.teardown(() => Promise.all([dispatchers.close(), server.close()]));
  const url = new URL(`http://store.test:${server.host.split(':')[1] ?? ''}/`);
  const own = new URL(url.href.replace('store', 'own'));
  const ask = async (to: URL, ledBy?: URL) => {
    const dispatcher = await dispatchers.dispatcherFor(to, defaultHostSettings, never, ledBy);
    const { body } = await dispatcher.request({ origin: to.origin, path: '/', method: 'GET' });
    return body.text();
  };
  t.equal(await ask(url), '{}', 'as the registry itself');
  await t.rejects(ask(url, new URL('http://unknown.test/')), { name: 'EgressDeniedError' });
  await t.rejects(ask(url, own), { name: 'EgressDeniedError' }, 'of which is not known where it is');
  t.equal(await ask(own), '{}');
  t.equal(await ask(url, own), '{}', 'which was connected to nearby');
  t.equal(await ask(url, url), '{}');
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
