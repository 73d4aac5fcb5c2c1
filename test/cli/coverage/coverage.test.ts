import t from 'tap';
import { failOnStates } from '../../../src/cli/coverage/fail-on.js';
import { lookAtPods } from '../../../src/cli/coverage/look.js';
import { remedyFor } from '../../../src/cli/coverage/remedy.js';
import { lookText } from '../../../src/cli/coverage/text.js';
import { styleOf } from '../../../src/cli/text/style.js';
import type { CoverageState } from '../../../src/model/coverage.js';
import { fakePods } from '../../cluster/coverage/fake-pods.js';
import { fakeApi, refusal } from '../../cluster/fake-api.js';
import { running } from '../../engine/coverage/running.js';
import { decideNow, engineFor } from '../../support/engine.js';
import { patched } from '../../support/json.js';
import { podOf } from '../../support/pods.js';

const engine = engineFor();
const owned = (name: string, kind: string, owner: string) => ({
  name,
  namespace: 'shop',
  ownerReferences: [{ apiVersion: 'apps/v1', kind, name: owner, controller: true }],
});
const pods = [
  running(podOf({}, owned('db-0', 'StatefulSet', 'db'))),
  running(podOf({ hostNetwork: true }, owned('node-1', 'DaemonSet', 'node'))),
  running(patched(podOf({}, owned('web-0', 'StatefulSet', 'web')), decideNow(podOf(), engine).patch)),
];

function clusterOf() {
  const api = fakeApi();
  api.put('/api/v1/namespaces/shop', { metadata: { name: 'shop' } });
  const fake = fakePods(pods);
  const client = { ...api.client, page: fake.client.page };
  return { fake, cluster: { client, clock: { monotonicMs: () => 0, wallMs: () => 0 } } };
}

t.test('what is wrong is listed with the command that helps', async (t) => {
  const { cluster } = clusterOf();
  const look = await lookAtPods(cluster, engine, 'shop');
  const how = { programName: 'outrider', style: styleOf(false) };
  t.equal(
    lookText(look, { ...how, wide: false, namespaces: false }),
    `WORKLOAD  POLICY   PODS  STATE     WHY           WHAT HELPS
sts/db    default  1     1 missed  another_path  outrider restart sts/db -n shop

3 pods of 3 workloads: 1 missed, 1 excused, 1 instrumented. outrider coverage -o wide lists them all.
`,
  );
  t.match(
    lookText(await lookAtPods(cluster, engine, undefined), { ...how, wide: true, namespaces: true }),
    /\nshop +ds\/node +default +1 +1 excused +host_network\n +spec\.hostNetwork is true\nshop +sts\/web +default +1 +1 instrumented\n/,
  );
  t.match(
    lookText({ ...look, byApiServer: 1 }, { ...how, wide: false, namespaces: false }),
    '1 instrumented. The API server instrumented 1 by itself, as their label says. outrider coverage',
  );
  const none = { ...look, pods: 0, workloads: [] };
  t.equal(lookText(none, { ...how, wide: false, namespaces: false }), 'No running pod is under a policy here.\n');
});

t.test('of a policy that only reports it says what would be done, and what the leader found', async (t) => {
  const { cluster } = clusterOf();
  const reporting = engineFor({ mode: 'Report', prefer: 'Security' });
  const how = { programName: 'outrider', style: styleOf(false), wide: false, namespaces: false };
  t.equal(
    lookText(await lookAtPods(cluster, reporting, 'shop'), how),
    `WORKLOAD  POLICY   PODS  STATE      WOULD BE                         WHY          WHAT HELPS
sts/web   default  1     1 stale    1 unknown (instrumented_before)  report_mode  nothing, or new pods, which will have none of it
ds/node   default  1     1 excused  1 deny (host_network)            report_mode

3 pods of 3 workloads: 1 stale, 2 excused. outrider coverage -o wide lists them all.
Policy default only reports. In mode Inject: 1 inject, 1 deny (host_network), 1 unknown (instrumented_before). The leader has not looked at this generation yet.
`,
  );
  const report = {
    observedAt: '2026-11-29T10:00:00Z',
    generation: 1,
    pods: 9,
    inject: 8,
    partial: 0,
    skip: 0,
    deny: 1,
    unknown: 0,
    reasons: [
      { decision: 'inject', reason: 'injected', pods: 8 },
      { decision: 'deny', reason: 'host_network', pods: 1 },
    ],
  };
  const { client } = cluster;
  const list: typeof client.list = async (path, options) => {
    const listed = await client.list(path, options);
    return path.endsWith('/instrumentationpolicies')
      ? { ...listed, items: [{ metadata: { name: 'default' }, status: { report } }] }
      : listed;
  };
  t.match(
    lookText(await lookAtPods({ ...cluster, client: { ...client, list } }, reporting, 'shop'), how),
    'The leader found at 2026-11-29T10:00:00Z, in all namespaces: 8 inject, 1 deny (host_network).\n',
  );
});

t.test('what may not be read is said', async (t) => {
  const { cluster, fake } = clusterOf();
  fake.faults.push(refusal(403, 'Forbidden'));
  await t.rejects(lookAtPods(cluster, engine, 'shop'), { code: 'cluster_unavailable', message: /list pods/ });
});

t.test('what helps depends on who makes the pods', (t) => {
  const remedy = (state: CoverageState, apiVersion: string, kind: string): string =>
    remedyFor({ state, namespace: 'shop', workload: { apiVersion, kind, name: 'web' }, pod: 'web-1' }, 'outrider');
  t.equal(remedy('missed', 'apps/v1', 'Deployment'), 'outrider restart deploy/web -n shop');
  t.equal(remedy('stale', 'argoproj.io/v1alpha1', 'Rollout'), 'outrider restart rollout/web -n shop');
  t.match(remedy('missed', 'v1', 'Pod'), 'kubectl -n shop delete pod web, and create it again');
  t.match(remedy('missed', 'batch/v1', 'Job'), 'only a new Job has it');
  t.match(remedy('missed', 'example.com/v1', 'Thing'), 'restart it the way that controller says');
  t.equal(remedy('forged', 'apps/v1', 'Deployment'), 'outrider explain pod/web-1 -n shop');
  t.equal(remedy('unproven', 'apps/v1', 'Deployment'), 'outrider verify pod/web-1 -n shop');
  t.equal(remedy('instrumented', 'apps/v1', 'Deployment'), '');
  const workload = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' };
  t.match(
    remedyFor({ state: 'stale', reason: 'report_mode', namespace: 'shop', workload, pod: 'web-1' }, 'outrider'),
    'new pods, which will have none of it',
  );
  t.end();
});

t.test('states that are failures are read, and others refused', (t) => {
  t.same(failOnStates({ flags: { failOn: ['missed, forged', 'stale'] } }), ['stale', 'missed', 'forged']);
  t.same(failOnStates({ flags: {} }), []);
  t.throws(() => failOnStates({ flags: { failOn: ['missing'] } }), { code: 'usage' });
  t.end();
});
