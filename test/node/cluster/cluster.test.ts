import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { until } from '../../e2e/cluster/guarded-process.js';
import { sweep } from './state-folder.js';

t.setTimeout(900_000);

const run = fileURLToPath(new URL('../run.js', import.meta.url));
const sysctls = ['vm/overcommit_memory', 'vm/panic_on_oom', 'kernel/panic', 'kernel/panic_on_oops'];

/** What of the machine a cluster must not change. */
function machine(): object {
  const read = (file: string): string => readFileSync(file, 'utf8');
  return {
    mounts: read('/proc/self/mounts'),
    links: spawnSync('ip', ['-brief', 'link'], { encoding: 'utf8' }).stdout,
    hosts: read('/etc/hosts'),
    sysctls: sysctls.map((name) => read(join('/proc/sys', name))),
    folders: ['/opt', '/etc', '/var/lib', '/var/log', '/usr/libexec', '/run'].map((folder) => readdirSync(folder)),
  };
}

/** Processes, anywhere on the machine, that have something to do with a cluster's folder. */
function processesOf(folder: string): readonly string[] {
  return readdirSync('/proc').filter((name) => {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) return false;
    try {
      return readFileSync(`/proc/${name}/cmdline`, 'utf8').includes(folder);
    } catch {
      return false;
    }
  });
}

function cgroupsOf(folder: string): readonly string[] {
  const name = basename(folder);
  const found = spawnSync('find', ['/sys/fs/cgroup', '-maxdepth', '2', '-type', 'd', '-name', name], {
    encoding: 'utf8',
  });
  return found.stdout.split('\n').filter((line) => line !== '');
}

/** Starts a cluster in a process of its own. Returns that and the cluster's folder, once the node is Ready. */
async function start(): Promise<{ readonly child: ChildProcess; readonly folder: string }> {
  const child = spawn(process.execPath, [run, '--', 'sleep', '1000'], { stdio: ['ignore', 'inherit', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const folder = (): string | undefined => /ready in (\S+)/.exec(said)?.[1];
  await until(`the cluster: ${said}`, () => Promise.resolve(folder() !== undefined), {
    output: () => said,
    hasEnded: () => child.exitCode !== null,
  });
  return { child, folder: folder() ?? '' };
}

t.test('a cluster changes nothing of the machine, and leaves nothing behind', async (t) => {
  const before = machine();
  const { child, folder } = await start();
  t.ok(existsSync(join(folder, 'admin.kubeconfig')));
  t.not(processesOf(folder).length, 0);
  t.not(cgroupsOf(folder).length, 0);
  t.same(machine(), before, 'while it runs, it is not seen');
  child.kill('SIGTERM');
  await once(child, 'exit');
  t.equal(child.exitCode, 130);
  t.same([processesOf(folder), cgroupsOf(folder), existsSync(folder)], [[], [], false]);
  t.same(machine(), before);
});

t.test('of a killed cluster a folder and empty cgroups remain, and the next start sweeps them', async (t) => {
  const before = machine();
  const { child, folder } = await start();
  child.kill('SIGKILL');
  await until('the end of all its processes', () => Promise.resolve(processesOf(folder).length === 0));
  t.same(machine(), before);
  t.ok(existsSync(folder));
  await until('a sweep', () => {
    sweep();
    return Promise.resolve(!existsSync(folder));
  });
  t.same(cgroupsOf(folder), []);
});

t.test('a part that is missing is named, with what to do', (t) => {
  const env = { ...process.env, PATH: '/nonexistent' };
  const { status, stderr } = spawnSync(process.execPath, [run], { env, encoding: 'utf8' });
  t.equal(status, 2);
  t.match(stderr, /missing: runc \(package runc\).*run as root: bash test\/node\/setup\.sh/);
  t.end();
});
