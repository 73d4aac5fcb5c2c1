import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import t from 'tap';

const script = fileURLToPath(new URL('run-tests.js', import.meta.url));
const head = `import t from 'tap';\nt.setTimeout(2_000);\n`;
const passes = `t.test('one', async (t) => { t.pass(); t.pass(); });\n`;

function run(...flags: readonly string[]): Promise<{ readonly code: number | null; readonly stdout: string }> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [script, ...flags], (_error, stdout) =>
      resolve({ code: child.exitCode, stdout }),
    );
  });
}

const last = (stdout: string): string | undefined => stdout.trimEnd().split('\n').at(-1);

t.test('what passes is counted, each file once, in the order of the paths', async (t) => {
  const folder = t.testdir({
    'a.test.js': head + passes,
    deep: { 'b.test.js': head + passes, 'c.js': 'throw new Error("no test")' },
    left: { 'd.test.js': 'throw new Error("left out")' },
  });
  const { code, stdout } = await run('--jobs=1', `--except=${folder}/left`, `${folder}/deep`, folder);
  t.equal(code, 0, stdout);
  t.same(
    [...stdout.matchAll(/^ok .*\/(\w)\.test\.js: (.*), [\d.]+ s$/gm)].map(([, file, counts]) => [file, counts]),
    [
      ['b', '2 passed, 0 failed'],
      ['a', '2 passed, 0 failed'],
    ],
  );
  t.equal(last(stdout), '4 passed, 0 failed');
});

const faults: Readonly<Record<string, string>> = {
  'an assertion': `${passes}t.test('no', async (t) => { t.equal(1, 2, 'this is why'); });\n`,
  'an error in no test': `${passes}throw new Error('this is why');\n`,
  'an error behind the test': `${passes}setTimeout(() => { throw new Error('this is why'); }, 200);\n`,
  'no end': `${passes}t.test('this is why', () => new Promise((resolve) => setTimeout(resolve, 20_000)));\n`,
  'a way out': `${passes}console.error('this is why'); process.exit(0);\n`,
  'a signal': `${passes}console.error('this is why'); process.kill(process.pid, 'SIGKILL');\n`,
};

for (const [fault, text] of Object.entries(faults)) {
  t.test(`a file fails by ${fault}, and what it printed is shown`, async (t) => {
    const folder = t.testdir({ 'a.test.js': head + text, 'b.test.js': head + passes });
    const { code, stdout } = await run(folder);
    t.equal(code, 1);
    t.match(stdout, 'this is why');
    t.match(stdout, /^FAILED .*a\.test\.js: /m);
    t.match(last(stdout), /^\d passed, [12] failed$/);
  });
}

t.test('what cannot begin in time is left out, and named', async (t) => {
  const slow = `${passes}t.test('slow', () => new Promise((resolve) => setTimeout(resolve, 1_500)));\n`;
  const folder = t.testdir({ 'a.test.js': head + slow, 'b.test.js': head + passes });
  const { code, stdout } = await run('--jobs=1', '--begin-within=1', folder);
  t.equal(code, 0, stdout);
  t.match(stdout, /\nleft out, for want of time:\n.*b\.test\.js\n\n1 files\n3 passed, 0 failed\n$/);
});

t.test('a file without any test fails, and nothing to run is no success', async (t) => {
  const folder = t.testdir({ 'a.test.js': 'console.log("this is why");\n', none: {} });
  t.match(await run(folder), { code: 1, stdout: /this is why[^]*without a count[^]*0 passed, 1 failed\n$/ });
  t.equal((await run(`${folder}/none`)).code, 2);
});
