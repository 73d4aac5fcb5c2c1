import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import t from 'tap';
import { anchorsOf, badForm, linksOf } from './links.js';

const pages = ['README.md', 'CHANGELOG.md', 'test/agent/README.md'].concat(
  readdirSync('docs', { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
);

t.test('every link leads somewhere: to a file, and to a heading in it', (t) => {
  const texts = new Map(pages.map((page) => [page, readFileSync(page, 'utf8')]));
  let count = 0;
  for (const [page, text] of texts) {
    for (const { line, target } of linksOf(text)) {
      count += 1;
      const at = `${page}:${line}: ${target}`;
      if (/^[a-z]+:/.test(target)) {
        t.equal(badForm(target), undefined, at);
        continue;
      }
      const [path = '', anchor] = target.split('#');
      const file = path === '' ? page : normalize(join(dirname(page), path));
      if (!existsSync(file)) t.fail(`${at}: no such file`);
      else if (anchor !== undefined && file.endsWith('.md')) {
        t.ok(anchorsOf(texts.get(file) ?? readFileSync(file, 'utf8')).has(anchor), at);
      }
    }
  }
  t.ok(count > 250, `${count} links`);
  t.end();
});

t.test('anchors are those of GitHub, and links in code are none', (t) => {
  t.same(
    [...anchorsOf("# The port's proof\n## `a_b` and [c](d.md)\n## The port's proof\n")],
    ['the-ports-proof', 'a_b-and-c', 'the-ports-proof-1'],
  );
  t.same(linksOf('a [b](c.md#d) `[e](f)`\n```\n[g](h)\n```\n'), [{ line: 1, target: 'c.md#d' }]);
  t.equal(badForm('https://example.com/x'), undefined);
  t.equal(badForm('http://example.com'), 'is not https');
  t.equal(badForm('https://localhost'), 'has no domain');
  t.end();
});
