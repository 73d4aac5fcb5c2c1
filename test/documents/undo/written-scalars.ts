import { evict, podOf, type WrittenForm } from './written-forms.js';

/** Styles of a scalar; `$` is the indentation of the lines after the first, `@` goes after what can have a comment. */
const styles: Readonly<Record<string, string>> = {
  plain: 'a,b@',
  'plain over lines': 'a,\n$b@',
  single: "'a,b'@",
  'single over lines': "'a,\n\n$b'@",
  double: '"a,b"@',
  'double with escapes': '"\\x61,\\u0062\\\n$"@',
  'double over lines': '"a,\n$b"@',
  literal: '|@\n$a,b',
  'literal, stripped': '|-@\n$a,b',
  'literal, kept': '|+@\n$a,b\n\n',
  'literal with an indicator': '|2-@\n$a,b',
  folded: '>@\n$a,\n$b',
  'folded, stripped': '>-@\n$a,\n\n$b',
  tagged: '!!str a,b@',
  anchored: '&text a,b@',
  'an alias': '*word@',
  empty: '""@',
  'on the next line': '\n$a,b@',
  'tagged and anchored on the next line': '!!str &text\n$"a,b"@',
};

/** Places of a comment: above, after and below a member; `$` is the member's indentation. */
const comments: Readonly<Record<string, readonly [string, string, string]>> = {
  nowhere: ['', '', ''],
  above: ['$# above\n', '', ''],
  'far above': ['# far\n\n$   # above\n\n', '', ''],
  behind: ['', ' # behind', ''],
  'far behind': ['', '\t   #behind', ''],
  below: ['', '', '$# below\n'],
  'below, deeper': ['', '', '$     # below\n\n'],
  'below, at the margin': ['', '', '\n# below\n'],
  everywhere: ['$# above\n', ' # behind', '$# below\n'],
};

const scalarPlaces: Readonly<Record<string, (member: (key: string, pad: string) => string) => string>> = {
  'an annotation': (member) =>
    podOf(`  name: &word p\n  annotations:\n${member(`${evict}:`, '    ')}    x: z\n`, plainContainer),
  'the last annotation': (member) =>
    podOf(`  name: &word p\n  annotations:\n${member(`${evict}:`, '    ')}`, plainContainer),
  'an item of the command': (member) =>
    podOf(
      '  name: &word p\n',
      `  containers:\n  - name: web\n    image: a/web:1\n    command:\n${member('-', '    ')}    - x\n`,
    ),
  'the last item of the command': (member) =>
    podOf(
      '  name: &word p\n',
      `  containers:\n  - name: web\n    command:\n    - /app\n${member('-', '    ')}    image: a/web:1\n`,
    ),
  'the value of a variable': (member) =>
    podOf(
      '  name: &word p\n',
      `  containers:\n  - name: web\n    image: a/web:1\n    command: [/app]\n    env:\n    - name: A\n${member('value:', '      ')}`,
    ),
};
const plainContainer = '  containers:\n  - {name: web, image: "a/web:1", command: [/app]}\n';

/** Every style of a scalar with a comment in every place, in places that an injection changes or is next to. */
export function scalarForms(): readonly WrittenForm[] {
  return Object.entries(scalarPlaces).flatMap(([place, textOf]) =>
    Object.entries(styles).flatMap(([style, scalar]) =>
      Object.entries(comments).map(([where, [above, behind, below]]): WrittenForm => {
        const member = (key: string, pad: string): string => {
          const value = scalar.replaceAll('$', `${pad}  `).replace('@', behind);
          const lead = value.startsWith('\n') ? '' : ' ';
          return `${above}${pad}${key}${lead}${value}\n${below}`.replaceAll('$', pad);
        };
        return { name: `${place}, ${style}, comment ${where}`, text: textOf(member) };
      }),
    ),
  );
}
