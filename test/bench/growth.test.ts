import t from 'tap';
import { growthOf } from './growth.js';

t.test('the power of the size that work grows by', (t) => {
  const works = (...ms: readonly number[]) => ms.map((cpuMs, at) => ({ size: 100 * 2 ** at, cpuMs }));
  t.equal(growthOf(works(100, 200, 400), 0), 1);
  t.equal(growthOf(works(100, 400, 1600), 0), 2);
  t.equal(growthOf(works(150, 250, 450), 50), 1);
  t.equal(growthOf(works(1, 1, 1), 5), 0, 'what is lost in the noise does not grow');
  t.equal(growthOf([], 0), 0);
  t.end();
});
