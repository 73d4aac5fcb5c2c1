import fc from 'fast-check';
import t from 'tap';
import { patternOf } from '../../../src/engine/api-server/globs.js';
import { compileGlobs } from '../../../src/model/glob.js';

t.test('a pattern matches what its globs do', (t) => {
  const text = fc
    .array(fc.constantFrom('a', 'b', '.', '/', ':', '-', '$', '(', '[', '\\'), { maxLength: 8 })
    .map((parts) => parts.join(''));
  const glob = fc
    .array(fc.constantFrom('a', 'b', '*', '?', '.', '/', '$', '(', '[', '\\'), { minLength: 1, maxLength: 6 })
    .map((parts) => parts.join(''));
  fc.assert(
    fc.property(fc.array(glob, { minLength: 1, maxLength: 3 }), text, (globs, given) => {
      // RE2 has the flag inside a group; here it is said outside.
      const pattern = new RegExp(patternOf(globs).replaceAll('(?s:', '(?:'), 's');
      return pattern.test(given) === compileGlobs(globs)(given);
    }),
  );
  t.equal(patternOf([]), '');
  t.end();
});
