import { readFileSync } from 'node:fs';
import t from 'tap';
import { objectOf, stringOf } from '../../../src/model/json.js';
import { countsIn, deploy, forgedPod, workloadsIn } from './coverage-scene.js';
import { outrider } from './cli.js';
import { until } from './guarded-process.js';
import { install } from './installation.js';
import { accessKey, conditionsOf, labelled, messageOf, namespace, policy } from './objects.js';
import { pod } from './pods.js';

t.setTimeout(900_000);

// 300 pods of 30 workloads, by a real API server: what the leader says about each, in status and metrics.

const secure = { tier: 'secure' };
const old = { tier: 'old' };
const here = await install({ values: { audit: { minutes: 0.1 } } });
t.teardown(() => here.stop());
await here.apply([
  namespace('shop', labelled),
  namespace('bank', secure),
  // Its pods are made while no policy is for it.
  namespace('vault'),
  namespace('archive', old),
  namespace('elsewhere'),
  ...['shop', 'bank', 'vault', 'archive'].map((name) => accessKey(name)),
]);
await deploy(here, 'shop', 'early', { workloads: 5, replicas: 10 });
await deploy(here, 'elsewhere', 'nobody', { workloads: 1, replicas: 10 });
const one = await here.addReplica('one');

async function counts(name: string, wanted: string): Promise<void> {
  let found = '';
  try {
    await until(`${name}: ${wanted}`, async () => (found = countsIn(await here.get('ipol', name))) === wanted);
  } catch (error) {
    throw new Error(`${name} has ${found}`, { cause: error });
  }
}

async function called(namespaceName: string): Promise<void> {
  await until(`pods of ${namespaceName} to be instrumented`, async () => {
    const { status } = await here.created(namespaceName, pod('probe'), '--dry-run=server');
    return status === 'injected';
  });
}

t.test('pods from before the policy are found, and named with their reason', async (t) => {
  await here.apply([policy('default', labelled)]);
  await counts('default', 'missed=50');
  const found = await here.get('ipol', 'default');
  t.ok(conditionsOf(found).includes('Covered=False PodsMissed'), conditionsOf(found).join());
  t.match(messageOf(found, 'Covered'), /^50 pods: 50 missed\. Look at shop\/deployment\/early-0, /);
  t.match(workloadsIn(found), ['Deployment/early-0 missed before_in_force']);
  t.match(messageOf(found, 'Ready'), 'New pods are instrumented as the policy says');
  const { stdout } = await here.api.kubectl(['get', 'ipol', 'default', '-o', 'wide']);
  t.match(stdout, /COVERED +PODS +INSTRUMENTED +STALE +MISSED/);
});

t.test('each kind is counted, exactly', async (t) => {
  await here.apply([
    policy('bank', secure, { prefer: 'Security', precedence: 10 }),
    policy('archive', old, { precedence: 20 }),
  ]);
  await called('shop');
  await called('bank');
  await called('archive');
  await deploy(here, 'shop', 'late', { workloads: 10, replicas: 10 });
  await deploy(here, 'shop', 'host', { workloads: 1, replicas: 10, spec: { hostNetwork: true } });
  await deploy(here, 'bank', 'safe', { workloads: 8, replicas: 10 });
  await deploy(here, 'archive', 'old', { workloads: 5, replicas: 10 });
  const { stdout } = await here.api.kubectl(['get', 'pods', '-n', 'bank', '-o', 'json']);
  const plan = /"outrider\.dev\/plan": "([^"]+)"/.exec(stdout)?.[1] ?? '';
  for (const name of ['liar-1', 'liar-2']) await here.created('vault', forgedPod(name, plan));
  await here.created('vault', forgedPod('stranger', 'theirs/1/0123456789ab'));
  await here.api.kubectl(['label', 'namespace', 'vault', 'tier=secure']);
  await here.apply([
    policy('archive', old, { precedence: 20, profile: { name: 'sysdig', settings: { region: 'eu1' } } }),
  ]);

  await counts('default', 'instrumented=100 excused=10 missed=50');
  await counts('bank', 'instrumented=80 unproven=1 forged=2');
  await counts('archive', 'stale=50');
  const bank = await here.get('ipol', 'bank');
  t.ok(conditionsOf(bank).includes('Covered=False PodsForged'), conditionsOf(bank).join());
  t.match(workloadsIn(bank), ['Pod/liar-1 forged claim_void', 'Pod/liar-2 forged claim_void']);
  const coverage = objectOf(objectOf(bank['status'])?.['coverage']);
  t.equal(coverage?.['readWhole'], 83, 'all of them are read whole under Security');
  const archive = await here.get('ipol', 'archive');
  t.ok(conditionsOf(archive).includes('Covered=True AllCovered'), conditionsOf(archive).join());
  const pods = (name: string, prefer: string, state: string): Promise<number | undefined> =>
    one.metric('outrider_coverage_pods', `policy="${name}",prefer="${prefer}",state="${state}"`);
  t.equal(await pods('default', 'Availability', 'missed'), 50);
  t.equal(await pods('bank', 'Security', 'forged'), 2);
  t.equal(await pods('bank', 'Security', 'missed'), 0);
  t.ok((await one.metric('outrider_coverage_age_seconds')) !== undefined);
});

t.test('an Event tells the Deployment, and commands say the same as the leader', async (t) => {
  const about = async (): Promise<string> =>
    (await here.api.kubectl(['describe', 'deployment', 'early-0', '-n', 'shop'])).stdout;
  await until('the Event', async () => (await about()).includes('pods_missed'));
  t.match(await about(), /Warning +pods_missed .*10 pods under policy default: 10 missed\./);

  const all = await outrider(here.api.kubeconfig, 'coverage', '-A', '--fail-on', 'missed,forged');
  t.equal(all.exitCode, 1, all.stderr);
  t.match(
    all.stdout,
    /^NAMESPACE +WORKLOAD +POLICY +PODS +STATE +WHY +WHAT HELPS\nvault +pod\/liar-1 +bank +1 +1 forged +claim_void/,
  );
  t.match(
    all.stdout,
    /\nshop +deploy\/early-0 +default +10 +10 missed +before_in_force +outrider restart deploy\/early-0 -n shop\n/,
  );
  t.match(
    all.stdout,
    /\narchive +deploy\/old-0 +archive +10 +10 stale +other_plan +outrider restart deploy\/old-0 -n archive\n/,
  );
  t.match(
    all.stdout,
    /\n293 pods of 32 workloads: 2 forged, 50 missed, 1 unproven, 50 stale, 10 excused, 180 instrumented\./,
  );
  const shop = await outrider(here.api.kubeconfig, 'coverage', '-n', 'shop', '-o', 'wide', '--fail-on=forged');
  t.equal(shop.exitCode, 0, shop.stderr);
  t.match(shop.stdout, /\ndeploy\/host-0 +default +10 +10 excused +host_network\n +spec\.hostNetwork is true\n/);
  const json = await outrider(here.api.kubeconfig, 'coverage', '-A', '-o', 'json');
  t.match(JSON.parse(json.stdout), { pods: 293, counts: { instrumented: 180, missed: 50, forged: 2 } });
  const odd = await outrider(here.api.kubeconfig, 'coverage', '--fail-on=never');
  t.equal(odd.exitCode, 2);

  const status = await outrider(here.api.kubeconfig, 'status');
  t.match(status.stdout, /policy bank: what runs: 83 pods: 2 forged, 1 unproven, 80 instrumented/);
});

t.test('every command of the page about what runs works as it is written', async (t) => {
  const text = readFileSync(new URL('../../../../docs/coverage.md', import.meta.url), 'utf8');
  const lines = [...text.matchAll(/^```sh\n([^]*?)^```/gm)].flatMap(([, block = '']) => block.trim().split('\n'));
  t.ok(lines.length > 4, lines.join('\n'));
  for (const line of lines) {
    const [program, ...words] = line.split(' ');
    const ran = await (program === 'kubectl' ? here.api.kubectl(words) : outrider(here.api.kubeconfig, ...words));
    // Pods are missed here.
    t.equal(ran.exitCode, words.includes('--fail-on') ? 1 : 0, `${line}: ${ran.stderr}`);
    t.not(ran.stdout, '', line);
  }
});

t.test('while the API server is away the old result stays, with its date', async (t) => {
  const observedAt = async (): Promise<string> =>
    stringOf(objectOf(objectOf((await here.get('ipol', 'bank'))['status'])?.['coverage'])?.['observedAt']) ?? '';
  await here.api.halt();
  await until('a sweep that fails', () =>
    Promise.resolve(one.process.output().includes('running pods could not be looked at')),
  );
  await here.api.resume();
  const before = await observedAt();
  await counts('bank', 'instrumented=80 unproven=1 forged=2');
  await until('a later look', async () => (await observedAt()) > before);
  t.pass('and it goes on when it is back');
});

t.test('another leader says what the one before found, until it has looked itself', async (t) => {
  await here.addReplica('two');
  await here.kill(one);
  await until('a leader', async () => {
    const leads = await Promise.all(here.replicas.map((replica) => replica.metric('outrider_leader')));
    return leads.includes(1);
  });
  t.equal(countsIn(await here.get('ipol', 'bank')), 'instrumented=80 unproven=1 forged=2');
  await counts('default', 'instrumented=100 excused=10 missed=50');
});
