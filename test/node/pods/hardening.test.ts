import t, { type Test } from 'tap';
import type { JsonObject } from '../../../src/model/json.js';
import { images } from '../support/images.js';
import { createNamespace, type Namespace } from '../support/namespace.js';
import { bare, idle, injectAll, listOfPods, pod, shell, sysdigAgent, sysdigWrapper } from '../support/pods.js';
import { containerOf } from '../support/pod-status.js';
import { processesOf, tracedIn } from '../support/processes.js';

t.setTimeout(900_000);

const sysPtrace = 1n << 19n;
const restricted = { 'pod-security.kubernetes.io/enforce': 'restricted' };
const hardened = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ['ALL'] },
  seccompProfile: { type: 'RuntimeDefault' },
};
const nobody = { runAsNonRoot: true, runAsUser: 1000, runAsGroup: 1000 };

async function isTraced(t: Test, here: Namespace, name: string): Promise<void> {
  const { id } = containerOf(await here.ready(name), 'app');
  const { allTraced, workload } = tracedIn(id, sysdigWrapper);
  t.ok(allTraced, `${name}: every process is traced`, { processes: workload.map(({ argv }) => argv.join(' ')) });
}

t.test(
  'E22, E23: a restricted namespace: nothing added breaks it, the capability is left out, and the pod is traced',
  async (t) => {
    const here = await createNamespace(t, 'restricted', { labels: restricted });
    const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: here.name, labels: restricted } };
    const options = { documents: [namespace], options: [`--namespace=${here.name}`] };
    const container = {
      // In one stream: the lines of two come in any order.
      ...shell(`touch /data/mine; stat -c '%g' /data/mine; touch /not-writable 2>&1; ${idle}`),
      securityContext: hardened,
      volumeMounts: [{ name: 'data', mountPath: '/data' }],
    };
    const spec = { securityContext: { ...nobody, fsGroup: 2000 }, volumes: [{ name: 'data', emptyDir: {} }] };
    for (const prefer of ['Availability', 'Security'] as const) {
      const name = `hard-${prefer.toLowerCase()}`;
      const injected = await injectAll([pod(name, container, spec)], { ...options, prefer });
      t.notMatch(JSON.stringify(injected), 'SYS_PTRACE');
      await here.create(injected);
      await isTraced(t, here, name);
      const log = await here.waitForLog(name, 'app', /Read-only/);
      t.match(log, /^2000\n/, 'fsGroup holds');
      for (const process of processesOf(containerOf(await here.pod(name), sysdigAgent).id)) {
        t.same([process.uid, process.capabilities], [59_417, 0n], 'the agent is nobody and may do nothing');
      }
    }
  },
);

t.test('without a Pod Security level the capability is there: effective for root, not for others', async (t) => {
  const here = await createNamespace(t, 'capability');
  await here.create(
    await injectAll([
      pod('root', shell(idle)),
      pod('user', { ...shell(idle), securityContext: nobody }),
      pod('user-drops-all', { ...shell(idle), securityContext: { ...nobody, ...hardened } }),
    ]),
  );
  for (const [name, has] of [
    ['root', true],
    ['user', false],
    ['user-drops-all', false],
  ] as const) {
    await isTraced(t, here, name);
    const { workload } = tracedIn(containerOf(await here.pod(name), 'app').id, sysdigWrapper);
    for (const process of workload) t.equal((process.capabilities & sysPtrace) !== 0n, has, name);
  }
});

t.test('who can read the access key out of the agent, as docs/security.md has it', async (t) => {
  const here = await createNamespace(t, 'secrecy');
  const as = (runAsUser: number): JsonObject => ({ securityContext: { runAsUser, runAsGroup: runAsUser } });
  await here.create(
    await injectAll([
      pod('user', { ...shell(idle), ...as(1000) }),
      pod('same-user', { ...shell(idle), ...as(59_417) }),
      pod('root', shell(idle)),
    ]),
  );
  await here.create(await injectAll([pod('root-without', shell(idle))], { spec: { capability: 'Never' } }));
  const reads = async (name: string): Promise<boolean> => {
    await here.ready(name);
    const { stdout } = await here.exec(name, 'app', 'sh', '-c', 'cat /proc/[0-9]*/environ 2>/dev/null');
    t.match(stdout, 'PATH=/bin', `${name} sees processes`);
    return stdout.includes('the-access-key');
  };
  t.equal(await reads('user'), false, 'another user cannot');
  t.equal(await reads('same-user'), true, 'the agent’s own user can');
  t.equal(await reads('root'), true, 'root with SYS_PTRACE can');
  t.equal(await reads('root-without'), false, 'root without it cannot');
});

t.test('E39: setuid programs and file capabilities under the tracer, as docs/security.md has it', async (t) => {
  const here = await createNamespace(t, 'privileges');
  const say = `setuid; filecaps; echo 'that was all'; ${idle}`;
  const asUser = { image: images.privileged, ...shell(say), securityContext: { runAsUser: 1000, runAsGroup: 1000 } };
  const fromRoot = {
    image: images.privileged,
    ...shell(`su user -c 'setuid; filecaps'; echo 'that was all'; ${idle}`),
  };
  const noEscalation = {
    ...fromRoot,
    securityContext: { allowPrivilegeEscalation: false },
  };
  const with_ = [pod('user', asUser), pod('root', fromRoot), pod('root-no-escalation', noEscalation)];
  const without = [pod('user-without', asUser), pod('root-without', fromRoot)];
  await here.create(listOfPods([bare(pod('user', asUser))]));
  await here.create(await injectAll(with_, { spec: { capability: 'Always' } }));
  await here.create(await injectAll(without, { spec: { capability: 'Never' } }));
  const gains = async (name: string): Promise<string> => {
    const log = await here.waitForLog(name, 'app', 'that was all');
    const [setuid = '', , , capabilities = ''] = log.split('\n');
    const mask = BigInt(`0x${capabilities.replace(/\D*/, '')}`);
    return [setuid === 'euid 0' ? 'root' : '-', (mask & (1n << 10n)) !== 0n ? 'port' : '-'].join(' ');
  };
  t.equal(await gains('user-bare'), 'root port', 'uninstrumented');
  t.equal(await gains('user'), '- -', 'SYS_PTRACE is not effective for a tracer that is not root');
  t.equal(await gains('user-without'), '- -');
  t.equal(await gains('root'), 'root port', 'the tracer is root and has it');
  t.equal(await gains('root-no-escalation'), '- -');
  t.equal(await gains('root-without'), '- -');
});

t.test('E27: ephemeral-storage limits: the agent’s files do not count against the application’s', async (t) => {
  const here = await createNamespace(t, 'storage');
  const limited = { resources: { limits: { 'ephemeral-storage': '1Mi' } } };
  const fills = pod('fills', { ...shell(`busybox dd if=/dev/zero of=/file bs=1M count=5; sleep 1000`), ...limited });
  await here.create(await injectAll([pod('limited', { ...shell(idle), ...limited })]));
  await here.create(fills);
  await isTraced(t, here, 'limited');
  // The agent's files are larger than the limit, too: the kubelet looks at both in the same round.
  await here.waitFor('fills', 'evicted', ({ phase }) => phase === 'Failed');
  const { phase, ready } = await here.pod('limited');
  t.same([phase, ready], ['Running', true]);
});
