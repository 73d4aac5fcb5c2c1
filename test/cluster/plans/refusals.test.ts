import t from 'tap';
import { believeRefusalMs, Refusals } from '../../../src/cluster/plans/refusals.js';

t.test('a refusal counts for a while, and its words stay until it is cleared', (t) => {
  let nowMs = 0;
  const refusals = new Refusals({ monotonicMs: () => nowMs });
  t.equal(refusals.counts('payments'), false);
  refusals.note('payments', 'undeclared reference');
  t.equal(refusals.counts('payments'), true);
  nowMs = believeRefusalMs;
  t.equal(refusals.counts('payments'), false);
  t.equal(refusals.wordsOf('payments'), 'undeclared reference');
  refusals.clear('payments');
  t.equal(refusals.wordsOf('payments'), undefined);
  t.end();
});
