import t from 'tap';
import type { FittedPlan } from '../../../src/cluster/plans/plan-contents.js';
import { withinBound } from '../../../src/cluster/plans/within-bound.js';

const planOf = (bareBytes: number, bytes: number): FittedPlan => ({
  spec: { podSecurity: '', plans: [], images: {} },
  leftOut: 0,
  bytes,
  bareBytes,
});

t.test('W67: namespaces come before images, and what is not known takes no room', (t) => {
  const [one, two, three] = [planOf(10, 50), planOf(10, 30), planOf(100, 100)];
  const fits = withinBound([one, undefined, { reason: 'amounts_by_pod', detail: '' }, two, three], 60);
  t.equal(fits.get(one), 'whole');
  t.equal(fits.get(two), 'bare');
  t.equal(fits.get(three), undefined);
  t.end();
});
