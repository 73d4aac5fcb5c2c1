import { readFileSync } from 'node:fs';
import t from 'tap';
import { repositoryRoot } from './generated.js';
import { pictureSvg } from './picture.js';

t.test('a picture has every word of its text, its title and a description', (t) => {
  const text = readFileSync(new URL('docs/pictures/overview.txt', repositoryRoot), 'utf8');
  const svg = pictureSvg(text, 'What it does');
  t.match(svg, /<title>What it does<\/title>/);
  const words = text.split('\n').filter((line) => line.startsWith('['));
  t.ok(words.length >= 2, `${words.length} rows`);
  for (const word of words.join(' ').split(/[[\]|<>]|--+/)) {
    t.ok(svg.includes(word.trim()), word.trim());
  }
  t.match(svg, 'prefers-color-scheme: dark', 'readable on dark pages too');
  t.end();
});

t.test('arrows point where the text says', (t) => {
  const heads = (text: string): number => pictureSvg(text, 'x').split('class="head"').length - 1;
  t.equal(heads('[a] --b--> [c]'), 1);
  t.equal(heads('[a] <--b--> [c]'), 2);
  t.equal(heads('# a comment\n[a | 1 < 2]'), 0);
  t.match(pictureSvg('[a | 1 < 2]', 'x'), '1 &lt; 2');
  t.end();
});

t.test('a line that is not a row is an error', (t) => {
  for (const text of ['boxes', '[a] [b]', '[a] -> [b]', '[a] --b-->']) t.throws(() => pictureSvg(text, 'x'), text);
  t.end();
});
