import t from 'tap';
import { CoverageEvents } from '../../../src/cluster/coverage/coverage-events.js';
import type { Regarding } from '../../../src/cluster/events/regarding.js';
import {
  noCounts,
  type CoverageState,
  type PolicyCoverage,
  type WorkloadCoverage,
} from '../../../src/model/coverage.js';

function workload(state: CoverageState, name: string, kind = 'Deployment'): WorkloadCoverage {
  return {
    policy: 'payments',
    namespace: 'shop',
    workload: { apiVersion: 'apps/v1', kind, name },
    maker: { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: `${name}-5d8`, uid: `uid-${name}` },
    pods: 2,
    counts: { ...noCounts, [state]: 2 },
    state,
    reason: 'by_its_record',
    detail: 'as was seen',
    pod: `${name}-5d8-x`,
  };
}

function tellAll(worst: readonly WorkloadCoverage[], advises: boolean) {
  const told: { readonly about: Regarding; readonly reason: string; readonly note: string }[] = [];
  let nowMs = 0;
  const events = new CoverageEvents({
    tell: (about, { reason, note }) => told.push({ about, reason, note }),
    clock: { monotonicMs: () => nowMs },
    advises: (policy) => advises && policy === 'payments',
  });
  const coverage: PolicyCoverage = {
    counts: noCounts,
    pods: 8,
    readWhole: 0,
    byApiServer: 0,
    namespaces: 1,
    beyond: 0,
    worst,
  };
  const sweepAt = (ms: number): void => {
    nowMs = ms;
    events.swept(new Map([['payments', coverage]]));
  };
  return { told, sweepAt };
}

t.test('owners of missed and forged pods are told, once an hour', (t) => {
  const { told, sweepAt } = tellAll(
    [workload('forged', 'a'), workload('missed', 'b'), workload('stale', 'c'), workload('instrumented', 'd')],
    false,
  );
  sweepAt(0);
  t.same(
    told.map(({ reason, about }) => [reason, about.name, about.namespace, about.uid]),
    [
      ['pods_forged', 'a-5d8', 'shop', 'uid-a'],
      ['pods_missed', 'b-5d8', 'shop', 'uid-b'],
    ],
  );
  t.notMatch(told[1]?.note, 'outrider restart');
  sweepAt(59 * 60_000);
  t.equal(told.length, 2);
  sweepAt(61 * 60_000);
  t.equal(told.length, 4);
  t.end();
});

t.test('where the policy advises, the command that helps is named, of stale pods too', (t) => {
  const { told, sweepAt } = tellAll(
    [workload('forged', 'a'), workload('missed', 'b'), workload('stale', 'c'), workload('missed', 'd', 'ReplicaSet')],
    true,
  );
  sweepAt(0);
  t.same(
    told.map(({ reason }) => reason),
    ['pods_forged', 'pods_missed', 'pods_stale', 'pods_missed'],
  );
  t.notMatch(told[0]?.note, 'What helps', 'who wrote a claim is asked before its pod is gone');
  t.match(told[1]?.note, 'What helps: outrider restart deploy/b -n shop.');
  t.match(told[2]?.note, 'What helps: outrider restart deploy/c -n shop.');
  t.match(told[3]?.note, 'kubectl -n shop delete pod NAME');
  t.end();
});
