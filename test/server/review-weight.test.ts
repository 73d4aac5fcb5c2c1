import t from 'tap';
import { defaultBodyBytes } from '../../src/model/bounds.js';
import { mostWeightBytes, weightOf } from '../../src/server/review-weight.js';

const weight = (value: unknown): number => weightOf(Buffer.from(JSON.stringify(value)));

t.test('a review weighs its text, and more for each value in it', (t) => {
  t.equal(weightOf(Buffer.from('{"a":1}')), 7 + 64);
  t.equal(weight('x'.repeat(1_000)), 1_002);
  t.equal(weight([[], {}, 1]), 9 + 5 * 64);
  t.end();
});

t.test('the heaviest pod that can be stored may be read; a text of empty values as long as any may not', (t) => {
  // etcd takes 1.5 MiB, of which such a term is 13 bytes.
  const terms = Array.from({ length: 121_000 }, () => ({
    weight: 1,
    podAffinityTerm: { topologyKey: 'a', labelSelector: {}, namespaceSelector: {} },
  }));
  t.ok(weight(terms) < mostWeightBytes, String(weight(terms)));
  t.ok(weightOf(Buffer.from(`[${'{},'.repeat(defaultBodyBytes / 3 - 1)}0]`)) > mostWeightBytes);
  t.end();
});

t.test('each value counts, wherever in a text it begins', (t) => {
  for (let length = 0; length < 12; length++) {
    const light = weightOf(Buffer.from('x'.repeat(length)));
    t.equal(light, length);
    for (let at = 0; at < length; at++) {
      for (const character of '{[,') {
        const text = `${'x'.repeat(at)}${character}${'x'.repeat(length - at - 1)}`;
        t.equal(weightOf(Buffer.from(text)) - light, 64);
      }
    }
  }
  t.end();
});
