import t from 'tap';
import { admissibleReasons, reasonCodes, reasons } from '../../src/model/reasons.js';

t.test('every reason has a summary and a remedy that are sentences', (t) => {
  for (const code of reasonCodes) {
    t.match(code, /^[a-z][a-z0-9_]*$/);
    t.match(reasons[code].summary, /^[A-Z].*\.$/s, code);
    t.match(reasons[code].remedy, /\.$/, code);
  }
  t.end();
});

t.test('no reason that needs a look-up is admissible', (t) => {
  for (const code of admissibleReasons) t.notMatch(code, /^(image|registry|lookup)_/);
  t.end();
});
