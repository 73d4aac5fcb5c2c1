import t from 'tap';
import { BytePool } from '../../src/server/byte-pool.js';

t.test('what is taken is not there until it is given back; what is in use already is taken all the same', (t) => {
  const pool = new BytePool(10);
  t.ok(pool.tryTake(6));
  t.notOk(pool.tryTake(5));
  t.ok(pool.tryTake(4));
  t.equal(pool.takenBytes, 10);
  pool.take(5);
  t.equal(pool.takenBytes, 15);
  pool.giveBack(10);
  t.notOk(pool.tryTake(6));
  t.ok(pool.tryTake(5));
  t.end();
});
