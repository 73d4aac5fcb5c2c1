import t from 'tap';
import { coverageOf, covered, readCoverage } from '../../../src/cluster/status/covered.js';
import { noCounts, type PolicyCoverage } from '../../../src/model/coverage.js';
import { asJson } from '../../../src/model/json.js';

const observedAt = '2026-11-29T10:00:00Z';
const none = { found: undefined, observedAt: undefined, trouble: undefined };

function found(counts: Partial<PolicyCoverage['counts']>, about: Partial<PolicyCoverage> = {}): PolicyCoverage {
  const all = { ...noCounts, ...counts };
  const pods = Object.values(all).reduce((sum, count) => sum + count, 0);
  return { counts: all, pods, readWhole: pods, byApiServer: 0, namespaces: 1, worst: [], beyond: 0, ...about };
}

const conditionOf = (counts: Partial<PolicyCoverage['counts']>, about: Partial<PolicyCoverage> = {}): string => {
  const { status, reason, message } = covered(
    coverageOf({ ...none, found: found(counts, about), observedAt }, undefined),
    true,
  );
  return `${status} ${reason} ${message}`;
};

t.test('Covered says no more than was looked at', (t) => {
  t.equal(conditionOf({ instrumented: 3, excused: 1 }), 'True AllCovered 4 pods: 1 excused, 3 instrumented.');
  t.equal(conditionOf({}), 'True AllCovered It has no running pods.');
  t.equal(conditionOf({ stale: 1 }), 'True AllCovered One pod: 1 stale.');
  t.equal(conditionOf({ missed: 2, unproven: 1 }), 'False PodsMissed 3 pods: 2 missed, 1 unproven.');
  t.equal(conditionOf({ missed: 2, forged: 1 }), 'False PodsForged 3 pods: 1 forged, 2 missed.');
  t.equal(conditionOf({ unproven: 1 }), 'Unknown PodsUnproven One pod: 1 unproven.');
  t.equal(
    conditionOf({ instrumented: 9 }, { readWhole: 4 }),
    'True AllCovered 9 pods: 9 instrumented. 4 were read whole, the others by their record.',
  );
  t.match(covered(undefined, true), { status: 'Unknown', reason: 'Pending' });
  t.match(covered(undefined, false), { status: 'Unknown', reason: 'AuditOff' });
  t.end();
});

t.test('what an earlier leader found stays until this one has looked, and a failure is said beside it', (t) => {
  const first = coverageOf({ ...none, found: found({ missed: 1 }), observedAt }, undefined);
  const before = asJson({ coverage: first });
  t.same(coverageOf(none, before), first);
  const failed = coverageOf({ ...none, trouble: 'the API server did not answer' }, before);
  t.match(failed, { observedAt, missed: 1, truncated: 'the API server did not answer' });
  t.match(
    covered(failed, true).message,
    /That was at 2026-11-29T10:00:00Z; a later look did not come through: the API server did not answer\.$/,
  );
  t.equal(coverageOf(none, asJson({ coverage: failed }))?.truncated, undefined);
  t.equal(coverageOf(none, undefined), undefined);
  t.equal(coverageOf(undefined, before), undefined, 'nobody looks any more');
  t.equal(readCoverage({ coverage: { observedAt: 'then' } }), undefined, 'of another form');
  t.end();
});
