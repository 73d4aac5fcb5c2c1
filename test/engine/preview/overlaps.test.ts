import t from 'tap';
import { overlapsIn } from '../../../src/engine/preview/overlaps.js';
import type { Side } from '../../../src/engine/preview/side.js';

const side = (...matching: readonly string[]): Side => ({
  decision: 'inject',
  reason: 'injected',
  detail: '',
  policy: matching[0],
  containers: [],
  growth: { requests: {}, limits: {} },
  parts: '',
  matching,
});

t.test('policies that match the same workloads, with who wins', (t) => {
  const workloads = [
    { namespace: 'shop', sides: { now: side('default'), then: side('payments', 'default') } },
    { namespace: 'bank', sides: { now: side('payments', 'default'), then: side('payments', 'default', 'last') } },
    { namespace: 'bank', sides: { now: side(), then: side('default') } },
    { namespace: 'none', sides: { now: side('a', 'b'), then: side() } },
  ];
  t.same(overlapsIn(workloads), [
    { winner: 'payments', other: 'default', workloads: 2, namespaces: 2, already: true },
    { winner: 'payments', other: 'last', workloads: 1, namespaces: 1, already: false },
  ]);
  t.end();
});
