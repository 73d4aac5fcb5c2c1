import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { type ParsedImageConfig, parseImageConfig, parseManifest } from '../../../src/image/manifest.js';
import { parseReference } from '../../../src/image/reference.js';
import { OciRegistryClient } from '../../../src/image/registry/client.js';
import { type Credential, type ImageReference, RegistryError } from '../../../src/image/types.js';
import { type Fault, startCountingProxy, startRegistry } from './harness.js';
import { buildMultiPlatform, createBuildah, digestOf, makeUmociImage, push, pushRaw } from './images.js';
import { startTokenServer } from './token-server.js';

const directory = mkdtempSync(join(tmpdir(), 'outrider-e2e-'));
const never = new AbortController().signal;
const anonymous: Credential = { kind: 'anonymous', source: 'none', fingerprint: 'anonymous' };
const me = basic('me', 'secret');
const argv = { entrypoint: ['/app'], cmd: ['serve', '$HOME'] };

t.teardown(() => rmSync(directory, { recursive: true, force: true }));

function basic(username: string, password: string): Credential {
  return { kind: 'basic', username, password, source: 'test', fingerprint: `${username}:${password}` };
}

function clientOf(...hosts: readonly string[]): OciRegistryClient {
  return new OciRegistryClient({ hosts: hosts.map((host) => ({ host, plainHttp: true })), egress: { allow: hosts } });
}

/** Every platform's config behind a reference. */
async function configsOf(
  client: OciRegistryClient,
  reference: ImageReference,
  credential = anonymous,
): Promise<ParsedImageConfig[]> {
  const { mediaType, bytes } = await client.manifest(reference, credential, never);
  const parsed = parseManifest(mediaType, bytes);
  if (parsed.kind === 'image') {
    return [parseImageConfig(await client.blob(reference, parsed.config.digest, 1 << 20, credential, never))];
  }
  const configs: ParsedImageConfig[] = [];
  for (const { digest } of parsed.entries)
    configs.push(...(await configsOf(client, { ...reference, digest }, credential)));
  return configs;
}

async function failureOf(promise: Promise<unknown>): Promise<RegistryError> {
  const outcome = await promise.catch((error: unknown) => error);
  if (outcome instanceof RegistryError) return outcome;
  throw new Error('not a RegistryError', { cause: outcome });
}

t.test('E9: formats, with no authentication', async (t) => {
  const registry = await startRegistry(directory, { mode: 'none' });
  const client = clientOf(registry.host);
  t.teardown(() => Promise.all([client.close(), registry.stop()]));
  const image = await makeUmociImage(directory, argv.entrypoint[0] ?? '', argv.cmd);
  const at = (name: string): ImageReference => parseReference(`${registry.host}/${name}`);

  for (const format of ['oci', 'v2s2']) {
    await push(registry, image, `acme/${format}:1`, '--format', format);
    const reference = at(`acme/${format}:1`);
    t.match(await configsOf(client, reference), [{ config: argv, os: 'linux', architecture: 'amd64' }], format);
    const manifest = await client.manifest(reference, anonymous, never);
    t.match(manifest.mediaType, format === 'oci' ? /vnd\.oci\.image\.manifest/ : /vnd\.docker.*manifest\.v2/);
    const head = await client.head(reference, anonymous, never);
    t.match(
      head,
      { digest: manifest.digest, mediaType: manifest.mediaType, size: manifest.size },
      'HEAD says the same',
    );
    t.equal((await client.manifest(at(`acme/${format}@${manifest.digest}`), anonymous, never)).digest, manifest.digest);
  }

  const buildah = createBuildah(directory);
  await buildMultiPlatform(buildah, directory, 'multi');
  const both = [
    { os: 'linux', architecture: 'arm64', config: { entrypoint: ['/bin/busybox'], cmd: ['sh', '-c', 'echo $HOME'] } },
    { os: 'linux', architecture: 'amd64', config: { entrypoint: ['/bin/busybox'], cmd: ['sh', '-c', 'echo $HOME'] } },
  ];
  for (const format of ['oci', 'v2s2']) {
    const target = `docker://${registry.host}/multi/buildah:${format}`;
    await buildah.run(
      'manifest',
      'push',
      '--quiet',
      '--all',
      '--tls-verify=false',
      '--format',
      format,
      'multi',
      target,
    );
    await push(registry, target, `multi/skopeo:${format}`, '--all', '--format', format);
    for (const tool of ['buildah', 'skopeo']) {
      const reference = at(`multi/${tool}:${format}`);
      const index = await client.manifest(reference, anonymous, never);
      t.match(index.mediaType, format === 'oci' ? /vnd\.oci\.image\.index/ : /manifest\.list/, `${tool} ${format}`);
      const configs = await configsOf(client, reference);
      t.match(
        [...configs].sort((a, b) => b.architecture.localeCompare(a.architecture)),
        both,
      );
    }
  }

  const chart = { mediaType: 'application/vnd.cncf.helm.config.v1+json', digest: digestOf('{}'), size: 2 };
  const artifact = JSON.stringify({ schemaVersion: 2, config: chart, layers: [] });
  await pushRaw(registry, 'acme/chart', '1', 'application/vnd.oci.image.manifest.v1+json', artifact, ['{}']);
  const silent = await client.manifest(at('acme/chart:1'), anonymous, never);
  t.equal(silent.mediaType, 'application/vnd.oci.image.manifest.v1+json', 'a manifest without mediaType');
  t.match(await failureOf(configsOf(client, at('acme/chart:1'))), { reason: 'image_not_runnable' });

  t.match(await failureOf(configsOf(client, at('acme/oci:2'))), {
    reason: 'image_not_found',
    registryCode: 'MANIFEST_UNKNOWN',
  });
  t.match(await failureOf(client.head(at('acme/none'), anonymous, never)), { reason: 'image_not_found', status: 404 });
  const missing = client.blob(at('acme/oci:1'), digestOf('none'), 1000, anonymous, never);
  t.match(await failureOf(missing), { reason: 'image_not_found', registryCode: 'BLOB_UNKNOWN' });

  await registry.stop();
  t.match(await failureOf(configsOf(client, at('acme/oci:1'))), { reason: 'registry_unreachable' });
  await registry.restart();
  t.equal((await configsOf(client, at('acme/oci:1'))).length, 1, 'and when it is back, it is back');
});

t.test('htpasswd', async (t) => {
  const registry = await startRegistry(directory, { mode: 'htpasswd' });
  const client = clientOf(registry.host);
  t.teardown(() => Promise.all([client.close(), registry.stop()]));
  await push(registry, await makeUmociImage(directory, '/by-password', []), 'acme/app:1');
  const reference = parseReference(`${registry.host}/acme/app:1`);
  t.match(await configsOf(client, reference, me), [{ config: { entrypoint: ['/by-password'], cmd: [] } }]);
  for (const credential of [anonymous, basic('me', 'wrong'), basic('you', 'secret')]) {
    t.match(await failureOf(configsOf(client, reference, credential)), { reason: 'image_unauthorized', status: 401 });
  }
  t.equal((await configsOf(client, reference, me)).length, 1);
});

t.test('E12: tokens, and what a look-up costs', async (t) => {
  const tokens = await startTokenServer(directory);
  const registry = await startRegistry(directory, { mode: 'token', tokens });
  const proxy = await startCountingProxy(registry.host);
  const { host: realm } = new URL(tokens.realm);
  const client = clientOf(proxy.host, realm);
  t.teardown(() => Promise.all([client.close(), proxy.close(), registry.stop(), tokens.close()]));
  const image = await makeUmociImage(directory, '/by-token', []);
  await push(registry, image, 'public/app:1');
  await push(registry, image, 'private/app:1');
  const at = (name: string): ImageReference => parseReference(`${proxy.host}/${name}`);

  tokens.asked.length = 0;
  t.match(await configsOf(client, at('public/app:1')), [{ config: { entrypoint: ['/by-token'] } }]);
  t.strictSame(proxy.seen, ['GET manifests 401', 'GET manifests 200', 'GET blobs 200']);
  t.strictSame(tokens.asked, ['GET']);

  proxy.seen.length = 0;
  await configsOf(client, at('private/app:1'), me);
  t.strictSame(proxy.seen, ['GET manifests 200', 'GET blobs 200'], 'a registry that is known is asked rightly at once');
  t.strictSame(tokens.asked, ['GET', 'GET']);

  const identity: Credential = {
    kind: 'identity-token',
    identityToken: 'refresh-me',
    source: 'test',
    fingerprint: 'id',
  };
  t.equal((await configsOf(client, at('private/app:1'), identity)).length, 1);
  t.equal(tokens.asked.at(-1), 'POST');
  const refused = [
    anonymous,
    basic('other', 'secret'),
    basic('me', 'wrong'),
    { ...identity, identityToken: 'no', fingerprint: 'no' },
  ];
  for (const credential of refused) {
    t.match(await failureOf(configsOf(client, at('private/app:1'), credential)), { reason: 'image_unauthorized' });
  }
  t.match(await failureOf(configsOf(client, at('public/none:1'))), {
    reason: 'image_not_found',
    registryCode: 'MANIFEST_UNKNOWN',
  });

  const fresh = clientOf(proxy.host, realm);
  t.teardown(() => fresh.close());
  proxy.seen.length = 0;
  tokens.asked.length = 0;
  const calls = Array.from({ length: 100 }, () =>
    fresh.head(at('public/app:1'), anonymous, new AbortController().signal),
  );
  t.ok((await Promise.all(calls)).every((head) => head !== undefined));
  t.equal(tokens.asked.length, 1, 'a hundred at once share one token');
  t.equal(proxy.seen.filter((line) => line === 'HEAD manifests 200').length, 100);
});

t.test('E13: faults in front of the registry, and recovery from each', async (t) => {
  const registry = await startRegistry(join(directory, 'faults'), { mode: 'none' });
  const proxy = await startCountingProxy(registry.host);
  const client = new OciRegistryClient({
    hosts: [{ host: proxy.host, plainHttp: true, headersTimeoutMs: 500, bodyTimeoutMs: 500 }],
    egress: { allow: [proxy.host] },
  });
  t.teardown(() => Promise.all([client.close(), proxy.close(), registry.stop()]));
  await push(registry, await makeUmociImage(directory, '/through-faults', []), 'acme/app:1');
  const reference = parseReference(`${proxy.host}/acme/app:1`);
  const type = { 'content-type': 'application/vnd.oci.image.manifest.v1+json' };
  const faults: [string, Fault, string][] = [
    ['hanging', () => undefined, 'registry_unreachable'],
    ['hanging in the body', (_, r) => r.writeHead(200, type).write('{'), 'registry_unreachable'],
    ['cut', (q) => q.socket.destroy(), 'registry_unreachable'],
    [
      'truncated',
      (_, r) => r.writeHead(200, { ...type, 'content-length': 900 }).write('{', () => r.destroy()),
      'registry_unreachable',
    ],
    ['garbage', (_, r) => r.writeHead(200, type).end('\0\0'), 'image_config_invalid'],
    [
      'another digest',
      (_, r) => r.writeHead(200, { ...type, 'docker-content-digest': digestOf('x') }).end('{}'),
      'image_config_invalid',
    ],
    ['huge', (_, r) => r.writeHead(200, { ...type, 'content-length': 1e9 }).write('{'), 'image_config_invalid'],
    ['500', (_, r) => r.writeHead(500).end(), 'registry_error'],
    ['429', (_, r) => r.writeHead(429, { 'retry-after': '30' }).end(), 'registry_rate_limited'],
    ['to metadata', (_, r) => r.writeHead(302, { location: 'http://169.254.169.254/' }).end(), 'registry_denied'],
    ['in a circle', (q, r) => r.writeHead(302, { location: q.url ?? '' }).end(), 'registry_error'],
  ];
  for (const [name, fault, reason] of faults) {
    proxy.fault = fault;
    t.match(await failureOf(configsOf(client, reference)), { reason }, name);
    proxy.fault = undefined;
    t.match(await configsOf(client, reference), [{ config: { entrypoint: ['/through-faults'] } }], `after ${name}`);
  }
});
