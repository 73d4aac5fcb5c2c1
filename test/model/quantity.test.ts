import fc from 'fast-check';
import t from 'tap';
import { quantitySchema, quantityText } from '../../src/model/policy.js';
import { addQuantities, parseQuantity, sameQuantity } from '../../src/model/quantity.js';

t.test('quantities are read exactly, as apimachinery does', (t) => {
  const billion = 1_000_000_000n;
  const table: readonly (readonly [unknown, bigint | undefined])[] = [
    ['1', billion],
    [1, billion],
    [0.5, billion / 2n],
    ['100m', billion / 10n],
    ['.5', billion / 2n],
    ['5.', 5n * billion],
    ['+1', billion],
    ['-1', -billion],
    ['1k', 1000n * billion],
    ['1Ki', 1024n * billion],
    ['1.5Gi', 1_610_612_736n * billion],
    ['1e3', 1000n * billion],
    ['1E3', 1000n * billion],
    ['1E', 10n ** 18n * billion],
    ['1e-3', billion / 1000n],
    ['1n', 1n],
    ['0.1n', 1n],
    ['-0.1n', -1n],
    ['7.9Ei', (79n * billion * (1n << 60n)) / 10n],
    ['8Ei', ((1n << 63n) - 1n) * billion],
    ['9223372036854775807', 9223372036854775807n * billion],
    ['', undefined],
    ['.', undefined],
    ['1KI', undefined],
    ['1 Gi', undefined],
    ['one', undefined],
    [null, undefined],
    [Number.NaN, undefined],
    [{}, undefined],
  ];
  for (const [text, amount] of table) t.equal(parseQuantity(text), amount, JSON.stringify(text));
  t.end();
});

t.test('what the API server takes for a quantity is one here, in the schema too', (t) => {
  const taken = [
    '0',
    '1',
    '+1',
    '007',
    '1.',
    '.5',
    '1.5',
    '1.G',
    '100m',
    '1n',
    '1u',
    '1k',
    '1M',
    '1G',
    '1T',
    '1P',
    '1E',
  ];
  taken.push('1Ki', '1Mi', '1Gi', '1Ti', '1Pi', '1Ei', '0.1Mi', '1e3', '1E3', '1e+3', '1e-3', '.5e2', '1.e2', '1e03');
  const refused = [
    '',
    ' 1',
    '1 ',
    '1K',
    '1ki',
    '1mi',
    '1gi',
    '1KI',
    '1Mb',
    '1B',
    '1i',
    '1ni',
    '1ui',
    '1e',
    '1e+',
    '1e.5',
  ];
  refused.push('1e3Ki', '1Ki3', '1.5.5', '1,5', '0x1', '1_000', '--1', '-+1', '+-1', '١', 'Infinity', 'NaN', 'lots');
  for (const text of taken) {
    t.not(parseQuantity(text), undefined, text);
    t.equal(quantityText.safeParse(text).success, true, text);
    t.strictSame(quantitySchema.safeParse(text), { success: true, data: text });
    t.equal(
      parseQuantity(`-${text.replace('+1', '1')}`)
        ?.toString()
        .replace('-', ''),
      String(parseQuantity(text)),
    );
    t.notOk(quantitySchema.safeParse(`-${text}`).success, 'no part of a pod is less than nothing');
  }
  for (const text of refused) {
    t.equal(parseQuantity(text), undefined, text);
    t.notOk(quantitySchema.safeParse(text).success, text);
  }
  t.end();
});

t.test('two ways of writing an amount are the same', (t) => {
  t.ok(sameQuantity('1Gi', '1073741824'));
  t.ok(sameQuantity('0.5', '500m'));
  t.ok(sameQuantity(1, '1000m'));
  t.notOk(sameQuantity('1G', '1Gi'));
  t.notOk(sameQuantity('x', 'x'), 'what is no quantity is like nothing');
  t.end();
});

t.test('sums are exact and short', (t) => {
  t.equal(addQuantities('1', '100m'), '1100m');
  t.equal(addQuantities('1Gi', '256Mi'), '1280Mi');
  t.equal(addQuantities('1Gi', '1Gi'), '2Gi');
  t.equal(addQuantities('1G', '24'), '1000000024');
  t.equal(addQuantities('500m', '500m'), '1');
  t.equal(addQuantities('1u', '1n'), '1001n');
  t.equal(addQuantities('1u', '1u'), '2u');
  t.equal(addQuantities('0', '0Mi'), '0');
  const amount = fc
    .tuple(fc.nat(100_000), fc.constantFrom('', 'm', 'k', 'M', 'Ki', 'Mi', 'Gi'))
    .map(([n, unit]) => `${n}${unit}`);
  fc.assert(
    fc.property(amount, amount, (a, b) => {
      return parseQuantity(addQuantities(a, b)) === (parseQuantity(a) ?? 0n) + (parseQuantity(b) ?? 0n);
    }),
  );
  t.end();
});
