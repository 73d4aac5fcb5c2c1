import fc from 'fast-check';
import t from 'tap';
import { lastLettersOf, mayEndLike } from '../../src/inject/last-letters.js';

t.test('what ends in one of the names is never ruled out', (t) => {
  const names = fc.array(fc.string({ minLength: 1 }), { minLength: 1 });
  fc.assert(
    fc.property(names, fc.string(), fc.nat(), (all, before, at) => {
      return mayEndLike(`${before}${all[at % all.length] ?? ''}`, lastLettersOf(all));
    }),
  );
  t.end();
});

t.test('most others are', (t) => {
  const letters = lastLettersOf(['gdb', 'strace']);
  t.notOk(mayEndLike('/app/server', letters));
  t.notOk(mayEndLike('', letters));
  t.notOk(mayEndLike('x', lastLettersOf([])));
  t.end();
});
