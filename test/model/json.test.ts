import fc from 'fast-check';
import t from 'tap';
import {
  asciiJson,
  deepFrozen,
  parsedJson,
  quotedText,
  stringMembersOf,
  type JsonValue,
} from '../../src/model/json.js';

const text = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.string({ maxLength: 600 }));
const value = fc.jsonValue().map((json) => json as JsonValue);
const isAscii = (json: string): boolean => /^[\x20-\x7e]*$/.test(json);

t.test('texts and values are written as JSON that is ASCII and means the same', (t) => {
  fc.assert(fc.property(text, (one) => isAscii(quotedText(one)) && JSON.parse(quotedText(one)) === one));
  fc.assert(
    fc.property(value, (one) => {
      const json = asciiJson(one);
      return isAscii(json) && JSON.stringify(JSON.parse(json)) === JSON.stringify(JSON.parse(JSON.stringify(one)));
    }),
  );
  for (const one of ['', 'plain', '"', '\\', '\u007f', 'é', '\u2028', '\ud83d', '😀', '\u0000', 'x'.repeat(10_000)]) {
    t.equal(JSON.parse(quotedText(one)), one);
    t.ok(isAscii(quotedText(one)));
  }
  t.end();
});

t.test('what is frozen is so in every place', (t) => {
  const value = deepFrozen({ list: [{ deep: ['text'] }], none: null, number: 1 });
  t.ok(Object.isFrozen(value) && Object.isFrozen(value.list) && Object.isFrozen(value.list[0]?.deep));
  t.equal(deepFrozen<unknown>(undefined), undefined);
  t.end();
});

t.test('text that is not JSON says nothing, and members that are no strings are left out', (t) => {
  t.strictSame(parsedJson('{"a":[1]}'), { a: [1] });
  t.equal(parsedJson('null'), null);
  t.equal(parsedJson('{'), undefined);
  t.strictSame(stringMembersOf({ a: 'x', b: 1, c: null, d: '' }), { a: 'x', d: '' });
  t.strictSame(stringMembersOf(['x']), {});
  t.strictSame(stringMembersOf(undefined), {});
  t.end();
});
