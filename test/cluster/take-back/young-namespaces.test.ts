import t from 'tap';
import { YoungNamespaces } from '../../../src/cluster/take-back/young-namespaces.js';

t.test('a namespace is young for an hour after its last pod was instrumented', (t) => {
  let nowMs = 0;
  const young = new YoungNamespaces({ monotonicMs: () => nowMs });
  const minuteMs = 60_000;
  young.note('new');
  young.note('half', 30 * minuteMs);
  young.note('old', 61 * minuteMs);
  young.note('half', 50 * minuteMs);
  t.same([...young.names()].sort(), ['half', 'new']);
  nowMs = 31 * minuteMs;
  t.same([...young.names()], ['new']);
  nowMs = 61 * minuteMs;
  t.same([...young.names()], []);
  t.end();
});
