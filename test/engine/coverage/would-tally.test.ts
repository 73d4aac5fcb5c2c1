import fc from 'fast-check';
import t from 'tap';
import { WouldTally } from '../../../src/engine/coverage/would-tally.js';
import { wouldDecisions, type WouldBeOf } from '../../../src/model/coverage.js';

const inject: WouldBeOf = { decision: 'inject', reason: 'injected' };
const host: WouldBeOf = { decision: 'deny', reason: 'host_network' };
const late: WouldBeOf = { decision: 'unknown', reason: 'image_not_looked_up', ifFound: 'inject' };

t.test('pods are counted by decision and reason; of a policy that does more than report nothing is', (t) => {
  const tally = new WouldTally();
  t.same(tally.shown(), {});
  tally.add(undefined);
  t.same(tally.shown(), {});
  for (const one of [late, host, inject, host, inject, inject]) tally.add(one);
  t.same(tally.shown().would, [
    { ...inject, pods: 3 },
    { ...host, pods: 2 },
    { ...late, pods: 1 },
  ]);
  tally.add(late, -1);
  t.equal(tally.shown().would?.length, 2, 'what was corrected is gone');
  t.end();
});

t.test('a sum of parts is the whole, in whatever order', (t) => {
  const one: fc.Arbitrary<WouldBeOf> = fc.record({
    decision: fc.constantFrom(...wouldDecisions),
    reason: fc.constantFrom('injected', 'host_network', 'image_not_looked_up'),
  });
  fc.assert(
    fc.property(fc.array(one), fc.nat(), (all, at) => {
      const [whole, first, second] = [new WouldTally(), new WouldTally(), new WouldTally()];
      all.forEach((each, index) => {
        whole.add(each);
        (index < at ? second : first).add(each);
      });
      first.merge(second);
      t.same(first.shown(), whole.shown());
    }),
    { numRuns: 200 },
  );
  t.end();
});
