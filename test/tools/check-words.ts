/*
 * Looks for turns of phrase that nobody would write, in pages, comments and messages: `npm run check:words`. The changelog of
 * released versions and the dated decisions stay as they were, and generated pages have their words from the sources.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { generatedFiles, repositoryRoot } from './generated.js';
import { findOddPhrases, proseOf, wordsOf } from './words.js';

const generated = new Set(generatedFiles.map(({ path }) => path));

function filesBelow(folder: string, extension: string): readonly string[] {
  return readdirSync(new URL(folder, repositoryRoot), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(extension))
    .map((name) => `${folder}${name}`);
}

const pages = ['README.md', ...filesBelow('docs/', '.md')].filter(
  (path) => !generated.has(path) && !/^docs\/(?:decisions|reference)\//.test(path),
);
const sources = filesBelow('src/', '.ts');
const tests = filesBelow('test/', '.ts').filter((path) => !/^test\/(?:fixtures|tools\/words)/.test(path));

const found = [
  ...pages.map((path) => ({ path, words: proseOf })),
  ...sources.map((path) => ({ path, words: (text: string) => wordsOf(text, true) })),
  ...tests.map((path) => ({ path, words: (text: string) => wordsOf(text, false) })),
].flatMap(({ path, words }) =>
  findOddPhrases(words(readFileSync(new URL(path, repositoryRoot), 'utf8'))).map(
    ({ line, found, instead }) => `${path}:${line}: "${found}"; plainly: ${instead}\n`,
  ),
);
process.stdout.write(found.join(''));
if (found.length > 0) process.exitCode = 1;
