import t from 'tap';
import { clusterChoice, timeoutOf } from '../../../src/cli/options/cluster.js';

t.test('U20: whom to ask as, and for how long', (t) => {
  t.same(clusterChoice({ flags: {} }), {});
  t.same(clusterChoice({ flags: { as: 'jane', asGroup: ['dev', 'ops'], token: 'T', requestTimeout: '5' } }), {
    token: 'T',
    impersonation: { user: 'jane', groups: ['dev', 'ops'] },
    requestTimeoutMs: 5_000,
  });
  for (const [text, requestTimeoutMs] of [
    ['1m', 60_000],
    ['0', 600_000],
    ['0s', 600_000],
  ] as const) {
    t.same(clusterChoice({ flags: { requestTimeout: text } }), { requestTimeoutMs }, text);
    t.equal(timeoutOf({ flags: { requestTimeout: text, timeout: '10' } }), requestTimeoutMs, 'it wins over --timeout');
  }
  for (const requestTimeout of ['soon', '11m', '-1s', '']) {
    t.throws(() => clusterChoice({ flags: { requestTimeout } }), { code: 'usage' }, requestTimeout);
  }
  t.throws(() => clusterChoice({ flags: { asGroup: ['dev'] } }), { code: 'usage', message: /give both/ });
  t.end();
});
