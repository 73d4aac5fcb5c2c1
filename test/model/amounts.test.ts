import t from 'tap';
import { addAmounts, amountText, difference } from '../../src/model/amounts.js';

t.test('amounts are added, compared and written as quantities', (t) => {
  const sums = new Map<string, bigint>();
  addAmounts(sums, { cpu: '100m', memory: '256Mi' }, 3);
  addAmounts(sums, { cpu: '1' }, 1);
  t.equal(amountText(sums.get('cpu') ?? 0n, 'cpu'), '1300m');
  t.equal(amountText(sums.get('memory') ?? 0n, 'memory'), '768Mi');
  const less = difference(new Map([['cpu', 0n]]), sums);
  t.equal(amountText(less.get('memory') ?? 0n, 'requests.memory'), '-768Mi');
  t.equal(less.get('cpu'), -1_300_000_000n);
  t.same([...difference(sums, sums)], []);
  t.end();
});
