import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import { names } from '../../../src/model/names.js';
import { clusterCommands } from '../../support/doc-cluster-commands.js';
import { shellCommands } from '../../support/doc-commands.js';
import { findHelm, release } from '../../e2e/cluster/helm.js';
import { containerdSocket } from '../cluster/node-configuration.js';
import { registryPassword, registryUser } from '../cluster/layout.js';
import { pushCopy } from '../support/copied-image.js';
import { pushImage } from '../support/image.js';
import { agentFiles, pushVariant } from '../support/images.js';
import { adminKubeconfig, kubectl, listObjects, stateFolder } from '../support/kubectl.js';
import { until } from '../support/namespace.js';
import { outriderRepository, pushOutrider } from './outrider-image.js';

// The path of a stranger: the commands of the README, one after the other, as they are written, from nothing to an
// instrumented, verified pod and to removal. Those that other pages add run before the removal.

t.setTimeout(900_000);

const root = fileURLToPath(new URL('../../../../', import.meta.url));
const readme = shellCommands('README.md').filter(({ section }) => section.startsWith('Five minutes'));
const isRemoval = (text: string): boolean => /^helm uninstall|^kubectl delete/.test(text);

interface Ended {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a line in a shell at the root of the repository, with helm and outrider on the path. */
async function shell(line: string): Promise<Ended> {
  const folder = stateFolder();
  const helm = await findHelm({ kubeconfig: adminKubeconfig(), directory: folder });
  const functions = `helm() { '${helm.program}' "$@"; }; outrider() { node dist/outrider.js "$@"; }`;
  return new Promise((resolve) => {
    execFile('bash', ['-c', `${functions}; ${line}`], { cwd: root }, (error, stdout, stderr) =>
      resolve({ exitCode: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}

/** Puts an image of the tests' registry on the node, under another name: what `kind load` does. */
async function load(name: string, as: string): Promise<void> {
  const ctr = (...parameters: readonly string[]): Promise<unknown> =>
    promisify(execFile)('ctr', [`--address=${containerdSocket(stateFolder())}`, '--namespace=k8s.io', ...parameters]);
  const from = await pushCopy(name);
  await ctr('images', 'pull', '--plain-http', `--user=${registryUser}:${registryPassword}`, from);
  await ctr('images', 'tag', from, as);
}

/** Does what a command says, or what stands for it here. Returns what it printed. */
async function follow(text: string): Promise<Ended> {
  const nothing = { exitCode: 0, stdout: '', stderr: '' };
  const [, image] = /^kind load docker-image (\S+)$/.exec(text) ?? [];
  if (image !== undefined) {
    await load(outriderRepository, image);
    return nothing;
  }
  // Both were done before this test began.
  if (text.startsWith('docker build') || text.startsWith('npm ')) return nothing;
  return shell(text);
}

t.before(async () => {
  const files = agentFiles(join(stateFolder(), 'agent'));
  const nginx = '#!/bin/sh\nexec /bin/httpd -f -p 80 -h /www\n';
  await Promise.all([
    pushOutrider(),
    pushImage('sysdig/workload-agent', { files, config: { Entrypoint: ['/opt/draios/bin/sidecar'] } }),
    pushVariant('nginx', { Env: ['PATH=/bin'] }, { 'bin/nginx': { text: nginx } }),
  ]);
  // What a node would pull from the internet.
  await load('sysdig/workload-agent', 'quay.io/sysdig/workload-agent:6.3.0');
  await load('nginx', 'docker.io/library/nginx:1.27');
});

t.teardown(async () => {
  await shell(`helm uninstall ${release.name} --namespace ${release.namespace} --ignore-not-found --no-hooks`);
});

async function step(t: Test, text: string): Promise<string> {
  const beganMs = performance.now();
  const { exitCode, stdout, stderr } = await follow(text);
  const seconds = ((performance.now() - beganMs) / 1000).toFixed(1);
  t.comment(`${seconds.padStart(6)} s  ${text}`);
  const isReport = /outrider(\.js)? (status|coverage)/.test(text);
  t.ok(exitCode === 0 || (isReport && exitCode === 1), text, { exitCode, stdout, stderr });
  return stdout;
}

t.test('from the README alone to an instrumented, verified pod', async (t) => {
  t.ok(readme.length >= 12, `${readme.length} commands`);
  const beganMs = performance.now();
  let verified = '';
  for (const { text } of readme) {
    if (isRemoval(text)) break;
    const printed = await step(t, text);
    if (text.includes(' verify ')) verified = printed;
  }
  t.comment(`${((performance.now() - beganMs) / 1000).toFixed(1).padStart(6)} s  in all`);
  t.comment(verified);
  t.match(verified, /✓ nginx +traced/, 'the kernel says that the processes are traced');
});

t.test('what the other pages add', async (t) => {
  const done = new Set(readme.map(({ text }) => text));
  // The second one opts the workload out at its end.
  for (const page of ['docs/troubleshooting.md', 'docs/getting-started.md']) {
    for (const { text } of shellCommands(page)) {
      const how = clusterCommands.find(({ pattern }) => pattern.test(text))?.how;
      if (how !== 'as written' || isRemoval(text) || done.has(text)) continue;
      done.add(text);
      await step(t, text);
    }
  }
  const out = await listObjects('shop', 'pods', `${names.inject}=disabled`);
  t.equal(out.length, 1);
  t.notMatch(out, [{ metadata: { labels: { [names.status]: String } } }], 'the pod that opted out has no agent');
});

t.test('serve as the README has it', async (t) => {
  const server = spawn('node', ['dist/outrider.js', 'serve', '--config', 'deploy/examples/config'], { cwd: root });
  const isReady = (): Promise<boolean> =>
    fetch('http://127.0.0.1:8080/readyz').then(
      ({ status }) => status === 200,
      () => false,
    );
  await until('the server to be ready', isReady);
  server.kill();
  await once(server, 'exit');
  t.pass('ready');
});

t.test('and removal, which leaves nothing', async (t) => {
  for (const { text } of readme.filter(({ text }) => isRemoval(text))) await step(t, text);
  for (const kind of ['mutatingwebhookconfigurations', 'validatingwebhookconfigurations', 'clusterroles', 'crds']) {
    await until(`no ${kind} of Outrider’s`, async () => {
      const { stdout } = await kubectl(['get', kind, '-o', 'name']);
      return !stdout.includes('outrider');
    });
  }
  t.pass('nothing is left');
});
