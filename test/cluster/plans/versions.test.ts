import t from 'tap';
import { isOlder } from '../../../src/cluster/plans/versions.js';

t.test('versions are compared as numbers, and what is none is no older', (t) => {
  t.equal(isOlder('9', '10'), true);
  t.equal(isOlder('10', '9'), false);
  t.equal(isOlder('10', '10'), false);
  t.equal(isOlder('', '10'), false);
  t.equal(isOlder('9007199254740993', '9007199254740994'), true);
  t.end();
});
