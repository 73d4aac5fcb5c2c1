import t from 'tap';
import { ReviewTimeouts } from '../../src/server/review-timeout.js';

t.test('a review has the time of its query less a margin, and never more than half a minute', (t) => {
  const timeouts = new ReviewTimeouts({ defaultTimeoutMs: 10_000, timeoutMarginMs: 500 });
  for (const query of [{}, undefined, { other: '1s' }]) t.equal(timeouts.of(query), 9_500);
  for (let round = 0; round < 2; round++) {
    t.equal(timeouts.of({ timeout: '20s' }), 19_500);
    t.equal(timeouts.of({ timeout: '10m' }), 29_500);
    t.equal(timeouts.of({ timeout: '20ms' }), 10, 'half of a short one');
    for (const timeout of ['', '10', 'soon', ['1s', '2s']])
      t.ok(Number.isNaN(timeouts.of({ timeout })), String(timeout));
  }
  for (let made = 1; made < 100; made++)
    t.equal(timeouts.of({ timeout: `${made + 1}s` }), Math.min(made + 1, 30) * 1000 - 500);
  t.end();
});
