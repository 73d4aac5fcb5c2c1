import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { parse } from 'yaml';
import type { JsonObject } from '../../../src/model/json.js';
import { policy } from '../../e2e/cluster/objects.js';
import { busyboxFiles } from '../support/image.js';
import { pushVariant } from '../support/images.js';
import { getObject, kubectl, kubectlOutput, stateFolder } from '../support/kubectl.js';
import { createNamespace, until, type Namespace } from '../support/namespace.js';
import { containerOf } from '../support/pod-status.js';
import { datadogAgent, datadogWrapper, idle, pod, shell, sysdigAgent, sysdigWrapper } from '../support/pods.js';
import { processesOf } from '../support/processes.js';
import { kubectlInTerminal, terminalSize } from '../support/terminal.js';
import { installOutrider, values } from './installation.js';

// Sessions on a real node: what kubectl starts in running pods is traced, and is for anyone who uses it as it would be
// untraced.

t.setTimeout(900_000);

const standInWrapper = '/stand-in-files/cws-instrumentation';
const { profile, agent, credentials } = values.policies.payments;

interface Scene {
  readonly spec: JsonObject;
  /** Path of the tracer; none: it runs untraced. */
  readonly wrapper: string | undefined;
  readonly agent: string;
}

const scenes: Readonly<Record<string, Scene>> = {
  'as-it-is': { spec: { mode: 'Off' }, wrapper: undefined, agent: '' },
  available: { spec: { sessions: { exec: 'Trace' } }, wrapper: sysdigWrapper, agent: sysdigAgent },
  secure: { spec: { prefer: 'Security', optOut: 'Forbidden' }, wrapper: sysdigWrapper, agent: sysdigAgent },
  dogs: {
    spec: { prefer: 'Security', profile: values.policies.dogs.profile },
    wrapper: datadogWrapper,
    agent: datadogAgent,
  },
  custom: {
    spec: {
      prefer: 'Security',
      profile: { name: 'stand-in', settings: { repository: 'registry.test:5000/datadog-agent' } },
    },
    wrapper: standInWrapper,
    agent: 'stand-in',
  },
};

let image = '';

t.before(async () => {
  await installOutrider(t, { sessions: { breakGlassGroups: ['break-glass'] } });
  image = await pushVariant('sessions', { Env: ['PATH=/bin'] }, busyboxFiles('stty', 'tar', 'md5sum'));
  const standIn: unknown = parse(readFileSync('test/agent/profile.yaml', 'utf8'));
  const usual = { precedence: 500, profile, agent, credentials };
  const policies = Object.entries(scenes).map(([name, { spec }]) =>
    policy(`sessions-${name}`, { scene: name }, { ...usual, ...spec }),
  );
  await kubectlOutput(
    ['apply', '-f', '-'],
    JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [standIn, ...policies] }),
  );
  for (const name of Object.keys(scenes)) {
    await kubectlOutput(['wait', `instrumentationpolicy/sessions-${name}`, '--for=condition=InForce', '--timeout=60s']);
  }
});

/** What a person sees of sessions in a container: the same whether it is traced or not. */
async function look(t: Test, here: Namespace): Promise<JsonObject> {
  const seen: Record<string, JsonObject | string> = {};
  for (const [road, webSockets] of Object.entries({ webSocket: 'true', spdy: 'false' })) {
    process.env['KUBECTL_REMOTE_COMMAND_WEBSOCKETS'] = webSockets;
    const codes: Record<string, number> = {};
    for (const text of ['exit 0', 'exit 7', 'kill -9 $$', 'nowhere']) {
      codes[text] = (await here.exec('web', 'app', 'sh', '-c', text)).exitCode;
    }
    const lines = Array.from({ length: 2_000 }, (_, n) => `line ${n}`).join('\n');
    const piped = await kubectl(['exec', '-i', '-n', here.name, 'web', '-c', 'app', '--', 'cat'], lines);
    const both = await here.exec('web', 'app', 'sh', '-c', 'echo out; echo err >&2; exit 3');
    const interactive = ['exec', '-it', '-n', here.name, 'web', '-c', 'app', '--'];
    const typed = await kubectlInTerminal(
      [
        ...interactive,
        'sh',
        '-c',
        "until stty size | grep -v '^0 0'; do sleep 0.1; done; read line; echo got $line; exit 5",
      ],
      [{ shown: /\d+ \d+/, typed: 'hello\r' }],
    );
    const broken = await kubectlInTerminal(
      [...interactive, 'sh', '-c', 'echo begun; sleep 1000'],
      [{ shown: /begun/, typed: '\u0003' }],
    );
    seen[road] = {
      codes,
      piped: piped.stdout === lines,
      out: both.stdout,
      err: both.stderr.includes('err'),
      code: both.exitCode,
      size: /(\d+ \d+)\r\n/.exec(typed.shown)?.[1] ?? typed.shown,
      typedCode: typed.exitCode,
      typed: typed.shown.includes('got hello'),
      brokenCode: broken.exitCode,
    };
  }
  seen['copied'] = await copied(here);
  t.match(seen, { webSocket: { piped: true, size: `${terminalSize.rows} ${terminalSize.columns}` } });
  return seen;
}

/** Copies a file into the container and back. */
async function copied(here: Namespace): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'sessions-'));
  try {
    const content = randomBytes(1_000_000);
    writeFileSync(join(folder, 'there'), content);
    const into = await kubectl(['cp', '-n', here.name, '-c', 'app', join(folder, 'there'), 'web:/tmp/there']);
    const back = await kubectl(['cp', '-n', here.name, '-c', 'app', 'web:/tmp/there', join(folder, 'back')]);
    if (into.exitCode !== 0 || back.exitCode !== 0) return `${into.stderr}${back.stderr}`;
    return readFileSync(join(folder, 'back')).equals(content) ? 'the same' : 'another content';
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Starts a session that stays, and looks at the container's processes meanwhile. */
async function processesWith(here: Namespace, command: readonly string[], scene: Scene) {
  const env = { ...process.env, KUBECONFIG: join(stateFolder(), 'admin.kubeconfig') };
  const flags = ['exec', '-i', '-n', here.name, 'web', '-c', 'app', '--'];
  const child = spawn('kubectl', [...flags, ...command], { env, stdio: ['pipe', 'ignore', 'inherit'] });
  try {
    const { id } = containerOf(await here.pod('web'), 'app');
    await until('the session to run', () =>
      Promise.resolve(processesOf(id).some(({ argv }) => argv.at(-1) === command.at(-1) && argv[0] !== scene.wrapper)),
    );
    return processesOf(id);
  } finally {
    child.stdin.end();
    child.kill('SIGKILL');
  }
}

let untraced: JsonObject | undefined;

for (const [name, scene] of Object.entries(scenes)) {
  t.test(`sessions in a pod of policy ${name}`, async (t) => {
    const here = await createNamespace(t, `sessions-${name}`, { labels: { scene: name } });
    await here.create(secretFor(here.name));
    await here.create(pod('web', { image, ...shell(`mkdir -p /tmp; ${idle}`) }));
    await here.ready('web');

    const seen = await look(t, here);
    t.match(seen, { webSocket: { codes: { 'exit 7': 7, 'kill -9 $$': 137 }, brokenCode: 130, typedCode: 5 } });
    if (scene.wrapper === undefined) {
      untraced = seen;
      return;
    }
    t.same(seen, untraced, 'for whoever uses it all is as it is untraced');

    const processes = await processesWith(here, ['sh', '-c', 'cat; exit', 'mark'], scene);
    const tracers = new Set(
      processes.filter(({ argv, tracer }) => argv[0] === scene.wrapper && tracer === 0).map(({ pid }) => pid),
    );
    t.equal(tracers.size, 2, 'a tracer of the container, and one of the session', { processes });
    for (const { pid, tracer, argv } of processes) {
      if (!tracers.has(pid)) t.ok(tracers.has(tracer), `TracerPid of ${argv.join(' ')} is a tracer's`);
    }
    await here.waitForLog('web', scene.agent, /exec \d+ sh -c cat; exit mark/);

    const intoAgent = await here.exec('web', scene.agent, 'sh');
    if (name === 'available') return;
    t.match(intoAgent.stderr, /does not let this exec start \(exec_into_agent\)/);
    // The other tracers' argv ends in `--`.
    if (scene.wrapper !== sysdigWrapper) return;
    t.match((await here.exec('web', 'app', '-x')).stderr, /\(entrypoint_is_option\)/);
  });
}

t.test('a pod that runs untraced where it should not', async (t) => {
  const here = await createNamespace(t, 'sessions-late');
  await here.create(pod('web', { image, ...shell(idle) }));
  await here.ready('web');
  await kubectlOutput(['label', 'namespace', here.name, 'scene=secure']);
  await until('its sessions to be denied', async () =>
    (await here.exec('web', 'app', 'id')).stderr.includes('(exec_not_instrumented)'),
  );
  await kubectlOutput(['label', 'namespace', here.name, 'scene=available', '--overwrite']);
  await until('and let in', async () => (await here.exec('web', 'app', 'id')).exitCode === 0);
  t.match(await getObject(here.name, 'pod', 'web'), { status: { phase: 'Running' } });
});

/** The access key by the name that the profile stand-in asks for. */
function secretFor(namespace: string): JsonObject {
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'stand-in', namespace }, stringData: { key: 'k' } };
}
