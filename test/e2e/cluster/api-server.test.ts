import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { startApiServer } from './api-server.js';
import { until } from './guarded-process.js';
import { objectIn } from './kubectl.js';

t.setTimeout(900_000);

/** The processes whose command line names a folder, as far as the machine shows processes as files. */
function processesOf(directory: string): readonly string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && name !== String(process.pid))
    .filter((pid) => existsSync(`/proc/${pid}/cmdline`) && commandLine(pid).includes(directory));
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

t.test('an API server that knows users by their certificates, and takes everything away again', async (t) => {
  const api = await startApiServer({ controllerManager: false });
  t.teardown(() => api.stop());
  const { kubeconfig } = await api.certificateFor('jane', ['readers']);
  const whoAmI = objectIn(await api.kubectl([`--kubeconfig=${kubeconfig}`, 'auth', 'whoami', '-o', 'json']));
  t.match(whoAmI, { status: { userInfo: { username: 'jane', groups: ['readers', 'system:authenticated'] } } });
  const refused = await api.kubectl([`--kubeconfig=${kubeconfig}`, 'get', 'pods']);
  t.match(refused.stderr, /pods is forbidden: User "jane"/);

  t.not(processesOf(api.directory).length, 0);
  await api.stop();
  t.same(processesOf(api.directory), []);
  t.notOk(existsSync(api.directory));
});

t.test('a test that is killed leaves neither processes nor files', async (t) => {
  const harness = JSON.stringify(new URL('./api-server.js', import.meta.url).href);
  const script = `
    const { startApiServer } = await import(${harness});
    const api = await startApiServer({ controllerManager: false });
    process.stdout.end(api.directory);
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const directory = await text(child.stdout);
  t.ok(existsSync(directory));
  t.not(processesOf(directory).length, 0);
  child.kill('SIGKILL');
  await once(child, 'exit');
  await until('everything to be gone', async () => {
    await sleep(100);
    return !existsSync(directory) && processesOf(directory).length === 0;
  });
  t.notOk(existsSync(directory));
});

t.test('with controller-manager, a Deployment gets its pods', async (t) => {
  const api = await startApiServer({ controllerManager: true });
  t.teardown(() => api.stop());
  const created = await api.kubectl(['create', 'deployment', 'web', '--image=registry.example/web:1']);
  t.equal(created.exitCode, 0, created.stderr);
  await until('the pod of a Deployment', async () => {
    const pods = await api.kubectl(['get', 'pods', '-l', 'app=web', '-o', 'name']);
    return pods.stdout.startsWith('pod/web-');
  });
});
