import fc from 'fast-check';
import t from 'tap';
import { Ranking } from '../../../src/image/cache/ranking.js';

t.test('F34: the heaviest is known, whatever weights change', (t) => {
  const put = fc.tuple(fc.constantFrom('a', 'b', 'c', 'd'), fc.integer({ min: 0, max: 6 }));
  fc.assert(
    fc.property(fc.array(put, { maxLength: 60 }), (puts) => {
      const ranking = new Ranking();
      const model = new Map<string, number>();
      for (const [name, weight] of puts) {
        ranking.put(name, weight);
        model.set(name, weight);
        const most = Math.max(...model.values());
        const heaviest = ranking.heaviest();
        if (most === 0 ? heaviest !== undefined : model.get(heaviest ?? '') !== most) return false;
        for (const [one, its] of model) if (ranking.weightOf(one) !== its) return false;
      }
      return true;
    }),
  );
  t.end();
});
