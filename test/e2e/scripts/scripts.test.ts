import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { commandArgv, copyArgv, keeperArgv, toolsArgv, type FillStep } from '../../../src/inject/pod/scripts.js';
import { expand } from '../../support/kubelet.js';

const busybox = ['/usr/bin/busybox', '/bin/busybox'].find((path) => existsSync(path)) ?? '';
const shellFiles = fileURLToPath(new URL('../../../../deploy/tools', import.meta.url));

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
  for (const file of readdirSync(shellFiles)) copyFileSync(join(shellFiles, file), join(root, 'tools', file));
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

const traced = '#!/bin/sh\necho traced "$@"\n';

function agentFiles(source: string, wrapper = traced): void {
  mkdirSync(join(source, 'bin'));
  writeFileSync(join(source, 'bin', 'instrument'), wrapper, { mode: 0o555 });
  writeFileSync(join(source, 'data'), 'data', { mode: 0o444 });
  chmodSync(join(source, 'bin'), 0o555);
}

/** What the tests vary; as `bin/instrument` is the wrapper, `bin` is a folder of programs. */
type Vary = Partial<FillStep> & { readonly from?: string };

function step(at: Places, vary: Vary): FillStep {
  const { mountPath = at.volume, wrapper = 'bin/instrument', skip = 0, programs = ['bin'] } = vary;
  return { mountPath, wrapper, skip, programs, keep: vary.keep ?? 'Nobody', stub: vary.stub ?? false };
}

function bring(at: Places, programs: readonly string[] = ['bin']): void {
  chmodSync(at.root, 0o755);
  owned(at.volume);
  const ran = run(at.argv(toolsArgv(programs)));
  if (ran.status !== 0) throw new Error(ran.err);
}

function fill(at: Places, vary: Vary = {}): Ran {
  return run(at.argv(copyArgv(vary.from ?? at.source, step(at, vary))));
}

function own(at: Places, ...path: readonly string[]): string {
  return join(at.volume, '.outrider', ...path);
}

function put(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text, { mode: 0o755 });
  }
}

t.equal(busybox !== '', true, 'busybox-static is installed by test/e2e/setup.sh');

t.test('the tools step brings our tools and makes the folders of programs, and may run twice', (t) => {
  const at = places(t);
  bring(at, ['bin', 'lib/a b/bin']);
  bring(at, ['bin', 'lib/a b/bin']);
  t.same(readdirSync(own(at)), ['busybox', 'fill', 'keep', 'run']);
  t.equal(statSync(own(at, 'busybox')).mode & 0o777, 0o555);
  t.equal(statSync(own(at)).mode & 0o777, 0o700, 'nobody else looks into what is ours');
  t.ok(statSync(join(at.volume, 'lib/a b/bin')).isDirectory());
  t.end();
});

t.test('the files are copied, readable by all and writable by none else, and may be copied twice', (t) => {
  const at = places(t);
  agentFiles(at.source);
  put(at.source, { '.config/a b': 'x', '..odd': 'y' });
  for (const stub of [true, false, true]) {
    bring(at);
    t.match(fill(at, { stub }), { status: 0, err: '' });
    t.equal(readFileSync(join(at.volume, 'data'), 'utf8'), 'data');
    t.equal(readFileSync(join(at.volume, '.config/a b'), 'utf8'), 'x');
    t.equal(readFileSync(join(at.volume, '..odd'), 'utf8'), 'y');
    t.equal(statSync(join(at.volume, 'bin', 'instrument')).mode & 0o777, 0o755);
    t.equal(run([join(at.volume, 'bin', 'instrument'), 'x']).out, 'traced x\n');
    t.notOk(existsSync(own(at)), 'nothing of ours is left');
  }
  t.end();
});

t.test('our own folder stays for whoever needs it, and for nobody else', (t) => {
  const at = places(t);
  agentFiles(at.source);
  for (const [keep, mode] of [
    ['OwnUser', 0o700],
    ['Everybody', 0o755],
  ] as const) {
    for (const stub of [true, false]) {
      bring(at);
      t.match(fill(at, { keep, stub }), { status: 0, err: '' });
      t.equal(statSync(own(at)).mode & 0o777, mode, keep);
      t.same(readdirSync(own(at)), ['busybox', 'fill', 'keep', 'run']);
    }
  }
  t.end();
});

t.test('F3: folders of programs are filled where they are mounted, also deep down, and the rest around them', (t) => {
  const at = places(t);
  put(at.source, {
    'opt/tracer/bin/run': traced,
    'opt/tracer/data': 'data',
    'opt/other': 'other',
    'libexec/helper': 'helper',
    'libexec/.hidden': 'hidden',
    top: 'top',
  });
  const programs = ['opt/tracer/bin', 'libexec'];
  for (const stub of [false, true]) {
    bring(at, programs);
    // A volume that is mounted there: its root can be neither removed nor replaced.
    const mounted = programs.map((folder) => statSync(join(at.volume, folder)).ino);
    t.match(fill(at, { wrapper: 'opt/tracer/bin/run', programs, stub }), { status: 0, err: '' });
    t.same(
      programs.map((folder) => statSync(join(at.volume, folder)).ino),
      mounted,
    );
    t.same(readdirSync(join(at.volume, 'libexec')), ['.hidden', 'helper']);
    t.same(readdirSync(join(at.volume, 'opt')), ['other', 'tracer']);
    t.same(readdirSync(join(at.volume, 'opt/tracer')), ['bin', 'data']);
    t.equal(run([join(at.volume, 'opt/tracer/bin/run'), 'x']).out, 'traced x\n');
  }
  t.end();
});

t.test('a wrapper in the root needs no second volume', (t) => {
  const at = places(t);
  put(at.source, { run: traced, 'lib/data': 'data' });
  bring(at, []);
  t.match(fill(at, { wrapper: 'run', programs: [] }), { status: 0, err: '' });
  t.same(readdirSync(at.volume), ['lib', 'run']);
  t.equal(run([join(at.volume, 'run'), 'x']).out, 'traced x\n');
  t.end();
});

t.test('what an earlier run left, half done or of another image, is replaced', (t) => {
  const at = places(t);
  agentFiles(at.source);
  bring(at);
  put(own(at, 'new'), { 'bin/old': '' });
  put(at.volume, { 'bin/old': '', 'data/was/a/folder': '', 'gone/file': '', '.gone': '' });
  symlinkSync('/nowhere', join(at.volume, 'dangling'));
  owned(at.volume);
  chmodSync(own(at, 'new', 'bin'), 0);
  chmodSync(join(at.volume, 'data', 'was'), 0);
  t.match(fill(at), { status: 0, err: '' });
  t.same(readdirSync(at.volume), ['bin', 'data']);
  t.same(readdirSync(join(at.volume, 'bin')), ['instrument']);
  t.equal(readFileSync(join(at.volume, 'data'), 'utf8'), 'data');
  t.end();
});

t.test('a run that fails takes nothing away, and the next one succeeds', (t) => {
  const at = places(t);
  agentFiles(at.source);
  bring(at);
  t.equal(fill(at, { keep: 'OwnUser' }).status, 0);
  writeFileSync(join(at.source, 'secret'), '', { mode: 0o600 });
  t.not(fill(at, { keep: 'OwnUser' }).status, 0);
  t.equal(run([join(at.volume, 'bin', 'instrument'), 'x']).out, 'traced x\n');
  rmSync(join(at.source, 'secret'));
  t.match(fill(at), { status: 0, err: '' });
  t.same(readdirSync(at.volume), ['bin', 'data']);
  t.end();
});

t.test('a run that is cut off in the middle of copying is begun anew, by both steps', (t) => {
  const at = places(t);
  agentFiles(at.source);
  bring(at);
  put(own(at), { 'new/bin/half': '', 'next/half': '' });
  owned(at.volume);
  bring(at);
  t.match(fill(at, { keep: 'OwnUser' }), { status: 0, err: '' });
  t.same(readdirSync(own(at)), ['busybox', 'fill', 'keep', 'run']);
  t.same(readdirSync(join(at.volume, 'bin')), ['instrument']);
  t.end();
});

t.test('the wrapper comes last: a run that is cut off leaves none behind', (t) => {
  const at = places(t);
  agentFiles(at.source);
  bring(at);
  t.equal(fill(at, { keep: 'OwnUser' }).status, 0);
  // Its place is taken by what nobody of our rights can move away.
  mkdirSync(join(at.volume, 'stays'));
  writeFileSync(join(at.volume, 'stays', 'file'), '');
  spawnSync('chown', ['-R', '0:0', join(at.volume, 'stays')]);
  chmodSync(join(at.volume, 'stays'), 0o755);
  t.not(fill(at).status, 0);
  t.notOk(existsSync(join(at.volume, 'bin', 'instrument')));
  rmSync(join(at.volume, 'stays'), { recursive: true });
  t.match(fill(at), { status: 0, err: '' });
  t.equal(run([join(at.volume, 'bin', 'instrument'), 'x']).out, 'traced x\n');
  t.end();
});

t.test('F3: links that stay among the agent’s files are followed', (t) => {
  const links: Readonly<Record<string, (source: string) => void>> = {
    'the wrapper’s folder': (source) => {
      put(source, { 'usr/bin/instrument': traced });
      symlinkSync('usr/bin', join(source, 'bin'));
    },
    'the wrapper’s folder, by the path that the workload sees': (source) => {
      put(source, { 'usr/bin/instrument': traced });
      symlinkSync(join(source, 'usr/bin'), join(source, 'bin'));
    },
    'the wrapper': (source) => {
      put(source, { 'lib/tracer': traced, 'bin/other': '' });
      symlinkSync('../lib/tracer', join(source, 'bin/instrument'));
    },
    'the wrapper, by the path that the workload sees': (source) => {
      put(source, { 'lib/tracer': traced, 'bin/other': '' });
      symlinkSync(join(source, 'lib/tracer'), join(source, 'bin/instrument'));
    },
  };
  for (const [what, make] of Object.entries(links)) {
    const at = places(t);
    make(at.source);
    bring(at);
    t.match(fill(at, { mountPath: at.source }), { status: 0, err: '' }, what);
    t.notOk(lstatSync(join(at.volume, 'bin')).isSymbolicLink(), `${what}: the mount is no link`);
    t.equal(run([join(at.volume, 'bin', 'instrument'), 'x']).out, 'traced x\n', what);
  }
  const at = places(t);
  agentFiles(join(at.root, 'bin'));
  symlinkSync(join(at.root, 'bin'), join(at.source, 'link'));
  bring(at);
  t.match(
    fill(at, { from: join(at.source, 'link') }),
    { status: 0, err: '' },
    'the whole folder is the image’s to name',
  );
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
  'a wrapper that is a folder': (source) => void mkdirSync(join(source, 'bin', 'instrument'), { recursive: true }),
  'a folder that only its owner may read': (source) => {
    agentFiles(source);
    chmodSync(source, 0o700);
  },
  'a file that only its owner may read': (source) => {
    agentFiles(source);
    writeFileSync(join(source, 'secret'), '', { mode: 0o600 });
  },
  'a folder of our own folder’s name': (source) => {
    agentFiles(source);
    mkdirSync(join(source, '.outrider'));
  },
  'F3: a wrapper that is a link out of the folder': (source) => {
    put(source, { 'bin/other': '' });
    put(dirname(source), { 'bin/tracer': traced });
    symlinkSync('../../bin/tracer', join(source, 'bin', 'instrument'));
  },
  'F3: a folder of programs that is a link out of the folder': (source) => {
    put(source, { data: '' });
    put(dirname(source), { 'bin/instrument': traced });
    symlinkSync('../bin', join(source, 'bin'));
  },
  'F3: a folder of programs that is a link to one of the image’s own': (source) => {
    put(source, { data: '' });
    put(dirname(source), { 'bin/instrument': traced });
    symlinkSync(join(dirname(source), 'bin'), join(source, 'bin'));
  },
  'a folder of programs that is a dangling link': (source) => {
    put(source, { data: '' });
    symlinkSync('nowhere', join(source, 'bin'));
  },
};

for (const [what, make] of Object.entries(unusable)) {
  t.test(`${what}: refused under Security, a stub under Availability`, (t) => {
    const at = places(t);
    make(at.source);
    bring(at);
    t.not(fill(at).status, 0);
    t.notOk(existsSync(join(at.volume, 'bin', 'instrument')));
    const stubbed = fill(at, { stub: true });
    t.equal(stubbed.status, 0, stubbed.err);
    t.match(stubbed.err, /the workload runs untraced/);
    t.equal(run([join(at.volume, 'bin', 'instrument'), '/bin/echo', 'it', 'runs']).out, 'it runs\n');
    t.equal(statSync(own(at)).mode & 0o777, 0o755, 'any user’s workload can run the stub');
    t.same(readdirSync(own(at)), ['busybox', 'fill', 'keep', 'run']);
    bring(at);
    t.equal(fill(at, { stub: true }).status, 0, 'a second time');
    t.end();
  });
}

t.test('F3: a link that leads out of the agent’s files brings no wrapper', (t) => {
  const at = places(t);
  mkdirSync(join(at.source, 'bin'));
  symlinkSync('/bin/sh', join(at.source, 'bin', 'instrument'));
  bring(at);
  t.match(fill(at), { status: 1, err: /source\/bin\/instrument is no program of the agent's/ });
  t.notOk(existsSync(join(at.volume, 'bin', 'instrument')));
  t.end();
});

t.test('a further folder of programs that the image does not have is refused', (t) => {
  const at = places(t);
  agentFiles(at.source);
  bring(at, ['bin', 'libexec']);
  t.match(fill(at, { programs: ['bin', 'libexec'] }), { status: 1, err: /libexec is no folder of the agent's/ });
  t.end();
});

/** Prints its own name and arguments, each in brackets. */
const show = '#!/bin/sh\nprintf "[%s]" "$0" "$@"\n';

t.test('the stub passes argv on exactly, and finds programs as the kernel would', (t) => {
  const at = places(t);
  bring(at);
  t.equal(fill(at, { stub: true }).status, 0);
  const stub = join(at.volume, 'bin', 'instrument');
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
  t.equal(fill(at, { stub: true, skip: 3 }).status, 0);
  const stub = join(at.volume, 'bin', 'instrument');
  t.equal(run([stub, 'trace', '--async', '--', '/bin/echo', '--', 'x']).out, '-- x\n');
  t.end();
});

t.test('a vendor’s own command fills the volume; where it fails, the stub does', (t) => {
  const at = places(t);
  agentFiles(at.source);
  bring(at);
  const files = at.volume;
  const setup = join(at.root, 'bin', 'setup');
  writeFileSync(setup, `#!/bin/sh\n[ "$1" = "a b" ] && cp -R ${at.source}/. ${files}/\n`, { mode: 0o755 });
  const filled = run(at.argv(commandArgv([setup, 'a b'], step(at, { stub: true, keep: 'OwnUser' }))), {
    PATH: '/usr/bin:/bin',
  });
  t.equal(filled.status, 0, filled.err);
  t.equal(run([join(files, 'bin', 'instrument'), 'x'], { PATH: '/usr/bin:/bin' }).out, 'traced x\n');
  t.equal(statSync(own(at)).mode & 0o777, 0o700);
  spawnSync('chmod', ['-R', 'u+w', files]);
  rmSync(join(files, 'bin'), { recursive: true });
  const failed = run(at.argv(commandArgv([setup, 'other'], step(at, { stub: true }))), { PATH: '/usr/bin:/bin' });
  t.match(failed, { status: 0, err: /untraced/ });
  t.equal(run([join(files, 'bin', 'instrument'), '/bin/echo', 'x']).out, 'x\n');
  t.end();
});

t.test('a vendor’s own command without a stub: it fails as the command does, and where it brings no wrapper', (t) => {
  const at = places(t);
  bring(at);
  const setup = join(at.root, 'bin', 'setup');
  writeFileSync(setup, `#!/bin/sh\n[ "$1" != link ] || ln -s /bin/sh ${at.volume}/bin/instrument; exit $2\n`, {
    mode: 0o755,
  });
  const ran = (...argv: readonly string[]): Ran =>
    run(at.argv(commandArgv([setup, ...argv], step(at, { keep: 'OwnUser' }))), { PATH: '/usr/bin:/bin' });
  t.equal(ran('', '3').status, 1);
  t.equal(ran('', '0').status, 1);
  t.equal(ran('link', '0').status, 1, 'F3: a link out of the folder is no wrapper');
  t.end();
});

t.test('the keeper starts the agent again, passes TERM on and ends with 0', async (t) => {
  const at = places(t);
  bring(at);
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
  bring(at);
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
