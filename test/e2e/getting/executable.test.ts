import { execFile } from 'node:child_process';
import { symlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { version } from '../../../src/model/version.js';
import { workplace } from '../../cli/harness.js';
import { pod, withSysdig } from '../../cli/manifests.js';

const root = resolve(import.meta.dirname, '../../../..');
const run = promisify(execFile);

t.setTimeout(900_000);
t.test('U1: the single executable runs where there is no Node.js', async (t) => {
  const { cwd } = await workplace(t, { 'pod.yaml': pod });
  const node = (await run('bash', [join(root, 'test/node/fetch-node.sh'), '--where'])).stdout.trim();
  const { stdout: nodeVersion } = await run(node, ['--version']);
  if (Number(/^v(\d+)/.exec(nodeVersion)?.[1]) < 26) {
    t.comment(`npm has no Node.js 26 for this machine, and ${nodeVersion.trim()} makes no executable: not tried`);
    return;
  }
  const program = join(cwd, 'outrider');
  await run(process.execPath, ['test/tools/sea.mjs', '--node', node, program], { cwd: root });

  const env = { PATH: cwd, OUTRIDER_LOOKUP: 'false' };
  const ran = async (name: string, ...argv: readonly string[]): Promise<string> =>
    (await run(join(cwd, name), argv, { cwd, env })).stdout;
  t.equal(await ran('outrider', '--version'), `${version}\n`);
  t.match(await ran('outrider', 'version', '--client'), `(Node.js ${nodeVersion.trim()}, `);
  const inject = ['inject', '-f', 'pod.yaml', '-q', ...withSysdig];
  const bundle = await run(process.execPath, [join(root, 'dist/outrider.js'), ...inject], { cwd, env });
  t.equal(await ran('outrider', ...inject), bundle.stdout, 'it decides as the bundle does');
  t.match(await ran('outrider', 'demo'), /SYS_PTRACE/, 'and serves');
  await t.rejects(ran('outrider', 'status', '--kubeconfig', 'gone'), { code: 2, stderr: /gone cannot be read/ });

  await symlink(program, join(cwd, 'kubectl-outrider'));
  t.match(await ran('kubectl-outrider', 'explain', '--help'), 'Usage: kubectl outrider explain ');
  await symlink(program, join(cwd, 'kubectl_complete-outrider'));
  t.match(await ran('kubectl_complete-outrider', 'inject', '-o', 'd'), 'diff\n:4\n');
});
