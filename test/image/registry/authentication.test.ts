import type { IncomingMessage, ServerResponse } from 'node:http';
import t, { type Test } from 'tap';
import { parseReference } from '../../../src/image/reference.js';
import type { RegistryClientOptions } from '../../../src/image/registry/client.js';
import type { Credential } from '../../../src/image/types.js';
import {
  anonymous,
  basic,
  clientFor,
  type FakeServer,
  failureOf,
  manifest,
  never,
  sendError,
  sendManifest,
  sha256,
  startServer,
} from './fake-registry.js';

const identity: Credential = { kind: 'identity-token', identityToken: 'refresh me', source: 'test', fingerprint: 'id' };
const registryToken: Credential = {
  kind: 'registry-token',
  registryToken: 'as-it-is',
  source: 'test',
  fingerprint: 'rt',
};

interface Scene {
  readonly registry: FakeServer;
  readonly tokens: FakeServer;
  readonly ask: (credential: Credential, repository?: string) => Promise<string>;
  challenge: string | readonly string[];
  /** Authorization headers that the registry takes. */
  accepts: (authorization: string, request: IncomingMessage) => boolean;
  now: number;
}

/** A registry that wants a proof, and a token server that gives `token-N`. */
async function scene(t: Test, options: RegistryClientOptions = {}): Promise<Scene> {
  let issued = 0;
  const tokens = await startServer((_, response) => {
    issued++;
    response.end(JSON.stringify({ token: `token-${issued}`, expires_in: 300 }));
  });
  const registry = await startServer((request, response: ServerResponse) => {
    const { authorization } = request.headers;
    if (authorization !== undefined && it.accepts(authorization, request)) sendManifest(response);
    else {
      response.setHeader('www-authenticate', it.challenge);
      sendError(response, 401, 'UNAUTHORIZED');
    }
  });
  const { client } = clientFor([registry.host, tokens.host], { clock: () => it.now, ...options });
  t.teardown(() => Promise.all([client.close(), registry.close(), tokens.close()]));
  const it: Scene = {
    registry,
    tokens,
    ask: async (credential, repository = 'acme/app') =>
      (
        await client.manifest(
          parseReference(`${registry.host}/${repository}`),
          credential,
          new AbortController().signal,
        )
      ).digest,
    challenge: `Bearer realm="${tokens.origin}/token?a=1",service="reg",scope="repository:acme/app:pull,push"`,
    accepts: (authorization) => authorization.startsWith('Bearer token-'),
    now: Date.UTC(2026, 0, 1),
  };
  return it;
}

t.test('E12: a token by GET: asked once, used again, for as long as it lasts', async (t) => {
  const it = await scene(t);
  t.equal(await it.ask(anonymous), sha256(manifest));
  t.strictSame(
    it.tokens.asked.map(({ method, path, authorization }) => [method, path, authorization]),
    [['GET', '/token?a=1&service=reg&scope=repository%3Aacme%2Fapp%3Apull', undefined]],
    'only to pull, and anonymously',
  );
  await it.ask(anonymous);
  t.equal(it.tokens.asked.length, 1);
  t.equal(it.registry.asked.length, 3, 'one challenge only');

  await it.ask(basic('me', 'pw'));
  t.match(
    it.tokens.asked[1],
    { authorization: 'Basic bWU6cHc=', path: /&account=me$/ },
    'another credential, another token',
  );
  await it.ask(anonymous, 'acme/other');
  t.match(it.tokens.asked[2]?.path, /scope=repository%3Aacme%2Fother%3Apull/, 'another repository, another token');
  t.equal(it.registry.asked.length, 5, 'with no further challenge');

  it.now += 289_000;
  await it.ask(anonymous);
  t.equal(it.tokens.asked.length, 3);
  it.now += 2_000;
  await it.ask(anonymous);
  t.equal(it.tokens.asked.length, 4, 'not used in its last ten seconds');
});

t.test('how long a token lasts when the server is silent, old-fashioned or ahead', async (t) => {
  const it = await scene(t);
  let answer: Record<string, unknown> = {};
  it.tokens.handler = (_, response) => response.end(JSON.stringify({ access_token: `token-${it.now}`, ...answer }));
  const asksAfter = async (ms: number): Promise<boolean> => {
    it.now += 24 * 60 * 60_000;
    await it.ask(anonymous);
    const before = it.tokens.asked.length;
    it.now += ms;
    await it.ask(anonymous);
    return it.tokens.asked.length > before;
  };
  t.notOk(await asksAfter(53_000), 'a minute without expires_in');
  t.ok(await asksAfter(55_000));
  answer = { expires_in: 10_000_000 };
  t.notOk(await asksAfter(3_500_000));
  t.ok(await asksAfter(3_600_000), 'an hour at most');
  answer = { expires_in: 300, issued_at: '2100-01-01T00:00:00Z' };
  t.ok(await asksAfter(300_000), 'a clock that runs ahead changes nothing');
  answer = { expires_in: 300, issued_at: '2020-01-01T00:00:00Z' };
  t.ok(await asksAfter(1), 'a token that was old already');
  answer = { expires_in: 'soon', issued_at: 5 };
  t.notOk(await asksAfter(50_000));
});

t.test('an identity token is exchanged by POST', async (t) => {
  const it = await scene(t);
  await it.ask(identity);
  const [asked] = it.tokens.asked;
  t.match(asked, { method: 'POST', path: '/token?a=1', authorization: undefined });
  t.strictSame(Object.fromEntries(new URLSearchParams(asked?.body)), {
    service: 'reg',
    scope: 'repository:acme/app:pull',
    grant_type: 'refresh_token',
    client_id: 'outrider',
    refresh_token: 'refresh me',
  });
  it.tokens.handler = (_, response) => response.writeHead(400).end('{"error":"invalid_grant"}');
  it.now += 600_000;
  t.match(await failureOf(it.ask(identity)), { reason: 'image_unauthorized', status: 400 });
});

t.test('a registry token is sent as it is, and a refusal of it stands', async (t) => {
  const it = await scene(t);
  it.accepts = (authorization) => authorization === 'Bearer as-it-is';
  await it.ask(registryToken);
  t.equal(it.registry.asked.length, 1);
  it.accepts = () => false;
  t.match(await failureOf(it.ask(registryToken)), {
    reason: 'image_unauthorized',
    status: 401,
    registryCode: 'UNAUTHORIZED',
  });
  t.equal(it.tokens.asked.length, 0);
  const broken: Credential = { ...registryToken, registryToken: 'a\r\nx: y' };
  t.match(await failureOf(it.ask(broken)), { reason: 'image_unauthorized', message: /of test/ });
});

t.test('a registry that changes its token server is followed', async (t) => {
  const it = await scene(t);
  await it.ask(anonymous);
  it.tokens.handler = (_, response) => sendError(response, 503, 'GONE');
  it.now += 600_000;
  t.match(await failureOf(it.ask(anonymous)), { reason: 'registry_error', status: 503 });
  it.challenge = `Bearer realm="${it.tokens.origin}/moved"`;
  it.tokens.handler = (request, response) => {
    if (request.url?.startsWith('/moved') === true) response.end('{"token":"token-moved"}');
    else sendError(response, 503, 'GONE');
  };
  t.ok(await it.ask(anonymous));
});

t.test('500 at once share one token', async (t) => {
  const it = await scene(t);
  const found = await Promise.all(Array.from({ length: 500 }, () => it.ask(anonymous)));
  t.ok(found.every((digest) => digest === sha256(manifest)));
  t.equal(it.tokens.asked.length, 1);
});

t.test('E12: Basic: asked for once, then sent at once; for nobody there is nothing to send', async (t) => {
  const it = await scene(t);
  it.challenge = 'Basic realm="r"';
  it.accepts = (authorization) => authorization === 'Basic bWU6cHc=';
  await it.ask(basic('me', 'pw'));
  await it.ask(basic('me', 'pw'), 'acme/other');
  t.equal(it.registry.asked.length, 3);
  t.match(await failureOf(it.ask(basic('me', 'wrong'))), { reason: 'image_unauthorized', status: 401 });
  t.match(await failureOf(it.ask(anonymous)), { reason: 'image_unauthorized', message: /asks for basic/ });
  t.match(await failureOf(it.ask(identity)), { reason: 'image_unauthorized' });
});

t.test('E12: several challenges, unknown ones among them', async (t) => {
  const it = await scene(t);
  const bearer = it.challenge;
  it.challenge = ['Negotiate abc==, NTLM', `Basic realm="a, b", ${String(bearer)}`];
  t.ok(await it.ask(basic('me', 'pw')), 'Bearer rather than Basic');
  t.equal(it.tokens.asked.length, 1);

  const other = await scene(t);
  other.challenge = ['Bearer realm="ftp://x", Basic realm="b"'];
  other.accepts = (authorization) => authorization.startsWith('Basic ');
  t.ok(await other.ask(basic('me', 'pw')), 'Basic where the token server cannot be asked');

  const unknown = await scene(t);
  unknown.challenge = 'Negotiate';
  t.match(await failureOf(unknown.ask(basic('me', 'pw'))), {
    reason: 'image_unauthorized',
    message: /asks for negotiate/,
  });
});

t.test('E12: insufficient_scope: the scope that the registry names is asked for, once', async (t) => {
  const it = await scene(t);
  it.accepts = (authorization, request) => {
    const scopes = it.tokens.asked.at(-1)?.path ?? '';
    if (authorization === 'Bearer token-2' && scopes.includes('catalog')) return true;
    it.challenge = `Bearer realm="${it.tokens.origin}/token",service="reg",scope="repository:acme/app:pull registry:catalog:*",error="insufficient_scope"`;
    return request.url === '';
  };
  t.ok(await it.ask(anonymous));
  t.match(it.tokens.asked[1]?.path, /scope=repository%3Aacme%2Fapp%3Apull&scope=registry%3Acatalog%3A\*$/);

  it.accepts = () => false;
  const refused = await failureOf(it.ask(anonymous));
  t.match(refused, { reason: 'image_unauthorized', status: 401 });
  t.ok(it.tokens.asked.length <= 4, 'no loop');
  t.ok(it.registry.asked.length <= 6);
});

t.test('a token that the registry has stopped taking is replaced', async (t) => {
  const it = await scene(t);
  await it.ask(anonymous);
  it.accepts = (authorization) => authorization === 'Bearer token-2';
  t.ok(await it.ask(anonymous));
  t.equal(it.tokens.asked.length, 2);
  it.accepts = () => false;
  t.match(await failureOf(it.ask(anonymous)), { reason: 'image_unauthorized' });
});

t.test('token servers that fail', async (t) => {
  const it = await scene(t);
  const cases: [(response: ServerResponse) => void, Record<string, unknown>][] = [
    [(r) => sendError(r, 401, 'UNAUTHORIZED'), { reason: 'image_unauthorized', status: 401 }],
    [(r) => sendError(r, 403, 'DENIED'), { reason: 'image_unauthorized', status: 403 }],
    [(r) => sendError(r, 404, 'X'), { reason: 'registry_error', status: 404 }],
    [(r) => r.writeHead(302, { location: '/other' }).end(), { reason: 'registry_error', status: 302 }],
    [(r) => sendError(r, 429, 'X', { 'retry-after': '3' }), { reason: 'registry_rate_limited', retryAfterMs: 3000 }],
    [(r) => sendError(r, 502, 'X'), { reason: 'registry_error', status: 502 }],
    [(r) => r.end('no json'), { reason: 'registry_error', message: /gives no token/ }],
    [(r) => r.end('[]'), { reason: 'registry_error' }],
    [(r) => r.end('{"token":"a\\r\\nx: y"}'), { reason: 'registry_error' }],
    [(r) => r.end(JSON.stringify({ token: 'x'.repeat(20_000) })), { reason: 'registry_error' }],
    [(r) => r.end('{"token":""}'), { reason: 'registry_error' }],
    [(r) => r.destroy(), { reason: 'registry_unreachable' }],
  ];
  for (const [respond, expected] of cases) {
    it.tokens.handler = (_, response) => respond(response);
    t.match(await failureOf(it.ask(basic('me', 'pw'))), expected);
  }
  it.tokens.handler = (_, response) => response.end('{"token":"token-x"}');
  t.ok(await it.ask(basic('me', 'pw')), 'and then all is well again');
  await it.tokens.close();
  it.now += 600_000;
  t.match(await failureOf(it.ask(basic('me', 'pw'))), {
    reason: 'registry_unreachable',
    message: new RegExp(it.tokens.host),
  });
});

t.test('E12, E13, F15: realms that nothing goes to', async (t) => {
  const it = await scene(t, { registries: { deny: ['evil.example'] } });
  const cases: [string, Credential, string][] = [
    ['http://tokens.example/token', basic('me', 'pw'), 'registry_denied'],
    ['http://tokens.example/token', identity, 'registry_denied'],
    ['https://169.254.169.254/token', anonymous, 'registry_denied'],
    ['http://[fe80::1]/token', anonymous, 'registry_denied'],
    ['http://tokens.example/token', anonymous, 'registry_denied'],
    ['http://10.1.2.3/any/path?any=query', anonymous, 'registry_denied'],
    ['https://localhost:443/token', basic('me', 'pw'), 'registry_denied'],
    ['https://evil.example/token', anonymous, 'registry_denied'],
    ['https://me:pw@127.0.0.1/token', anonymous, 'image_unauthorized'],
    ['file:///etc/passwd', anonymous, 'image_unauthorized'],
    ['/token', anonymous, 'image_unauthorized'],
    [`https://127.0.0.1/${'x'.repeat(3000)}`, anonymous, 'image_unauthorized'],
  ];
  for (const [realm, credential, reason] of cases) {
    it.challenge = `Bearer realm="${realm}",service="reg"`;
    t.match(await failureOf(it.ask(credential)), { reason }, realm);
  }
});

t.test('one caller’s giving up leaves a shared token to the others', async (t) => {
  const it = await scene(t);
  const { client, exchanges } = clientFor([it.registry.host, it.tokens.host]);
  t.teardown(() => client.close());
  let arrived: () => void = () => undefined;
  const reached = new Promise<void>((resolve) => (arrived = resolve));
  const answers: (() => void)[] = [];
  it.tokens.handler = (_, response) => {
    answers.push(() => response.end('{"token":"token-1"}'));
    arrived();
  };
  const controller = new AbortController();
  const reference = parseReference(`${it.registry.host}/acme/app`);
  const first = failureOf(client.manifest(reference, anonymous, controller.signal));
  await reached;
  const second = client.manifest(reference, anonymous, never);
  while (exchanges.length < 2) await new Promise((resolve) => setImmediate(resolve));
  controller.abort();
  t.match(await first, { reason: 'lookup_timeout' });
  for (const answer of answers) answer();
  t.ok(await second);
  t.equal(it.tokens.asked.length, 1);
});

t.test('W8: the token is the field that is not empty', async (t) => {
  const it = await scene(t);
  const cases: readonly (readonly [answer: string, asked: string | undefined])[] = [
    ['{"token":"","access_token":"token-x"}', 'token-x'],
    ['{"token":null,"access_token":"token-x"}', 'token-x'],
    ['{"token":7,"access_token":"token-x"}', 'token-x'],
    ['{"token":"token-a","access_token":"token-x"}', 'token-a'],
    ['{"token":"token-a","access_token":""}', 'token-a'],
    ['{"Access_Token":"token-x"}', 'token-x'],
    ['{"token":"","access_token":""}', undefined],
    ['{"token":""}', undefined],
  ];
  for (const [at, [answer, token]] of cases.entries()) {
    it.now += 24 * 60 * 60_000;
    it.tokens.handler = (_, response) => response.end(answer);
    const asked = it.ask(anonymous, `acme/app-${at}`);
    if (token === undefined) t.match(await failureOf(asked), { reason: 'registry_error' }, answer);
    else {
      t.equal(await asked, sha256(manifest), answer);
      t.equal(it.registry.asked.at(-1)?.authorization, `Bearer ${token}`);
    }
  }
});

/** A token server that redirects to another server, or another place of itself. */
async function redirecting(
  t: Test,
  status: number,
  to: 'itself' | 'another',
  options: RegistryClientOptions = {},
): Promise<Scene & { readonly target: FakeServer }> {
  const it = await scene(t, options);
  const give = (response: ServerResponse): void => void response.end(JSON.stringify({ token: 'token-r' }));
  const target = await startServer((_, response) => give(response));
  t.teardown(() => target.close());
  it.tokens.handler = ({ url = '' }, response) => {
    const query = url.slice(url.indexOf('?'));
    if (url.startsWith('/moved')) give(response);
    else response.writeHead(status, { location: `${to === 'itself' ? '' : target.origin}/moved${query}` }).end();
  };
  return Object.assign(it, { target });
}

t.test('W7: a token server’s redirect is followed, with the credential on its own origin alone', async (t) => {
  for (const status of [301, 302, 303, 307, 308]) {
    const own = await redirecting(t, status, 'itself');
    t.equal(await own.ask(basic('me', 'pw')), sha256(manifest), `${status}`);
    t.match(own.tokens.asked, [
      { authorization: /^Basic/ },
      { method: 'GET', path: /^\/moved\?.*scope=/, authorization: /^Basic/ },
    ]);
    t.equal(own.registry.asked.at(-1)?.authorization, 'Bearer token-r');
  }
  const other = await redirecting(t, 307, 'another', {
    hosts: [{ host: '127.0.0.1', plainHttp: true }],
    egress: { allow: ['127.0.0.1'] },
  });
  t.equal(await other.ask(basic('me', 'pw')), sha256(manifest));
  t.match(other.target.asked, [{ method: 'GET', authorization: undefined }], 'not to another origin');
});

t.test('W7: a refresh token in a body goes along on its own origin, and to no other', async (t) => {
  const local: RegistryClientOptions = {
    hosts: [{ host: '127.0.0.1', plainHttp: true }],
    egress: { allow: ['127.0.0.1'] },
  };
  for (const status of [307, 308]) {
    const own = await redirecting(t, status, 'itself', local);
    t.equal(await own.ask(identity), sha256(manifest));
    t.match(own.tokens.asked, [
      { method: 'POST' },
      { method: 'POST', path: /^\/moved/, body: /refresh_token=refresh/ },
    ]);
    const other = await redirecting(t, status, 'another', local);
    t.match(await failureOf(other.ask(identity)), { reason: 'image_unauthorized', message: /does not get it/ });
    t.strictSame(other.target.asked, [], `${status}`);
  }
  for (const status of [301, 302, 303]) {
    const other = await redirecting(t, status, 'another', local);
    t.equal(await other.ask(identity), sha256(manifest), 'asked without it, as anybody could');
    t.match(other.target.asked, [{ method: 'GET', body: '', authorization: undefined }], `${status}`);
    t.notMatch(JSON.stringify(other.target.asked), 'refresh');
  }
});

t.test('W7: where a token server may not lead', async (t) => {
  const lead = async (location: string, options: RegistryClientOptions = {}): Promise<unknown> => {
    const it = await scene(t, options);
    it.tokens.handler = (_, response) => response.writeHead(307, { location }).end();
    return failureOf(it.ask(basic('me', 'pw')));
  };
  t.match(await lead('http://tokens.example/token'), { reason: 'registry_denied', message: /plain HTTP/ });
  t.match(await lead('http://169.254.169.254/token', { hosts: [{ host: '169.254.169.254', plainHttp: true }] }), {
    reason: 'registry_denied',
    message: /egress guard/,
  });
  t.match(await lead('https://bad.example/token', { registries: { deny: ['bad.example'] } }), {
    reason: 'registry_denied',
    message: /forbids/,
  });
  t.match(await lead('ftp://tokens.example/'), { reason: 'registry_error', message: /nowhere/ });
  t.match(await lead('/again'), { reason: 'registry_error', message: /more than 5 times/ });
});
