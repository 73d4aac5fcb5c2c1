import t from 'tap';
import { CoverageTally, type CountedPod } from '../../../src/engine/coverage/tally.js';
import { countsText, noCounts, type CoverageState } from '../../../src/model/coverage.js';

function pod(state: CoverageState, workload: string, about: Partial<CountedPod> = {}): CountedPod {
  return {
    verdict: { policy: 'default', state, reason: 'claim_void', detail: `${state} of ${workload}` },
    namespace: 'shop',
    name: `${workload}-${state}`,
    workload: { apiVersion: 'apps/v1', kind: 'Deployment', name: workload },
    maker: { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: `${workload}-1`, uid: '1' },
    readWhole: true,
    saysByApiServer: false,
    ...about,
  };
}

function tallyOf(pods: readonly CountedPod[], most?: number): CoverageTally {
  const tally = new CoverageTally(most);
  for (const one of pods) tally.add(one);
  return tally;
}

t.test('pods are counted by policy and workload, and the worst stand in front', (t) => {
  const tally = tallyOf([
    pod('instrumented', 'web'),
    pod('stale', 'old'),
    pod('stale', 'old'),
    pod('missed', 'api'),
    pod('instrumented', 'api', { namespace: 'bank', readWhole: false }),
    pod('forged', 'liar'),
    pod('missed', 'jobs'),
    pod('missed', 'jobs'),
    pod('excused', 'host'),
  ]);
  const found = tally.policies(3).get('default');
  t.equal(countsText(found?.counts ?? noCounts), '1 forged, 3 missed, 2 stale, 1 excused, 2 instrumented');
  t.match(found, { pods: 9, readWhole: 8, namespaces: 2, beyond: 0 });
  t.same(
    found?.worst.map(({ workload, state, pods }) => `${workload.name} ${state} ${pods}`),
    ['liar forged 1', 'jobs missed 2', 'api missed 1'],
  );
  t.match(found?.worst[1], { reason: 'claim_void', detail: 'missed of jobs', pod: 'jobs-missed', maker: { uid: '1' } });
  t.equal(tally.workloads().length, 7, 'of one name in two namespaces are two');
  t.end();
});

t.test('beyond the bound, pods are counted and not told apart', (t) => {
  const found = tallyOf([pod('missed', 'a'), pod('missed', 'b'), pod('missed', 'c'), pod('missed', 'a')], 2)
    .policies(20)
    .get('default');
  t.match(found, { pods: 4, beyond: 1 });
  t.equal(found?.worst.length, 2);
  const merged = new CoverageTally(1);
  merged.merge(tallyOf([pod('missed', 'a'), pod('stale', 'b')]));
  t.match(merged.policies(20).get('default'), { pods: 2, beyond: 1, counts: { missed: 1, stale: 1 } });
  t.end();
});

t.test('what two have counted is one sum', (t) => {
  const tally = tallyOf([pod('stale', 'web')]);
  tally.merge(tallyOf([pod('missed', 'web'), pod('instrumented', 'web')]));
  t.match(tally.workloads(), [{ state: 'missed', pods: 3, pod: 'web-missed', detail: 'missed of web' }]);
  t.end();
});

t.test('what the API server did by itself is counted of instrumented pods alone, whatever others’ labels say', (t) => {
  const says = { saysByApiServer: true };
  const claimed = pod('instrumented', 'web', { ...says, readWhole: false });
  const tally = tallyOf([claimed, pod('instrumented', 'api'), pod('forged', 'liar', says), pod('stale', 'old', says)]);
  t.match(tally.policies(0).get('default'), { pods: 4, byApiServer: 1 });
  const merged = tallyOf([pod('instrumented', 'more', says)]);
  merged.merge(tally);
  t.match(merged.policies(0).get('default'), { pods: 5, byApiServer: 2 });
  tally.correct(claimed, { policy: 'default', state: 'forged', reason: 'claim_void', detail: '' });
  t.match(tally.policies(0).get('default'), { pods: 4, byApiServer: 0 });
  t.end();
});

t.test('a pod that was read whole after all is counted as what it was found to be', (t) => {
  const claimed = pod('instrumented', 'web', { readWhole: false });
  const tally = tallyOf([claimed, pod('instrumented', 'web')]);
  tally.correct(claimed, { policy: 'default', state: 'forged', reason: 'claim_void', detail: 'nothing is there' });
  t.match(tally.policies(20).get('default'), { pods: 2, readWhole: 2, counts: { instrumented: 1, forged: 1 } });
  t.match(tally.workloads(), [{ state: 'forged', detail: 'nothing is there' }]);
  const wrong = pod('missed', 'api');
  const other = tallyOf([wrong]);
  other.correct(wrong, { policy: 'default', state: 'excused', reason: 'host_network', detail: '' });
  t.match(other.workloads(), [{ state: 'excused', counts: { missed: 0, excused: 1 } }]);
  t.end();
});

t.test('what a pod’s author writes is cut', (t) => {
  const long = pod('missed', 'web');
  const tally = tallyOf([{ ...long, verdict: { ...long.verdict, detail: 'x'.repeat(5_000) } }]);
  t.equal(tally.workloads()[0]?.detail.length, 300);
  t.end();
});
