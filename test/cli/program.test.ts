import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import t from 'tap';
import type { CommandDefinition } from '../../src/cli/command.js';
import { programName, type Io } from '../../src/cli/io.js';
import { run } from '../../src/cli/program.js';
import { OutriderError } from '../../src/model/error.js';
import { version } from '../../src/model/version.js';
import { workplace, type Ran } from './harness.js';
import { pod, withSysdig } from './manifests.js';

t.test('help, version and what is misspelt', async (t) => {
  const place = await workplace(t);
  t.same(await place.outrider(['--version']), { code: 0, stdout: `${version}\n`, stderr: '' });
  const help = await place.outrider(['--help']);
  t.match(help, { code: 0, stdout: /Usage: outrider .*\n[^]*inject[^]*uninject[^]*explain/ });
  t.match(await place.outrider([]), { code: 2, stdout: '', stderr: /^Usage: outrider / });
  t.match(await place.outrider(['injct']), {
    code: 2,
    stderr: 'outrider: error: there is no command "injct"; did you mean outrider inject? [docs/errors.md#usage]\n',
  });
  for (const command of ['inject', 'uninject', 'explain']) {
    const { code, stdout } = await place.outrider([command, '--help']);
    t.equal(code, 0);
    t.match(stdout, new RegExp(`Examples:\n(  .*\n)*  outrider ${command} `));
    t.match(stdout, 'Exit codes: ');
    t.equal((await place.outrider(['help', command])).stdout, stdout);
    const plugin = await place.outrider([command, '--help'], { programName: 'kubectl outrider' });
    t.match(plugin.stdout, new RegExp(`Usage: kubectl outrider ${command} .*FILE[^]*  kubectl outrider ${command} `));
  }
  t.match((await place.outrider(['inject', '--help-all'])).stdout, '--native-sidecars [true|false|auto]');
});

t.test('the name it was called by', (t) => {
  t.equal(programName('/usr/bin/outrider'), 'outrider');
  t.equal(programName('/usr/bin/kubectl-outrider'), 'kubectl outrider');
  t.equal(programName('kubectl-outrider'), 'kubectl outrider');
  t.equal(programName('C:\\bin\\kubectl-outrider.js'), 'kubectl outrider');
  t.equal(programName(''), 'outrider');
  t.end();
});

t.test('what a command throws', async (t) => {
  const failing = async (thrown: Error, ...argv: readonly string[]): Promise<Ran> => {
    const written = { stdout: '', stderr: '' };
    const output = (name: 'stdout' | 'stderr'): Io['stdout'] => ({
      write: (words) => void (written[name] += words),
      isTerminal: false,
      columns: undefined,
    });
    const io = {
      stdout: output('stdout'),
      stderr: output('stderr'),
      cwd: '/',
      env: {},
      programName: 'outrider',
      isInteractive: false,
    };
    const definition: CommandDefinition = {
      configure: () => undefined,
      run: () => Promise.reject(thrown),
    };
    const entry = { name: 'fail', summary: 'fails', load: () => Promise.resolve(definition) };
    const stdin = (async function* () {
      yield await Promise.resolve('');
    })();
    return { code: await run([entry], ['fail', ...argv], { ...io, stdin }), ...written };
  };
  const known = new OutriderError('usage', 'no\nsuch thing.', { file: 'a.yaml' });
  t.same(await failing(known), {
    code: 2,
    stdout: '',
    stderr: 'outrider: error: a.yaml: no such thing. [docs/errors.md#usage]\n',
  });
  t.match(await failing(new AggregateError([known, known])), {
    stderr: /^(outrider: error: a.yaml: no such thing\. \[docs\/errors.md#usage\]\n){2}$/,
  });
  const unknown = new TypeError('x is undefined', { cause: new Error('deeper') });
  t.same(await failing(unknown), {
    code: 2,
    stdout: '',
    stderr:
      'outrider: error: internal: x is undefined Please report this with the command line and the output of --debug. [docs/errors.md#internal]\n',
  });
  t.match((await failing(new AggregateError(['a text']))).stderr, 'internal: a text');
  t.match(
    (await failing(unknown, '--debug')).stderr,
    /TypeError: x is undefined\n {4}at [^]*caused by Error: deeper\n {4}at /,
  );
});

const bundle = resolve(import.meta.dirname, '../../outrider.js');

// `npm test` makes it before it runs the tests.
t.test('the bundle, as people run it', async (t) => {
  const place = await workplace(t, { 'pod.yaml': pod });
  const env = { PATH: process.env['PATH'], OUTRIDER_LOOKUP: 'false' };
  const start = (argv: readonly string[]) => spawn(process.execPath, [bundle, ...argv], { cwd: place.cwd, env });
  const ran = async (argv: readonly string[], stdin = ''): Promise<Ran> => {
    const child = start(argv);
    child.stdin.end(stdin);
    const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), exitCode(child)]);
    return { code, stdout, stderr };
  };
  t.same(await ran(['--version']), { code: 0, stdout: `${version}\n`, stderr: '' });
  const injected = await ran(['inject', '-f', '-', ...withSysdig], pod);
  t.match(injected, { code: 0, stdout: /outrider.dev\/undo/, stderr: /✓ {2}-:1 {2}pod\/one {2}inject/ });
  t.same(await ran(['uninject', '-f', '-', '-q'], injected.stdout), { code: 0, stdout: pod, stderr: '' });
  t.match(await ran(['inject', '-f', 'pod.yaml', '--check', '-q', ...withSysdig]), { code: 1, stdout: '', stderr: '' });
  t.match(await ran(['explain', '-f', 'gone.yaml', ...withSysdig]), {
    code: 2,
    stdout: '',
    stderr: 'outrider: error: gone.yaml: there is no such file; check the path. [docs/errors.md#file_unreadable]\n',
  });

  await symlink(bundle, join(place.cwd, 'kubectl-outrider'));
  const plugin = await promisify(execFile)(process.execPath, [
    join(place.cwd, 'kubectl-outrider'),
    'explain',
    '--help',
  ]);
  t.match(plugin.stdout, 'kubectl outrider explain deploy/web ');

  // More than a pipe holds, so that writing goes on after the reader has gone.
  const many = Array.from({ length: 200 }, (_, index) => pod.replace('one', `p${index}`)).join('---\n');
  await writeFile(join(place.cwd, 'many.yaml'), many);
  const cut = start(['inject', '-f', 'many.yaml', '-q', ...withSysdig]);
  cut.stdin.end();
  cut.stdout.once('data', () => cut.stdout.destroy());
  const [stderr, code] = await Promise.all([text(cut.stderr), exitCode(cut)]);
  t.same({ code, stderr }, { code: 0, stderr: '' }, 'a reader that goes away is no error');
  const whole = await ran(['inject', '-f', 'many.yaml', '-q', ...withSysdig]);
  t.equal(whole.stdout.match(/^kind: Pod$/gm)?.length, 200, 'and all of it gets out where there is one');
});

function exitCode(child: ChildProcess): Promise<number> {
  return new Promise((resolveCode) => child.once('close', (code) => resolveCode(code ?? -1)));
}
