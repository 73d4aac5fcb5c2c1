import t from 'tap';
import { Judges } from '../../../src/cluster/plans/judges.js';

t.test('who judges is said when it changes, and nothing is known before the first look', (t) => {
  let told = 0;
  const judges = new Judges(() => told++);
  t.equal(judges.known, undefined);
  t.equal(judges.drop(['payments']), false);
  t.equal(told, 0);
  judges.settle(new Map([['payments', 'key']]));
  judges.settle(new Map([['payments', 'key']]));
  t.equal(told, 1, 'twice the same is said once');
  judges.settle(new Map([['payments', 'other']]));
  t.equal(told, 2, 'a proof is of selectors');
  t.equal(judges.drop(['orders', 'payments']), true);
  t.same([...(judges.known ?? [])], []);
  t.equal(told, 3);
  judges.forget();
  t.equal(judges.known, undefined);
  judges.takeBack([]);
  t.equal(judges.known?.size, 0);
  t.equal(told, 4, 'what an earlier leader left is taken back, too');
  t.end();
});
