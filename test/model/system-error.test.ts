import t from 'tap';
import { isSystemError, systemReason } from '../../src/model/system-error.js';

t.test('an error of the system is known by its code, any other by its text', (t) => {
  const missing = Object.assign(new Error('ENOENT: no such file'), { code: 'ENOENT' });
  t.equal(systemReason(missing), 'ENOENT');
  t.ok(isSystemError(missing, 'ENOENT'));
  t.notOk(isSystemError(missing, 'EISDIR'));
  t.equal(systemReason(new Error('too long')), 'Error: too long');
  t.equal(systemReason('thrown'), 'thrown');
  t.notOk(isSystemError({ code: 'ENOENT' }, 'ENOENT'));
  t.end();
});
