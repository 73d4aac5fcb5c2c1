import { readFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import type { JsonObject } from '../../../src/model/json.js';
import { workplace } from '../../cli/harness.js';
import { manifestType, sendError, sendManifest, sha256, startServer } from '../../image/registry/fake-registry.js';
import { namespaceOf, podOf, policyOf } from '../lookup/documents.js';
import { startServing } from '../serving.js';

/** What nothing that comes out may hold. Each in a place of its own, so that a leak names its source. */
const planted: Readonly<Record<string, string>> = {
  variable: 'planted-variable-1f3a',
  annotation: 'planted-annotation-9c1d',
  brokenAnnotation: 'planted-broken-annotation-77aa',
  image: 'planted-image-variable-20be',
  registryPassword: 'planted-registry-password-5e5e',
  registryToken: 'planted-registry-token-c0de',
  refused: 'planted-refused-token-dead',
  registryBody: 'planted-registry-body-beef',
  accessKey: 'planted-access-key-abad',
  policyKey: 'planted-key-in-policy-f00d',
  header: 'planted-header-bead',
  proxy: 'planted-proxy-password-cafe',
  host: 'planted-host-environment-babe',
};
const of = (name: string): string => planted[name] ?? '';

/** Which secrets are in a text, as they are or in base64. */
function leaksIn(text: string): readonly string[] {
  return Object.entries(planted).flatMap(([name, secret]) => {
    const shapes = [secret, Buffer.from(secret).toString('base64').slice(2, -4), encodeURIComponent(secret)];
    return shapes.some((shape) => text.includes(shape)) ? [name] : [];
  });
}

const config = JSON.stringify({
  os: 'linux',
  architecture: 'amd64',
  config: { Entrypoint: ['/app'], Cmd: ['serve'], Env: [`KEY=${of('image')}`], Labels: { key: of('image') } },
});
const manifest = JSON.stringify({
  schemaVersion: 2,
  config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: sha256(config), size: config.length },
  layers: [],
});
const basic = Buffer.from(`me:${of('registryPassword')}`).toString('base64');
const registry = await startServer((request, response) => {
  const { url = '', headers } = request;
  if (url.startsWith('/token')) {
    const known = headers.authorization === `Basic ${basic}`;
    if (known) response.end(JSON.stringify({ token: of('registryToken'), expires_in: 300 }));
    else sendError(response, 401, 'UNAUTHORIZED');
  } else if (headers.authorization !== `Bearer ${of('registryToken')}`) {
    response.setHeader('www-authenticate', `Bearer realm="${registry.origin}/token",service="r"`);
    sendError(response, 401, 'UNAUTHORIZED');
  } else if (url.includes('/closed/')) {
    response.writeHead(403).end(`{"errors":[{"code":"DENIED","message":"${of('registryBody')}"}]}`);
  } else if (url.includes('/blobs/')) response.end(config);
  else sendManifest(response, manifest, manifestType);
});
const parent = mkdtempSync(join(tmpdir(), 'outrider-secrets-'));
t.teardown(async () => {
  await registry.close();
  rmSync(parent, { recursive: true, force: true });
});

const dockerConfig = join(parent, 'docker.json');
const cacheFile = join(parent, 'cache.json');
writeFileSync(dockerConfig, JSON.stringify({ auths: { [registry.host]: { auth: basic } } }));

function pod(name: string, image: string, annotations: JsonObject = {}): JsonObject {
  const env = [{ name: 'DATABASE_PASSWORD', value: of('variable') }];
  const made = podOf('web', image, { env });
  return {
    ...made,
    metadata: { name, namespace: 'web', annotations: { 'vault.example/token': of('annotation'), ...annotations } },
  };
}

const pods: readonly JsonObject[] = [
  pod('open', `${registry.host}/acme/open:1`),
  pod('closed', `${registry.host}/acme/closed/app:1`),
  pod('elsewhere', 'no-such-registry.invalid/app:1'),
  pod('annotated', 'acme/app:1', { 'outrider.dev/images': `{"app": {"entrypoint": "${of('brokenAnnotation')}"}}` }),
  pod('garbled', 'acme/app:1', {
    'outrider.dev/images': `{"${of('brokenAnnotation')}`,
    'outrider.dev/undo': of('annotation'),
  }),
];

t.test('the server: log at its most talkative, answers, metrics, cache file', async (t) => {
  const serving = await startServing({
    parent,
    documents: [
      namespaceOf('web'),
      policyOf('web', { prefer: 'Security', credentials: { secretRef: { name: 'sysdig-agent', key: 'access-key' } } }),
    ],
    registries: { hosts: [{ host: registry.host, plainHttp: true }], egress: { allow: ['127.0.0.1'] } },
    flags: ['--log-level=trace', `--docker-config=${dockerConfig}`, `--image-cache-file=${cacheFile}`],
    env: {
      HTTPS_PROXY: `http://me:${of('proxy')}@127.0.0.1:9`,
      NO_PROXY: '127.0.0.1',
      SOME_TOKEN: of('host'),
    },
  });
  const verdicts: string[] = [];
  const said: string[] = [];
  for (const each of pods) {
    for (const door of ['mutate', 'validate'] as const) {
      const reviewed = await serving.review(each, { door });
      verdicts.push(reviewed.verdict);
      said.push(JSON.stringify(reviewed));
    }
  }
  t.ok(verdicts.includes('inject/injected'), `the registry let us in: ${verdicts.join(' ')}`);
  t.ok(verdicts.includes('skip/image_unauthorized'), 'and was closed for another image');
  const metrics = await (await fetch(`http://127.0.0.1:${serving.plainPort}/metrics`)).text();
  t.equal(await serving.stop(), 0);
  t.strictSame(leaksIn(said.join('\n')), [], 'answers: patches, warnings, denials, audit annotations');
  t.strictSame(leaksIn(metrics), [], 'metrics');
  const log = serving.log();
  t.ok(log.length > 2_000 && log.includes('registry asked'), 'a log that says a lot');
  // What a registry says in a failure's body is for the log, and for nobody else.
  t.strictSame(leaksIn(log), ['registryBody'], 'log');
  const cache = readFileSync(cacheFile, 'utf8');
  t.match(cache, /"entrypoint":\["\/app"\]/);
  t.strictSame(leaksIn(cache), [], 'cache file');
});

t.test('the commands: reports and errors', async (t) => {
  const task = {
    family: 'web',
    containerDefinitions: [
      { name: 'app', image: 'acme/app:1', entryPoint: ['/app'], environment: [{ name: 'K', value: of('variable') }] },
    ],
  };
  const place = await workplace(t, {
    'pod.yaml': JSON.stringify(pods[0]),
    'garbled.yaml': JSON.stringify(pods[4]),
    'task.json': JSON.stringify(task),
    'policy.yaml': JSON.stringify(
      policyOf('web', {
        match: {},
        profile: { name: 'sysdig', settings: { region: 'us2', accessKey: of('policyKey') } },
      }),
    ),
    'broken.yaml': `kind: InstrumentationPolicy\naccessKey: ${of('policyKey')}\n- x\n`,
    'docker.json': readFileSync(dockerConfig, 'utf8'),
    'registries.yaml': JSON.stringify({
      apiVersion: 'outrider.dev/v1alpha1',
      kind: 'RegistryConfiguration',
      hosts: [{ host: registry.host, plainHttp: true }],
      egress: { allow: ['127.0.0.1'] },
    }),
  });
  const sysdig = ['--profile', 'sysdig', '--set', 'region=us2'];
  const lookup = ['--lookup', 'true', '--docker-config', 'docker.json', '--registry-config', 'registries.yaml'];
  const env = { SYSDIG_ACCESS_KEY: of('accessKey'), SOME_TOKEN: of('host') };
  const lines: readonly (readonly string[])[] = [
    ['explain', '-f', 'pod.yaml', ...sysdig],
    ['explain', '-f', 'pod.yaml', ...sysdig, ...lookup],
    ['explain', '-f', 'pod.yaml', '-o', 'json', ...sysdig, ...lookup],
    ['explain', '-f', 'garbled.yaml', ...sysdig],
    ['explain', '-f', 'task.json', ...sysdig],
    ['image', `${registry.host}/acme/open:1`, ...lookup.slice(2)],
    ['image', `${registry.host}/acme/closed/app:1`, ...lookup.slice(2)],
    ['image', `${registry.host}/acme/open:1`, '-o', 'json', ...lookup.slice(2)],
    ['inject', '-f', 'pod.yaml', '--policy', 'policy.yaml'],
    ['inject', '-f', 'pod.yaml', '--policy', 'policy.yaml', '--debug'],
    ['inject', '-f', 'pod.yaml', '--policy', 'broken.yaml', '--debug'],
    ['inject', '-f', 'pod.yaml', '--profile', 'sysdig', '--set', 'region=us2', '--set', `accessKey=${of('accessKey')}`],
  ];
  let long = 0;
  for (const line of lines) {
    const ran = await place.outrider(line, { env });
    long += ran.stdout.length + ran.stderr.length;
    const out = line[0] === 'inject' && ran.code === 0 ? ran.stderr : ran.stdout + ran.stderr;
    const leaks = leaksIn(out).filter((name) => !(name === 'registryBody' && line[0] === 'image'));
    t.strictSame(leaks, [], line.join(' ').slice(0, 100));
  }
  t.ok(long > 2_000, `${long} characters were looked at`);
  // What inject writes is the file itself; its report is not.
  const reports = await place.outrider(['inject', '-f', 'pod.yaml', ...sysdig, ...lookup, '--report', 'json'], { env });
  t.strictSame(leaksIn(reports.stderr), []);
  t.match(reports.stderr, /"injected"/);
});
