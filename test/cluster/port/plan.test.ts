import t from 'tap';
import { keysAfter, planPort, type PortStanding, type PortStep } from '../../../src/cluster/port/plan.js';
import { noPortKeys, portKeyNames, portKeysIn, withPortKeys } from '../../../src/cluster/port/port-keys.js';

const [one, two, three] = ['1', '2', '3'].map((digit) => digit.repeat(64));
const terms = { overlapMs: 300_000, settleMs: 60_000 };
const asked = { ...noPortKeys, current: one, asked: true, certificate: 'A' };
const settled = { key: one, forMs: 60_000 };
const still: PortStanding = { keys: asked, certificate: 'A', older: false, registered: settled, nextForMs: 0 };

const rows: readonly (readonly [string, Partial<PortStanding>, PortStep])[] = [
  ['nothing is to be done', {}, 'none'],
  ['there is no key', { keys: noPortKeys }, 'begin'],
  ['there is no key, and no certificate yet', { keys: noPortKeys, certificate: '' }, 'none'],
  ['proof is asked for once the API server calls with it', { keys: { ...asked, asked: false } }, 'ask'],
  ['but not a moment earlier', { keys: { ...asked, asked: false }, registered: { key: one, forMs: 59_999 } }, 'none'],
  ['nor while it is not known how it calls', { keys: { ...asked, asked: false }, registered: undefined }, 'none'],
  ['nor by another key', { keys: { ...asked, asked: false }, registered: { key: two, forMs: 60_000 } }, 'none'],
  ['nor while an older replica is there', { keys: { ...asked, asked: false }, older: true }, 'none'],
  ['proof is not asked for beside an older replica', { older: true }, 'stopAsking'],
  ['another certificate brings another key', { certificate: 'B' }, 'introduce'],
  ['one at a time', { certificate: 'B', keys: { ...asked, next: two } }, 'none'],
  ['a certificate that is not known brings none', { certificate: '' }, 'none'],
  ['a key has to spread before it is called by', { keys: { ...asked, next: two }, nextForMs: 299_999 }, 'none'],
  ['and is called by then', { keys: { ...asked, next: two }, nextForMs: 300_000 }, 'promote'],
  ['at once where nobody is asked', { keys: { ...asked, asked: false, next: two } }, 'promote'],
  [
    'not before the key before the last is retired',
    { keys: { ...asked, next: two, previous: three }, nextForMs: 300_000, registered: undefined },
    'none',
  ],
  [
    'an earlier key is accepted while it may be called by',
    { keys: { ...asked, previous: three }, registered: { key: one, forMs: 1 } },
    'none',
  ],
  [
    'or stands in the configurations',
    { keys: { ...asked, previous: three }, registered: { key: three, forMs: 60_000 } },
    'none',
  ],
  ['and no longer', { keys: { ...asked, previous: three } }, 'retire'],
  [
    'nor where no token stands in them',
    { keys: { ...asked, asked: false, previous: three }, older: true, registered: { key: undefined, forMs: 60_000 } },
    'retire',
  ],
];

for (const [what, differs, step] of rows) {
  t.test(`F25: ${what}`, (t) => {
    t.equal(planPort({ ...still, ...differs }, terms), step);
    t.end();
  });
}

t.test('F25: what each step makes of the keys', (t) => {
  const after = (step: PortStep, keys = asked) => keysAfter(step, { keys, certificate: 'B' }, () => three ?? '');
  t.same(after('begin', noPortKeys), { ...noPortKeys, current: three, certificate: 'B' });
  t.same(after('introduce'), { ...asked, next: three, certificate: 'B' });
  t.same(after('promote', { ...asked, next: two }), { ...asked, current: two, previous: one });
  t.same(after('retire', { ...asked, previous: two }), asked);
  t.same(after('stopAsking'), { ...asked, asked: false });
  t.same(after('ask', { ...asked, asked: false }), asked);
  t.equal(after('none'), asked);
  t.end();
});

t.test('F25: the Secret keeps the keys beside what else is in it, and what is no key is none', (t) => {
  const keys = { ...asked, next: two, previous: three };
  const data = withPortKeys({ 'tls.crt': 'QQ==', [portKeyNames.asked]: 'eA==' }, keys);
  t.equal(data['tls.crt'], 'QQ==');
  t.same(portKeysIn({ data }), keys);
  t.same(withPortKeys(data, noPortKeys), { 'tls.crt': 'QQ==' });
  t.same(portKeysIn(undefined), noPortKeys);
  const text = (value: string): string => Buffer.from(value).toString('base64');
  t.same(
    portKeysIn({ data: { [portKeyNames.current]: text('short'), [portKeyNames.asked]: text('true') } }),
    noPortKeys,
  );
  t.end();
});
