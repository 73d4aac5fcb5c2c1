import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import t from 'tap';
import { workplace, type Workplace } from './harness.js';

const page = resolve(import.meta.dirname, '../../../docs/offline.md');

t.test('everything on docs/offline.md runs as it is written', async (t) => {
  const place = await workplace(t);
  let commands = 0;
  for (const [, kind, name = '', body = ''] of (await readFile(page, 'utf8')).matchAll(
    /^```(yaml|json|console)(?: (\S+))?\n([^]*?)^```$/gm,
  )) {
    if (kind !== 'console') {
      await place.write(name, body);
      continue;
    }
    for (const [, line = '', expected = ''] of body.matchAll(/^\$ (.*)\n((?:(?!\$ ).*\n)*)/gm)) {
      commands += 1;
      const printed = await runLine(place, line);
      // An ellipsis stands for the rest of its line.
      const pattern = expected.split('…').map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
      if (pattern.length === 1) t.equal(printed, expected, line);
      else t.match(printed, new RegExp(`^${pattern.join('.*')}$`), line);
    }
  }
  t.ok(commands >= 8, `${commands} commands`);
});

/** Runs `outrider …`, with `> FILE` behind it or not, or `cmp A B`. */
async function runLine(place: Workplace, line: string): Promise<string> {
  const [before = '', file] = line.split(' > ');
  const [program, ...argv] = before.split(' ');
  if (program === 'cmp') {
    const [one = '', other = ''] = argv;
    return (await place.read(one)) === (await place.read(other)) ? '' : 'they differ\n';
  }
  const { code, stdout, stderr } = await place.outrider(argv);
  if (file !== undefined) await place.write(file, stdout);
  return `${stderr}${file === undefined ? stdout : ''}${code === 0 ? '' : `[exit ${code}]\n`}`;
}
