import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { objectOf, type JsonObject } from '../../../src/model/json.js';
import { pageText, shellCommands } from '../../support/doc-commands.js';
import { countsIn, deploy, deployment } from './coverage-scene.js';
import { until } from './guarded-process.js';
import { install } from './installation.js';
import { accessKey, namespace } from './objects.js';
import { pod } from './pods.js';
import { readyPods } from './ready-pods.js';

t.setTimeout(900_000);

// docs/roll-out.md, gone through on a real API server: its documents, its commands in their order, and what it says of
// what comes of them.

const page = 'docs/roll-out.md';
const here = await install({ values: { audit: { minutes: 0.1 } } });
t.teardown(() => here.stop());
await here.apply([namespace('payments', { team: 'payments' }), accessKey('payments')]);
await here.addReplica('one');
const kubelet = readyPods(here.api.kubeconfig);
t.teardown(() => kubelet.stop());

const folder = join(here.api.directory, 'roll-out');
const programs = join(folder, 'bin');
mkdirSync(programs, { recursive: true });
const bundle = fileURLToPath(new URL('../../../outrider.js', import.meta.url));
for (const [name, line] of Object.entries({
  kubectl: `exec ${join(here.api.binaries, 'kubectl')} "$@"`,
  outrider: `exec ${process.execPath} ${bundle} "$@"`,
})) {
  writeFileSync(join(programs, name), `#!/bin/sh\n${line}\n`);
  chmodSync(join(programs, name), 0o755);
}
for (const [, name = '', body = ''] of pageText(page).matchAll(/^```yaml\n# (\S+)\n([^]*?)^```$/gm)) {
  writeFileSync(join(folder, name), body);
}

/** Runs a line of the page as a shell does. */
async function run(line: string): Promise<{ readonly exitCode: number | null; readonly output: string }> {
  const child = spawn('/bin/sh', ['-c', line], {
    cwd: folder,
    env: {
      ...process.env,
      KUBECONFIG: here.api.kubeconfig,
      HOME: folder,
      PATH: [programs, process.env['PATH']].join(delimiter),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  const [stdout, stderr, exitCode] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { exitCode, output: stdout + stderr };
}

const commands = shellCommands(page);
const left = new Set(commands);

/** Runs the lines of a section that begin so, one after the other. */
async function runAll(t: Test, section: string, pattern = /^/): Promise<string> {
  const lines = commands.filter((one) => one.section === section && pattern.test(one.text) && left.has(one));
  t.ok(lines.length > 0, `${section}: ${String(pattern)}`);
  let all = '';
  for (const command of lines) {
    const { exitCode, output } = await run(command.text);
    t.equal(exitCode, 0, `${command.text}: ${output}`);
    left.delete(command);
    all += output;
  }
  return all;
}

const status = async (): Promise<JsonObject> => await here.get('ipol', 'payments');
const report = async (): Promise<JsonObject | undefined> => objectOf(objectOf((await status())['status'])?.['report']);

async function untilReport(wanted: Readonly<Record<string, number>>): Promise<void> {
  await until(`report ${JSON.stringify(wanted)}`, async () => {
    const found = await report();
    return found !== undefined && Object.entries(wanted).every(([key, count]) => found[key] === count);
  });
}

async function probe(): Promise<string | undefined> {
  return (await here.created('payments', pod('probe'), '--dry-run=server')).status;
}

t.test('1. Report', async (t) => {
  await here.apply([deployment('payments', 'web', 3)]);
  await deploy(here, 'payments', 'app', { workloads: 19, replicas: 1 });
  await deploy(here, 'payments', 'net', { workloads: 1, replicas: 2, spec: { hostNetwork: true } });
  const section = '1. Report';
  await runAll(t, section, /apply|get instrumentationpolicies/);
  await untilReport({ inject: 22, skip: 2, deny: 0, unknown: 0 });
  await until('a report of a new pod', async () => {
    const { stderr } = await here.create('payments', pod('probe'), '--dry-run=server');
    return stderr.includes('report_mode: would be inject');
  });
  await here.api.kubectl(['rollout', 'restart', 'deployment/web', '-n', 'payments']);
  await until('the Event', async () => {
    const { output } = await run('kubectl describe deployment web -n payments');
    return output.includes('a pod would be instrumented by policy payments, which only reports');
  });
  const said = await runAll(t, section);
  t.match(said, /"deny":0,.*"inject":2\d/);
  t.match(said, 'WOULD BE');
  t.match(said, /deploy\/net-0 .* 2 skip \(host_network\)/);
});

t.test('2. A share of the workloads, by the report that the canary had', async (t) => {
  const section = '2. A share of the workloads';
  await runAll(t, section, /apply/);
  await until('the canary’s report', async () => {
    const { inject, skip, pods, generation } = (await report()) ?? {};
    return generation === 2 && typeof inject === 'number' && typeof skip === 'number' && inject + skip === pods;
  });
  const taken = Number((await report())?.['inject']);
  await runAll(t, section, /jsonpath/);
  await runAll(t, section, /mode/);
  await until('those that it takes are missed', async () => {
    const counts = countsIn(await status());
    return taken === 0 ? /^excused=\d+$/.test(counts) : counts.includes(`missed=${taken}`);
  });
  const said = await runAll(t, section, /coverage|restart/);
  if (taken > 0) t.match(said, '1 restarted');
  await until('what was restarted to be instrumented', async () => {
    const counts = countsIn(await status());
    return taken === 0 || counts.startsWith('instrumented=');
  });
});

t.test('3. and 4. More of them, and everything', async (t) => {
  await runAll(t, '3. More of them');
  await runAll(t, '4. Everything');
  await until('every new pod to be instrumented', async () => (await probe()) === 'injected');
  await until('no more report', async () => (await report()) === undefined);
});

t.test('The way back', async (t) => {
  await here.created('payments', pod('traced'));
  const section = 'The way back';
  await runAll(t, section, /patch/);
  await until('new pods to be left alone', async () => (await probe()) === undefined);
  await until('what still runs instrumented', async () => /^stale=\d/.test(countsIn(await status())));
  const said = await runAll(t, section, /coverage/);
  t.match(said, /pod\/traced +payments +1 +1 stale .*report_mode/);
  await runAll(t, section, /rollout restart/);
  t.same(
    [...left].map((command) => command.text),
    [],
    'every command of the page was run',
  );
});
