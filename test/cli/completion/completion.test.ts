import { execFile } from 'node:child_process';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { workplace } from '../harness.js';

const bundle = resolve(import.meta.dirname, '../../../outrider.js');
const run = promisify(execFile);

// zsh and fish: test/e2e/getting/shells.test.ts. `npm test` makes the bundle before it runs the tests.
t.test('U17: bash completes with the script as it is printed', async (t) => {
  const place = await workplace(t);
  await symlink(bundle, join(place.cwd, 'outrider'));
  await mkdir(join(place.cwd, '.kube'));
  const contexts = [{ name: 'arn:aws:eks:eu-west-1:1:cluster/shop' }, { name: '$(touch forged)' }];
  await writeFile(join(place.cwd, '.kube', 'config'), JSON.stringify({ contexts }));
  const env = { PATH: `${place.cwd}:${process.env['PATH'] ?? ''}`, HOME: place.cwd };
  const completed = async (line: string): Promise<string> => {
    const script = `source <(outrider completion bash); COMP_LINE=$1; COMP_POINT=\${#1}; _outrider
      printf '%s ' "\${COMPREPLY[@]}"`;
    const { stdout } = await run('bash', ['--norc', '-c', script, 'bash', line], { cwd: place.cwd, env });
    return stdout.trim();
  };
  t.equal(await completed('outrider un'), 'uninject');
  t.equal(await completed('outrider inject -o '), 'yaml json patch diff');
  t.match(await completed('outrider inject --profile '), /^sysdig datadog/);
  t.equal(await completed('outrider inject --profile=sys'), 'sysdig', 'bash keeps what stands before =');
  t.equal(await completed('~/outrider completion z'), 'zsh');
  t.equal(await completed('outrider status --context arn:aws:eks:eu-west-1:1:cl'), 'cluster/shop', 'and before :');
  t.match(await completed('outrider status --context $'), '\\$\\(touch\\ forged\\)', 'a name is never run');
});

t.test('U17: each script is printed', async (t) => {
  const place = await workplace(t);
  t.match(await place.outrider(['completion', 'zsh']), { code: 0, stdout: /^#compdef outrider\n/ });
  t.match(await place.outrider(['completion', 'fish']), { code: 0, stdout: /\ncomplete -c outrider -k -f -a / });
  t.match(await place.outrider(['completion', 'kubectl']), { code: 0, stdout: /^#!\/bin\/sh\n/ });
  t.match(await place.outrider(['completion', 'tcsh']), { code: 2, stderr: /'tcsh' is invalid/ });
});

t.test('U17: kubectl_complete-outrider, as kubectl runs it', async (t) => {
  const place = await workplace(t);
  const program = join(place.cwd, 'kubectl_complete-outrider');
  await symlink(bundle, program);
  const { stdout } = await run(process.execPath, [program, 'inject', '-o', 'd'], { cwd: place.cwd });
  t.equal(stdout, 'diff\n:4\n');
});
