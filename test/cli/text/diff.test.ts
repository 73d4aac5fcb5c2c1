import fc from 'fast-check';
import t from 'tap';
import { diffTexts, renderDiff } from '../../../src/cli/text/diff.js';

t.test('unified format', (t) => {
  const before = Array.from({ length: 20 }, (_, index) => `l${index}`).join('\n') + '\n';
  const after = before.replace('l4\n', 'l4\nnew\n').replace('l15\n', '');
  t.equal(
    renderDiff(diffTexts(before, after), { oldName: 'a', newName: 'b' }),
    '--- a\n+++ b\n@@ -3,6 +3,7 @@\n l2\n l3\n l4\n+new\n l5\n l6\n l7\n@@ -13,7 +14,6 @@\n l12\n l13\n l14\n-l15\n l16\n l17\n l18\n',
  );
  t.equal(renderDiff(diffTexts('', 'a\n'), { oldName: 'a', newName: 'b' }), '--- a\n+++ b\n@@ -0,0 +1 @@\n+a\n');
  t.match(renderDiff(diffTexts('a', 'a\n'), { oldName: 'a', newName: 'b' }), '\\ No newline at end of file');
  t.match(renderDiff(diffTexts('a\n', 'b\n'), { oldName: 'a', newName: 'b', colour: true }), '\u001b[32m+b\u001b[0m');
  t.equal(renderDiff(diffTexts('a\n', 'a\n'), { oldName: 'a', newName: 'b' }), '');
  t.end();
});

t.test('property: each side of the diff is that text', (t) => {
  const lines = fc
    .array(fc.constantFrom('a', 'b', 'c', ''), { maxLength: 30 })
    .map((each) => each.map((l) => `${l}\n`).join(''));
  fc.assert(
    fc.property(lines, lines, (before, after) => {
      const all = diffTexts(before, after, 1000).flatMap((hunk) => hunk.lines);
      const side = (gone: string): string =>
        all
          .filter(({ kind }) => kind !== gone)
          .map(({ text }) => `${text}\n`)
          .join('');
      if (before === after) return;
      t.equal(side('added'), before);
      t.equal(side('removed'), after);
    }),
  );
  t.end();
});

t.test('a carriage return belongs to its line', (t) => {
  const [hunk] = diffTexts('a\r\nb\r\nc\r\n', 'a\r\nx\r\nc\r\n');
  const texts = hunk?.lines.map(({ text }) => text);
  t.strictSame(texts, ['a\r', 'b\r', 'x\r', 'c\r']);
  t.strictSame(
    diffTexts('a\r\n', 'a\n')[0]?.lines.map(({ text }) => text),
    ['a\r', 'a'],
  );
  t.end();
});

t.test('a huge text in which every line differs ends soon', (t) => {
  const many = (name: string): string => Array.from({ length: 200_000 }, (_, index) => `${name}${index}\n`).join('');
  const startedAt = Date.now();
  t.equal(diffTexts(many('a'), many('b'))[0]?.oldLines, 200_000);
  t.ok(Date.now() - startedAt < 20_000);
  t.end();
});

t.test('texts that share nothing are shown as replaced', (t) => {
  const many = (name: string): string => Array.from({ length: 3000 }, (_, index) => `${name}${index}\n`).join('');
  const [hunk] = diffTexts(many('a'), many('b'));
  t.match(hunk, { oldStart: 1, oldLines: 3000, newStart: 1, newLines: 3000 });
  const [between, none] = diffTexts(`x\ny\nz\n1\n${many('a')}2`, `x\ny\nz\n1\n${many('b')}2`);
  t.equal(none, undefined);
  t.match(between, { oldStart: 2, oldLines: 3004, newStart: 2, newLines: 3004 });
  t.match(between?.lines.slice(0, 4), [{ text: 'y' }, { text: 'z' }, { text: '1' }, { kind: 'removed', text: 'a0' }]);
  t.strictSame(between?.lines.at(-1), { kind: 'same', text: '2\n\\ No newline at end of file' });
  t.match(diffTexts('', many('b')), [{ oldStart: 0, oldLines: 0, newStart: 1, newLines: 3000 }]);
  t.match(diffTexts('x\n', `x\n${many('b')}`, 0), [{ oldStart: 1, oldLines: 0, newStart: 2, newLines: 3000 }]);
  t.end();
});
