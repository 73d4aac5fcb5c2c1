import fc from 'fast-check';
import t from 'tap';
import { parseReview } from '../../src/admission/review-json.js';
import { isArray, isObject, type JsonValue } from '../../src/model/json.js';
import { podOf, reviewText } from '../bench/pods.js';

const key = 'managedFields';

/** Texts that look like what ends a string or a list, and texts that are not ASCII. */
const decoys = [
  '"',
  '\\',
  '\\"',
  ']',
  '[',
  `]},"spec":`,
  `,"${key}":[`,
  `x"${key}`,
  `,"userInfo":{`,
  `},"object":{`,
  '{',
  '}',
  'k:{"name":"app"}',
  'é',
  '日本',
  '',
];
const text = fc.oneof(fc.constantFrom(...decoys), fc.string({ unit: 'grapheme' }));
const { value } = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.oneof(text, fc.integer(), fc.constantFrom(null, true, false)),
    fc.array(tie('value')),
    fc.dictionary(fc.oneof(text, fc.constantFrom(key, 'metadata', 'spec', 'userInfo', 'object')), tie('value')),
  ),
}));

/** The value without what is in its lists of managed fields, and without users. */
function emptied(value: JsonValue): JsonValue {
  if (isArray(value)) return value.map(emptied);
  if (!isObject(value)) return value;
  const entries = Object.entries(value)
    .filter(([name, of]) => !(name === 'userInfo' && isObject(of)))
    .map(([name, of]): [string, JsonValue] => [name, name === key && isArray(of) ? [] : emptied(of ?? null)]);
  return Object.fromEntries(entries);
}

t.test('whatever a review holds beside managed fields comes out as it is', (t) => {
  const metadata = fc.record({ name: value, [key]: fc.oneof(fc.array(value), value) });
  const pod = fc.record({ before: value, metadata, spec: fc.record({ containers: value }), behind: value });
  const user = fc.record({ username: value, extra: fc.dictionary(text, value), object: value }, { requiredKeys: [] });
  const request = fc.record({
    before: value,
    userInfo: fc.oneof(user, value),
    object: fc.oneof(pod, value),
    behind: value,
  });
  fc.assert(
    fc.property(fc.oneof(value, pod, fc.record({ request })), (review) => {
      const text = JSON.stringify(review);
      const [parsed, expected] = [parseReview(Buffer.from(text)), JSON.parse(text)] as [JsonValue, JsonValue];
      return JSON.stringify(emptied(parsed)) === JSON.stringify(emptied(expected));
    }),
    { numRuns: 4_000 },
  );
  t.end();
});

t.test('of a review that an API server sends, managed fields come out empty', (t) => {
  const text = reviewText(podOf({ namespace: 'shop', containers: 2, variables: 10, command: true }), 'shop');
  const whole = JSON.parse(text) as JsonValue;
  t.notSame(whole, emptied(whole));
  t.same(parseReview(Buffer.from(text)), emptied(whole));
  const elsewhere = text.replace('registry.example.com', 'b\u00fccher.example.com');
  t.same(parseReview(Buffer.from(elsewhere)), emptied(JSON.parse(elsewhere) as JsonValue), 'not ASCII');
  t.end();
});

t.test('lists that only look like managed fields, or like their end, come out whole', (t) => {
  const spec = '"spec":{"a":[1]}';
  const texts = [
    `{"m":{"x\\"${key}":[1,2]},${spec}}`,
    `{"a":"b,\\"${key}\\":[1,2]},\\"spec\\":{}"}`,
    `{"m":{"${key}": [1,2]},${spec}}`,
    `{"m":["${key}",[1,2]],${spec}}`,
    `{"m":{"${key}":null,"b":[1]},${spec}}`,
    `{"m":{"${key}":"[1]"},${spec}}`,
    `{"m":{"a${key}":[1]},${spec}}`,
    `{"m":{"${key}":[1],"labels":["a"]},${spec}}`,
    `{"m":{"${key}":["a"],"n":{"b":["c"]},${spec}}}`,
    `{"m":{"${key}":[{"b":["c"]}]},${spec}}`,
    `{"m":{"${key}":["[","]},"]},${spec}}`,
  ];
  for (const text of texts) t.same(parseReview(Buffer.from(text)), JSON.parse(text), text);
  const empty = { request: { object: { metadata: { name: 'é', [key]: [] }, spec: {} } } };
  t.same(parseReview(Buffer.from(JSON.stringify(empty).replace('[]', '[1,{"é":2}]'))), empty);
  t.end();
});

t.test('a user is skipped where it stands in front of the object, and nowhere else', (t) => {
  const skipped = [
    '{}',
    '{"username":"a","groups":["b","c"]}',
    '{"username":"a","extra":{"b":["c"]}}',
    '{"username":"a","extra":{}}',
    '{"username":"a}"}',
  ];
  for (const user of skipped) {
    const text = `{"request":{"uid":"1","userInfo":${user},"object":{"userInfo":{"a":1},"object":{"b":2}},"dryRun":false}}`;
    t.strictSame(
      parseReview(Buffer.from(text)),
      { request: { uid: '1', object: { userInfo: { a: 1 }, object: { b: 2 } }, dryRun: false } },
      user,
    );
  }
  const whole = [
    '{"request":{"userInfo":{"a":1},"object":{"b":2}}}',
    '{"uid":"1","userInfo":{"a":{"b":{}}},"object":{"b":2}}',
    '{"uid":"1","userInfo":{"a":{"b":"{"},"object":{"b":2}}}',
    '{"r":{"uid":"1","userInfo":{"a":"{"}},"object":{"b":2}}',
    '{"uid":"1","userInfo":{"a":1},"oldObject":{"b":2}}',
    '{"uid":"1","userInfo":null,"object":{"b":2}}',
    '{"a":",\\"userInfo\\":{","object":{"b":2}}',
    '{"a":"","userInfo":{"b":"},\\"object\\":{"},"c":{"b":2}}',
  ];
  for (const text of whole) t.strictSame(parseReview(Buffer.from(text)), JSON.parse(text), text);
  t.end();
});

t.test('what is no JSON stays none', (t) => {
  const cutOff = [`"${key}":[1]`, `{"${key}":[`, `{"${key}":[1`, `{"${key}":["`, `{"${key}":["\\`, `{"${key}":[]`];
  const wrong = [
    `{"${key}":[]]}`,
    `{"${key}":[1]}}`,
    `{"m":{"${key}":[1]},"spec":}`,
    `{"${key}":[1]},"spec":{}}`,
    `{"a":1,"userInfo":{},"object":{}`,
    `,"userInfo":{},"object":{`,
  ];
  for (const text of [...cutOff, ...wrong, '', '{', 'é']) {
    t.throws(() => parseReview(Buffer.from(text)), SyntaxError, text);
  }
  t.end();
});
