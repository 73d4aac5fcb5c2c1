import { readFileSync } from 'node:fs';
import t from 'tap';

/** Rows of the threat model: `file`: title of a test in it. */
const reference = /\| `(test\/[^`]+\.test\.ts)`: (.+?) +\|$/gm;

t.test('each test that the threat model names is there', (t) => {
  const page = readFileSync('docs/security.md', 'utf8');
  const model = page.slice(page.indexOf('## Threats'), page.indexOf('## What is shipped'));
  const rows = model.split('\n').filter((line) => /^\| (?!Threat |-)/.test(line));
  const named = [...model.matchAll(reference)];
  t.equal(named.length, rows.length, 'every threat has a test');
  t.ok(rows.length > 20);
  for (const [, file = '', title = ''] of named) {
    const source = readFileSync(file, 'utf8');
    t.ok(source.includes(`'${title}'`) || source.includes(`\`${title}\``), `${file}: ${title}`);
  }
  t.end();
});
