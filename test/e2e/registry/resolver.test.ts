import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { type Clock, systemClock } from '../../../src/time/clock.js';
import { composeCredentials } from '../../../src/image/credentials/compose.js';
import { createPullSecretSource } from '../../../src/image/credentials/pull-secrets.js';
import type { SecretSource } from '../../../src/image/credentials/pull-secrets.js';
import { OciRegistryClient } from '../../../src/image/registry/client.js';
import { RegistryResolver } from '../../../src/image/resolver.js';
import type { ImageOutcome } from '../../../src/model/image.js';
import { type CountingProxy, startCountingProxy, startRegistry } from './harness.js';
import { buildMultiPlatform, createBuildah, makeUmociImage, push } from './images.js';

const directory = mkdtempSync(join(tmpdir(), 'outrider-e2e-'));
const never = new AbortController().signal;
const log = { warn: () => undefined };
t.teardown(() => rmSync(directory, { recursive: true, force: true }));

/** A cluster whose Secrets hold one password each for the registry's user `me`. */
function secretsOf(host: string, passwords: Readonly<Record<string, string>>): SecretSource {
  return {
    secret(_namespace, name) {
      const password = passwords[name];
      if (password === undefined) return Promise.resolve(undefined);
      const auth = Buffer.from(`me:${password}`).toString('base64');
      const text = JSON.stringify({ auths: { [host]: { auth } } });
      const data = { '.dockerconfigjson': Buffer.from(text) };
      return Promise.resolve({ type: 'kubernetes.io/dockerconfigjson', data });
    },
    pullSecretsOf: () => Promise.resolve([]),
  };
}

interface Bench {
  readonly resolver: RegistryResolver;
  readonly ask: (name: string, ...pullSecrets: readonly string[]) => Promise<ImageOutcome>;
  readonly passMs: (ms: number) => void;
}

function bench(t: Test, proxy: CountingProxy): Bench {
  const client = new OciRegistryClient({
    hosts: [{ host: proxy.host, plainHttp: true }],
    egress: { allow: [proxy.host] },
  });
  let aheadMs = 0;
  const clock: Clock = { ...systemClock, monotonicMs: () => systemClock.monotonicMs() + aheadMs };
  const secrets = secretsOf(proxy.host, { wrong: 'no', right: 'secret', other: 'nope' });
  const credentials = composeCredentials([createPullSecretSource(secrets, log)], log);
  const resolver = new RegistryResolver({ client, credentials, clock, log });
  t.teardown(() => {
    resolver.close();
    return client.close();
  });
  return {
    resolver,
    ask(name, ...pullSecrets) {
      const pod = { spec: { imagePullSecrets: pullSecrets.map((secret) => ({ name: secret })) } };
      return resolver.lookUp({ reference: `${proxy.host}/${name}`, namespace: 'n', pod }, never);
    },
    passMs: (ms) => void (aheadMs += ms),
  };
}

t.test('E14: 500 at once ask once; a retag is seen after its time; a digest is never fetched twice', async (t) => {
  const registry = await startRegistry(directory, { mode: 'none' });
  const proxy = await startCountingProxy(registry.host);
  t.teardown(async () => {
    await proxy.close();
    await registry.stop();
  });
  const { ask, passMs } = bench(t, proxy);
  const one = await makeUmociImage(directory, '/one', ['$HOME']);
  await push(registry, one, 'acme/app:1', '--format', 'oci');
  proxy.seen.length = 0;
  const outcomes = await Promise.all(Array.from({ length: 500 }, () => ask('acme/app:1')));
  t.ok(outcomes.every((outcome) => outcome.ok && outcome.config.entrypoint[0] === '/one'));
  t.strictSame(proxy.seen, ['GET manifests 200', 'GET blobs 200']);
  passMs(60_000);
  t.match(await ask('acme/app:1'), { ok: true });
  t.strictSame(proxy.seen.slice(2), ['HEAD manifests 200']);
  const two = await makeUmociImage(directory, '/two', []);
  await push(registry, two, 'acme/app:1', '--format', 'oci');
  t.match(await ask('acme/app:1'), { config: { entrypoint: ['/one'] } });
  passMs(60_000);
  t.match(await ask('acme/app:1'), { config: { entrypoint: ['/two'] } });
  await push(registry, one, 'acme/app:1', '--format', 'oci');
  passMs(60_000);
  proxy.seen.length = 0;
  t.match(await ask('acme/app:1'), { config: { entrypoint: ['/one'] } });
  t.strictSame(proxy.seen, ['HEAD manifests 200']);

  await registry.stop();
  passMs(60_000);
  t.match(await ask('acme/app:1'), { ok: true, source: 'cache' }, 'stale while the registry is down');
  t.match(await ask('acme/never:1'), { ok: false });
  await registry.restart();
  passMs(60_000);
  t.match(await ask('acme/app:1'), { ok: true, source: 'registry' }, 'and asked again afterwards');
});

t.test('E11: a private image with wrong, missing and second-of-three right credentials', async (t) => {
  const registry = await startRegistry(directory, { mode: 'htpasswd' });
  const proxy = await startCountingProxy(registry.host);
  t.teardown(async () => {
    await proxy.close();
    await registry.stop();
  });
  const { resolver, ask } = bench(t, proxy);
  const image = await makeUmociImage(directory, '/private', []);
  await push(registry, image, 'acme/private:1', '--format', 'v2s2');
  t.match(await ask('acme/private:1', 'wrong', 'right', 'other'), { ok: true, config: { entrypoint: ['/private'] } });
  for (const secrets of [['wrong'], ['missing'], []]) {
    const pod = { spec: { imagePullSecrets: secrets.map((name) => ({ name })) } };
    const request = { reference: `${proxy.host}/acme/private:1`, namespace: 'n', pod };
    t.equal(resolver.known(request), undefined);
    t.match(await ask('acme/private:1', ...secrets), { ok: false, reason: 'image_unauthorized', detail: /401/ });
  }
});

t.test('E8: an index made by a real builder', async (t) => {
  const registry = await startRegistry(directory, { mode: 'none' });
  const proxy = await startCountingProxy(registry.host);
  t.teardown(async () => {
    await proxy.close();
    await registry.stop();
  });
  const buildah = createBuildah(directory);
  await buildMultiPlatform(buildah, directory, 'multi');
  const target = `docker://${registry.host}/acme/multi:1`;
  await buildah.run('manifest', 'push', '--quiet', '--all', '--tls-verify=false', 'multi', target);
  const { resolver } = bench(t, proxy);
  const on = (arch: string) => ({
    reference: `${proxy.host}/acme/multi:1`,
    namespace: 'n',
    pod: { spec: { nodeSelector: { 'kubernetes.io/arch': arch } } },
  });
  const [amd, arm] = await Promise.all(['amd64', 'arm64'].map((arch) => resolver.describe(on(arch), never)));
  t.match(amd, { outcome: { ok: true }, platforms: [{ platform: 'linux/amd64' }] });
  t.match(arm, { outcome: { ok: true }, platforms: [{ platform: 'linux/arm64' }] });
});
