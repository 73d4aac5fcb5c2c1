import t from 'tap';
import { findOddPhrases, oddPhrases, proseOf, wordsOf } from './words.js';

t.test('odd phrases are found, also over the end of a line', (t) => {
  t.same(findOddPhrases('It sees\nto it that all is well.'), [
    { line: 1, found: 'sees to it that', instead: 'makes sure that' },
  ]);
  t.same(
    findOddPhrases('/**\n * What\n * becomes\n * of it.\n */').map(({ line, found }) => [line, found]),
    [[3, 'becomes of']],
  );
  t.same(findOddPhrases('It makes sure that all is well.'), []);
  t.end();
});

t.test('only comments, and messages where they are asked for, are looked at', (t) => {
  const source = "// made anew\nconst anew = 1;\nthrow new Error('made anew');\n";
  t.equal(findOddPhrases(wordsOf(source, false)).length, 1);
  t.same(
    findOddPhrases(wordsOf(source, true)).map(({ line }) => line),
    [1, 3],
  );
  t.same(findOddPhrases(proseOf('```sh\nmade anew\n```\n`anew` <!-- anew -->\n')), []);
  t.end();
});

t.test('each phrase says what to write instead, and does not forbid that', (t) => {
  for (const { pattern, instead } of oddPhrases) {
    t.not(instead, '', String(pattern));
    t.same(findOddPhrases(instead), [], instead);
  }
  t.end();
});
