import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { parse, parseAllDocuments } from 'yaml';
import { settingsTable } from '../../../src/settings/table.js';
import { isObject, listOf, objectOf, stringOf, type JsonObject } from '../../../src/model/json.js';
import { agentArgvLabelValue, inForceLabelValue, names, portLabelValue } from '../../../src/model/names.js';
import { version } from '../../../src/model/version.js';
import { repositoryRoot } from '../../tools/generated.js';
import { startApiServer } from '../cluster/api-server.js';
import { installDefinitions } from '../cluster/definitions.js';
import { chart, findHelm, release, type Values } from '../cluster/helm.js';
import { everything } from './everything.js';
import { kustomizeFiles } from './kustomize-base.js';
import { installForeignDefinitions } from './foreign-definitions.js';

t.setTimeout(900_000);

const api = await startApiServer({ controllerManager: false });
t.teardown(() => api.stop());
await installDefinitions(api);
await installForeignDefinitions(api);
await api.kubectl(
  ['create', '-f', '-'],
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: release.namespace, labels: { 'pod-security.kubernetes.io/warn': 'restricted' } },
  }),
);
for (const name of ['default', 'outrider-test']) {
  await api.kubectl(['create', 'serviceaccount', name, '--namespace', release.namespace]);
}
const [helm, helm3] = [await findHelm(api), await findHelm(api, 3)];

const cases: Readonly<Record<string, Values>> = { defaults: {}, everything };
const nameOf = ({ metadata }: JsonObject): string => stringOf(objectOf(metadata)?.['name']) ?? '';
const idsOf = (objects: readonly JsonObject[]) =>
  objects.map((object) => `${stringOf(object['kind']) ?? ''} ${nameOf(object)}`).sort();

t.test('the chart is of this version', (t) => {
  const about: unknown = parse(readFileSync(join(chart, 'Chart.yaml'), 'utf8'));
  t.match(about, { version, appVersion: version, kubeVersion: '>=1.30.0-0' });
  t.end();
});

t.test('helm lint has nothing to say', async (t) => {
  for (const [name, values] of Object.entries(cases)) {
    const file = join(api.directory, `${name}.json`);
    writeFileSync(file, JSON.stringify(values));
    const linted = await helm.run(['lint', '--strict', '--values', file, chart]);
    t.match(linted, { exitCode: 0, stdout: /0 chart\(s\) failed/ }, name);
  }
});

t.test('values that the chart does not know are refused', async (t) => {
  const refused: readonly (readonly [Values, RegExp])[] = [
    [{ replica: 3 }, /'replica' not allowed/],
    [{ certificates: { sauce: 'secret' } }, /'sauce' not allowed/],
    [{ certificates: { source: 'secret' } }, /secretName/],
    [{ webhook: { timeoutSeconds: 31 } }, /timeoutSeconds/],
    [{ openshift: 'maybe' }, /openshift/],
    [{ policies: { default: {} } }, /default/],
    [{ imageRegistry: 'https://registry.example.com' }, /imageRegistry/],
  ];
  for (const [values, words] of refused) {
    await t.rejects(helm.render(values), { message: words }, JSON.stringify(values));
    await t.rejects(helm3.render(values), { message: words }, `helm 3: ${JSON.stringify(values)}`);
  }
});

t.test('the same values give the same bytes, with helm 3 the same objects', async (t) => {
  for (const [name, values] of Object.entries(cases)) {
    const command = ['template', release.name, chart, '-n', release.namespace, '--kube-version', '1.36.0', '-f', '-'];
    const render = () => helm.run(command, JSON.stringify(values));
    const [once, again] = [await render(), await render()];
    t.equal(once.exitCode, 0, once.stderr);
    t.equal(once.stdout, again.stdout, name);
    t.same(await helm3.render(values), await helm.render(values), name);
  }
});

t.test('an API server takes every object, strictly', async (t) => {
  for (const [name, values] of Object.entries(cases)) {
    for (const object of await helm.render(values)) {
      const answer = await api.kubectl(
        ['apply', '--server-side', '--dry-run=server', '--validate=strict', '-f', '-'],
        JSON.stringify(object),
      );
      t.equal(answer.exitCode, 0, `${name}: ${nameOf(object)}: ${answer.stderr}`);
      // Pod Security says what it has against a Deployment's pods in a warning; the node's network is the one thing.
      const warnings = answer.stderr.split('\n').filter((line) => line.startsWith('Warning'));
      if (name === 'defaults') t.same(warnings, [], nameOf(object));
      else
        for (const warning of warnings)
          t.match(warning, /: host namespaces \(hostNetwork=true\)(, hostPort \([^)]*\))?$/);
    }
  }
});

t.test('the server is started with settings that it has', async (t) => {
  const flags = new Set(Object.values(settingsTable).map(({ flag }) => flag));
  for (const values of Object.values(cases)) {
    for (const object of await helm.render(values)) {
      if (object['kind'] !== 'Deployment') continue;
      for (const flag of argsOf(object)) t.ok(flags.has(flag), flag);
    }
  }
});

/** Flags of a Deployment's container. */
function argsOf(deployment: JsonObject): readonly string[] {
  const template = objectOf(objectOf(objectOf(deployment['spec'])?.['template'])?.['spec']);
  return listOf(template?.['containers'])
    .flatMap((container) => listOf(objectOf(container)?.['args']))
    .map((arg) => stringOf(arg) ?? '')
    .filter((arg) => arg.startsWith('--'))
    .map((arg) => arg.slice(2).split('=')[0] ?? '');
}

t.test('F25: only the API server’s addresses reach the webhook’s port, where they are given', async (t) => {
  const ruleOf = async (values: Values): Promise<JsonObject | undefined> => {
    const found = (await helm.render(values)).find(({ kind }) => kind === 'NetworkPolicy');
    return objectOf(listOf(objectOf(found?.['spec'])?.['ingress'])[0]);
  };
  t.same(await ruleOf({}), { ports: [{ port: 'webhook' }] }, 'else everybody does');
  t.same(await ruleOf({ networkPolicy: { apiServerCidrs: ['10.0.0.1/32', 'fd00::1/128'] } }), {
    ports: [{ port: 'webhook' }],
    from: [{ ipBlock: { cidr: '10.0.0.1/32' } }, { ipBlock: { cidr: 'fd00::1/128' } }],
  });
});

t.test('F25: every pod of the server says what its port understands', async (t) => {
  for (const values of [{}, everything]) {
    const found = (await helm.render(values)).find(({ kind }) => kind === 'Deployment');
    const template = objectOf(objectOf(found?.['spec'])?.['template']);
    t.match(objectOf(template?.['metadata'])?.['labels'], {
      [names.port]: portLabelValue,
      [names.inForce]: inForceLabelValue,
      [names.agentArgv]: agentArgvLabelValue,
    });
  }
});

t.test('everything comes from one registry where that is asked for', async (t) => {
  const text = JSON.stringify(await helm.render({ ...everything, imageRegistry: 'registry.example.com/mirror' }));
  t.notOk(text.includes('ghcr.io'));
  t.ok(text.includes('--image-rewrite=quay.io/=registry.example.com/mirror/'));
  t.ok(text.includes('--tools-image=registry.example.com/mirror/outrider/outrider@sha256:'));
});

t.test('the examples are taken by an API server, and their values by the chart', async (t) => {
  for (const name of ['argocd', 'flux-system', 'shop']) await api.kubectl(['create', 'namespace', name]);
  const folder = new URL('deploy/examples/', repositoryRoot);
  for (const file of ['cluster', 'gitops', 'custom-profile.yaml']) {
    const path = new URL(file, folder).pathname;
    const applied = await api.kubectl(['apply', '--dry-run=server', '--validate=strict', '-f', path]);
    t.equal(applied.exitCode, 0, `${file}: ${applied.stderr}`);
  }
  const read = (file: string) =>
    [...parseAllDocuments(readFileSync(new URL(file, folder), 'utf8'))].map((document): unknown => document.toJS());
  const specs = [...read('gitops/argo-cd.yaml'), ...read('gitops/flux.yaml')].map((object) =>
    objectOf(objectOf(object)?.['spec']),
  );
  const values = specs.flatMap((spec) => {
    const helm = objectOf(objectOf(spec?.['source'])?.['helm']);
    return [objectOf(helm?.['valuesObject']) ?? objectOf(spec?.['values'])].filter(isObject);
  });
  t.equal(values.length, 2);
  for (const each of values) t.ok(JSON.stringify(await helm.render(each)).includes('"region":"us2"'));
});

t.test('the kustomize base is the chart, and is applied in one pass', async (t) => {
  for (const [file, text] of await kustomizeFiles(helm)) {
    const written = readFileSync(new URL(file, repositoryRoot), 'utf8');
    t.equal(written, text, `${file}: run node dist/test/e2e/deploy/write-kustomize-base.js`);
  }
  const fresh = await startApiServer({ controllerManager: false });
  t.teardown(() => fresh.stop());
  const folder = new URL('deploy/kustomize/base', repositoryRoot).pathname;
  const applied = await fresh.kubectl(['apply', '--server-side', '-k', folder]);
  t.match(applied, { exitCode: 0, stderr: '' });
  t.match((await fresh.kubectl(['apply', '--server-side', '-k', folder])).exitCode, 0, 'and again');
  t.match(await fresh.kubectl(['get', 'deployment', 'outrider', '-n', release.namespace]), { exitCode: 0 });
  t.match(await fresh.kubectl(['get', 'instrumentationpolicies']), { exitCode: 0, stderr: /No resources found/ });
});

t.test('W65: the kustomize component lets the API server inject, and takes it along when it goes', async (t) => {
  const fresh = await startApiServer({ controllerManager: false });
  t.teardown(() => fresh.stop());
  // Beside the base, since kustomize reads no file above the folder that it builds.
  const folder = mkdtempSync(join(tmpdir(), 'outrider-kustomize-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  for (const name of ['crds', 'kustomize']) {
    cpSync(new URL(`deploy/${name}`, repositoryRoot).pathname, join(folder, name), { recursive: true });
  }
  const overlay = join(folder, 'kustomize/overlay');
  const file = join(overlay, 'kustomization.yaml');
  writeFileSync(file, `${readFileSync(file, 'utf8')}components:\n  - ../api-server-policies\n`);
  const applied = await fresh.kubectl(['apply', '--server-side', '-k', overlay]);
  t.match(applied, { exitCode: 0, stderr: '' });
  const { stdout } = await fresh.kubectl(['get', 'deployment', 'outrider', '-n', release.namespace, '-o', 'yaml']);
  t.match(stdout, '- --api-server-policies=Auto\n');
  t.notMatch(stdout, '--api-server-policies=Off');
  t.match(stdout, 'registry.example.com/outrider/outrider');
  const objects = [
    'clusterrole/outrider-api-server-policies',
    'clusterrolebinding/outrider-api-server-policies',
    'validatingadmissionpolicy/outrider-plans',
    'validatingadmissionpolicybinding/outrider-plans',
  ];
  t.match(await fresh.kubectl(['get', ...objects]), { exitCode: 0 });
  t.match(await fresh.kubectl(['delete', '--wait=false', '-k', overlay]), { exitCode: 0 });
  t.match(await fresh.kubectl(['get', ...objects, '--ignore-not-found', '-o', 'name']), { exitCode: 0, stdout: '' });
});

t.test('U3: the overlay names the image of ours once, and the flag follows', async (t) => {
  const folder = new URL('deploy/kustomize/overlay', repositoryRoot).pathname;
  const { stdout } = await api.kubectl(['kustomize', folder]);
  const mine = `registry.example.com/outrider/outrider:${version}`;
  t.match(stdout, `image: ${mine}\n`);
  t.match(stdout, `--tools-image=${mine}\n`);
  t.notMatch(stdout, 'ghcr.io/');
  for (const file of ['argo-cd', 'flux']) {
    const text = readFileSync(new URL(`deploy/examples/gitops/${file}.yaml`, repositoryRoot), 'utf8');
    t.match(text, /\n +image:\n +registry: registry\.example\.com\n/, file);
  }
});

t.test('definitions that helm made are brought up to date by kubectl', async (t) => {
  const fresh = await startApiServer({ controllerManager: false });
  t.teardown(() => fresh.stop());
  const freshHelm = await findHelm(fresh);
  const installed = await freshHelm.run([
    'install',
    release.name,
    chart,
    '--create-namespace',
    '-n',
    'o',
    '--no-hooks',
  ]);
  t.equal(installed.exitCode, 0, installed.stderr);
  const older = '[{"op": "replace", "path": "/spec/names/shortNames", "value": ["old"]}]';
  const name = 'instrumentationpolicies.outrider.dev';
  t.match(await fresh.kubectl(['patch', 'crd', name, '--type=json', '-p', older]), { exitCode: 0 });
  const folder = new URL('deploy/crds', repositoryRoot).pathname;
  t.match(await fresh.kubectl(['apply', '--server-side', '--force-conflicts', '-k', folder]), { exitCode: 0 });
  t.match(await fresh.kubectl(['get', 'crd', name, '-o', 'jsonpath={.spec.names.shortNames}']), { stdout: '["ipol"]' });
});

t.test('it is installed, upgraded with the values it was installed with, and taken away', async (t) => {
  const own = ['--namespace', release.namespace];
  for (const [name, values] of Object.entries(cases)) {
    const install = ['install', release.name, chart, ...own, '--no-hooks', '-f', '-'];
    const installed = await helm.run(install, JSON.stringify(values));
    t.equal(installed.exitCode, 0, `${name}: ${installed.stderr}`);
    t.match(installed.stdout, 'kubectl get instrumentationpolicies', 'the notes say what to do next');
    const wanted = idsOf(await helm.render(values, ['--no-hooks']));
    for (const kind of ['deployment', 'service', 'role', 'networkpolicy', 'poddisruptionbudget']) {
      t.equal((await api.kubectl(['get', kind, 'outrider', ...own])).exitCode, 0, kind);
    }
    await api.kubectl(['annotate', 'configmap', 'outrider', ...own, 'outrider.dev/paused-until=forever']);
    const upgrade = ['upgrade', release.name, chart, ...own, '--no-hooks', '--reuse-values'];
    const upgraded = await helm.run([...upgrade, '--set', 'replicas=3']);
    t.equal(upgraded.exitCode, 0, `${name}: ${upgraded.stderr}`);
    const deployment = await api.kubectl(['get', 'deployment', 'outrider', ...own, '-o', 'jsonpath={.spec.replicas}']);
    t.equal(deployment.stdout, '3');
    const marker = ['get', 'configmap', 'outrider', ...own, '-o', 'jsonpath={.metadata.annotations}'];
    t.match((await api.kubectl(marker)).stdout, 'paused-until', 'an upgrade ends no pause of an earlier version');

    const removed = await helm.run(['uninstall', release.name, ...own, '--no-hooks']);
    t.equal(removed.exitCode, 0, removed.stderr);
    t.same(await left(wanted), [], `${name}: nothing is left`);
    t.match((await api.kubectl(['get', 'crd', 'instrumentationpolicies.outrider.dev'])).exitCode, 0);
  }
});

/** Which of these objects are there. */
async function left(ids: readonly string[]): Promise<readonly string[]> {
  const kinds = [...new Set(ids.map((id) => id.split(' ')[0] ?? ''))].join(',');
  const { stdout } = await api.kubectl(['get', kinds, '--all-namespaces', '-o', 'json']);
  const found: unknown = JSON.parse(stdout);
  return idsOf(listOf(objectOf(found)?.['items']).map((item) => objectOf(item) ?? {})).filter((id) => ids.includes(id));
}
