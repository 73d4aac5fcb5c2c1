import { readdirSync, readFileSync } from 'node:fs';
import ts from 'typescript';
import { parse } from 'yaml';

/** A test whose title begins with the numbers of the cases that it covers: `E17, E36: …`. */
export interface NumberedTest {
  /** Path from the root of the repository: a test, or the golden case that gives it its title. */
  readonly file: string;
  /** The title; what is put in when the test runs stands as `…`. */
  readonly title: string;
  readonly numbers: readonly string[];
}

const numbered = /^[EFWU]\d+(?:, [EFWU]\d+)*(?=: )/;
const mention = /(?<![\w\\-])[EFWU]\d{1,2}(?![\w'+/=-])/g;

/** Reads every numbered title below `test`, sorted by file, in order. */
export function readNumberedTests(root: URL): readonly NumberedTest[] {
  return filesOf(root, 'test', /\.ts$|\/case\.(yaml|json)$/).flatMap((file) => {
    const text = readFileSync(new URL(file, root), 'utf8');
    const titles = file.endsWith('.ts') ? literalsOf(file, text) : [titleOf(text)];
    return titles.flatMap((title) => {
      const found = numbered.exec(title);
      return found === null ? [] : [{ file, title, numbers: found[0].split(', ') }];
    });
  });
}

/** Reads every number that a source or a test mentions, the tables of cases apart, with a file that does. */
export function readMentions(root: URL): ReadonlyMap<string, string> {
  const files = ['src', 'test']
    .flatMap((folder) => filesOf(root, folder, /\.ts$/))
    .filter((file) => !file.startsWith('test/tools/cases/'));
  return new Map(
    files.flatMap((file) =>
      [...readFileSync(new URL(file, root), 'utf8').matchAll(mention)].map(([number]) => [number, file] as const),
    ),
  );
}

function filesOf(root: URL, folder: string, name: RegExp): readonly string[] {
  return readdirSync(new URL(folder, root), { recursive: true, encoding: 'utf8' })
    .map((path) => `${folder}/${path}`)
    .filter((path) => name.test(path))
    .sort();
}

/** The title of a golden case. JSON is YAML, too. */
function titleOf(text: string): string {
  const about: unknown = parse(text);
  return typeof about === 'object' && about !== null && 'title' in about && typeof about.title === 'string'
    ? about.title
    : '';
}

/** Every text of a module. A title is not told apart from other texts: no other begins with a number. */
function literalsOf(file: string, text: string): readonly string[] {
  if (!/['"`][EFWU]\d/.test(text)) return [];
  const literals: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteralLike(node)) literals.push(node.text);
    else if (ts.isTemplateExpression(node)) {
      literals.push([node.head.text, ...node.templateSpans.map(({ literal }) => literal.text)].join('…'));
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, text, ts.ScriptTarget.Latest, false));
  return literals;
}
