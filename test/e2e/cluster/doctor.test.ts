import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { objectOf } from '../../../src/model/json.js';
import { startApiServer } from './api-server.js';
import { objectIn } from './kubectl.js';

t.setTimeout(900_000);

const root = new URL('../../../../', import.meta.url);
const outrider = new URL('dist/outrider.js', root).pathname;

interface Ran {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command to its end. */
function run(parameters: readonly string[]): Promise<Ran> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [outrider, ...parameters], (_error, stdout, stderr) =>
      resolve({ exitCode: child.exitCode ?? -1, stdout, stderr }),
    );
  });
}

t.test('doctor and the node agent’s renderings on a real API server', async (t) => {
  const api = await startApiServer({ controllerManager: false });
  t.teardown(() => api.stop());
  const fixture = readFileSync(new URL('test/fixtures/doctor/cluster.json', root), 'utf8');
  t.equal((await api.kubectl(['apply', '-f', '-'], fixture)).stderr.replaceAll(/^Warning: .*\n/gm, ''), '');

  await t.test('the live cluster and kubectl’s output come to the same', async (t) => {
    const live = await run(['doctor', '--kubeconfig', api.kubeconfig, '-o', 'json']);
    t.equal(live.stderr, '');
    t.equal(live.exitCode, 1);
    const report = objectOf(JSON.parse(live.stdout));
    const file = join(api.directory, 'inventory.json');
    writeFileSync(file, (await api.kubectl(['get', 'nodes,namespaces', '-o', 'json'])).stdout);
    const offline = objectOf(JSON.parse((await run(['doctor', '--from', file, '-o', 'json'])).stdout));
    t.same(report?.['nodes'], offline?.['nodes']);
    t.same(report?.['namespaces'], offline?.['namespaces']);
    t.match(live.stdout, /Kubernetes v1\.\d+\.\d+/, 'the server’s version too');
  });

  await t.test('somebody who may read nothing is told so', async (t) => {
    const { kubeconfig } = await api.certificateFor('jane', ['readers']);
    const { exitCode, stderr } = await run(['doctor', '--kubeconfig', kubeconfig]);
    t.equal(exitCode, 2);
    t.match(stderr, /forbids its user to read nodes \(403\)/);
  });

  await t.test('the patch for a DaemonSet is one that kubectl applies', async (t) => {
    await api.kubectl(['create', 'namespace', 'datadog']);
    const daemonSet = readFileSync(new URL('test/fixtures/datadog-node/plain.before.yaml', root), 'utf8');
    t.equal((await api.kubectl(['create', '-f', '-'], daemonSet)).stderr, '');
    const patch = join(api.directory, 'patch.yaml');
    writeFileSync(patch, (await run(['render', 'datadog-node', '--for', 'daemonset', '-q'])).stdout);
    const name = ['-n', 'datadog', 'daemonset', 'datadog-agent'];
    t.equal((await api.kubectl(['patch', ...name, '--patch-file', patch])).exitCode, 0);
    const { spec } = objectIn(await api.kubectl(['get', ...name, '-o', 'json']));
    t.match(spec, { template: { spec: { hostPID: true, containers: { length: 3 } } } });
    t.match(JSON.stringify(spec), '"name":"DD_RUNTIME_SECURITY_CONFIG_ENABLED","value":"true"');
  });

  await t.test('what inject makes of a DaemonSet is one that the API server takes', async (t) => {
    const file = new URL('test/fixtures/datadog-node/chart.before.yaml', root).pathname;
    const { stdout, exitCode } = await run(['inject', '-f', file, '--profile', 'datadog-node', '-q']);
    t.equal(exitCode, 0);
    const applied = await api.kubectl(['create', '--dry-run=server', '-f', '-'], stdout);
    t.equal(applied.stderr, '');
    t.equal(applied.exitCode, 0);
  });
});
