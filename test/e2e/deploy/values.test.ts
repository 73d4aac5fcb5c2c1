import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import t from 'tap';
import { parse, stringify } from 'yaml';
import { listOf, objectOf, stringOf, type JsonObject } from '../../../src/model/json.js';
import { ensureDevelopmentCertificates } from '../../../src/tls/development.js';
import { startApiServer } from '../cluster/api-server.js';
import { applyAll } from '../cluster/apply.js';
import { installDefinitions } from '../cluster/definitions.js';
import { chart, findHelm, objectsIn, release, type Values } from '../cluster/helm.js';
import { rightsIn, textOf } from '../cluster/rights.js';
import { identityOf } from '../cluster/service-account.js';
import { installForeignDefinitions } from './foreign-definitions.js';
import { namespacesOfSets, refusedValues, valueSets } from './value-sets.js';

t.setTimeout(900_000);

const api = await startApiServer({ controllerManager: false });
t.teardown(() => api.stop());
await installDefinitions(api);
await installForeignDefinitions(api);
for (const name of namespacesOfSets) await api.kubectl(['create', 'namespace', name]);
const [helm, helm3] = [await findHelm(api), await findHelm(api, 3)];
const definitionsChart = fileURLToPath(new URL('../../../../deploy/helm/outrider-crds', import.meta.url));
const bundle = fileURLToPath(new URL('../../../outrider.js', import.meta.url));

async function deploymentOf(values: Values): Promise<JsonObject> {
  const found = (await helm.render(values)).find(({ kind }) => kind === 'Deployment');
  return objectOf(objectOf(objectOf(found?.['spec'])?.['template'])) ?? {};
}

/** The server's container, as these values make it. */
async function serverOf(values: Values): Promise<JsonObject> {
  const pod = objectOf((await deploymentOf(values))['spec']);
  return objectOf(listOf(pod?.['containers'])[0]) ?? {};
}

async function environmentOf(values: Values): Promise<Readonly<Record<string, unknown>>> {
  const pairs = listOf((await serverOf(values))['env']).map((item) => objectOf(item) ?? {});
  return Object.fromEntries(pairs.map(({ name, value }) => [stringOf(name) ?? '', value]));
}

t.test('U6: every set of values gives objects that an API server takes, strictly', async (t) => {
  t.ok(Object.keys(valueSets).length >= 40);
  const rendered: JsonObject[] = [];
  for (const [name, values] of Object.entries(valueSets)) {
    const objects = await helm.render(values);
    t.ok(objects.length > 5, name);
    for (const object of objects) {
      const rights = rightsIn([object]).map(textOf);
      t.equal(new Set(rights).size, rights.length, `U21: ${name}: no right stands twice in a role`);
    }
    rendered.push(...objects);
  }
  // A pod is refused where its ServiceAccount is not there.
  const accounts = rendered.flatMap(({ kind, metadata, spec }) => {
    const [namespace, name] = [objectOf(metadata)?.['namespace'], objectOf(spec)?.['serviceAccountName']];
    return kind === 'Pod' ? [{ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { namespace, name } }] : [];
  });
  await applyAll(api, accounts, '--server-side');
  // A dry run keeps nothing, so that objects of one name do not meet.
  const applied = await api.kubectl(
    ['apply', '--server-side', '--dry-run=server', '--validate=strict', '--force-conflicts', '-f', '-'],
    JSON.stringify({ apiVersion: 'v1', kind: 'List', items: rendered }),
  );
  t.equal(applied.exitCode, 0, applied.stderr);
  t.comment(`${rendered.length} objects of ${Object.keys(valueSets).length} sets of values in one apply`);
});

t.test('U6: helm lint has nothing to say to any set, and helm 3 makes the same of it', async (t) => {
  for (const [name, values] of Object.entries(valueSets)) {
    const file = join(api.directory, 'values.json');
    writeFileSync(file, JSON.stringify(values));
    const [linted, four, three] = await Promise.all([
      helm.run(['lint', '--strict', '--values', file, chart]),
      helm.render(values),
      helm3.render(values),
    ]);
    t.match(linted, { exitCode: 0, stdout: /0 chart\(s\) failed/ }, name);
    t.same(three, four, name);
  }
});

t.test('U21: no key stands twice, and what the chart sets wins', async (t) => {
  const values = valueSets['keys that are ours'] ?? {};
  // Reading what is rendered fails for a key that stands twice.
  const objects = await helm.render(values);
  for (const { kind, metadata } of objects) {
    const labels = objectOf(objectOf(metadata)?.['labels']);
    t.not(labels?.['app.kubernetes.io/instance'], 'somebody', stringOf(kind) ?? '');
    t.equal(labels?.['team'], 'platform', stringOf(kind) ?? '');
  }
  const { metadata } = await deploymentOf(values);
  t.match(metadata, {
    labels: { 'app.kubernetes.io/name': 'outrider', 'outrider.dev/port': 'token', team: 'platform' },
    annotations: { 'checksum/registry-config': /^[0-9a-f]{64}$/, team: 'platform' },
  });
});

t.test('U21: what cannot work together is refused, and says why', async (t) => {
  for (const [values, words] of refusedValues) {
    await t.rejects(helm.render(values), { message: words }, JSON.stringify(values));
    await t.rejects(helm3.render(values), { message: words }, `helm 3: ${JSON.stringify(values)}`);
  }
});

t.test('U6: with a proxy the API server is reached directly', async (t) => {
  const direct = /^localhost,127\.0\.0\.1,::1,\$\(KUBERNETES_SERVICE_HOST\),kubernetes\.default,\.svc,\.cluster\.local/;
  t.match(await environmentOf(valueSets['a proxy'] ?? {}), {
    HTTPS_PROXY: 'http://proxy.example.com:3128',
    HTTP_PROXY: undefined,
    NO_PROXY: new RegExp(`${direct.source},registry\\.internal,10\\.0\\.0\\.0/8$`),
  });
  t.match(await environmentOf(valueSets['environment from a Secret'] ?? {}), { NO_PROXY: direct }, 'of extraEnv, too');
  const own = { proxy: { https: 'http://proxy' }, extraEnv: [{ name: 'NO_PROXY', value: '*' }] };
  t.match(await environmentOf(own), { NO_PROXY: '*' });
  t.same(Object.keys(await environmentOf({})), ['OUTRIDER_IDENTITY'], 'nothing of that by default');
});

t.test('U6: authorities are where Node and the registry configuration look for them', async (t) => {
  t.match(await environmentOf({ caBundle: { configMap: 'corp' } }), { NODE_EXTRA_CA_CERTS: '/etc/outrider/ca/ca.crt' });
  const values = valueSets['authorities from a Secret, for one registry'] ?? {};
  t.notOk('NODE_EXTRA_CA_CERTS' in (await environmentOf(values)));
  const server = await serverOf(values);
  t.match(listOf(server['volumeMounts']).at(-1), { name: 'ca-bundle', mountPath: '/etc/outrider/ca', readOnly: true });
});

t.test('U6: a file of authorities in NODE_EXTRA_CA_CERTS is trusted in look-ups', async (t) => {
  const dir = t.testdir({
    'registry.yaml':
      'apiVersion: outrider.dev/v1alpha1\nkind: RegistryConfiguration\negress: {allow: [127.0.0.0/8, localhost]}\n',
  });
  const { certFile, keyFile, caFile } = await ensureDevelopmentCertificates({
    dir,
    dnsNames: ['localhost'],
    nowMs: Date.now(),
  });
  const options = { cert: readFileSync(certFile), key: readFileSync(keyFile) };
  const registry = createTlsServer(options, (_request, response) => response.writeHead(404).end());
  await new Promise<void>((resolve) => registry.listen(0, '127.0.0.1', resolve));
  t.teardown(() => registry.close());
  const address = registry.address();
  const image = `localhost:${typeof address === 'object' && address !== null ? address.port : 0}/team/app:1`;
  const lookUp = async (more: Readonly<Record<string, string>>): Promise<unknown> => {
    const words = ['image', image, '--registry-config', join(dir, 'registry.yaml')];
    const env = { ...process.env, ...more };
    return promisify(execFile)(process.execPath, [bundle, ...words], { env }).catch((error: unknown) => error);
  };
  t.match(await lookUp({}), { stdout: 'registry_unreachable' }, 'it is not trusted by itself');
  t.match(await lookUp({ NODE_EXTRA_CA_CERTS: caFile }), { stdout: 'image_not_found' });
});

t.test('U6: images and pull secrets of a chart around this one are taken', async (t) => {
  const { spec } = await deploymentOf(valueSets['values of a chart around it'] ?? {});
  t.match(spec, {
    imagePullSecrets: [{ name: 'one' }, { name: 'two' }],
    containers: [{ image: /^registry\.example\.com\/outrider\/outrider:/ }],
  });
  t.ok(JSON.stringify(spec).includes('--image-rewrite=quay.io/=registry.example.com/'));
});

t.test('U11: what values of an earlier version do not have yet is filled in', async (t) => {
  const keys = Object.keys(objectOf(parse(readFileSync(join(chart, 'values.yaml'), 'utf8'))) ?? {});
  const none = Object.fromEntries(keys.map((key) => [key, null]));
  t.same(await helm.render(none), await helm.render());
  t.notOk(JSON.stringify((await serverOf({ resources: { limits: null } }))['resources']).includes('limits'));
  const free = await deploymentOf({ podSecurityContext: { runAsNonRoot: null } });
  t.notOk(JSON.stringify(free['spec']).includes('runAsNonRoot'), 'what was taken away on purpose stays away');
});

/** A copy of the chart as it was before most of its blocks were there. */
function earlierChart(): string {
  const folder = join(api.directory, 'earlier');
  cpSync(chart, folder, { recursive: true });
  const values = objectOf(parse(readFileSync(join(chart, 'values.yaml'), 'utf8'))) ?? {};
  const known = ['instance', 'image', 'defaultPolicy', 'replicas', 'resources', 'certificates', 'webhook', 'drain'];
  const kept = Object.entries(values).filter(([key]) => known.includes(key));
  writeFileSync(join(folder, 'values.yaml'), stringify(Object.fromEntries(kept)));
  return folder;
}

t.test('U11: an installation of an earlier version is upgraded with its values', async (t) => {
  const own = ['--namespace', release.namespace, '--no-hooks'];
  const region = '--set=defaultPolicy.spec.profile.settings.region=eu1';
  for (const [which, { run }] of Object.entries({ 'helm 4': helm, 'helm 3': helm3 })) {
    for (const flag of ['--reset-then-reuse-values', '--reuse-values']) {
      const installed = await run(['install', release.name, earlierChart(), ...own, region]);
      t.equal(installed.exitCode, 0, installed.stderr);
      const upgraded = await run(['upgrade', release.name, chart, ...own, flag, '--set=replicas=3']);
      t.equal(upgraded.exitCode, 0, `${which} ${flag}: ${upgraded.stderr}`);
      const manifest = objectsIn(await run(['get', 'manifest', release.name, '--namespace', release.namespace]));
      const wanted = await helm.render(
        { replicas: 3, defaultPolicy: { spec: { profile: { settings: { region: 'eu1' } } } } },
        ['--no-hooks'],
      );
      t.same(manifest, wanted, `${which} ${flag}: it is what an installation of this version is`);
      t.equal((await run(['uninstall', release.name, ...own])).exitCode, 0);
    }
  }
});

t.test('U16: a second installation stands beside the first, with a default policy of its own', async (t) => {
  const second = ['--namespace', 'elsewhere', '--no-hooks'];
  const first = ['--namespace', release.namespace, '--no-hooks'];
  t.match(await helm.run(['install', release.name, chart, ...first]), { exitCode: 0 });
  const installed = await helm.run(['install', 'canary', chart, ...second, '--set=instance=canary']);
  t.equal(installed.exitCode, 0, installed.stderr);
  t.match(installed.stdout, 'docs/install.md, "Two installations"');
  const policies = async () =>
    (await api.kubectl(['get', 'ipol', '-o', 'name'])).stdout
      .trim()
      .split('\n')
      .sort()
      .map((name) => name.split('/')[1]);
  t.same(await policies(), ['canary-default', 'default']);
  t.match(await helm.run(['uninstall', 'canary', ...second]), { exitCode: 0 });
  t.same(await policies(), ['default']);
  t.match(await api.kubectl(['get', 'clusterrole', 'outrider']), { exitCode: 0 });
  t.match(await helm.run(['uninstall', release.name, ...first]), { exitCode: 0 });
});

t.test('U18: without a region the output of helm and helm test say so, and what to do', async (t) => {
  const own = ['--namespace', release.namespace, '--no-hooks'];
  const installed = await helm.run(['install', release.name, chart, ...own]);
  t.match(installed.stdout, /NOTHING IS INSTRUMENTED YET: the policy "default" has no region/);
  const hooks = (await helm.render()).filter(
    ({ metadata }) => objectOf(objectOf(metadata)?.['annotations'])?.['helm.sh/hook'] === 'test',
  );
  const pod = hooks.find(({ kind }) => kind === 'Pod');
  await applyAll(
    api,
    hooks.filter((hook) => hook !== pod),
    '--server-side',
  );
  const { kubeconfig, kubectl } = await identityOf(api, 'outrider-test');
  t.match(await kubectl(['get', 'ipol']), { exitCode: 0 });
  t.match(await kubectl(['get', 'ipol', 'default']), { exitCode: 1 }, 'it may list them, and no more');
  t.match(await kubectl(['get', 'pods,secrets,configmaps', '-A']), { exitCode: 1 });
  const server = createServer((_request, response) => response.end('ok\n'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  const args = listOf(objectOf(listOf(objectOf(pod?.['spec'])?.['containers'])[0])?.['args']).map(String);
  const test = async () => {
    const words = args.map((arg) => (arg.startsWith('http') ? url : arg));
    const env = { ...process.env, KUBECONFIG: kubeconfig };
    const ended: unknown = await promisify(execFile)(process.execPath, [bundle, ...words], { env }).catch(
      (error: unknown) => error,
    );
    return ended;
  };
  t.match(await test(), { code: 1, stdout: /^ok\npolicy default is not carried out as it stands: .*region/ });
  const upgrade = ['upgrade', release.name, chart, ...own, '--reset-then-reuse-values'];
  const upgraded = await helm.run([...upgrade, '--set=defaultPolicy.spec.profile.settings.region=us2']);
  t.notMatch(upgraded.stdout, 'NOTHING IS INSTRUMENTED');
  t.match(await test(), { stdout: 'ok\n' });
  t.match(await helm.run(['uninstall', release.name, ...own]), { exitCode: 0 });
});

t.test('U11: the definitions can be a release of their own, which takes over what is there', async (t) => {
  const fresh = await startApiServer({ controllerManager: false });
  t.teardown(() => fresh.stop());
  const freshHelm = await findHelm(fresh);
  const own = ['--namespace', 'o', '--create-namespace'];
  const [name, definition] = ['outrider-crds', 'crd/instrumentationpolicies.outrider.dev'];
  t.match(await freshHelm.run(['install', release.name, chart, ...own, '--no-hooks']), { exitCode: 0 });
  t.match(await freshHelm.run(['install', name, definitionsChart, ...own]), {
    exitCode: 1,
    stderr: /cannot be imported/,
  });
  const taken = await freshHelm.run(['install', name, definitionsChart, ...own, '--take-ownership']);
  t.equal(taken.exitCode, 0, taken.stderr);
  const upgraded = await freshHelm.run(['upgrade', name, definitionsChart, ...own, '--set=annotations.team=platform']);
  t.equal(upgraded.exitCode, 0, upgraded.stderr);
  const annotations = await fresh.kubectl(['get', definition, '-o', 'jsonpath={.metadata.annotations}']);
  t.match(annotations.stdout, /"helm.sh\/resource-policy":"keep".*"team":"platform"/);
  t.match(await freshHelm.run(['uninstall', name, '--namespace', 'o']), { exitCode: 0 });
  t.match(await fresh.kubectl(['get', definition]), { exitCode: 0 }, 'it stays');
});
