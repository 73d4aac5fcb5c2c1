import fc from 'fast-check';
import t from 'tap';
import {
  boundedEvidence,
  evidenceText,
  isReadableEntry,
  longestTakenBackBytes,
  mostMarked,
  mostTakenBack,
  readTakenBack,
  retryKey,
  takenBackKey,
  takenBackText,
  troubles,
} from '../../src/model/taken-back.js';
import { engineFor } from '../support/engine.js';
import { podOf } from '../support/pods.js';
import { entryFor } from '../support/taken-back.js';

const entry = entryFor(podOf(), engineFor());
const text = takenBackText(entry) ?? '';

t.test('what is written is read again, whatever a node says', (t) => {
  const words = fc.string({ unit: 'binary', maxLength: 2000 });
  fc.assert(
    fc.property(words, words, fc.constantFrom(...troubles), (said, image, trouble) => {
      const evidence = boundedEvidence({ trouble, container: 'copy', image, words: said, pods: ['a', 'b', 'c'] });
      const one = { ...entry, evidence };
      if (!isReadableEntry(one)) return;
      t.same(readTakenBack({ [takenBackKey(one)]: takenBackText(one) ?? '' }).entries.get(takenBackKey(one)), one);
      t.notMatch(evidenceText(evidence).replace(image, ''), /\p{Cc}/u);
    }),
  );
  t.end();
});

t.test('what is not ours is ignored, and named', (t) => {
  const key = takenBackKey(entry);
  const bad: Readonly<Record<string, string>> = {
    'no JSON': '{',
    'no object': '7',
    'another workload’s key': text.replace('"shop"', '"bank"'),
    'an unknown trouble': text.replace('image_not_pulled', 'full_moon'),
    'an unknown stage': text.replace('LeftAlone', 'Gone'),
    'no date': text.replace('2026-01-01T00:05:00Z', 'soon'),
    'too long': `${text.slice(0, -1)},"more":"${'x'.repeat(longestTakenBackBytes)}"}`,
  };
  for (const [what, value] of Object.entries(bad)) {
    t.same(readTakenBack({ [key]: value }), { entries: new Map(), retries: new Set(), invalid: [key] }, what);
  }
  t.equal(
    readTakenBack({ [key]: `${text.slice(0, -1)},"later":1}` }).entries.size,
    1,
    'a later version’s field is none of them',
  );
  t.same(readTakenBack(undefined), { entries: new Map(), retries: new Set(), invalid: [] });
  t.same(readTakenBack({ [retryKey(entry)]: 'now', 'retry-x': '' }), {
    entries: new Map(),
    retries: new Set([key]),
    invalid: ['retry-x'],
  });
  t.end();
});

t.test('the largest state fits into a ConfigMap', (t) => {
  const longest = {
    ...entry,
    namespace: 'n'.repeat(63),
    name: 'w'.repeat(253),
    policy: 'p'.repeat(253),
    template: { revision: 'r'.repeat(64), restartedAt: 't'.repeat(64), containers: Array(mostMarked).fill('00000000') },
    evidence: boundedEvidence({
      trouble: 'image_not_pulled',
      container: 'c'.repeat(63),
      image: 'i'.repeat(1000),
      words: 'w'.repeat(1000),
      pods: ['p'.repeat(253), 'q'.repeat(253)],
    }),
  };
  const bytes = Math.max(Buffer.byteLength(takenBackText(longest) ?? ''), longestTakenBackBytes);
  t.ok(bytes * mostTakenBack < 1_000_000, `${bytes} bytes each`);
  t.end();
});
