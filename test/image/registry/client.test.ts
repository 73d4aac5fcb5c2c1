import type { ServerResponse } from 'node:http';
import t from 'tap';
import { parseReference } from '../../../src/image/reference.js';
import { OciRegistryClient } from '../../../src/image/registry/client.js';
import {
  anonymous,
  basic,
  clientFor,
  config,
  failureOf,
  manifest,
  manifestType,
  never,
  sendError,
  sendManifest,
  sha256,
  startServer,
} from './fake-registry.js';

t.test('a manifest, its head and its config', async (t) => {
  const server = await startServer((request, response) => {
    if (request.url === '/v2/acme/app/manifests/1') sendManifest(response);
    else if (request.url === `/v2/acme/app/blobs/${sha256(config)}`) response.end(config);
    else sendError(response, 404, 'MANIFEST_UNKNOWN');
  });
  const { client, exchanges } = clientFor([server.host]);
  t.teardown(() => Promise.all([client.close(), server.close()]));
  const reference = parseReference(`${server.host}/acme/app:1`);

  const found = await client.manifest(reference, anonymous, never);
  t.match(found, { mediaType: manifestType, digest: sha256(manifest), size: manifest.length });
  t.equal(new TextDecoder().decode(found.bytes), manifest);
  t.match(await client.head(reference, anonymous, never), {
    mediaType: manifestType,
    digest: sha256(manifest),
    size: manifest.length,
  });
  const blob = await client.blob(reference, sha256(config), 1000, anonymous, never);
  t.equal(new TextDecoder().decode(blob), config);
  t.strictSame(
    exchanges.map(({ purpose, method, status }) => [purpose, method, status]),
    [
      ['manifest', 'GET', 200],
      ['head', 'HEAD', 200],
      ['blob', 'GET', 200],
    ],
  );

  const missing = await failureOf(client.manifest(parseReference(`${server.host}/acme/other`), anonymous, never));
  t.match(missing, { reason: 'image_not_found', status: 404, registryCode: 'MANIFEST_UNKNOWN' });
  t.notMatch(missing.message, /own words/, 'the registry’s message is not shown');
  t.match(exchanges.at(-1)?.complaint, /own words/, 'but it is reported');
});

t.test('E9, E13: answers that are no manifest', async (t) => {
  let answer: (response: ServerResponse) => void = () => undefined;
  const server = await startServer((_, response) => answer(response));
  const { client } = clientFor([server.host], { manifestLimitBytes: 1000 });
  t.teardown(() => Promise.all([client.close(), server.close()]));
  const byTag = parseReference(`${server.host}/acme/app:1`);
  const byDigest = parseReference(`${server.host}/acme/app@${sha256('other')}`);
  const type = { 'content-type': manifestType };
  const cases: [string, (response: ServerResponse) => void, Record<string, unknown>, boolean?][] = [
    [
      'another digest than stated',
      (r) => r.writeHead(200, { ...type, 'docker-content-digest': sha256('x') }).end(manifest),
      { reason: 'image_config_invalid' },
    ],
    ['another digest than asked', (r) => sendManifest(r), { reason: 'image_config_invalid' }, true],
    [
      'schema 1',
      (r) => sendManifest(r, '{}', 'application/vnd.docker.distribution.manifest.v1+prettyjws'),
      { reason: 'image_not_runnable' },
    ],
    [
      'schema 1 as plain JSON',
      (r) => sendManifest(r, '{"schemaVersion":1}', 'application/json'),
      { reason: 'image_not_runnable' },
    ],
    ['a page', (r) => sendManifest(r, '<html>', 'text/html; charset=utf-8'), { reason: 'image_config_invalid' }],
    ['no JSON', (r) => r.end('garbage'), { reason: 'image_config_invalid' }],
    ['not an object', (r) => r.end('[]'), { reason: 'image_config_invalid' }],
    [
      'too long, and says so',
      (r) => r.writeHead(200, { ...type, 'content-length': 100_000_000 }).write('{'),
      { reason: 'image_config_invalid' },
    ],
    [
      'too long, in pieces',
      (r) => {
        r.writeHead(200, type);
        r.write('x'.repeat(900));
        r.write('x'.repeat(900));
      },
      { reason: 'image_config_invalid' },
    ],
    [
      'compressed',
      (r) => r.writeHead(200, { ...type, 'content-encoding': 'gzip' }).end('x'),
      { reason: 'image_config_invalid' },
    ],
    [
      'cut',
      (r) => {
        r.writeHead(200, { ...type, 'content-length': 500 });
        r.write(manifest.slice(0, 100), () => r.destroy());
      },
      { reason: 'registry_unreachable' },
    ],
    [
      'cut, in chunks',
      (r) => {
        r.writeHead(200, type);
        r.write(manifest.slice(0, 100), () => r.destroy());
      },
      { reason: 'registry_unreachable' },
    ],
    ['no answer', (r) => r.destroy(), { reason: 'registry_unreachable' }],
    ['500', (r) => sendError(r, 500, 'UNKNOWN'), { reason: 'registry_error', status: 500, registryCode: 'UNKNOWN' }],
    [
      '503 with a page',
      (r) => r.writeHead(503).end('<html>'),
      { reason: 'registry_error', status: 503, registryCode: undefined },
    ],
    [
      'a code that is none',
      (r) => sendError(r, 400, 'no <b>code</b>'),
      { reason: 'registry_error', registryCode: undefined },
    ],
    ['403', (r) => sendError(r, 403, 'DENIED'), { reason: 'image_unauthorized', status: 403, registryCode: 'DENIED' }],
    [
      '401 without a challenge',
      (r) => sendError(r, 401, 'UNAUTHORIZED'),
      { reason: 'image_unauthorized', status: 401 },
    ],
    ['404', (r) => sendError(r, 404, 'NAME_UNKNOWN'), { reason: 'image_not_found', registryCode: 'NAME_UNKNOWN' }],
    ['304', (r) => r.writeHead(304).end(), { reason: 'registry_error', status: 304 }],
    ['429', (r) => sendError(r, 429, 'TOOMANYREQUESTS'), { reason: 'registry_rate_limited', retryAfterMs: undefined }],
    [
      '429 with seconds',
      (r) => sendError(r, 429, 'TOOMANYREQUESTS', { 'retry-after': '7' }),
      { reason: 'registry_rate_limited', retryAfterMs: 7000 },
    ],
    [
      'an error with an endless body',
      (r) => {
        r.writeHead(500);
        for (let i = 0; i < 40; i++) r.write('x'.repeat(4096));
      },
      { reason: 'registry_error', status: 500 },
    ],
  ];
  for (const [name, respond, expected, pinned] of cases) {
    answer = respond;
    t.match(await failureOf(client.manifest(pinned === true ? byDigest : byTag, anonymous, never)), expected, name);
  }
  answer = (response) => sendManifest(response);
  t.match(await client.manifest(byTag, anonymous, never), { digest: sha256(manifest) }, 'and then all is well again');
});

t.test('E9: media types: Content-Type first, then the body, then its shape', async (t) => {
  let type: string | undefined;
  let text = manifest;
  const server = await startServer((_, response) => {
    if (type !== undefined) response.setHeader('content-type', type);
    response.end(text);
  });
  const { client } = clientFor([server.host]);
  t.teardown(() => Promise.all([client.close(), server.close()]));
  const reference = parseReference(`${server.host}/acme/app`);
  const ask = async (): Promise<string> => (await client.manifest(reference, anonymous, never)).mediaType;

  type = 'application/vnd.docker.distribution.manifest.v2+json; charset=utf-8';
  text = JSON.stringify({ mediaType: manifestType });
  t.equal(await ask(), 'application/vnd.docker.distribution.manifest.v2+json');
  type = undefined;
  t.equal(await ask(), manifestType);
  type = 'application/json';
  text = '{"manifests":[]}';
  t.equal(await ask(), 'application/vnd.oci.image.index.v1+json');
  text = manifest;
  t.equal(await ask(), manifestType);
});

t.test('blobs: wrong bytes, too many, an empty digest', async (t) => {
  const server = await startServer((_, response) => response.end(config));
  const { client } = clientFor([server.host]);
  t.teardown(() => Promise.all([client.close(), server.close()]));
  const reference = parseReference(`${server.host}/acme/app`);
  const blob = (digest: string, limit = 1000) => client.blob(reference, digest, limit, anonymous, never);
  t.match(await failureOf(blob(sha256('x'))), { reason: 'image_config_invalid' });
  t.match(await failureOf(blob(sha256(config), 10)), { reason: 'image_config_invalid' });
  t.match(await failureOf(blob('sha256:../../x')), { reason: 'image_config_invalid' });
  t.equal((await blob(sha256(config), config.length)).length, config.length);
});

t.test('head: no digest, another digest, a registry that knows no HEAD', async (t) => {
  let headers: Record<string, string> = {};
  let status = 200;
  const server = await startServer((_, response) => response.writeHead(status, headers).end());
  const { client } = clientFor([server.host]);
  t.teardown(() => Promise.all([client.close(), server.close()]));
  const reference = parseReference(`${server.host}/acme/app@${sha256('a')}`);
  t.equal(await client.head(reference, anonymous, never), undefined);
  headers = { 'docker-content-digest': 'nonsense' };
  t.equal(await client.head(reference, anonymous, never), undefined);
  headers = { 'docker-content-digest': sha256('b') };
  t.match(await failureOf(client.head(reference, anonymous, never)), { reason: 'image_config_invalid' });
  headers = { 'docker-content-digest': sha256('a') };
  t.match(await client.head(reference, anonymous, never), { digest: sha256('a') });
  status = 405;
  t.match(await failureOf(client.head(reference, anonymous, never)), { reason: 'registry_error', status: 405 });
  status = 404;
  t.match(await failureOf(client.head(reference, anonymous, never)), { reason: 'image_not_found' });
});

t.test('E12: redirects lose credentials on the way to another host', async (t) => {
  const store = await startServer((_, response) => response.end(config));
  const server = await startServer((request, response) => {
    if (request.headers.authorization === undefined) {
      sendError(response, 401, 'UNAUTHORIZED', { 'www-authenticate': 'Basic realm="r"' });
    } else if (request.url?.endsWith('/moved') === true) {
      response.writeHead(307, { location: `${store.origin}/signed?secret=1` }).end();
    } else {
      response.writeHead(302, { location: `${request.url ?? ''}/moved` }).end();
    }
  });
  const { client, exchanges } = clientFor([server.host, store.host]);
  t.teardown(() => Promise.all([client.close(), server.close(), store.close()]));
  const reference = parseReference(`${server.host}/acme/app`);
  const blob = await client.blob(reference, sha256(config), 1000, basic('me', 'pw'), never);
  t.equal(blob.length, config.length);
  t.equal(server.asked.filter(({ authorization }) => authorization !== undefined).length, 2, 'kept on the same origin');
  t.strictSame(
    store.asked.map(({ authorization }) => authorization),
    [undefined],
  );
  t.notMatch(JSON.stringify(exchanges), /secret/, 'signatures are not reported');

  store.handler = (_, response) => {
    sendError(response, 401, 'UNAUTHORIZED', { 'www-authenticate': 'Basic realm="store"' });
  };
  const refused = await failureOf(client.blob(reference, sha256('x'), 1000, basic('me', 'pw'), never));
  t.match(refused, { reason: 'registry_error', status: 401 });
  t.ok(
    store.asked.every(({ authorization }) => authorization === undefined),
    'a store’s challenge is not met',
  );

  // A store's challenge could name any token server, for it to be shown the registry's credentials.
  store.handler = (request, response) => {
    if (request.url?.startsWith('/token') === true) response.end('{"token":"x"}');
    else sendError(response, 401, 'X', { 'www-authenticate': `Bearer realm="${store.origin}/token"` });
  };
  await failureOf(client.blob(reference, sha256('x'), 1000, basic('me', 'pw'), never));
  t.ok(store.asked.every(({ path }) => !path.startsWith('/token')));
});

t.test('E13: redirects that are not followed', async (t) => {
  let location: string | undefined = '';
  const server = await startServer((_, response) => {
    response.writeHead(302, location === undefined ? {} : { location }).end();
  });
  const { client } = clientFor([server.host], { registries: { deny: ['evil.example'] } });
  t.teardown(() => Promise.all([client.close(), server.close()]));
  const reference = parseReference(`${server.host}/acme/app`);
  const cases: [string | undefined, string][] = [
    ['http://169.254.169.254/latest/meta-data/', 'registry_denied'],
    ['http://[::ffff:169.254.169.254]/', 'registry_denied'],
    ['http://[fd00:ec2::254]/', 'registry_denied'],
    ['http://2852039166/', 'registry_denied'],
    ['http://metadata.google.internal/computeMetadata/v1/', 'registry_denied'],
    ['http://localhost:1/', 'registry_denied'],
    ['https://evil.example/x', 'registry_denied'],
    ['/v2/acme/app/manifests/latest', 'registry_error'],
    ['ftp://127.0.0.1/', 'registry_error'],
    ['http://[', 'registry_error'],
    [undefined, 'registry_error'],
  ];
  for (const [target, reason] of cases) {
    location = target;
    t.match(await failureOf(client.manifest(reference, anonymous, never)), { reason }, target ?? 'no location');
  }
  t.equal(server.asked.filter(({ path }) => path.includes('/v2/')).length, cases.length + 5, 'a loop ends after five');
});

t.test('E13: the registry itself is guarded', async (t) => {
  const server = await startServer((_, response) => sendManifest(response));
  const [, port = ''] = server.host.split(':');
  const names = new Map([
    ['loop.example', '127.0.0.1'],
    ['meta.example', '169.254.169.254'],
  ]);
  const client = new OciRegistryClient({
    hosts: [{ host: '*', plainHttp: true }],
    registries: { allow: ['*.example', '127.0.0.1', 'localhost'], deny: ['denied.example'] },
    lookup: (host, _, callback) => callback(null, [{ address: names.get(host) ?? '127.0.0.1', family: 4 }]),
  });
  const open = new OciRegistryClient({
    hosts: [{ host: '*', plainHttp: true }],
    egress: { allow: ['loop.example'] },
    lookup: (_, __, callback) => callback(null, [{ address: '127.0.0.1', family: 4 }]),
  });
  t.teardown(() => Promise.all([client.close(), open.close(), server.close()]));
  for (const host of [
    '127.0.0.1',
    'localhost',
    'loop.example',
    'meta.example',
    'denied.example',
    'docker.io',
    'ghcr.io',
  ]) {
    const reference = parseReference(`${host}:${port}/acme/app`);
    t.match(await failureOf(client.manifest(reference, anonymous, never)), { reason: 'registry_denied' }, host);
  }
  t.equal(server.asked.length, 0);
  const found = await open.manifest(parseReference(`loop.example:${port}/acme/app`), anonymous, never);
  t.equal(found.digest, sha256(manifest), 'a host on the allow list may be on loopback');
});

t.test('mirrors: each is asked in turn, and the registry has the last word', async (t) => {
  const first = await startServer((_, response) => sendError(response, 404, 'MANIFEST_UNKNOWN'));
  const second = await startServer((_, response) => sendManifest(response));
  const own = await startServer((_, response) => sendManifest(response));
  const gone = await startServer(() => undefined);
  await gone.close();
  const mirrors = [
    { host: gone.host },
    { host: first.host, repositoryPrefix: 'proxy/' },
    { host: second.host, sendCredentials: true },
  ];
  const failures: string[] = [];
  const { client } = clientFor([first.host, second.host, gone.host], {
    onMirrorFailure: (_, error) => failures.push(error.reason),
    hosts: [{ host: own.host, plainHttp: true, mirrors }],
    egress: { allow: ['127.0.0.1'] },
  });
  t.teardown(() => Promise.all([client.close(), first.close(), second.close(), own.close()]));
  const reference = parseReference(`${own.host}/acme/app:1`);

  await client.manifest(reference, basic('me', 'pw'), never);
  t.equal(first.asked[0]?.path, `/v2/proxy/acme/app/manifests/1?ns=${encodeURIComponent(own.host)}`);
  t.equal(own.asked.length, 0);
  t.strictSame(failures, ['registry_unreachable', 'image_not_found']);

  for (const handler of [
    (_: unknown, response: ServerResponse) => sendError(response, 500, 'UNKNOWN'),
    (_: unknown, response: ServerResponse) => sendError(response, 429, 'TOOMANYREQUESTS'),
    (_: unknown, response: ServerResponse) =>
      sendError(response, 401, 'UNAUTHORIZED', { 'www-authenticate': 'Basic realm=""' }),
    (_: unknown, response: ServerResponse) =>
      void response.writeHead(200, { 'docker-content-digest': sha256('x') }).end(manifest),
  ]) {
    first.handler = handler;
    second.handler = handler;
    t.equal((await client.manifest(reference, basic('me', 'pw'), never)).digest, sha256(manifest));
  }
  t.equal(own.asked.length, 4);
  t.ok(
    first.asked.every(({ authorization }) => authorization === undefined),
    'credentials are not for a mirror',
  );
  t.ok(
    second.asked.some(({ authorization }) => authorization !== undefined),
    'unless they are',
  );

  own.handler = (_, response) => sendError(response, 404, 'NAME_UNKNOWN');
  t.match(await failureOf(client.manifest(reference, anonymous, never)), {
    reason: 'image_not_found',
    registryCode: 'NAME_UNKNOWN',
  });
});

t.test('E13: giving up: before the answer, in the body, and while waiting for a place', async (t) => {
  let arrived: () => void = () => undefined;
  const server = await startServer((request, response) => {
    if (request.url?.includes('body') === true) {
      response.writeHead(200, { 'content-type': manifestType });
      response.write('{');
    }
    arrived();
  });
  const { client } = clientFor([], {
    hosts: [{ host: server.host, plainHttp: true, concurrency: 1 }],
    egress: { allow: [server.host] },
  });
  t.teardown(() => Promise.all([client.close(), server.close()]));
  for (const tag of ['headers', 'body']) {
    const controller = new AbortController();
    const reached = new Promise<void>((resolve) => (arrived = resolve));
    const first = failureOf(client.manifest(parseReference(`${server.host}/a:${tag}`), anonymous, controller.signal));
    await reached;
    const waiting = new AbortController();
    const second = failureOf(client.manifest(parseReference(`${server.host}/a:second`), anonymous, waiting.signal));
    waiting.abort();
    t.match(await second, { reason: 'too_many_lookups' });
    controller.abort();
    t.match(await first, { reason: 'lookup_timeout' }, tag);
  }
  t.ok(
    server.asked.every(({ path }) => !path.includes('second')),
    'one at a time',
  );
  const early = failureOf(client.manifest(parseReference(`${server.host}/a`), anonymous, AbortSignal.abort()));
  t.match(await early, { reason: 'too_many_lookups' });
  server.handler = (_, response) => sendManifest(response);
  t.ok(await client.manifest(parseReference(`${server.host}/a`), anonymous, never), 'the place was given back');
});

t.test('a registry that is slow or gone', async (t) => {
  const server = await startServer(() => undefined);
  const { client } = clientFor([], {
    hosts: [{ host: server.host, plainHttp: true, headersTimeoutMs: 100 }],
    egress: { allow: ['127.0.0.1'] },
  });
  t.teardown(() => client.close());
  const reference = parseReference(`${server.host}/a`);
  const slow = await failureOf(client.manifest(reference, anonymous, never));
  t.match(slow, { reason: 'registry_unreachable', message: /UND_ERR_HEADERS_TIMEOUT/ });
  await server.close();
  const gone = await failureOf(client.manifest(reference, anonymous, never));
  t.match(gone, { reason: 'registry_unreachable', message: /ECONNREFUSED/ });
});

t.test('a kept connection that the registry has closed is tried again, once', async (t) => {
  const server = await startServer((_, response) => sendManifest(response));
  const { client } = clientFor([server.host]);
  t.teardown(() => Promise.all([client.close(), server.close()]));
  const reference = parseReference(`${server.host}/a`);
  await client.manifest(reference, anonymous, never);
  let cuts = 1;
  server.handler = (request, response) => {
    if (cuts-- > 0) request.socket.destroy();
    else sendManifest(response);
  };
  t.ok(await client.manifest(reference, anonymous, never));
  cuts = 2;
  t.match(await failureOf(client.manifest(reference, anonymous, never)), { reason: 'registry_unreachable' });
});
