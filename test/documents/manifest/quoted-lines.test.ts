import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import t from 'tap';
import { joinQuotedLines } from '../../../src/documents/manifest/quoted-lines.js';
import { readManifests } from '../../../src/documents/manifest/manifest.js';
import { editDocument } from '../../../src/documents/edit/edit.js';
import type { JsonValue } from '../../../src/model/json.js';

const valueOf = (text: string): JsonValue | undefined => readManifests(text, 'f')[0]?.value;

t.test('W29: a quoted scalar indented less than its parent is read as kubectl reads it', (t) => {
  const file = new URL('../../../../test/fixtures/manifests/multiline-quote.yaml', import.meta.url);
  const text = readFileSync(file, 'utf8');
  t.same(readManifests(text, 'f')[0]?.templates[0]?.pod['spec'], {
    containers: [{ name: 'a', image: 'x', command: ['sh', '-c', 'exec run --flag'] }],
  });
  t.same(
    editDocument(text, [{ op: 'add', path: '/spec/containers/0/command/0', value: '/w' }]),
    text.replace('        - sh', '        - /w\n        - sh'),
  );
  for (const [yaml, value] of [
    ['a:\n  b: "one\ntwo"\n  c: d\n', { a: { b: 'one two', c: 'd' } }],
    ["a:\n  b: 'it''s\n\n \ttwo'\n  c: d\n", { a: { b: "it's\ntwo", c: 'd' } }],
    ['a:\n  - "x \\"\\\n  y\\\\"\n', { a: ['x "y\\'] }],
    ['a:\r\n  b: "one\r\ntwo"\r\n  c: d\r\n', { a: { b: 'one two', c: 'd' } }],
    ['a:\n  b: {c: "one\ntwo", d: [\'e\nf\']}\n', { a: { b: { c: 'one two', d: ['e f'] } } }],
    ['a:\n  b: &x "one\ntwo"\n  c: *x\n', { a: { b: 'one two', c: 'one two' } }],
    ['a:\n  b: "# no\n# comment"\n  c: |\n    "text\n   # comment\n', { a: { b: '# no # comment', c: '"text\n' } }],
  ] as const) {
    t.same(valueOf(yaml), value, yaml);
  }
  t.end();
});

t.test('W29: what kubectl refuses as well stays an error', (t) => {
  for (const yaml of [
    'a:\n  b: "one\ntwo\n  c: d\n',
    "a:\n  b: 'one\ntwo\n",
    'a:\n  "one\ntwo": b\n',
    'a:\n  b: "one\n--- two"\n---\n  c: "x\n',
    'a:\n  b: "one\ntwo" three\n',
    'a:\n  b: plain\ntwo\n  c: d\n',
    'a:\n  b: "one\ntwo\\q"\n',
  ]) {
    t.throws(() => valueOf(yaml), { code: 'manifest_invalid' }, yaml);
  }
  t.end();
});

t.test(
  'W29: property: how far a line is indented says nothing inside quotes, and edits elsewhere keep the bytes',
  (t) => {
    const word = fc.constantFrom(
      'one',
      'two words',
      '# x',
      '- y',
      'k: v',
      '{',
      ']',
      "''",
      '&a',
      '\\\\',
      '\\"',
      '\\t',
      '%',
      '|',
    );
    const line = fc.tuple(fc.array(word, { minLength: 1, maxLength: 3 }), fc.nat({ max: 8 }), fc.boolean());
    const scalar = fc.tuple(fc.constantFrom('"', "'"), fc.array(line, { minLength: 1, maxLength: 4 }));
    const write = (
      [quote, lines]: readonly [string, readonly (readonly [readonly string[], number, boolean])[]],
      pad?: number,
    ) =>
      quote +
      lines
        .map(([words, indent, blank], at) => {
          const text = words.join(' ').replace(quote === '"' ? /''/g : /\\"/g, '');
          return at === 0 ? `w${text}` : `${blank ? '\n' : ''}\n${' '.repeat(pad ?? indent)}w${text}`;
        })
        .join('') +
      quote;
    fc.assert(
      fc.property(fc.array(scalar, { minLength: 1, maxLength: 4 }), fc.boolean(), (scalars, flow) => {
        const document = (pad?: number): string => {
          const values = scalars.map((each) => write(each, pad));
          const list = flow ? ` [${values.join(', ')}]\n` : `\n${values.map((value) => `      - ${value}\n`).join('')}`;
          return `a:\n  b:\n    c:${list}    d: e # kept\n`;
        };
        const text = document();
        if (JSON.stringify(valueOf(text)) !== JSON.stringify(valueOf(document(9)))) throw new Error(text);
        const edited = editDocument(text, [{ op: 'replace', path: '/a/b/d', value: 'f' }]);
        if (edited !== text.replace('d: e #', 'd: f #')) throw new Error(edited);
      }),
      { numRuns: 200 },
    );
    t.end();
  },
);

t.test('W29: offsets stay, and a file without such scalars is left alone', (t) => {
  t.equal(joinQuotedLines('a: "b"\nc: \'d\'\ne: |\n  "f\n'), undefined);
  t.equal(joinQuotedLines('a: "b\n'), undefined);
  t.equal(joinQuotedLines('a:\n  b: "c\r\nd"\n'), 'a:\n  b: "c  d"\n');
  t.end();
});
