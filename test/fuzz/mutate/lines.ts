import { mutateText } from './json.js';
import type { Random } from './random.js';

/** Lines that make YAML hard to read or to write back. */
const oddLines: readonly string[] = [
  '# a comment',
  '---',
  '...',
  '- &a x',
  '<<: *a',
  'key: *a',
  '? complex',
  ': value',
  '__proto__: {polluted: true}',
  '"quoted key": "a\\u0000b"',
  "'it''s': ''",
  'text: |-',
  'text: >2',
  '',
  '\t',
  '  \t# tab',
  '{{- if .Values.x }}',
  '%YAML 1.1',
  'no: yes',
  'n: 0o17',
  'big: 12345678901234567890',
  'date: 2001-12-14t21:59:43.10-05:00',
  'f: !Sub "${A}"',
  'g: !GetAtt a.b',
  'list: [a, b, # c',
  '  ]',
  'flow: {a: 1, b: [x, {c: d}]}',
  '*a : *a',
  '!!set {a}',
];

/** Changes a text line by line: what an editor, a template engine or a bad merge does to YAML. */
export function mutateLines(text: string, random: Random, other: string): string {
  const lines = text.split('\n');
  const rounds = 1 + random.below(4);
  for (let round = 0; round < rounds; round++) mutateOnce(lines, random, other);
  const joined = lines.join('\n');
  if (random.chance(20)) return joined.replaceAll('\n', '\r\n');
  return random.chance(40) ? `\ufeff${joined}` : joined;
}

function mutateOnce(lines: string[], random: Random, other: string): void {
  const at = random.below(lines.length);
  const line = lines[at] ?? '';
  const indent = /^ */.exec(line)?.[0] ?? '';
  switch (random.below(9)) {
    case 0:
      lines.splice(at, 1);
      return;
    case 1:
      lines.splice(at, 0, line);
      return;
    case 2:
      lines.splice(at, 0, indent + random.pick(oddLines));
      return;
    case 3:
      lines[at] = random.chance(2) ? `  ${line}` : line.replace(/^ {1,2}/, '');
      return;
    case 4:
      lines[at] = `${line} # remark`;
      return;
    case 5: {
      const from = other.split('\n');
      const start = random.below(from.length);
      lines.splice(at, 0, ...from.slice(start, start + random.below(12)));
      return;
    }
    case 6: {
      const moved = lines.splice(at, 1 + random.below(5));
      lines.splice(random.below(lines.length + 1), 0, ...moved);
      return;
    }
    case 7:
      lines[at] = line.replace(/: (.*)$/, (_whole, value: string) =>
        random.pick([
          `: &x ${value}`,
          `: "${value}"`,
          `: '${value}'`,
          `: !!str ${value}`,
          `: |\n${indent}    ${value}`,
          ': *x',
          ':',
        ]),
      );
      return;
    default:
      lines[at] = mutateText(line, random);
  }
}
