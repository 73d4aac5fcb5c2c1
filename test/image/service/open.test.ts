import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { openClouds } from '../../../src/image/service/clouds.js';
import { readHosts } from '../../../src/image/service/host-files.js';
import { openImageService, type ImageServiceOptions } from '../../../src/image/service/open.js';
import { defaultRegistryConfig, type RegistryConfig } from '../../../src/model/registry-config.js';
import { issueAuthority } from '../../../src/tls/issue.js';
import { digestOf, fakeClock } from '../fake-registry.js';

const folder = mkdtempSync(join(tmpdir(), 'outrider-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));
const never = new AbortController().signal;

t.test('certificate authorities are read from files, relative to the configuration', async (t) => {
  const { certPem } = await issueAuthority({ commonName: 'test', days: 1, nowMs: Date.now() });
  writeFileSync(join(folder, 'ca.crt'), certPem);
  writeFileSync(join(folder, 'no.crt'), 'no certificate');
  t.same(await readHosts([{ host: 'a.corp', caFile: 'ca.crt', concurrency: 1 }, { host: 'b.corp' }], folder), [
    { host: 'a.corp', ca: certPem, concurrency: 1 },
    { host: 'b.corp' },
  ]);
  for (const [caFile, code] of [
    ['gone.crt', 'file_unreadable'],
    ['no.crt', 'registry_config_invalid'],
  ]) {
    await t.rejects(readHosts([{ host: 'a' }, { host: 'b', caFile: caFile ?? '' }], folder), {
      code,
      field: 'hosts[1].caFile',
      message: /hosts\[1\]\.caFile: .*; give /,
    });
  }
});

t.test('clouds are on where the environment gives an identity, or as configured', async (t) => {
  const names = async (clouds: RegistryConfig['clouds'], env: Record<string, string>, proxies = {}) => {
    const opened = await openClouds(clouds, { env, clock: fakeClock(), proxies });
    await opened.close();
    return opened.providers.map(({ name }) => name);
  };
  t.same(await names({ gcp: 'Off' }, {}), []);
  t.same(await names({ ecr: 'On', gcp: 'On', acr: 'On' }, {}), ['ecr', 'gcp', 'acr']);
  t.same(await names({}, { GCE_METADATA_HOST: '127.0.0.1:1' }), ['gcp']);
  const irsa = { AWS_ROLE_ARN: 'arn', AWS_WEB_IDENTITY_TOKEN_FILE: '/token' };
  t.same(await names({ gcp: 'Off' }, irsa, { https: 'http://proxy.example:3128' }), ['ecr']);
  t.same(await names({ gcp: 'Off' }, { AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://169.254.170.23' }), ['ecr']);
  t.same(await names({ gcp: 'Off', ecr: 'Off' }, irsa), []);
  const azure = { AZURE_CLIENT_ID: 'a', AZURE_TENANT_ID: 'b', AZURE_FEDERATED_TOKEN_FILE: 'c' };
  t.same(await names({ gcp: 'Off' }, azure), ['acr']);
});

/** A registry that has one image under every name, and what it was asked. */
async function registry(t: Test): Promise<{ readonly host: string; readonly asked: string[] }> {
  const config = JSON.stringify({ os: 'linux', architecture: 'amd64', config: { Entrypoint: ['/app'] } });
  const descriptor = {
    mediaType: 'application/vnd.oci.image.config.v1+json',
    digest: digestOf(Buffer.from(config)),
    size: config.length,
  };
  const type = 'application/vnd.oci.image.manifest.v1+json';
  const manifest = JSON.stringify({ schemaVersion: 2, mediaType: type, config: descriptor, layers: [] });
  const asked: string[] = [];
  const server = createServer(({ method = '', url = '' }, response) => {
    asked.push(`${method} ${url.includes('/blobs/') ? 'blob' : 'manifest'}`);
    if (url.includes('/blobs/')) return response.end(config);
    const headers = { 'content-type': type, 'docker-content-digest': digestOf(Buffer.from(manifest)) };
    return response.writeHead(200, headers).end(method === 'HEAD' ? undefined : manifest);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.close();
    server.closeAllConnections();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { host: `127.0.0.1:${address.port}`, asked };
}

t.test('a service looks up, measures, keeps its cache in a file, and closes once', async (t) => {
  const { host, asked } = await registry(t);
  const measured: string[] = [];
  const options: ImageServiceOptions = {
    config: { ...defaultRegistryConfig, hosts: [{ host, plainHttp: true }], egress: { allow: [host] } },
    env: {},
    log: { warn: (facts, message) => t.fail(message, { facts }) },
    cacheFile: join(folder, 'cache.json'),
    onLookup: (outcome, seconds) => measured.push(`${outcome.ok ? 'found' : outcome.reason} ${seconds < 30}`),
    onExchange: ({ purpose, status }) => measured.push(`${purpose} ${status ?? 0}`),
  };
  const request = { reference: `${host}/acme/app:1`, namespace: 'n', pod: {} };
  for (const expected of [['GET manifest', 'GET blob'], ['HEAD manifest']]) {
    const service = await openImageService(options);
    t.equal(service.resolver.known(request), undefined);
    t.match(await service.resolver.lookUp(request, never), { ok: true, config: { entrypoint: ['/app'] } });
    t.match(service.resolver.known(request), { ok: true, source: 'cache' });
    t.match(await service.resolver.describe(request, never), { outcome: { ok: true } });
    t.match(service.stats(), { entries: 1, inFlight: 0 });
    await Promise.all([service.close(), service.close()]);
    t.same(asked.splice(0), expected);
  }
  t.same(measured, ['manifest 200', 'blob 200', 'found true', 'head 200', 'found true']);
});

t.test('E13: the API server is out of reach for look-ups, also where its network is allowed', async (t) => {
  const { host, asked } = await registry(t);
  const [address = '', port = ''] = host.split(':');
  const service = await openImageService({
    config: { ...defaultRegistryConfig, hosts: [{ host, plainHttp: true }], egress: { allow: ['127.0.0.0/8'] } },
    env: { KUBERNETES_SERVICE_HOST: address, KUBERNETES_SERVICE_PORT: port },
    log: { warn: () => undefined },
  });
  t.teardown(() => service.close());
  const outcome = await service.resolver.lookUp({ reference: `${host}/api:v1`, namespace: 'n', pod: {} }, never);
  t.match(outcome, { ok: false, reason: 'registry_denied' });
  t.same(asked, []);
});

t.test('proxies and egress rules that cannot be read are refused at the start', async (t) => {
  const log = { warn: () => undefined };
  await t.rejects(openImageService({ env: { HTTPS_PROXY: 'ftp://x' }, log }), { code: 'settings_invalid' });
  const config = { ...defaultRegistryConfig, egress: { deny: ['10.0.0.0/64'] } };
  await t.rejects(openImageService({ env: {}, log, config }), { code: 'settings_invalid', field: 'egress.deny' });
});
