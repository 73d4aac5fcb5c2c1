import fc from 'fast-check';
import t from 'tap';
import { VariableNames } from '../../../src/inject/pod/variables.js';

t.test('it has what a set has', (t) => {
  const name = fc.string({ maxLength: 70 });
  fc.assert(
    fc.property(fc.array(name), fc.array(name), fc.array(name), (names, more, others) => {
      const own = new VariableNames(names);
      const all = own.with(more);
      const set = new Set([...names, ...more]);
      return (
        own.isEmpty === (names.length === 0) &&
        [...names, ...more, ...others].every(
          (one) => own.has(one) === names.includes(one) && all.has(one) === set.has(one),
        )
      );
    }),
  );
  t.end();
});
