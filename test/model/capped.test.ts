import t from 'tap';
import { capped } from '../../src/model/capped.js';

t.test('the first names are said, and how many more there are', (t) => {
  t.equal(capped([]), '');
  t.equal(capped(['a', 'b', 'c', 'd', 'e']), 'a, b, c, d, e');
  t.equal(capped(['a', 'b', 'c', 'd', 'e', 'f']), 'a, b, c, d, e and 1 more');
  t.equal(capped(['a', 'b', 'c', 'd'], 2), 'a, b and 2 more');
  t.end();
});
