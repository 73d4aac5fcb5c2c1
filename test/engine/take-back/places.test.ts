import fc from 'fast-check';
import t from 'tap';
import { Places } from '../../../src/engine/take-back/places.js';
import { takenBackKey, type TakenBackEntry } from '../../../src/model/taken-back.js';
import { engineFor } from '../../support/engine.js';
import { podOf } from '../../support/pods.js';
import { entryFor } from '../../support/taken-back.js';

const one = entryFor(podOf(), engineFor());
const entry = (namespace: string, name: string): TakenBackEntry => ({ ...one, namespace, name });

t.test('places are shared: whoever asks for less than an equal share gets it', (t) => {
  const asked = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd'), fc.nat({ max: 30 })), { maxLength: 200 });
  fc.assert(
    fc.property(asked, (wanted) => {
      const most = 12;
      const places = new Places([], most);
      for (const [namespace, at] of wanted) places.put(entry(namespace, `web-${at}`));
      t.ok(places.entries.size <= most);
      const counts = new Map<string, number>();
      for (const { namespace } of places.entries.values()) counts.set(namespace, (counts.get(namespace) ?? 0) + 1);
      for (const namespace of ['a', 'b', 'c', 'd']) {
        const distinct = new Set(wanted.filter(([name]) => name === namespace).map(([, at]) => at)).size;
        t.ok((counts.get(namespace) ?? 0) >= Math.min(distinct, most / 4));
      }
    }),
    { numRuns: 200 },
  );
  t.end();
});

t.test('an entry keeps its place, and gives it back', (t) => {
  const first = entry('a', 'web');
  const places = new Places([[takenBackKey(first), first]], 1);
  t.equal(places.put({ ...first, tries: 1 }), true);
  t.equal(places.put(entry('a', 'other')), false);
  t.equal(places.put(entry('b', 'other')), false, 'one is not more than none and one');
  places.remove(takenBackKey(first));
  places.remove(takenBackKey(first));
  t.equal(places.put(entry('b', 'other')), true);
  t.end();
});
