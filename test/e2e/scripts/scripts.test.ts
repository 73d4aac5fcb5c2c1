import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { commandArgv, copyArgv, keeperArgv, toolsArgv, type FillStep } from '../../../src/inject/pod/scripts.js';
import { expand } from '../../support/kubelet.js';

const busybox = ['/usr/bin/busybox', '/bin/busybox'].find((path) => existsSync(path)) ?? '';

/** The places that a pod's containers see, as folders below one of our own. */
interface Places {
  readonly root: string;
  readonly volume: string;
  /** What the agent's image has at /opt/draios. */
  readonly source: string;
  /** A container's argv with its absolute paths below the root, after the kubelet's expansion. */
  readonly argv: (argv: readonly string[]) => readonly string[];
}

function places(t: Test): Places {
  const root = mkdtempSync(join(tmpdir(), 'outrider-'));
  t.teardown(() => {
    spawnSync('chmod', ['-R', 'u+rwX', root]);
    rmSync(root, { recursive: true, force: true });
  });
  const [volume, source] = [join(root, 'outrider'), join(root, 'source')];
  for (const folder of [volume, source, join(root, 'tools'), join(root, 'bin')]) mkdirSync(folder);
  spawnSync('cp', [busybox, join(root, 'tools', 'busybox')]);
  const below = (text: string): string => text.replaceAll(/(?<![\w.}/])\/(outrider|tools)(?=[/\s"]|$)/g, `${root}/$1`);
  return { root, volume, source, argv: (argv) => argv.map((text) => below(expand(text, new Map()))) };
}

interface Ran {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs as a user of no rights, who cannot read what only root can. */
function run(argv: readonly string[], env: Readonly<Record<string, string>> = {}): Ran {
  const [program = '', ...rest] = argv;
  const { status, stdout, stderr } = spawnSync(program, rest, { env, encoding: 'utf8', timeout: 20_000, ...nobody });
  return { status, out: stdout, err: stderr };
}

const nobody = process.getuid?.() === 0 ? { uid: 65532, gid: 65532 } : {};

function owned(path: string): void {
  if (process.getuid?.() === 0) spawnSync('chown', ['-R', '65532:65532', path]);
  chmodSync(path, 0o777);
}

function agentFiles(source: string, wrapper = '#!/bin/sh\necho traced "$@"\n'): void {
  mkdirSync(join(source, 'bin'));
  writeFileSync(join(source, 'bin', 'instrument'), wrapper, { mode: 0o555 });
  writeFileSync(join(source, 'data'), 'data', { mode: 0o444 });
  chmodSync(join(source, 'bin'), 0o555);
}

function step(at: Places, stub: boolean, skip = 0): FillStep {
  return { mountPath: join(at.volume, 'agent'), wrapper: 'bin/instrument', skip, stub };
}

function bring(at: Places): void {
  chmodSync(at.root, 0o755);
  owned(at.volume);
  const ran = run(at.argv(toolsArgv()));
  if (ran.status !== 0) throw new Error(ran.err);
}

function fill(at: Places, stub: boolean, from = at.source, skip = 0): Ran {
  return run(at.argv(copyArgv(from, step(at, stub, skip))));
}

t.equal(busybox !== '', true, 'busybox-static is installed by test/e2e/setup.sh');

t.test('the tools step brings busybox, and may run twice', (t) => {
  const at = places(t);
  bring(at);
  bring(at);
  t.equal(statSync(join(at.volume, 'tools', 'busybox')).mode & 0o777, 0o555);
  t.notOk(existsSync(join(at.volume, 'tools', 'new')));
  t.end();
});

t.test('the files are copied, readable by all and writable by none else, and may be copied twice', (t) => {
  const at = places(t);
  agentFiles(at.source);
  bring(at);
  for (const stub of [true, false, true]) {
    t.equal(fill(at, stub).status, 0);
    t.equal(readFileSync(join(at.volume, 'agent', 'data'), 'utf8'), 'data');
    t.equal(statSync(join(at.volume, 'agent', 'bin', 'instrument')).mode & 0o777, 0o755);
    t.equal(run([join(at.volume, 'agent', 'bin', 'instrument'), 'x']).out, 'traced x\n');
    t.notOk(existsSync(join(at.volume, 'new')));
  }
  t.end();
});

t.test('a copy that an earlier run left half done is no obstacle', (t) => {
  const at = places(t);
  agentFiles(at.source);
  bring(at);
  mkdirSync(join(at.volume, 'new', 'bin'), { recursive: true });
  writeFileSync(join(at.volume, 'new', 'bin', 'old'), '');
  owned(join(at.volume, 'new'));
  chmodSync(join(at.volume, 'new', 'bin'), 0);
  t.equal(fill(at, false).status, 0);
  t.notOk(existsSync(join(at.volume, 'agent', 'bin', 'old')));
  t.end();
});

const unusable: Readonly<Record<string, (source: string) => void>> = {
  'no such folder': (source) => rmSync(source, { recursive: true }),
  'an empty folder': () => undefined,
  'files without the wrapper': (source) => writeFileSync(join(source, 'data'), 'data'),
  'a wrapper that is no program': (source) => {
    mkdirSync(join(source, 'bin'));
    writeFileSync(join(source, 'bin', 'instrument'), '', { mode: 0o444 });
  },
  'a folder that only its owner may read': (source) => {
    agentFiles(source);
    chmodSync(source, 0o700);
  },
  'a file that only its owner may read': (source) => {
    agentFiles(source);
    writeFileSync(join(source, 'secret'), '', { mode: 0o600 });
  },
};

for (const [what, make] of Object.entries(unusable)) {
  t.test(`${what}: refused under Security, a stub under Availability`, (t) => {
    const at = places(t);
    make(at.source);
    bring(at);
    t.not(fill(at, false).status, 0);
    t.notOk(existsSync(join(at.volume, 'agent', 'bin', 'instrument')));
    const stubbed = fill(at, true);
    t.equal(stubbed.status, 0, stubbed.err);
    t.match(stubbed.err, /the workload runs untraced/);
    t.equal(run([join(at.volume, 'agent', 'bin', 'instrument'), '/bin/echo', 'it', 'runs']).out, 'it runs\n');
    t.end();
  });
}

/** Prints its own name and arguments, each in brackets. */
const show = '#!/bin/sh\nprintf "[%s]" "$0" "$@"\n';

t.test('the stub passes argv on exactly, and finds programs as the kernel would', (t) => {
  const at = places(t);
  bring(at);
  t.equal(fill(at, true).status, 0);
  const stub = join(at.volume, 'agent', 'bin', 'instrument');
  const odd = ['a b', '', '*', '$HOME', '$(HOME)', "it's", '"', '\\', '-n', 'line\nbreak', ''];
  const program = join(at.root, 'bin', 'show');
  writeFileSync(program, show, { mode: 0o755 });
  const bracketed = odd.map((text) => `[${text}]`).join('');
  t.equal(run([stub, program, ...odd]).out, `[${program}]${bracketed}`);
  const env = { PATH: `/nowhere::${join(at.root, 'bin')}:/usr/bin:/bin`, HOME: '/home' };
  t.equal(run([stub, 'show', ...odd], env).out, `[${program}]${bracketed}`);
  for (const applet of ['ls', 'echo', 'test', 'cat', 'sh', 'busybox', 'kill']) {
    writeFileSync(join(at.root, 'bin', applet), show, { mode: 0o755 });
    t.match(
      run([stub, applet, 'x'], env).out,
      `[${join(at.root, 'bin', applet)}][x]`,
      `${applet} is the image's, no applet`,
    );
  }
  t.match(run([stub, 'missing'], env), { status: 127, err: /missing/ });
  t.equal(run([stub, 'sh', '-c', 'exit 7'], { PATH: '/usr/bin:/bin' }).status, 7, 'the exit code is the program’s');
  t.match(run([stub, 'env'], { PATH: '/usr/bin:/bin', A: '1 2' }).out, /^A=1 2$/m, 'the environment stays');
  t.end();
});

t.test('a stub skips the flags of the wrapper', (t) => {
  const at = places(t);
  bring(at);
  t.equal(fill(at, true, at.source, 3).status, 0);
  const stub = join(at.volume, 'agent', 'bin', 'instrument');
  t.equal(run([stub, 'trace', '--async', '--', '/bin/echo', '--', 'x']).out, '-- x\n');
  t.end();
});

t.test('a vendor’s own command fills the volume; where it fails, the stub does', (t) => {
  const at = places(t);
  agentFiles(at.source);
  bring(at);
  const files = join(at.volume, 'agent');
  mkdirSync(files);
  owned(files);
  const setup = join(at.root, 'bin', 'setup');
  writeFileSync(setup, `#!/bin/sh\n[ "$1" = "a b" ] && cp -R ${at.source}/. ${files}/\n`, { mode: 0o755 });
  const filled = run(at.argv(commandArgv([setup, 'a b'], step(at, true))), { PATH: '/usr/bin:/bin' });
  t.equal(filled.status, 0, filled.err);
  t.equal(run([join(files, 'bin', 'instrument'), 'x'], { PATH: '/usr/bin:/bin' }).out, 'traced x\n');
  spawnSync('chmod', ['-R', 'u+w', files]);
  rmSync(join(files, 'bin'), { recursive: true });
  const failed = run(at.argv(commandArgv([setup, 'other'], step(at, true))), { PATH: '/usr/bin:/bin' });
  t.match(failed, { status: 0, err: /untraced/ });
  t.equal(run([join(files, 'bin', 'instrument'), '/bin/echo', 'x']).out, 'x\n');
  t.end();
});

t.test('the keeper starts the agent again, passes TERM on and ends with 0', async (t) => {
  const at = places(t);
  spawnSync('cp', [busybox, join(at.volume, 'busybox')]);
  chmodSync(at.root, 0o755);
  owned(at.volume);
  const log = join(at.volume, 'log');
  const agent = join(at.root, 'bin', 'agent');
  const lines = (): readonly string[] => (existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : []);
  writeFileSync(
    agent,
    `#!/bin/sh
echo "start $*" >> ${log}
[ $(wc -l < ${log}) -ge 2 ] || exit 3
trap 'echo term >> ${log}; exit 0' TERM
while :; do sleep 0.05; done
`,
    { mode: 0o755 },
  );
  const [program = '', ...rest] = at.argv(keeperArgv([agent, 'a b', '*']));
  const keeper = spawn(program, rest, {
    env: { PATH: '/usr/bin:/bin' },
    stdio: ['ignore', 'ignore', 'pipe'],
    ...nobody,
  });
  t.teardown(() => keeper.kill('SIGKILL'));
  let said = '';
  keeper.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  while (lines().length < 2) await new Promise((resolve) => setTimeout(resolve, 20));
  await new Promise((resolve) => setTimeout(resolve, 200));
  const ended = once(keeper, 'exit');
  keeper.kill('SIGTERM');
  t.same(await ended, [0, null]);
  t.same(lines(), ['start a b *', 'start a b *', 'term']);
  t.match(said, /the agent ended with 3, starting it again in 1 s/);
});

t.test('the keeper ends at once while it waits to start the agent again', async (t) => {
  const at = places(t);
  spawnSync('cp', [busybox, join(at.volume, 'busybox')]);
  chmodSync(at.root, 0o755);
  owned(at.volume);
  const [program = '', ...rest] = at.argv(keeperArgv(['/no/such/agent']));
  const keeper = spawn(program, rest, {
    env: { PATH: '/usr/bin:/bin' },
    stdio: ['ignore', 'ignore', 'pipe'],
    ...nobody,
  });
  t.teardown(() => keeper.kill('SIGKILL'));
  await new Promise<void>((resolve) => {
    keeper.stderr.on('data', (chunk: Buffer) => {
      if (chunk.toString().includes('starting it again')) resolve();
    });
  });
  const ended = once(keeper, 'exit');
  keeper.kill('SIGTERM');
  t.same(await ended, [0, null]);
});
