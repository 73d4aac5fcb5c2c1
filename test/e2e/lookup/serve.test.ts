import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { JsonObject } from '../../../src/model/json.js';
import { startCountingProxy, startRegistry } from '../registry/harness.js';
import { makeUmociImage, push } from '../registry/images.js';
import { freePort } from '../registry/processes.js';
import { startTokenServer } from '../registry/token-server.js';
import { startServing, type Serving, type ServingOptions } from '../serving.js';
import { imageMapOf, namespaceOf, podOf, policyOf } from './documents.js';

const directory = mkdtempSync(join(tmpdir(), 'outrider-e2e-'));
t.teardown(() => rmSync(directory, { recursive: true, force: true }));
const image = await makeUmociImage(directory, '/app', ['serve']);

type Options = Omit<ServingOptions, 'parent'>;

async function serving(test: Test, options: Options): Promise<Serving> {
  const server = await startServing({ parent: directory, ...options });
  test.teardown(() => server.stop());
  return server;
}

function plain(...hosts: readonly string[]): JsonObject {
  return { hosts: hosts.map((host) => ({ host, plainHttp: true })), egress: { allow: hosts } };
}

t.test('E14: 500 reviews at once of one uncached image ask a token, a manifest and a config once', async (t) => {
  const tokens = await startTokenServer(directory);
  const registry = await startRegistry(directory, { mode: 'token', tokens });
  const proxy = await startCountingProxy(registry.host);
  t.teardown(() => Promise.all([proxy.close(), registry.stop(), tokens.close()]));
  await push(registry, image, 'public/app:1');
  tokens.asked.length = 0;
  const agent = 'agent.example/agent:1';
  const server = await serving(t, {
    documents: [namespaceOf('web'), policyOf('web', {}, agent), imageMapOf({ [agent]: { entrypoint: ['/agent'] } })],
    registries: plain(proxy.host, new URL(tokens.realm).host),
  });
  const pod = podOf('web', `${proxy.host}/public/app:1`);
  const answers = await Promise.all(Array.from({ length: 500 }, () => server.review(pod)));
  t.equal(answers.length, 500);
  t.strictSame([...new Set(answers.map(({ verdict }) => verdict))], ['inject/injected']);
  t.equal(new Set(answers.map(({ patch }) => JSON.stringify(patch))).size, 1, 'all alike');
  t.strictSame(proxy.seen, ['GET manifests 401', 'GET manifests 200', 'GET blobs 200']);
  t.equal(tokens.asked.length, 1);
  const joined = await server.metric('outrider_image_cache_requests_total{result="joined"}');
  const hits = await server.metric('outrider_image_cache_requests_total{result="hit"}');
  t.equal(joined + hits, 499);
  t.equal(await server.metric('outrider_image_cache_requests_total{result="miss"}'), 1);
  t.equal(await server.metric('outrider_image_cache_entries'), 1);
  t.ok((await server.metric('outrider_image_cache_bytes')) > 100);
  t.equal(await server.metric('outrider_image_lookups_in_flight'), 0);
  t.equal(await server.metric('outrider_image_lookup_duration_seconds_count{result="found"}'), joined + 1);
  t.equal(await server.metric('outrider_registry_requests_total{purpose="token",code="2xx"}'), 1);
  t.equal(await server.stop(), 0);
});

t.test('E14: a restart with the cache’s file is warm', async (t) => {
  const registry = await startRegistry(directory, { mode: 'none' });
  const proxy = await startCountingProxy(registry.host);
  t.teardown(() => Promise.all([proxy.close(), registry.stop()]));
  await push(registry, image, 'acme/app:1');
  const agent = 'agent.example/agent:1';
  const options: Options = {
    documents: [namespaceOf('web'), policyOf('web', {}, agent), imageMapOf({ [agent]: { entrypoint: ['/agent'] } })],
    registries: plain(proxy.host),
    flags: [`--image-cache-file=${join(directory, 'cache.json')}`],
  };
  const pod = podOf('web', `${proxy.host}/acme/app:1`);
  for (const seen of [['GET manifests 200', 'GET blobs 200'], ['HEAD manifests 200']]) {
    const server = await serving(t, options);
    proxy.seen.length = 0;
    t.match(await server.review(pod), { verdict: 'inject/injected' });
    t.strictSame(proxy.seen, seen);
    t.equal(await server.stop(), 0);
  }
});

t.test('E31: the agent’s own image: missing, not shown, out of reach', async (t) => {
  const registry = await startRegistry(join(directory, 'agents'), { mode: 'htpasswd' });
  const proxy = await startCountingProxy(registry.host);
  t.teardown(() => Promise.all([proxy.close(), registry.stop()]));
  await push(registry, image, 'acme/agent:1');
  const nowhere = `127.0.0.1:${String(await freePort())}`;
  const agents = {
    missing: `${proxy.host}/acme/agent:2`,
    there: `${proxy.host}/acme/agent:1`,
    unreachable: `${nowhere}/acme/agent:1`,
  };
  const dockerConfig = join(directory, 'docker.json');
  const auth = Buffer.from('me:secret').toString('base64');
  writeFileSync(dockerConfig, JSON.stringify({ auths: { [proxy.host]: { auth } } }));
  const documents = [
    ...Object.entries(agents).flatMap(([name, image]) => [namespaceOf(name), policyOf(name, {}, image)]),
    namespaceOf('secure'),
    policyOf('secure', { prefer: 'Security' }, agents.missing),
  ];
  const registries = plain(proxy.host, nowhere);
  const server = await serving(t, { documents, registries, flags: [`--docker-config=${dockerConfig}`] });
  const pod = (namespace: string): JsonObject => podOf(namespace, 'app:1', { command: ['/app'] });
  t.match(await server.review(pod('there')), { verdict: 'inject/injected', warnings: [] });
  t.match(await server.review(pod('missing')), { verdict: 'skip/agent_image_missing', patch: [] });
  t.match(await server.review(pod('secure')), { verdict: 'inject/injected' }, 'Security starts it and its start shows');
  for (let time = 0; time < 50; time++)
    t.match(await server.review(pod('unreachable')), { verdict: 'inject/injected' });
  const outages = server.logged(
    'A registry does not answer; it is asked more and more rarely, at least once a minute.',
  );
  t.strictSame(
    outages.map((line) => line['image']),
    [agents.unreachable],
    'said once',
  );

  const stranger = await serving(t, { documents, registries });
  t.match(await stranger.review(pod('there')), {
    verdict: 'inject/injected',
    warnings: [/agent_image_unauthorized/],
  });
});
