import t from 'tap';
import { TokenBucket, TokenBuckets } from '../../src/time/token-bucket.js';

t.test('a token bucket gives its burst, then one each interval', (t) => {
  let ms = 0;
  const bucket = new TokenBucket({ monotonicMs: () => ms }, { burst: 2, everyMs: 1000 });
  t.same([bucket.take(), bucket.take(), bucket.take()], [0, 0, 1000]);
  ms = 600;
  t.equal(bucket.take(), 400);
  ms = 1000;
  t.same([bucket.take(), bucket.take()], [0, 1000]);
  ms = 1_000_000;
  t.same([bucket.take(), bucket.take(), bucket.take()], [0, 0, 1000]);
  t.end();
});

t.test('each key has a bucket of its own, and those that were used last are kept', (t) => {
  const buckets = new TokenBuckets({ monotonicMs: () => 0 }, { burst: 1, everyMs: 1000 }, 2);
  t.same([buckets.take('a'), buckets.take('a'), buckets.take('b')], [true, false, true]);
  t.ok(buckets.take('c'));
  t.ok(buckets.take('a'), 'what fell out is full again');
  t.notOk(buckets.take('c'));
  t.end();
});
