import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { readManifests } from '../../src/documents/manifest/manifest.js';
import { isObject, listOf, stringOf, stringsOf } from '../../src/model/json.js';
import { workplace } from '../cli/harness.js';

const root = new URL('../../../test/golden-tasks/', import.meta.url);
const update = process.env['UPDATE_GOLDEN'] === '1';

interface Case {
  readonly name: string;
  readonly title: string;
  readonly args: readonly string[];
  readonly exit: number;
  readonly input: string;
  readonly files: Readonly<Record<string, string>>;
}

function readCase(name: string): Case {
  const read = (file: string): string => readFileSync(new URL(`${name}/${file}`, root), 'utf8');
  const about: unknown = JSON.parse(read('case.json'));
  if (!isObject(about)) throw new Error(`${name}/case.json is no object`);
  const files = readdirSync(new URL(name, root)).filter((file) => !/^(case|output|report)\./.test(file));
  const input = files.find((file) => file.startsWith('input.')) ?? '';
  return {
    name,
    title: stringOf(about['title']) ?? '',
    args: stringsOf(listOf(about['args'])) ?? [],
    exit: Number(about['exit']),
    input,
    files: Object.fromEntries(files.map((file) => [file, read(file)])),
  };
}

const cases = readdirSync(root, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => readCase(name));

/** The text that is committed; with UPDATE_GOLDEN=1 what came out is written first. */
function golden({ name }: Case, file: string, text: string): string {
  const url = new URL(`${name}/${file}`, root);
  if (update) writeFileSync(url, text);
  return readFileSync(url, 'utf8');
}

/** The data of a file with its order of keys. */
function dataOf(text: string): string {
  return JSON.stringify(readManifests(text, 'test').map(({ value }) => value));
}

t.ok(cases.length >= 50, `${cases.length} cases`);

for (const one of cases) {
  t.test(`${one.title} (${one.name})`, async (t) => {
    const place = await workplace(t, one.files);
    const { code, stdout, stderr } = await place.outrider(['inject', '-f', one.input, ...one.args]);
    t.equal(code, one.exit, 'exit code');
    t.equal(stderr, golden(one, 'report.txt', stderr), 'report.txt');
    const output = one.input.replace('input', 'output');
    t.equal(stdout, golden(one, output, stdout), output);
    if (code !== 0) return;
    const before = one.files[one.input] ?? '';

    await place.write('again', stdout);
    const again = await place.outrider([
      'inject',
      '-f',
      'again',
      ...one.args.filter((word) => word !== 'undo.json' && word !== '--undo-file'),
    ]);
    t.equal(again.stdout, stdout, 'nothing is added twice (E17)');

    const undone = await place.outrider([
      'uninject',
      '-f',
      'again',
      ...(one.args.includes('undo.json') ? ['--undo-file', 'undo.json'] : []),
    ]);
    if (stdout !== before) t.equal(dataOf(undone.stdout), dataOf(before), 'uninject gives data and order of keys back');
    else t.equal(undone.stdout, before, 'nothing is taken back');
  });
}
