import t from 'tap';
import { listOf, objectOf, stringOf, type JsonObject } from '../../../src/model/json.js';
import { outrider } from './cli.js';
import { countsIn, deploy } from './coverage-scene.js';
import { until } from './guarded-process.js';
import { install } from './installation.js';
import { accessKey, messageOf, namespace, policy } from './objects.js';
import { pod } from './pods.js';

t.setTimeout(900_000);

// A policy in mode Report on a real API server, with the pods of its workloads: what would be done is in the metric, the
// policy's status, the command's columns and Events on the workloads, and nothing is done.

const tried = { tier: 'tried' };
const shared = { tier: 'shared' };
const here = await install({ values: { audit: { minutes: 0.1 } } });
t.teardown(() => here.stop());
await here.apply([
  namespace('shop', tried),
  namespace('bank', shared),
  ...['shop', 'bank'].map((name) => accessKey(name)),
  policy('trial', tried, { mode: 'Report', prefer: 'Security' }),
]);
const one = await here.addReplica('one');

/** What a policy's status says that it would do, as `decision=count` of those that have some, and the reasons. */
function reportIn(policyObject: JsonObject): string {
  const report = objectOf(objectOf(policyObject['status'])?.['report']);
  return listOf(report?.['reasons'])
    .map((item) => {
      const { decision, reason, pods } = objectOf(item) ?? {};
      return `${stringOf(decision) ?? ''} ${stringOf(reason) ?? ''} ${typeof pods === 'number' ? pods : '?'}`;
    })
    .join(', ');
}

const observedAt = (policyObject: JsonObject): string =>
  stringOf(objectOf(objectOf(policyObject['status'])?.['report'])?.['observedAt']) ?? '';

async function reports(name: string, wanted: string): Promise<void> {
  let found = '';
  try {
    await until(`${name}: ${wanted}`, async () => (found = reportIn(await here.get('ipol', name))) === wanted);
  } catch (error) {
    throw new Error(`${name} has ${found}`, { cause: error });
  }
}

async function calledFor(namespaceName: string, policyName: string): Promise<void> {
  await until(`reviews of ${namespaceName}`, async () => {
    await here.create(namespaceName, pod('probe'), '--dry-run=server');
    return ((await here.replicas[0]?.count({ policy: policyName })) ?? 0) > 0;
  });
}

/** Events of a namespace, as `Kind/name action reason`. */
async function eventsIn(namespaceName: string): Promise<readonly string[]> {
  const { stdout } = await here.api.kubectl(['get', 'events.events.k8s.io', '-n', namespaceName, '-o', 'json']);
  const items = listOf(objectOf(JSON.parse(stdout))?.['items']).map((item) => objectOf(item) ?? {});
  return items
    .filter((event) => event['reportingController'] === 'outrider.dev/webhook')
    .map((event) => {
      const { kind, name } = objectOf(event['regarding']) ?? {};
      const { action, reason } = event;
      return `${stringOf(kind) ?? ''}/${stringOf(name) ?? ''} ${stringOf(action) ?? ''} ${stringOf(reason) ?? ''}`;
    });
}

const inTrial = { policy: 'trial', door: 'mutate', decision: 'skip' } as const;
const all = 'inject injected 40, skip pod_opted_out 1, deny host_network 10, deny image_unresolved 10';

t.test('pods of several decisions are left as they are, and the metric tells what would be done', async (t) => {
  await calledFor('shop', 'trial');
  const before = await one.count({ ...inTrial, would: 'inject' });
  await deploy(here, 'shop', 'web', { workloads: 4, replicas: 10 });
  await deploy(here, 'shop', 'net', { workloads: 1, replicas: 10, spec: { hostNetwork: true } });
  const unnamed = { containers: [{ name: 'app', image: 'registry.example/unknown:1' }] };
  await deploy(here, 'shop', 'image', { workloads: 1, replicas: 10, spec: unnamed });
  await here.created('shop', pod('out', { labels: { 'outrider.dev/inject': 'disabled' } }));
  t.ok((await one.count({ ...inTrial, would: 'inject', would_reason: 'injected' })) >= before + 40);
  t.ok((await one.count({ ...inTrial, would: 'deny', would_reason: 'host_network' })) >= 10);
  t.ok((await one.count({ ...inTrial, would: 'deny', would_reason: 'image_unresolved' })) >= 10);
  t.equal(await one.count({ policy: 'trial', decision: 'inject' }), 0);
  t.equal(await one.count({ policy: 'trial', decision: 'deny' }), 0);
  const labelled = await here.api.kubectl(['get', 'pods', '-n', 'shop', '-l', 'outrider.dev/status', '-o', 'name']);
  t.equal(labelled.stdout, '');
});

t.test('the policy’s status counts them, with when, and nothing counts as missed', async (t) => {
  await reports('trial', all);
  const found = await here.get('ipol', 'trial');
  const report = objectOf(objectOf(found['status'])?.['report']);
  t.match(report, { pods: 61, inject: 40, partial: 0, skip: 1, deny: 20, unknown: 0, generation: 1 });
  t.match(observedAt(found), /^20\d\d-.*Z$/);
  t.equal(countsIn(found), 'excused=61');
  t.match(
    messageOf(found, 'Covered'),
    '61 pods: 61 excused. In mode Inject: 40 inject, 1 skip (pod_opted_out), 10 deny (host_network), 10 deny (image_unresolved).',
  );
  t.equal(await one.metric('outrider_coverage_pods', 'policy="trial",prefer="Security",state="missed"'), 0);
});

t.test('coverage has it by workload, and says what the leader found', async (t) => {
  const { stdout, exitCode } = await outrider(here.api.kubeconfig, 'coverage', '-n', 'shop', '--fail-on', 'missed');
  t.equal(exitCode, 0);
  t.match(stdout, /^WORKLOAD +POLICY +PODS +STATE +WOULD BE +WHY +WHAT HELPS\n/);
  t.match(stdout, /\ndeploy\/net-0 +trial +10 +10 excused +10 deny \(host_network\) +report_mode\n/);
  t.notMatch(stdout, 'deploy/web-0', 'what would be instrumented is no finding');
  t.match(stdout, /\nPolicy trial only reports\. In mode Inject: .*10 deny \(host_network\).* The leader found at 20/);
  const wide = await outrider(here.api.kubeconfig, 'coverage', '-n', 'shop', '-o', 'wide');
  t.match(wide.stdout, /\ndeploy\/web-0 +trial +10 +10 excused +10 inject/);
  const json = await outrider(here.api.kubeconfig, 'coverage', '-n', 'shop', '-o', 'json');
  t.match(JSON.parse(json.stdout), { policies: [{ policy: 'trial', leaderFound: { inject: 40, deny: 20 } }] });
});

t.test('an Event is on each workload, and not on each of its pods', async (t) => {
  await until('the Events', async () => (await eventsIn('shop')).length >= 6);
  const events = await eventsIn('shop');
  const wanted = [
    ...['web-0', 'web-1', 'web-2', 'web-3'].map((name) => `Deployment/${name} WouldInstrument injected`),
    'Deployment/image-0 WouldDeny image_unresolved',
    'Deployment/net-0 WouldDeny host_network',
  ];
  t.same([...events].filter((event) => event.startsWith('Deployment/')).sort(), [...wanted].sort());
  t.ok(events.length <= 7, events.join('\n'));
  const { stdout } = await here.api.kubectl(['describe', 'deployment', 'net-0', '-n', 'shop']);
  t.match(
    stdout,
    /Warning +host_network .*a pod would be denied by policy trial, which only reports: spec\.hostNetwork/,
  );
});

t.test('a hundred workloads at once make no more Events than the rate, and every pod is still counted', async (t) => {
  const before = (await eventsIn('shop')).length;
  const startedMs = Date.now();
  await deploy(here, 'shop', 'many', { workloads: 100, replicas: 2 });
  const seconds = (Date.now() - startedMs) / 1_000;
  await reports('trial', all.replace('40', '240'));
  const made = (await eventsIn('shop')).length - before;
  t.ok(made >= 1 && made <= 10 + Math.ceil(seconds / 10) + 1, `${made} Events in ${seconds} s`);
  t.ok(((await one.metric('outrider_events_total', 'result="dropped"')) ?? 0) > 0);
});

t.test('another leader keeps the counts with their date, until it has looked itself', async (t) => {
  await here.addReplica('two');
  const before = observedAt(await here.get('ipol', 'trial'));
  await here.kill(one);
  await until('a leader', async () => (await here.replicas[0]?.metric('outrider_leader')) === 1);
  const between = await here.get('ipol', 'trial');
  t.equal(reportIn(between), all.replace('40', '240'));
  t.ok(observedAt(between) >= before);
  await until('a look of its own', async () => observedAt(await here.get('ipol', 'trial')) > observedAt(between));
  await reports('trial', all.replace('40', '240'));
});

t.test('a canary reports whom it takes, and the same are instrumented in mode Inject', async (t) => {
  const canary = { percent: 40, seed: 'one' };
  await here.apply([policy('share', shared, { mode: 'Report', canary })]);
  await calledFor('bank', 'share');
  await deploy(here, 'bank', 'app', { workloads: 20, replicas: 1 });
  const taken = async (): Promise<number> => {
    const status = objectOf((await here.get('ipol', 'share'))['status']);
    const { inject, skip } = objectOf(status?.['report']) ?? {};
    return typeof inject === 'number' && typeof skip === 'number' && inject + skip === 20 ? inject : -1;
  };
  await until('the report', async () => (await taken()) >= 0);
  const wouldBe = await taken();
  t.ok(wouldBe > 0 && wouldBe < 20, `${wouldBe} of 20`);
  await here.apply([policy('share', shared, { mode: 'Inject', canary })]);
  await until('the same pods missed', async () => {
    const found = await here.get('ipol', 'share');
    return countsIn(found) === `excused=${20 - wouldBe} missed=${wouldBe}`;
  });
  t.equal(objectOf((await here.get('ipol', 'share'))['status'])?.['report'], undefined, 'it reports no more');
});

t.test('on the way back, what still runs instrumented is not said to be uninstrumented', async (t) => {
  await here.apply([policy('share', shared, { mode: 'Inject' })]);
  await until('an instrumented pod', async () => {
    const { status } = await here.created('bank', pod('probe'), '--dry-run=server');
    return status === 'injected';
  });
  await here.created('bank', pod('traced'));
  await here.apply([policy('share', shared, { mode: 'Report' })]);
  await until('it is stale', async () => countsIn(await here.get('ipol', 'share')) === 'stale=1 excused=20');
  await reports('share', 'inject injected 20, unknown instrumented_before 1');
  const { stdout } = await outrider(here.api.kubeconfig, 'coverage', '-n', 'bank');
  t.match(stdout, /\npod\/traced +share +1 +1 stale +.*report_mode/);
});
