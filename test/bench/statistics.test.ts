import t from 'tap';
import { median, percentile, rounded } from './statistics.js';

t.test('percentiles are the nearest rank, in whatever order the values come', (t) => {
  const values = Array.from({ length: 1000 }, (_, index) => 1000 - index);
  t.equal(percentile(values, 0.5), 500);
  t.equal(percentile(values, 0.99), 990);
  t.equal(percentile(values, 0.999), 999);
  t.equal(percentile(values, 1), 1000);
  t.equal(percentile([7], 0.999), 7);
  t.equal(percentile([1, 2], 0), 1);
  t.equal(percentile([10, 9, 100], 0.99), 100, 'numbers, not texts, are sorted');
  t.ok(Number.isNaN(percentile([], 0.5)));
  t.end();
});

t.test('the median of an even number of values is between the two in the middle', (t) => {
  t.equal(median([30, 10, 20]), 20);
  t.equal(median([4, 1, 3, 2]), 2.5);
  t.ok(Number.isNaN(median([])));
  t.equal(rounded(1.2345, 2), 1.23);
  t.end();
});
