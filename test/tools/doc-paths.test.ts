import { existsSync, readdirSync, readFileSync } from 'node:fs';
import t from 'tap';

/** A path of the repository, as pages name it in code style; one with a word in capitals stands for many. */
const path = /`((?:src|test|docs|deploy)\/(?![^`]*[A-Z]{2})[\w./-]+)`/g;

t.test('what pages name of the repository is there', (t) => {
  const pages = [
    'README.md',
    ...readdirSync('docs', { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.md') && !name.startsWith('decisions/'))
      .map((name) => `docs/${name}`),
  ];
  const named = pages.flatMap((page) =>
    [...readFileSync(page, 'utf8').matchAll(path)].map(([, file = '']) => ({ page, file })),
  );
  t.ok(named.length > 100, `${named.length} paths`);
  for (const { page, file } of named) t.ok(existsSync(file), `${page}: ${file}`);
  t.end();
});
