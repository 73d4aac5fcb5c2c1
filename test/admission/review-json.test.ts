import fc from 'fast-check';
import t from 'tap';
import { parseReview } from '../../src/admission/review-json.js';
import { isArray, isObject, type JsonValue } from '../../src/model/json.js';

const key = 'managedFields';

/** Texts that look like what ends a string or a list, and texts that are not ASCII. */
const text = fc.oneof(
  fc.constantFrom(
    '"',
    '\\',
    '\\"',
    ']',
    '}',
    '[{',
    `,"${key}":[`,
    `x"${key}`,
    key,
    'k:{"name":"app"}',
    'é',
    '日本',
    '',
  ),
  fc.string({ unit: 'grapheme' }),
);
const { value } = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.oneof(text, fc.integer(), fc.constantFrom(null, true, false)),
    fc.array(tie('value')),
    fc.dictionary(fc.oneof(text, fc.constantFrom(key, 'metadata')), tie('value')),
  ),
}));

/** The value without what the first list under the key holds, in the order of its text. */
function emptied(value: JsonValue): JsonValue {
  let found = false;
  const copy = (value: JsonValue): JsonValue => {
    if (isArray(value)) return value.map(copy);
    if (!isObject(value)) return value;
    const entries = Object.entries(value).map(([name, of]): [string, JsonValue] => {
      if (found || name !== key || !isArray(of)) return [name, copy(of ?? null)];
      found = true;
      return [name, []];
    });
    return Object.fromEntries(entries);
  };
  return copy(value);
}

t.test('the first list of managed fields comes out empty, and all else as it is', (t) => {
  const both = fc.record({ before: value, [key]: fc.oneof(fc.array(value), value), behind: value });
  fc.assert(
    fc.property(fc.oneof(value, both), (review) => {
      const text = JSON.stringify(review);
      const parsed: unknown = parseReview(Buffer.from(text));
      return JSON.stringify(parsed) === JSON.stringify(emptied(JSON.parse(text) as JsonValue));
    }),
    { numRuns: 2_000 },
  );
  t.end();
});

t.test('bodies that only look as if they had such a list', (t) => {
  const asTheyAre = [
    `{"x\\"${key}":[1,2]}`,
    `{"a":"b,\\"${key}\\":[1,2]"}`,
    `{"${key}": [1,2]}`,
    `["${key}",[1,2]]`,
    `{"${key}":null,"b":[1]}`,
    `{"${key}":"[1]"}`,
    `{"a${key}":[1]}`,
  ];
  for (const text of asTheyAre) t.same(parseReview(Buffer.from(text)), JSON.parse(text), text);
  t.same(parseReview(Buffer.from(`{"a":{"${key}":[1,"]"],"é":[2]}}`)), { a: { [key]: [], é: [2] } });
  t.end();
});

t.test('what is no JSON stays none', (t) => {
  const cutOff = [`"${key}":[1]`, `{"${key}":[`, `{"${key}":[1`, `{"${key}":["`, `{"${key}":["\\`, `{"${key}":[]`];
  const closedTwice = [`{"${key}":[]]}`, `{"${key}":[1]}}`];
  for (const text of [...cutOff, ...closedTwice, '', '{', 'é']) {
    t.throws(() => parseReview(Buffer.from(text)), SyntaxError, text);
  }
  t.end();
});
