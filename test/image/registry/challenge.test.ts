import fc from 'fast-check';
import t from 'tap';
import { parseChallenges } from '../../../src/image/registry/challenge.js';

function plain(header: string | readonly string[] | undefined): [string, Record<string, string>][] {
  return parseChallenges(header).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]);
}

t.test('E12: challenges', (t) => {
  const cases: [string | string[] | undefined, [string, Record<string, string>][]][] = [
    [undefined, []],
    ['', []],
    [' , ,', []],
    ['Basic', [['basic', {}]]],
    ['BASIC realm="x"', [['basic', { realm: 'x' }]]],
    [
      'Bearer realm="https://a/t",service="s",scope="repository:a/b:pull,push"',
      [['bearer', { realm: 'https://a/t', service: 's', scope: 'repository:a/b:pull,push' }]],
    ],
    ['Bearer Realm = "a" , error=invalid_token', [['bearer', { realm: 'a', error: 'invalid_token' }]]],
    [
      'Basic realm="a, Bearer realm=\\"x\\"", Bearer realm="b"',
      [
        ['basic', { realm: 'a, Bearer realm="x"' }],
        ['bearer', { realm: 'b' }],
      ],
    ],
    [
      ['Negotiate', 'Basic realm="x"'],
      [
        ['negotiate', {}],
        ['basic', { realm: 'x' }],
      ],
    ],
    [
      'Negotiate YII+/==, Basic realm=x',
      [
        ['negotiate', {}],
        ['basic', { realm: 'x' }],
      ],
    ],
    [
      'NTLM, Negotiate, Bearer realm="x"',
      [
        ['ntlm', {}],
        ['negotiate', {}],
        ['bearer', { realm: 'x' }],
      ],
    ],
    [
      'Basic realm="a" Bearer realm="b"',
      [
        ['basic', { realm: 'a' }],
        ['bearer', { realm: 'b' }],
      ],
    ],
    ['Bearer realm="a",realm="b"', [['bearer', { realm: 'a' }]]],
    ['Bearer realm="unterminated', [['bearer', { realm: 'unterminated' }]]],
    ['Bearer realm="ends with \\', [['bearer', { realm: 'ends with ' }]]],
    ['Bearer realm=,service="s"', [['bearer', { service: 's' }]]],
    ['Bearer realm="a";x, service=s', [['bearer', { realm: 'a', service: 's' }]]],
    ['{}, Basic realm=x', [['basic', { realm: 'x' }]]],
    ['Be/arer realm="a", Basic', [['basic', {}]]],
    ['Bearer __proto__="x", realm="a"', [['bearer', { ['__proto__']: 'x', realm: 'a' }]]],
  ];
  for (const [header, expected] of cases) t.strictSame(plain(header), expected, JSON.stringify(header));
  t.equal(parseChallenges('A,'.repeat(100)).length, 16, 'bounded');
  t.end();
});

const token = fc.stringMatching(/^[A-Za-z][A-Za-z0-9_-]{0,8}$/);
const challenge = fc.record({
  scheme: token,
  parameters: fc.dictionary(
    token.map((name) => name.toLowerCase()),
    fc.string({ unit: 'grapheme-ascii', maxLength: 12 }),
    { maxKeys: 4 },
  ),
});

t.test('law: what is written by the grammar is read back', (t) => {
  const quote = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}"`;
  fc.assert(
    fc.property(fc.array(challenge, { maxLength: 5 }), (challenges) => {
      const header = challenges
        .map(({ scheme, parameters }) => {
          const list = Object.entries(parameters).map(([name, value]) => `${name}=${quote(value)}`);
          return list.length === 0 ? scheme : `${scheme} ${list.join(', ')}`;
        })
        .join(', ');
      t.strictSame(
        plain(header),
        challenges.map(({ scheme, parameters }) => [scheme.toLowerCase(), { ...parameters }]),
      );
    }),
  );
  t.end();
});

t.test('law: no header makes it throw', (t) => {
  const noise = fc.stringMatching(/^[aB=", \\t/+;]{0,60}$/);
  fc.assert(
    fc.property(fc.array(fc.oneof(noise, fc.string())), (headers) => Array.isArray(parseChallenges(headers))),
    { numRuns: 2000 },
  );
  t.end();
});

t.test('a long header costs no more than its length', (t) => {
  // Quadratic reading would take these minutes, and the test would time out.
  for (const piece of ['a ', 'a/', 'a b/', ' ', '=', 'a=', '"', '\\', 'a="', 'a ==', 'a =', 'a\t']) {
    parseChallenges(piece.repeat(1_000_000 / piece.length));
  }
  t.pass('read');
  t.end();
});
