import fc from 'fast-check';
import t from 'tap';
import { decodeAuth } from '../../../src/image/credentials/auth-field.js';

const base64 = (text: string): string => Buffer.from(text).toString('base64');

t.test('W9: base64 is read however it is wrapped', (t) => {
  const name = fc.string({ unit: 'grapheme', maxLength: 40 }).filter((text) => !text.includes(':'));
  const secret = fc.string({ unit: 'grapheme', maxLength: 120 }).filter((text) => !text.endsWith('\0'));
  const breaks = fc.constantFrom('\n', '\r\n', '\n\n');
  fc.assert(
    fc.property(
      name,
      secret,
      fc.integer({ min: 1, max: 76 }),
      breaks,
      fc.boolean(),
      (username, password, width, end, isPadded) => {
        const whole = isPadded
          ? base64(`${username}:${password}`)
          : base64(`${username}:${password}`).replace(/=+$/, '');
        const wrapped = whole.replace(new RegExp(`.{1,${width}}`, 'g'), `$&${end}`);
        for (const auth of [wrapped, wrapped.trimEnd(), end + wrapped])
          t.strictSame(decodeAuth(auth), { username, password });
      },
    ),
  );
  t.end();
});

t.test('W9: what the kubelet cannot read says why', (t) => {
  const cases: readonly (readonly [auth: string, why: string])[] = [
    ['***', 'its auth is not base64'],
    [base64('u:p?>~~').replace(/\+/g, '-').replace(/\//g, '_') + '-_', 'its auth is not base64'],
    [`${base64('u:pass')}=`, 'its auth is not base64'],
    ['dTpwdw=', 'its auth is not base64'],
    ['dTpwd=w=', 'its auth is not base64'],
    ['dTpwd', 'its auth is not base64'],
    ['dTpw dw==', 'its auth has blanks in its base64'],
    [` ${base64('u:p')}`, 'its auth has blanks in its base64'],
    [`${base64('u:p')}\t`, 'its auth has blanks in its base64'],
    [base64('no colon'), 'its auth is not base64 of USER:PASSWORD'],
    ['\n', 'its auth is not base64 of USER:PASSWORD'],
    [Buffer.from([0x75, 0x3a, 0xe4]).toString('base64'), 'its auth is not UTF-8'],
  ];
  for (const [auth, why] of cases) t.strictSame(decodeAuth(auth), { why }, JSON.stringify(auth));
  t.strictSame(decodeAuth(base64('u:')), { username: 'u', password: '' });
  t.strictSame(decodeAuth(base64('\ufeffu:p')), { username: '\ufeffu', password: 'p' });
  t.end();
});
