import fc from 'fast-check';
import t from 'tap';
import { LookTurns } from '../../../src/cluster/coverage/look-turns.js';

const limits = { most: 20, mostOfNamespace: 5, kept: 15 };

/** How many each namespace gets in a sweep that meets them in this order, each wanting so many. */
function sweep(turns: LookTurns, wants: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  turns.begin();
  const given: Record<string, number> = {};
  for (const [namespace, wanted] of Object.entries(wants)) {
    for (let one = 0; one < wanted; one++) {
      if (turns.take(namespace)) given[namespace] = (given[namespace] ?? 0) + 1;
    }
  }
  return given;
}

t.test('namespaces with ever new images leave those behind them their look-ups', (t) => {
  const turns = new LookTurns(limits);
  const wants = { a: 1000, b: 1000, c: 1000, d: 1000, e: 2, f: 2 };
  t.same(sweep(turns, wants), { a: 5, b: 5, c: 5, d: 5 });
  t.same(sweep(turns, wants), { a: 5, b: 5, c: 5, d: 3, e: 1, f: 1 }, 'who had none comes first');
  turns.begin();
  t.same(sweep(turns, { a: 1000, e: 1 }), { a: 5, e: 1 }, 'a turn that nobody takes is no loss');
  t.end();
});

t.test('without others a namespace has its share alone, and nobody waits for ever', (t) => {
  t.same(sweep(new LookTurns(limits), { a: 1000 }), { a: 5 });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 200 }), (namespaces) => {
      const turns = new LookTurns(limits);
      const wants = Object.fromEntries(Array.from({ length: namespaces }, (_, index) => [`team-${index}`, 1000]));
      const served = new Set<string>();
      // Each sweep serves 15 of those who have waited, or all of them.
      for (let round = 0; round < Math.ceil(namespaces / 15) + 1; round++) {
        const given = sweep(turns, wants);
        const sum = Object.values(given).reduce((total, one) => total + one, 0);
        if (sum > limits.most) return false;
        for (const namespace of Object.keys(given)) served.add(namespace);
      }
      return served.size === namespaces;
    }),
    { numRuns: 100 },
  );
  t.end();
});
