import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Test } from 'tap';
import { workplace, type Workplace } from './harness.js';

/**
 * Runs everything on a page of docs/ as it is written: code blocks with a file's name are written to that file, and the
 * commands of console blocks print what stands below them. An ellipsis stands for the rest of its line.
 *
 * @returns the number of commands
 */
export async function runPage(t: Test, name: string): Promise<number> {
  const page = resolve(import.meta.dirname, '../../../docs', name);
  const place = await workplace(t);
  let commands = 0;
  for (const [, kind, file = '', body = ''] of (await readFile(page, 'utf8')).matchAll(
    /^```(yaml|json|console)(?: (\S+))?\n([^]*?)^```$/gm,
  )) {
    if (kind !== 'console') {
      if (file !== '') await place.write(file, body);
      continue;
    }
    for (const [, line = '', expected = ''] of body.matchAll(/^\$ ((?:.*\\\n)*.*)\n((?:(?!\$ ).*\n)*)/gm)) {
      commands += 1;
      const printed = await runLine(place, line.replaceAll(/\\\n\s*/g, ''));
      const pattern = expected.split('…').map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
      if (pattern.length === 1) t.equal(printed, expected, line);
      else t.match(printed, new RegExp(`^${pattern.join('.*')}$`), line);
    }
  }
  return commands;
}

/** Runs `outrider …`, with `> FILE` behind it or not, or `cmp A B`. */
async function runLine(place: Workplace, line: string): Promise<string> {
  const [before = '', file] = line.split(' > ');
  const [program, ...argv] = (before.match(/(?:'[^']*'|\S)+/g) ?? []).map((word) => word.replaceAll("'", ''));
  if (program === 'cmp') {
    const [one = '', other = ''] = argv;
    return (await place.read(one)) === (await place.read(other)) ? '' : 'they differ\n';
  }
  const { code, stdout, stderr } = await place.outrider(argv);
  if (file !== undefined) await place.write(file, stdout);
  return `${stderr}${file === undefined ? stdout : ''}${code === 0 ? '' : `[exit ${code}]\n`}`;
}
