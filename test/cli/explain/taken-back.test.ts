import t from 'tap';
import { takenBackState, takenBackStep } from '../../../src/cli/explain/taken-back.js';
import { entryOf, lookMs } from '../../support/taken-back-entry.js';

t.test('an entry is a note: what failed, when it is tried again, what helps', (t) => {
  const { subject, result, detail, remedy } = takenBackStep(entryOf(), lookMs, 'kubectl outrider');
  t.same([subject, result], ['taken back', 'note']);
  t.match(detail, /^5 min ago from policy default: the node cannot pull .*; tried again in 5 min$/);
  t.match(remedy, 'kubectl outrider retry deploy/web -n shop');
  t.end();
});

t.test('programs get it in fields', (t) => {
  const { policy, evidence, since, tries, at } = entryOf();
  t.same(takenBackState(entryOf()), { policy, evidence, since, tries, again: { at, isNow: false } });
  t.equal(takenBackState(entryOf({ stage: 'Trying' })).again.isNow, true);
  t.end();
});
