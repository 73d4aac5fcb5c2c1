import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import t from 'tap';
import { workplace } from '../../cli/harness.js';

const root = resolve(import.meta.dirname, '../../../..');
const bundle = join(root, 'dist/outrider.js');
const run = promisify(execFile);

/** A folder that is a user's home, with the program on the path and a kubeconfig. */
async function home(t: Parameters<typeof workplace>[0]) {
  const { cwd } = await workplace(t);
  for (const name of ['outrider', 'kubectl-outrider', 'kubectl_complete-outrider'])
    await symlink(bundle, join(cwd, name));
  await mkdir(join(cwd, '.kube'));
  const contexts = [{ name: 'kind-shop' }, { name: 'arn:aws:eks:eu-west-1:1:cluster/shop' }];
  await writeFile(join(cwd, '.kube', 'config'), JSON.stringify({ contexts }));
  await writeFile(join(cwd, 'web.yaml'), '');
  const env: Readonly<Record<string, string>> = {
    PATH: `${cwd}:${process.env['PATH'] ?? ''}`,
    HOME: cwd,
    TERM: 'dumb',
  };
  return { cwd, env };
}

const patienceMs = 60_000;

/** What an interactive shell shows, on a terminal of its own. Each text is typed when what it waits for has been shown. */
async function typed(
  { cwd, env }: Awaited<ReturnType<typeof home>>,
  shell: string,
  steps: readonly (readonly [awaited: RegExp, keys: string])[],
): Promise<string> {
  const child = spawn('script', ['-qec', shell, '/dev/null'], { cwd, env });
  let shown = '';
  let from = 0;
  child.stdout.on('data', (part: Buffer) => (shown += part.toString('utf8')));
  const closed = once(child, 'close');
  for (const [awaited, keys] of steps) {
    const end = Date.now() + patienceMs;
    while (!awaited.test(shown.slice(from)) && Date.now() < end) await setTimeout(50);
    from = shown.length;
    child.stdin.write(keys);
  }
  await closed;
  return shown;
}

t.setTimeout(900_000);

t.test('U17: bash, by the Tab key', async (t) => {
  const at = await home(t);
  const shown = await typed({ ...at, env: { ...at.env, PS1: 'READY> ' } }, 'bash --norc -i', [
    [/READY> $/, 'source <(outrider completion bash)\n'],
    [/READY> $/, 'outrider comp\t'],
    [/comp.*letion $/s, 'zs\t'],
    [/zs.*h $/s, '| head -1\n'],
    [/#compdef outrider[^]*READY> $/, 'exit\n'],
  ]);
  t.match(shown, 'outrider completion zsh ', 'commands and their words');
  t.match(shown, '#compdef outrider', 'and it ran');
});

t.test('U17: zsh without compinit, by the Tab key', async (t) => {
  const at = await home(t);
  const shown = await typed({ ...at, env: { ...at.env, PS1: 'READY> ' } }, 'zsh -f -i', [
    [/READY> /, 'source <(outrider completion zsh)\n'],
    [/READY> /, 'outrider comp\t'],
    [/letion/, 'fi\t'],
    [/sh/, '| head -1\n'],
    [/# fish completion[^]*READY> /, 'outrider status --context kin\t'],
    [/d-shop/, '\x15exit\n'],
  ]);
  t.notMatch(shown, 'command not found');
  t.match(shown, '# fish completion for outrider');
  t.match(shown, 'kind-shop');
});

t.test('U17: zsh takes the script as a file of fpath too', async (t) => {
  const at = await home(t);
  const { stdout } = await run(join(at.cwd, 'outrider'), ['completion', 'zsh'], at);
  await mkdir(join(at.cwd, 'functions'));
  await writeFile(join(at.cwd, 'functions', '_outrider'), stdout);
  const script = 'fpath=($PWD/functions $fpath); autoload -Uz compinit && compinit -u -D; print $_comps[outrider]';
  t.equal((await run('zsh', ['-f', '-c', script], at)).stdout, '_outrider\n');
});

t.test('U17: fish', async (t) => {
  const at = await home(t);
  const completed = async (line: string): Promise<string> => {
    const script = 'outrider completion fish | source; complete -C $argv[1]';
    const { stdout } = await run('fish', ['--no-config', '-c', script, line], at);
    return stdout
      .split('\n')
      .sort()
      .join('\n')
      .replace(/^\n*(.*)$/s, '$1\n');
  };
  t.equal(await completed('outrider un'), 'uninject\ttake out of manifests what inject put in\n');
  t.equal(await completed('outrider inject -o '), 'diff\njson\npatch\nyaml\n');
  t.match(await completed('outrider inject -f we'), /^web\.yaml/);
  t.equal(await completed('outrider status --context kin'), 'kind-shop\n');
});

t.test('U17: kubectl outrider, by kubectl’s own completion', async (t) => {
  const at = await home(t);
  const binaries = (await run('bash', [join(root, 'test/e2e/cluster/build.sh'), '--where'])).stdout.trim();
  const kubectl = join(binaries, 'kubectl');
  const { stdout } = await run(kubectl, ['__complete', 'outrider', 'inject', '-o', 'd'], at);
  t.match(stdout, /^diff\n:4\n/);
  const { stdout: contexts } = await run(kubectl, ['__complete', 'outrider', 'status', '--context', 'arn'], at);
  t.match(contexts, /^arn:aws:eks:eu-west-1:1:cluster\/shop\n/);
});
