import t from 'tap';
import { repositoryRoot } from '../generated.js';
import { casesDoc, lineOf } from './doc.js';
import { caseNumbers, caseTables } from './tables.js';
import { readMentions, readNumberedTests } from './titles.js';

const page = casesDoc(repositoryRoot);

t.test('each number in a title has a row, with that test', (t) => {
  const tests = readNumberedTests(repositoryRoot);
  t.ok(tests.length > 200, `${tests.length} numbered tests`);
  const lines = new Set(page.split('\n'));
  for (const test of tests) {
    const line = lineOf(test);
    t.ok(lines.has(line), line);
    for (const number of test.numbers) t.ok(caseNumbers.includes(number), `a table has ${number}: ${line}`);
  }
  t.end();
});

t.test('each number that a source or a test mentions has a row', (t) => {
  const mentions = readMentions(repositoryRoot);
  t.ok(mentions.size > 40, `${mentions.size} numbers`);
  for (const [number, file] of mentions) t.ok(caseNumbers.includes(number), `${number} is in a table: ${file}`);
  t.end();
});

t.test('each row has a number of its own, in order, and each edge case a test', (t) => {
  t.equal(new Set(caseNumbers).size, caseNumbers.length, 'no number twice');
  for (const { title, cases } of caseTables) {
    const letter = title.slice(0, 1);
    const numbers = Object.keys(cases).map((number) => Number(number.slice(1)));
    t.ok(
      Object.keys(cases).every((number) => number.startsWith(letter)),
      title,
    );
    t.same(
      numbers,
      numbers.toSorted((a, b) => a - b),
      `${title}: in order`,
    );
    for (const [number, sentence] of Object.entries(cases)) t.match(sentence, /^.{20,150}\.$/, number);
  }
  t.notMatch(page, /^- \*\*E.* _Open\._$/m);
  t.end();
});
