import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Test } from 'tap';
import { workplace, type Workplace } from './harness.js';

/** How a page is run. */
export interface PageOptions {
  /** The page's commands look nothing up, whatever is set. */
  readonly asksNobody?: boolean;
  /** Runs a command line that is on one line, and gives what it prints, with `[exit N]` at the end where that is not 0. */
  readonly run?: (place: Workplace, env: Readonly<Record<string, string>>, line: string) => Promise<string>;
}

/**
 * Runs everything on a page of docs/ as it is written: code blocks with a file's name are written to that file, and the
 * commands of console blocks print what is below them. An ellipsis stands for the rest of its line. `export NAME=VALUE`
 * holds for the commands after it: nothing is set that the page does not show.
 *
 * @returns the number of commands
 */
export async function runPage(
  t: Test,
  name: string,
  { asksNobody = false, run = runLine }: PageOptions = {},
): Promise<number> {
  const page = resolve(import.meta.dirname, '../../../docs', name);
  const place = await workplace(t);
  const env: Record<string, string> = {};
  let commands = 0;
  for (const [, kind, file = '', body = ''] of (await readFile(page, 'utf8')).matchAll(
    /^```(yaml|json|console)(?: (\S+))?\n([^]*?)^```$/gm,
  )) {
    if (kind !== 'console') {
      if (file !== '') await place.write(file, body);
      continue;
    }
    for (const [, line = '', expected = ''] of body.matchAll(/^\$ ((?:.*\\\n)*.*)\n((?:(?!\$ ).*\n)*)/gm)) {
      const [, variable, value] = /^export (\w+)=(\S*)$/.exec(line) ?? [];
      if (variable !== undefined && value !== undefined) {
        env[variable] = value;
        continue;
      }
      // No test asks the internet; a reader who does not say so would.
      if (commands === 0 && !asksNobody)
        t.equal(env['OUTRIDER_LOOKUP'], 'false', `${name} says that no registry is asked`);
      commands += 1;
      const printed = await run(place, env, line.replaceAll(/\\\n\s*/g, ''));
      const pattern = expected.split('…').map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
      if (pattern.length === 1) t.equal(printed, expected, line);
      else t.match(printed, new RegExp(`^${pattern.join('.*')}$`), line);
    }
  }
  return commands;
}

/** Runs `outrider …`, with `> FILE` after it or not, or `cmp A B`. What is written has its folder made, as by `mkdir -p`. */
async function runLine(place: Workplace, env: Readonly<Record<string, string>>, line: string): Promise<string> {
  const [before = '', file] = line.split(' > ');
  const [program, ...argv] = (before.match(/(?:'[^']*'|\S)+/g) ?? []).map((word) => word.replaceAll("'", ''));
  if (program === 'mkdir') return '';
  if (program === 'cmp') {
    const [one = '', other = ''] = argv;
    return (await place.read(one)) === (await place.read(other)) ? '' : 'they differ\n';
  }
  const { code, stdout, stderr } = await place.outrider(argv, { env });
  if (file !== undefined) await place.write(file, stdout);
  return `${stderr}${file === undefined ? stdout : ''}${code === 0 ? '' : `[exit ${code}]\n`}`;
}
