import type { IncomingMessage, ServerResponse } from 'node:http';
import t, { type Test } from 'tap';
import { anonymous, basicCredential } from '../../src/image/credentials/credential.js';
import { RegistryResolver } from '../../src/image/resolver.js';
import type { CredentialSource } from '../../src/image/types.js';
import type { ImageOutcome } from '../../src/model/image.js';
import { fakeClock, forever, silent } from './fake-registry.js';
import {
  clientFor,
  config,
  manifest,
  manifestType,
  sendManifest,
  sha256,
  startServer,
} from './registry/fake-registry.js';

interface Scene {
  /** Answers in the place of the registry, for a manifest. */
  answer: (request: IncomingMessage, response: ServerResponse) => void;
  /** Asks when the tag is no longer believed. */
  readonly askAgain: () => Promise<ImageOutcome>;
  /** Methods of the requests since the last call of this, blobs as `blob`. */
  readonly asked: () => readonly string[];
}

/** A registry on loopback, and an image of it that was found before. */
async function scene(t: Test, digest = false): Promise<Scene> {
  const it = { answer: (_: IncomingMessage, response: ServerResponse): void => sendManifest(response) };
  const server = await startServer((request, response) => {
    if (request.url?.includes('/blobs/') === true) response.end(config);
    else it.answer(request, response);
  });
  const { client } = clientFor([server.host]);
  const clock = fakeClock();
  const credentials = { credentials: () => Promise.resolve([anonymous]) };
  const resolver = new RegistryResolver({ client, credentials, clock, log: silent, random: () => 0 });
  t.teardown(async () => {
    resolver.close();
    await Promise.all([client.close(), server.close()]);
  });
  const reference = `${server.host}/acme/app${digest ? `@${sha256(manifest)}` : ':1'}`;
  const ask = (): Promise<ImageOutcome> => resolver.lookUp({ reference, namespace: 'n', pod: {} }, forever);
  t.match(await ask(), { ok: true });
  server.asked.length = 0;
  return Object.assign(it, {
    askAgain: () => {
      clock.advance(600_000);
      return ask();
    },
    asked: () => server.asked.splice(0).map(({ method, path }) => (path.includes('/blobs/') ? 'blob' : method)),
  });
}

const refusals = [400, 401, 403, 404, 405, 406, 410, 418, 429, 500, 501, 502, 503, 504];

t.test('W5: whatever a HEAD is refused with, what a GET says counts', async (t) => {
  const reasons = new Map([
    [401, 'image_unauthorized'],
    [403, 'image_unauthorized'],
    [404, 'image_not_found'],
    [410, 'image_not_found'],
  ]);
  for (const digest of [false, true]) {
    for (const head of refusals) {
      for (const get of [200, ...refusals]) {
        const it = await scene(t, digest);
        it.answer = ({ method }, response) => {
          const status = method === 'HEAD' ? head : get;
          if (status === 200) sendManifest(response);
          else response.writeHead(status).end();
        };
        const outcome = await it.askAgain();
        const what = `HEAD ${head}, GET ${get}${digest ? ', by digest' : ''}`;
        const reason = reasons.get(get);
        if (reason !== undefined) t.match(outcome, { ok: false, reason }, what);
        else if (get === 200) t.match(outcome, { ok: true, source: 'registry' }, what);
        else t.match(outcome, { ok: true, source: 'cache' }, `${what}: the older answer`);
        t.strictSame(it.asked(), ['HEAD', 'GET'], `${what}: each once, and the content is at hand`);
      }
    }
  }
});

t.test('W5: a retag behind a refused HEAD is seen', async (t) => {
  const it = await scene(t);
  const other = JSON.stringify({ ...(JSON.parse(manifest) as object), annotations: { a: 'b' } });
  it.answer = ({ method }, response) => {
    if (method === 'HEAD') response.writeHead(404).end();
    else sendManifest(response, other, manifestType);
  };
  t.match(await it.askAgain(), { ok: true, digest: sha256(other) });
  t.strictSame(it.asked(), ['HEAD', 'GET', 'blob']);
});

t.test('W5: a HEAD that a redirect leads to a store or nowhere, and a 2xx that says nothing', async (t) => {
  for (const [status, headers] of [
    [307, { location: '/v2/acme/app/signed' }],
    [302, {}],
    [301, { location: 'ftp://x' }],
    [204, {}],
  ] as const) {
    const it = await scene(t);
    it.answer = ({ method, url }, response) => {
      if (url?.endsWith('/signed') === true) response.writeHead(403).end();
      else if (method === 'HEAD') response.writeHead(status, headers).end();
      else sendManifest(response);
    };
    t.match(await it.askAgain(), { ok: true, source: 'registry' }, `${status}`);
  }
});

t.test('W5: a HEAD that is hung up on', async (t) => {
  for (const [method, expected] of [
    ['HEAD', { ok: true, source: 'registry' }],
    ['both', { ok: true, source: 'cache' }],
  ] as const) {
    const it = await scene(t);
    it.answer = (request, response) => {
      if (method === 'HEAD' && request.method !== 'HEAD') sendManifest(response);
      else request.socket.destroy();
    };
    t.match(await it.askAgain(), expected, method);
  }
});

t.test('W5: what a token server refuses is not asked twice', async (t) => {
  const it = await scene(t);
  let tokens = 0;
  it.answer = ({ url, headers }, response) => {
    if (url?.startsWith('/token') === true) {
      tokens += 1;
      response.writeHead(403).end();
    } else {
      const realm = `http://${headers.host ?? ''}/token`;
      response.writeHead(401, { 'www-authenticate': `Bearer realm="${realm}",service="s"` }).end();
    }
  };
  t.match(await it.askAgain(), { ok: false, reason: 'image_unauthorized' });
  t.equal(tokens, 1);
});

t.test('W5, E14: a registry without HEAD opens no digest to who may not read it', async (t) => {
  for (const head of [405, 501, 404]) {
    const server = await startServer(({ method, url, headers }, response) => {
      if (method === 'HEAD') response.writeHead(head).end();
      else if (headers.authorization === undefined) {
        response.writeHead(401, { 'www-authenticate': 'Basic realm="r"' }).end();
      } else if (url?.includes('/blobs/') === true) response.end(config);
      else sendManifest(response);
    });
    const { client } = clientFor([server.host]);
    const alice = basicCredential('alice', 'a', 'secret alice/pull');
    const credentials: CredentialSource = {
      credentials: (_, { namespace }) => Promise.resolve(namespace === 'alice' ? [alice] : [anonymous]),
    };
    const resolver = new RegistryResolver({ client, credentials, clock: fakeClock(), log: silent });
    const reference = `${server.host}/acme/app@${sha256(manifest)}`;
    const ask = (namespace: string): Promise<ImageOutcome> =>
      resolver.lookUp({ reference, namespace, pod: {} }, forever);
    t.match(await ask('alice'), { ok: true });
    t.match(await ask('mallory'), { ok: false, reason: 'image_unauthorized' }, `${head}`);
    resolver.close();
    await Promise.all([client.close(), server.close()]);
  }
});
