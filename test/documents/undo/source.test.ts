import { createHash } from 'node:crypto';
import t from 'tap';
import { boundedSources, giveSourcesBack, sourcesBetween, type Source } from '../../../src/documents/undo/source.js';
import { readRecord, writeRecord } from '../../../src/documents/undo/record.js';

/** What a forger would write: it is for a place of this text, and its hash is right. */
function forged(document: string, is: string, becomes: string): Source {
  const at = document.indexOf(is);
  const line = document.indexOf('\n', at + is.length);
  if (at === -1) throw new Error('no such place');
  const hash = createHash('sha256').update(document.slice(0, line)).digest('hex').slice(0, 8);
  return { path: '', at, length: is.length, hash, text: becomes };
}

t.test('W28: a difference is kept at the smallest value that it stands in', (t) => {
  const was = 'a: [ ] # none\nb:\n  - c: ~\n    d: *x\n    e: 1\n'.replace('*x', '{ }');
  const is = 'a: [] # none\nb:\n  - c:\n    d: {}\n    e: 1\n';
  t.match(sourcesBetween(was, is), [
    { path: '/a', at: 4, length: 0, text: ' ' },
    { path: '/b/0/c', at: 2, length: 0, text: ' ~' },
    { path: '/b/0/d', at: 4, length: 0, text: ' ' },
  ]);
  t.equal(giveSourcesBack(is, sourcesBetween(was, is)), was);
  t.strictSame(sourcesBetween('a: 1\n', 'a: 2\n'), [], 'other data is no other form of it');
  t.strictSame(sourcesBetween('a: 1\n', '# nothing\n'), []);
  t.equal(giveSourcesBack('# nothing\n', sourcesBetween(was, is)), '# nothing\n');
  t.end();
});

t.test('W28: what was edited keeps the edit, and the rest its form', (t) => {
  const was = 'a: [ ]\nb:\n  c: ~ # c\n  d: { }\n';
  const is = 'a: []\nb:\n  c: # c\n  d: {}\n';
  const sources = sourcesBetween(was, is);
  for (const [one, other] of [
    ['a: []\n', 'a: [x]\n'],
    ['a: []\n', 'a:  []\n'],
    ['a: []\n', 'a: !!seq []\n'],
    ['a: []\n', ''],
  ] as const) {
    const rest = was.slice('a: [ ]\n'.length);
    t.equal(giveSourcesBack(is.replace(one, other), sources), `${other}${rest}`, other);
  }
  t.equal(giveSourcesBack(is.replace('b:', 'b: # edited'), sources), was.replace('b:', 'b: # edited'));
  t.end();
});

t.test('W28: an alias comes back with its anchor, and stays written out without it', (t) => {
  const was = 'a: &x [ 1 ]\nb: *x\nc: {<<: &m {d: 1} }\ne: {<<: *m }\n';
  const is = 'a: [1]\nb: [1]\nc: {d: 1}\ne: {d: 1}\n';
  const sources = sourcesBetween(was, is);
  t.equal(giveSourcesBack(is, sources), was);
  t.equal(
    giveSourcesBack(is.replace('a: [1]', 'a: [2]'), sources),
    was.replace('a: &x [ 1 ]', 'a: [2]').replace('*x', '[1]'),
  );
  t.end();
});

t.test('W28: a forged source changes no data', (t) => {
  const text = 'a: []\nb: one\nc: &c [1]\nd: *c\n';
  const bomb = `[&z0 [], ${Array.from({ length: 40 }, (_, at) => `&z${at + 1} [*z${at}, *z${at}]`).join(', ')}]`;
  for (const [is, becomes] of [
    ['a: []', 'a: [x]'],
    ['a: []', `a: ${bomb}`],
    ['b: one', 'b: two'],
    ['b: one', 'b: one\nnew: key'],
    ['b: one', 'b: one\nb: one'],
    ['b: one', '# b: one'],
    ['b: one', 'b: one\n---\nb: one'],
    ['b: one', 'b: |\n  one'],
    ['c: &c [1]', 'c: &c [1.0, 2]'],
    ['c: &c [1]', 'c: [1]'],
    ['d: *c', 'd: *e'],
    ['d: *c', 'd: !!str 1'],
    ['d: *c', '{{ template }}'],
  ] as const) {
    t.equal(giveSourcesBack(text, [forged(text, is, becomes)]), text, becomes.slice(0, 40));
  }
  const note = forged(text, 'b: one', 'b: "one" # noted');
  t.equal(giveSourcesBack(text, [note]), text.replace('b: one', 'b: "one" # noted'), 'form is all that it can say');
  t.equal(giveSourcesBack(text, [note, forged(text, 'a: []', 'a: [x]')]), text.replace('b: one', 'b: "one" # noted'));
  t.equal(giveSourcesBack(text, [note, note]), text.replace('b: one', 'b: "one" # noted'), 'and once');
  for (const change of [{ at: 1e9 }, { length: 1e9 }, { path: '/x' }, { path: '/b/x' }, { path: '/d/0' }]) {
    t.equal(giveSourcesBack(text, [{ ...note, ...change }]), text, JSON.stringify(change));
  }
  t.end();
});

t.test('W16, W28: a record holds few sources, and short ones before long ones', (t) => {
  const source = (length: number): Source => ({
    path: '/a',
    at: 0,
    length: 0,
    hash: '01234567',
    text: 'x'.repeat(length),
  });
  t.equal(boundedSources(Array.from({ length: 500 }, () => source(1))).length, 100);
  const kept = boundedSources([source(16_000), source(1000), source(10)]);
  t.strictSame(
    kept.map(({ text }) => text.length),
    [1000, 10],
  );
  const record = writeRecord({ steps: [], sources: Array.from({ length: 500 }, () => source(1000)) });
  t.ok(record.length < 20_000, `${record.length}`);
  t.equal(writeRecord({ steps: [], sources: [] }), '{"v":1,"undo":[]}');
  t.end();
});

t.test('W28: what is no source in a record is passed over', (t) => {
  const good = ['/a', 1, 2, '01234567', 'text'];
  const read = (src: unknown): number => readRecord(JSON.stringify({ v: 1, undo: [], src }), {}).sources.length;
  t.equal(read([good]), 1);
  for (const bad of [
    1,
    null,
    'x',
    [],
    ['a', 1, 2, 'h', ''],
    ['/a', -1, 2, 'h', ''],
    ['/a', 1.5, 2, 'h', ''],
    ['/a', 1, '2', 'h', ''],
    ['/a', 1, 2, 3, ''],
    ['/a', 1, 2, 'h', 4],
    { path: '/a' },
  ]) {
    t.equal(read([bad, good]), 1, JSON.stringify(bad));
  }
  for (const none of ['x', 1, {}, null]) t.equal(read(none), 0);
  t.end();
});
