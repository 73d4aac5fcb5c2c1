import fc from 'fast-check';
import t from 'tap';
import { compileGlob, compileGlobs } from '../../src/model/glob.js';

t.test('globs match whole texts', (t) => {
  const table: readonly (readonly [glob: string, text: string, matches: boolean])[] = [
    ['', '', true],
    ['', 'a', false],
    ['*', '', true],
    ['*', 'ghcr.io/acme/app:1', true],
    ['**', 'anything', true],
    ['app', 'app', true],
    ['app', 'App', false],
    ['app', 'app2', false],
    ['app', 'my-app', false],
    ['app*', 'app', true],
    ['app*', 'application', true],
    ['app*', 'my-app', false],
    ['*-proxy', 'istio-proxy', true],
    ['*-proxy', 'istio-proxy-2', false],
    ['a*a', 'a', false],
    ['a*a', 'aa', true],
    ['a*b*c', 'a-b-b-c', true],
    ['a*b*c', 'acb', false],
    ['*ab*ab*', 'aab', false],
    ['*ab*ab*', 'xabab', true],
    ['ab*bc', 'abc', false],
    ['a*bc*c', 'abc', false],
    ['?', '', false],
    ['?', 'a', true],
    ['?', 'ab', false],
    ['web-?', 'web-1', true],
    ['web-?', 'web-10', false],
    ['*-?-*', 'web-10-1-x', true],
    ['*-?-*', 'web-10-x', false],
    ['?*', '', false],
    ['a.c', 'abc', false],
    ['a[b]c', 'a[b]c', true],
    ['ghcr.io/*/app@*', 'ghcr.io/acme/team/app@sha256:00', true],
    ['\\*', 'anything', false],
  ];
  for (const [glob, text, matches] of table) t.equal(compileGlob(glob)(text), matches, `${glob} on ${text}`);
  t.end();
});

t.test('a glob agrees with the same pattern as a regular expression', (t) => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '.'), maxLength: 12 });
  const glob = fc.string({ unit: fc.constantFrom('a', 'b', '.', '*', '?'), maxLength: 8 });
  fc.assert(
    fc.property(glob, text, (pattern, input) => {
      const source = pattern.replaceAll('.', '\\.').replaceAll('*', '.*').replaceAll('?', '.');
      return compileGlob(pattern)(input) === new RegExp(`^${source}$`).test(input);
    }),
    { numRuns: 2000 },
  );
  t.end();
});

t.test('a pattern that makes a backtracking matcher run for ever is answered', (t) => {
  t.equal(compileGlob(`${'a*'.repeat(250)}b`)('a'.repeat(20_000)), false);
  t.equal(compileGlob(`${'?*'.repeat(250)}b`)('a'.repeat(20_000)), false);
  t.end();
});

t.test('several globs match when one does', (t) => {
  const matches = compileGlobs(['istio-proxy', 'vault-*', 'log?']);
  for (const name of ['istio-proxy', 'vault-agent', 'logs']) t.ok(matches(name), name);
  for (const name of ['istio', 'my-vault-agent', 'log']) t.notOk(matches(name), name);
  t.ok(compileGlobs(['a', 'b'])('b'));
  t.notOk(compileGlobs([])(''));
  fc.assert(
    fc.property(
      fc.array(fc.string({ maxLength: 4 }), { maxLength: 4 }),
      fc.string({ maxLength: 4 }),
      (globs, input) => globs.some((glob) => compileGlob(glob)(input)) === compileGlobs(globs)(input),
    ),
  );
  t.end();
});
