import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { openImageService, type ImageServiceOptions } from '../../../src/image/service/open.js';
import type { ImageService } from '../../../src/image/service/open.js';
import type { ImageOutcome } from '../../../src/model/image.js';
import { defaultRegistryConfig, type OwnCredentialsEntry } from '../../../src/model/registry-config.js';
import { systemClock, type Clock } from '../../../src/time/clock.js';
import { startCountingProxy, startRegistry } from './harness.js';
import { makeUmociImage, push } from './images.js';

const directory = mkdtempSync(join(tmpdir(), 'outrider-e2e-'));
const never = new AbortController().signal;
const registry = await startRegistry(directory, { mode: 'htpasswd' });
const proxy = await startCountingProxy(registry.host);
t.teardown(async () => {
  await proxy.close();
  await registry.stop();
  rmSync(directory, { recursive: true, force: true });
});
const image = await makeUmociImage(directory, '/private', ['--license-key=k']);
for (const name of ['pay/app:1', 'web/app:1', 'agent:1']) await push(registry, image, name, '--format', 'oci');

const auth = Buffer.from('me:secret').toString('base64');
const dockerConfig = join(directory, 'config.json');
writeFileSync(dockerConfig, JSON.stringify({ auths: { [proxy.host]: { auth } } }));

/** Everything that a namespace can be answered with: at once, and after asking. */
type Ask = (namespace: string, name: string) => Promise<ImageOutcome>;

async function open(
  t: Test,
  ownCredentials: readonly OwnCredentialsEntry[] | undefined,
  options: Partial<ImageServiceOptions> = { dockerConfig },
): Promise<{ readonly service: ImageService; readonly ask: Ask }> {
  const service = await openImageService({
    config: {
      ...defaultRegistryConfig,
      hosts: [{ host: proxy.host, plainHttp: true }],
      egress: { allow: [proxy.host] },
      ...(ownCredentials === undefined ? {} : { ownCredentials: [...ownCredentials] }),
    },
    env: {},
    log: { warn: () => undefined },
    ...options,
  });
  t.teardown(() => service.close());
  const ask: Ask = async (namespace, name) => {
    const request = { reference: `${proxy.host}/${name}`, namespace, pod: {} };
    return service.resolver.known(request) ?? service.resolver.lookUp(request, never);
  };
  return { service, ask };
}

const found = { ok: true, config: { entrypoint: ['/private'] } };
const refused = { ok: false, reason: 'image_unauthorized', detail: /401.*; not used: .*ownCredentials/ };
const limits: readonly OwnCredentialsEntry[] = [
  { namespaces: ['pay', 'pay-*'], repositories: [`${proxy.host}/pay`] },
  { repositories: [`${proxy.host}/agent`] },
];

t.test('F32: without a limit our own credentials serve everybody', async (t) => {
  const { ask } = await open(t, undefined);
  for (const namespace of ['pay', 'mallory']) t.match(await ask(namespace, 'pay/app:1'), found, namespace);
});

t.test('F32: a pod outside the limit is never answered with what our credentials were shown', async (t) => {
  const { ask } = await open(t, limits);
  t.match(await ask('pay', 'pay/app:1'), found);
  t.match(await ask('pay', 'pay/app:1'), { ...found, source: 'cache' });
  t.match(await ask('pay-test', 'pay/app:1'), found);
  t.match(await ask('mallory', 'pay/app:1'), refused, 'not out of the cache');
  const digest = await ask('pay', 'pay/app:1');
  t.match(await ask('mallory', `pay/app@${(digest.ok && digest.digest) || ''}`), refused, 'nor by its digest');
  t.match(await ask('pay', 'web/app:1'), refused, 'its own namespace does not open another repository');
  t.match(await ask('', 'pay/app:1'), refused, 'no namespace is none of those named');
  for (const namespace of ['pay', 'mallory']) t.match(await ask(namespace, 'agent:1'), found, 'for every namespace');
  t.match(await ask('pay', 'pay/app:1'), found, 'and the refusals cost the others nothing');
});

t.test('F32: nor by a question that is under way, nor stale', async (t) => {
  let aheadMs = 0;
  const clock: Clock = { ...systemClock, monotonicMs: () => systemClock.monotonicMs() + aheadMs };
  const { ask } = await open(t, limits, { dockerConfig, clock });
  const namespaces = Array.from({ length: 40 }, (_, index) => (index % 2 === 0 ? `pay-${index}` : `other-${index}`));
  const outcomes = await Promise.all(namespaces.map((namespace) => ask(namespace, 'pay/app:1')));
  for (const [index, outcome] of outcomes.entries()) {
    t.match(outcome, index % 2 === 0 ? found : refused, namespaces[index] ?? '');
  }
  aheadMs += 600_000;
  proxy.fault = (_, response) => response.writeHead(503).end();
  t.teardown(() => {
    proxy.fault = undefined;
  });
  t.match(await ask('pay-0', 'pay/app:1'), { ...found, source: 'cache' });
  t.match(await ask('other-1', 'pay/app:1'), { ok: false });
});

t.test('F32: the default pull secret is limited too, by where it is from; a tenant’s own is not', async (t) => {
  const data = { '.dockerconfigjson': Buffer.from(JSON.stringify({ auths: { [proxy.host]: { auth } } })) };
  const secrets = {
    secret: () => Promise.resolve({ type: 'kubernetes.io/dockerconfigjson', data }),
    pullSecretsOf: (namespace: string) => Promise.resolve(namespace === 'owner' ? ['regcred'] : []),
  };
  const config = {
    ...defaultRegistryConfig,
    hosts: [{ host: proxy.host, plainHttp: true }],
    egress: { allow: [proxy.host] },
    defaultPullSecret: { namespace: 'outrider-system', name: 'regcred' },
    ownCredentials: [{ namespaces: ['pay'], from: ['DefaultPullSecret' as const] }],
  };
  const { ask } = await open(t, undefined, { config, secrets, dockerConfig });
  t.match(await ask('pay', 'pay/app:1'), found);
  t.match(await ask('mallory', 'pay/app:1'), refused);
  t.match(await ask('owner', 'pay/app:1'), found, 'with equal words in a Secret of its own');
});

t.test('F32: who runs an offline command holds the credentials: a task is limited by repository alone', async (t) => {
  const { ask } = await open(t, limits, { dockerConfig, callerHoldsCredentials: true });
  t.match(await ask('', 'pay/app:1'), found);
  t.match(await ask('', 'web/app:1'), refused);
  t.match(await ask('mallory', 'pay/app:1'), refused, 'what a manifest’s namespace would get in the cluster');
});
