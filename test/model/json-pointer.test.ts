import fc from 'fast-check';
import t from 'tap';
import { pointerIndex, pointerToken, readPointer, valueAt, writePointer } from '../../src/model/json-pointer.js';

t.test('the examples of RFC 6901, section 5', (t) => {
  const document = { foo: ['bar', 'baz'], '': 0, 'a/b': 1, 'c%d': 2, 'm~n': 8, ' ': 7 };
  const examples: readonly (readonly [string, unknown])[] = [
    ['', document],
    ['/foo', ['bar', 'baz']],
    ['/foo/0', 'bar'],
    ['/', 0],
    ['/a~1b', 1],
    ['/c%d', 2],
    ['/m~0n', 8],
    ['/ ', 7],
  ];
  for (const [pointer, value] of examples) t.strictSame(valueAt(document, pointer), value, pointer);
  t.end();
});

t.test('where nothing stands', (t) => {
  const document = { list: [1], nothing: null };
  for (const pointer of ['/x', '/list/1', '/list/-', '/list/00', '/list/', '/nothing/x', '/toString', '/list/length']) {
    t.equal(valueAt(document, pointer), undefined, pointer);
  }
  t.equal(valueAt(document, '/nothing'), null);
  t.end();
});

t.test('what is written is read', (t) => {
  t.equal(pointerToken('outrider.dev/~x'), 'outrider.dev~1~0x');
  t.strictSame(readPointer('/~01'), ['~1'], 'an escaped ~ makes no slash with what follows');
  fc.assert(
    fc.property(fc.array(fc.string()), (keys) => t.strictSame(readPointer(writePointer(keys)), keys) || true),
    {
      numRuns: 50,
    },
  );
  fc.assert(
    fc.property(fc.array(fc.constantFrom('~', '/', '0', '1', 'a').map((text) => text.repeat(2))), (keys) => {
      return JSON.stringify(readPointer(writePointer(keys))) === JSON.stringify(keys);
    }),
  );
  t.equal(pointerIndex('10'), 10);
  t.equal(pointerIndex('01'), undefined);
  t.equal(pointerIndex('-'), undefined);
  t.end();
});
