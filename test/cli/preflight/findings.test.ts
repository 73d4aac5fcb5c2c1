import t from 'tap';
import { countsOf, refusedIn, unknownIn } from '../../../src/cli/preflight/findings.js';
import { previewWith, refusedBy } from './scene.js';

const preview = previewWith([
  { namespace: 'a', name: 'one', verdict: refusedBy('too dear', 'refused') },
  { namespace: 'a', name: 'two', verdict: refusedBy('too dear') },
  { namespace: 'a', name: 'three', verdict: refusedBy('too dear') },
  { namespace: 'b', name: 'four', verdict: refusedBy('too dear') },
  { namespace: 'b', name: 'five', verdict: refusedBy('too large', 'unknown') },
  { namespace: 'b', name: 'six', verdict: { kind: 'unknown', why: 'busy' } },
  { namespace: 'b', name: 'seven', verdict: { kind: 'unknown', why: 'busy' } },
  { namespace: 'c', name: 'eight', verdict: { kind: 'admitted' } },
  { namespace: 'c', name: 'nine', verdict: { kind: 'not_asked', why: 'denied' } },
  { namespace: 'c', name: 'ten', verdict: { kind: 'not_asked', why: 'nothing_added' } },
  { namespace: 'c', name: 'eleven', verdict: { kind: 'not_asked', why: 'no_right' } },
]);

t.test('what is refused alike in a namespace is one finding, and what is so already comes last', (t) => {
  t.strictSame(
    refusedIn(preview).map(({ namespace, now, workloads }) => [namespace, now, workloads.map(({ name }) => name)]),
    [
      ['a', 'admitted', ['two', 'three']],
      ['b', 'admitted', ['four']],
      ['b', 'unknown', ['five']],
      ['a', 'refused', ['one']],
    ],
  );
  t.end();
});

t.test('what is not known is not refused', (t) => {
  t.strictSame(
    unknownIn(preview).map(({ namespace, why, workloads }) => [namespace, why, workloads.length]),
    [['b', 'busy', 2]],
  );
  t.end();
});

t.test('each workload counts once', (t) => {
  const counts = countsOf(preview);
  t.strictSame(counts, {
    admitted: 1,
    refused: 5,
    refusedNow: 1,
    denied: 1,
    nothingAdded: 1,
    noRight: 1,
    unknown: 2,
  });
  const { admitted, refused, denied, nothingAdded, noRight, unknown } = counts;
  t.equal(admitted + refused + denied + nothingAdded + noRight + unknown, preview.rows.length);
  t.end();
});
