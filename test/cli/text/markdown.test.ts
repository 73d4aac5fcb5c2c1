import t from 'tap';
import { cell, markdownTable } from '../../../src/cli/text/markdown.js';

t.test('a table whose cells hold nothing but text', (t) => {
  const head = '| A | B |\n| --- | --- |\n';
  t.same(markdownTable(['A', 'B'], [['x|y', 'a\nb']]), { text: `${head}| x\\|y | a b |\n`, left: 0 });
  const rows = [
    ['1', '2'],
    ['3', '4'],
    ['5', '6'],
  ];
  t.same(markdownTable(['A', 'B'], rows, 40), { text: `${head}| 1 | 2 |\n`, left: 2 }, 'what does not fit is counted');
  t.equal(cell('x'.repeat(300)).length, 200);
  t.equal(
    cell('<img src=x> [a](b) `c` @team *d* _e_ #1'),
    '\\<img src=x\\> \\[a\\](b) \\`c\\` @\u200bteam \\*d\\* \\_e\\_ \\#1',
  );
  t.end();
});
