import t from 'tap';
import { plain } from '../../../src/cli/text/plain.js';

t.test('what others wrote is no command to the terminal', (t) => {
  t.equal(plain('a\u001b[31mb\nc\u0007d'), 'ab cd');
  t.equal(plain('two \n\n  lines'), 'two lines');
  t.equal(plain('a\u202eb'), 'ab', 'nor does it turn the text around');
  t.end();
});
