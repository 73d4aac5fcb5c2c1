import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { workplace } from '../../cli/harness.js';
import { startRegistry } from '../registry/harness.js';
import { buildMultiPlatform, createBuildah, makeUmociImage, push } from '../registry/images.js';
import { podOf } from './documents.js';

const directory = mkdtempSync(join(tmpdir(), 'outrider-e2e-'));
const open = await startRegistry(directory, { mode: 'none' });
const closed = await startRegistry(directory, { mode: 'htpasswd' });
t.teardown(async () => {
  await Promise.all([open.stop(), closed.stop()]);
  rmSync(directory, { recursive: true, force: true });
});
await push(open, await makeUmociImage(directory, '/app', ['serve', '\u009b31m$HOME']), 'acme/app:1');
await push(closed, await makeUmociImage(directory, '/private', []), 'acme/private:1');
const buildah = createBuildah(directory);
await buildMultiPlatform(buildah, directory, 'multi');
const target = `docker://${open.host}/acme/multi:1`;
await buildah.run('manifest', 'push', '--quiet', '--all', '--tls-verify=false', 'multi', target);

const auth = Buffer.from('me:secret').toString('base64');
const files = {
  '.docker/config.json': JSON.stringify({ auths: { [closed.host]: { auth } } }),
  'registries.yaml': `apiVersion: outrider.dev/v1alpha1
kind: RegistryConfiguration
hosts: [{host: 127.0.0.1, plainHttp: true}]
egress: {allow: [127.0.0.1]}
`,
};

t.test('outrider image: found, refused, another platform, as a table and as JSON', async (t) => {
  const place = await workplace(t, files);
  const env = { HOME: place.cwd };
  const app = `${open.host}/acme/app:1`;
  const found = await place.outrider(['image', app, '--insecure'], { env });
  t.match(found, { code: 0, stderr: '' });
  t.match(found.stdout, /found +in the registry/);
  t.match(found.stdout, /credential +anonymous/);
  t.match(found.stdout, /linux\/amd64 +\["\/app"\] +\["serve"," 31m\$HOME"\]/, 'nothing in it steers a terminal');
  t.match(found.stdout, /manifest +[\d.]+ ms +ok +anonymous/);
  t.match(found.stdout, /config +[\d.]+ ms +ok/);
  t.notMatch(found.stdout, '\u001b[', 'no colour without a terminal');
  t.match((await place.outrider(['image', app, '--insecure'], { env, isTerminal: true })).stdout, '\u001b[');

  const json = async (...argv: readonly string[]): Promise<unknown> =>
    JSON.parse(
      (await place.outrider(['image', ...argv, '--registry-config', 'registries.yaml', '-o', 'json'], { env })).stdout,
    );
  t.match(await json(app), { image: app, reference: app, found: true, source: 'registry', digest: /^sha256:/ });
  t.match(await json(`${closed.host}/acme/private:1`), {
    found: true,
    credential: { source: 'docker config', kind: 'basic' },
    platforms: [{ platform: 'linux/amd64', entrypoint: ['/private'], cmd: [] }],
    steps: [{ step: 'credentials' }, { step: 'manifest', result: 'ok' }, { step: 'config', result: 'ok' }],
  });
  const multi = `${open.host}/acme/multi:1`;
  t.match(await json(multi), { platforms: [{}, {}] });
  t.match(await json(multi, '--platform', 'linux/aarch64'), { found: true, platforms: [{ platform: 'linux/arm64' }] });
  t.match(await json(multi, '--platform', 'linux/arm64'), { found: true, platforms: [{ platform: 'linux/arm64' }] });
  t.match(await json(multi, '--platform', 'linux/arm64/v8'), { found: true, platforms: [{ platform: 'linux/arm64' }] });
  t.match(await json(multi, '--platform', 'linux/s390x'), { found: false, reason: 'image_not_runnable' });
  t.match(await json(app, '--platform', 'linux/amd64/v3'), { found: false, reason: 'image_not_runnable' });

  const missing = await place.outrider(['image', `${open.host}/acme/app:2`, '--insecure'], { env });
  t.match(missing, { code: 1, stderr: '', stdout: /not found +image_not_found[^]*404 MANIFEST_UNKNOWN[^]*fix +Push/ });
  const stranger = await place.outrider(['image', `${closed.host}/acme/private:1`, '--insecure'], { env: {} });
  t.match(stranger, { code: 1, stdout: /image_unauthorized[^]*401; tried anonymously/ });
  for (const [argv, message] of [
    [['acme/Upper'], /"Upper" is not part of a repository/],
    [['x', '--platform', 'arm64'], /--platform is "arm64": it must be OS\/ARCH/],
    [['x', '--registry-config', 'none.yaml'], /none.yaml cannot be read/],
    [[], /missing required argument/],
  ] as const) {
    t.match(await place.outrider(['image', ...argv], { env }), { code: 2, stdout: '', stderr: message });
  }
});

t.test('inject and explain look images up, and --no-lookup keeps them from it', async (t) => {
  const pods = [podOf('shop', `${open.host}/acme/app:1`), podOf('shop', `${closed.host}/acme/private:1`)];
  const place = await workplace(t, {
    ...files,
    'pods.yaml': pods.map((pod) => JSON.stringify(pod)).join('\n---\n'),
    'images.json': JSON.stringify({ 'quay.io/sysdig/workload-agent:latest': { entrypoint: ['/agent'] } }),
  });
  const options = ['-f', 'pods.yaml', '--profile', 'sysdig', '--set', 'region=us2'];
  const lookups = ['--registry-config', 'registries.yaml', '--set', `spec.agent.image=${open.host}/acme/multi:1`];
  const env = { HOME: place.cwd, OUTRIDER_LOOKUP: 'true' };
  const injected = await place.outrider(['inject', ...options, ...lookups], { env });
  t.match(injected, { code: 0, stdout: /"\/opt\/draios\/bin\/instrument",\s*"\/private"/ });
  t.match(injected.stdout, '$$HOME', 'a $ of an image means itself (E6)');
  t.match(injected.stderr, /✓[^]*✓/);
  t.notMatch(injected.stderr, 'looking up', 'progress is for terminals');
  const onTerminal = await place.outrider(['inject', ...options, ...lookups], { env, isTerminal: true });
  t.match(onTerminal.stderr, `looking up ${open.host}/acme/app:1`);
  const explained = await place.outrider(['explain', ...options, ...lookups], { env });
  t.match(explained.stdout, /from the image/);
  const without = await place.outrider(['inject', ...options, ...lookups, '--no-lookup'], { env });
  t.match(without, { code: 0, stderr: /image_unresolved/ });
  t.notMatch(without.stdout, '/opt/draios/bin/instrument');
});
