import t from 'tap';
import { isObject, listOf, objectOf, stringOf, type JsonObject } from '../../../src/model/json.js';
import { names } from '../../../src/model/names.js';
import { until } from './guarded-process.js';
import { install } from './installation.js';
import type { KubectlResult } from './kubectl.js';
import { accessKey, conditionsOf, messageOf, namespace, policy } from './objects.js';
import { pod } from './pods.js';

t.setTimeout(900_000);

const agent = 'sysdig-workload-agent';
const agentImage = 'quay.io/sysdig/workload-agent:6.3.0';
const own = 'outrider-system';
const breakGlass = 'break-glass';
const tiers: Readonly<Record<string, JsonObject>> = {
  secure: { prefer: 'Security' },
  forbidden: { optOut: 'Forbidden' },
  open: {},
};

const here = await install({ controllerManager: true, values: { sessions: { breakGlassGroups: [breakGlass] } } });
t.teardown(() => here.stop());
const replicas = [await here.addReplica('one'), await here.addReplica('two')];
await here.apply(Object.keys(tiers).map((tier) => namespace(tier, { tier })));
await here.apply([
  ...Object.keys(tiers).map((tier) => accessKey(tier)),
  ...Object.entries(tiers).map(([tier, spec]) => policy(tier, { tier }, spec)),
]);
for (const tier of Object.keys(tiers)) await inForce(tier);
for (const tier of Object.keys(tiers)) await here.created(tier, pod('web'));
// The admin of these tests is in system:masters, which is nobody here.
const jane = await here.api.certificateFor('jane', ['dev']);
const fireman = await here.api.certificateFor('fireman', [breakGlass]);
await here.apply(['jane', 'fireman'].map((name) => adminBinding(name)));

function adminBinding(name: string): JsonObject {
  const apiGroup = 'rbac.authorization.k8s.io';
  return {
    apiVersion: `${apiGroup}/v1`,
    kind: 'ClusterRoleBinding',
    metadata: { name },
    roleRef: { apiGroup, kind: 'ClusterRole', name: 'cluster-admin' },
    subjects: [{ apiGroup, kind: 'User', name }],
  };
}

async function inForce(name: string): Promise<void> {
  await until(`policy ${name} to be in force`, async () =>
    conditionsOf(await here.get('ipol', name)).includes('InForce=True Proven'),
  );
}

function setImage(tier: string, container: string, image: string, ...flags: readonly string[]): Promise<KubectlResult> {
  return here.api.kubectl(['set', 'image', '-n', tier, 'pod/web', `${container}=${image}`, ...flags]);
}

function as(kubeconfig: string): string {
  return `--kubeconfig=${kubeconfig}`;
}

async function imageOf(tier: string, container: string): Promise<string | undefined> {
  const spec = objectOf((await here.get('pod', 'web', tier))['spec']);
  const all = [...listOf(spec?.['initContainers']), ...listOf(spec?.['containers'])].filter(isObject);
  return stringOf(all.find(({ name }) => name === container)?.['image']);
}

/** How many reviews of updates were answered so far. */
async function asked(): Promise<number> {
  const counts = await Promise.all(here.replicas.map((one) => one.count({ door: 'validate-update' })));
  return counts.reduce((sum, count) => sum + count, 0);
}

/** The names of the policies' entries of one configuration that are for running pods. */
async function wayEntries(kind: 'mutating' | 'validating'): Promise<readonly string[]> {
  const { webhooks } = await here.get(`${kind}webhookconfiguration`, 'outrider');
  return listOf(webhooks)
    .filter(isObject)
    .map(({ name, failurePolicy }) => `${stringOf(name) ?? ''}: ${stringOf(failurePolicy) ?? ''}`)
    .filter((text) => text.includes('.way-'));
}

t.test('which entries are there, and what the policies say of them', async (t) => {
  const validating = await wayEntries('validating');
  t.ok(validating.includes('secure.way-updates.outrider.outrider.dev: Fail'), validating.join(' '));
  t.ok(validating.includes('forbidden.way-updates.outrider.outrider.dev: Ignore'));
  t.notOk(
    validating.some((name) => name.startsWith('open.')),
    'Availability asks nothing',
  );
  const secure = await here.get('ipol', 'secure');
  t.ok(conditionsOf(secure).includes('NoBreakGlass=False NoLockOut'));
  t.equal(objectOf(secure['status'])?.['sessionDefaults'], 'Trace', 'it is new');
  t.match(messageOf(await here.get('ipol', 'open'), 'Sessions'), /lets sessions and updates of its running pods be/);
});

t.test('F9: another image for the agent is denied, with kubectl and with a patch', async (t) => {
  for (const tier of ['secure', 'forbidden']) {
    const refused = await setImage(tier, agent, 'mallory/agent:1');
    t.not(refused.exitCode, 0);
    t.match(
      refused.stderr,
      /policy .* does not let this pod be updated \(update_of_agent_image\): container sysdig-workload-agent is ours/,
    );
    const path = '/spec/initContainers';
    const spec = objectOf((await here.get('pod', 'web', tier))['spec']);
    for (const [index] of listOf(spec?.['initContainers']).entries()) {
      const patch = [
        { op: 'replace', path: `${path}/${index}/image`, value: 'mallory:1' },
        { op: 'add', path: '/metadata/labels/outrider.dev~1inject', value: 'disabled' },
      ];
      const patched = await here.api.kubectl([
        'patch',
        '-n',
        tier,
        'pod/web',
        '--type=json',
        '-p',
        JSON.stringify(patch),
      ]);
      t.match(patched.stderr, /update_of_agent_image/, `${tier}: init container ${index}`);
    }
    t.equal(await imageOf(tier, agent), agentImage);
  }
  t.equal((await setImage('open', agent, 'mallory/agent:1')).exitCode, 0, 'Availability denies nothing');
  const { stdout } = await here.api.kubectl(['get', 'events', '-n', 'secure', '-o', 'json']);
  t.match(stdout, /an update of a pod|update_of_agent_image/i);
});

t.test('another image of the workload goes through, and is said to keep the old command', async (t) => {
  const done = await setImage('secure', 'app', 'registry.example/app:2');
  t.equal(done.exitCode, 0, done.stderr);
  t.match(done.stderr, /Warning: outrider: update_keeps_command: container app keeps the command/);
  t.equal(await imageOf('secure', 'app'), 'registry.example/app:2');
});

t.test('finalizers, labels, tolerations, gates, status and what else is no image never call us', async (t) => {
  await here.created('secure', pod('gated', { spec: { schedulingGates: [{ name: 'kueue.x-k8s.io/admission' }] } }));
  const before = await asked();
  const patch = async (what: JsonObject, ...flags: readonly string[]): Promise<void> => {
    const done = await here.api.kubectl([
      ...['patch', '-n', 'secure', 'pod/gated', '--type=merge', '-p', JSON.stringify(what)],
      ...flags,
    ]);
    if (done.exitCode !== 0) throw new Error(done.stderr);
  };
  await patch({ metadata: { finalizers: ['example.com/job-tracking'], labels: { team: 'a' } } });
  await patch({ spec: { nodeSelector: { a: 'b' }, tolerations: [{ key: 'spot', operator: 'Exists' }] } });
  await patch({ spec: { schedulingGates: null } });
  await patch({ metadata: { annotations: { 'cluster-autoscaler.kubernetes.io/safe-to-evict': 'true' } } });
  await patch({ status: { phase: 'Running' } }, '--subresource=status');
  await patch({ spec: { activeDeadlineSeconds: 3600 } });
  await patch({ metadata: { finalizers: null } });
  await here.api.kubectl(['label', '-n', 'secure', 'pod/gated', 'team-']);
  t.equal(await asked(), before);
  await setImage('secure', 'app', 'registry.example/app:3');
  t.equal(await asked(), before + 1, 'an image does, once');
});

t.test('F9: a resize does not take the agent’s limit below the least', async (t) => {
  const resize = (tier: string, container: string, list: string, limits: JsonObject): Promise<KubectlResult> => {
    const what = { spec: { [list]: [{ name: container, resources: { limits, requests: limits } }] } };
    const flags = ['--subresource=resize', '--type=strategic', '-p', JSON.stringify(what)];
    return here.api.kubectl(['patch', '-n', tier, 'pod/web', ...flags]);
  };
  const small = await resize('secure', agent, 'initContainers', { memory: '1Mi', cpu: '10m' });
  t.not(small.exitCode, 0);
  t.match(small.stderr, /update_of_agent_resources|resize|resources/i);
  t.comment(small.stderr.trim());
  const large = await resize('secure', agent, 'initContainers', { memory: '4Gi', cpu: '4' });
  t.notMatch(large.stderr, /outrider/, 'up it may go, as far as the API server goes along');
  t.comment(large.stderr.trim());
});

t.test('a replica of a version before: its entries are gone while it may answer, and that is said', async (t) => {
  const labels = { 'app.kubernetes.io/name': 'outrider', 'app.kubernetes.io/instance': 'outrider' };
  const knows = { [names.port]: 'token', [names.inForce]: 'hash' };
  const older = pod('outrider-before', { labels: { ...labels, ...knows } });
  await here.created(own, older);
  await until('the entries to be gone', async () => (await wayEntries('validating')).length === 0);
  t.same(await wayEntries('mutating'), []);
  await until('that to be said', async () =>
    conditionsOf(await here.get('ipol', 'secure')).includes('Sessions=False OlderReplicas'),
  );
  t.equal((await setImage('secure', 'app', 'registry.example/app:4')).exitCode, 0, 'nobody is asked');
  await here.api.kubectl(['delete', 'pod', '-n', own, 'outrider-before', '--force', '--grace-period=0']);
  await until('the entries to be back', async () => (await wayEntries('validating')).length > 0);
  await inForce('secure');
  t.match((await setImage('secure', agent, 'mallory/agent:1')).stderr, /update_of_agent_image/);
});

t.test(
  'a policy from before it could say so has Record, and keeps it; a default of a new one stays, too',
  async (t) => {
    await here.apply([namespace('before', { tier: 'before' })]);
    // As a version before left it: with a status that says nothing of sessions.
    await here.apply([policy('before', { tier: 'before' }, { prefer: 'Availability' })]);
    await inForce('before');
    await here.api.kubectl([
      ...['patch', 'ipol/before', '--subresource=status', '--type=json', '-p'],
      JSON.stringify([{ op: 'remove', path: '/status/sessionDefaults' }]),
    ]);
    await until('the leader to settle it', async () => {
      const { status } = await here.get('ipol', 'before');
      return objectOf(status)?.['sessionDefaults'] === 'Record';
    });
    await here.apply([policy('before', { tier: 'before' }, { prefer: 'Security' })]);
    await until('its entries', async () =>
      (await wayEntries('validating')).includes('before.way-updates.outrider.outrider.dev: Fail'),
    );
    const ofSessions = /^before\.way-(exec|attach|debug)\./;
    const validating = (await wayEntries('validating')).filter((name) => ofSessions.test(name));
    t.ok(
      validating.every((name) => name.endsWith(': Ignore')),
      'what is written down blocks nobody',
    );
    t.notOk((await wayEntries('mutating')).some((name) => ofSessions.test(name)));
    t.equal(objectOf((await here.get('ipol', 'before'))['status'])?.['sessionDefaults'], 'Record');
  },
);

t.test('drift is repaired', async () => {
  const { webhooks } = await here.get('validatingwebhookconfiguration', 'outrider');
  const index = listOf(webhooks).findIndex(
    (one) => objectOf(one)?.['name'] === 'secure.way-updates.outrider.outrider.dev',
  );
  const patch = [{ op: 'remove', path: `/webhooks/${index}` }];
  await here.api.kubectl([
    'patch',
    'validatingwebhookconfiguration/outrider',
    '--type=json',
    '-p',
    JSON.stringify(patch),
  ]);
  await until('it to be back', async () =>
    (await wayEntries('validating')).includes('secure.way-updates.outrider.outrider.dev: Fail'),
  );
  await inForce('secure');
});

t.test('while no replica answers: Security denies all but who is exempt, Forbidden lets through', async (t) => {
  for (const one of replicas) await here.kill(one);
  here.balancer.cut();
  const refused = await setImage('secure', 'app', 'registry.example/app:5', as(jane.kubeconfig));
  t.match(refused.stderr, /failed calling webhook "secure\.way-updates\.outrider\.outrider\.dev"/);
  const exempt = await setImage('secure', 'app', 'registry.example/app:5', as(fireman.kubeconfig));
  t.equal(exempt.exitCode, 0, exempt.stderr);
  const open = await setImage('forbidden', 'app', 'registry.example/app:5', as(jane.kubeconfig));
  t.equal(open.exitCode, 0, open.stderr);
  const labelled = await here.api.kubectl(['label', '-n', 'secure', 'pod/web', 'team=b', as(jane.kubeconfig)]);
  t.equal(labelled.exitCode, 0, 'what is no image never waits for us');
});
