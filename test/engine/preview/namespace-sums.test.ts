import fc from 'fast-check';
import t from 'tap';
import { namespaceSums, quotaRows, type CountedPods } from '../../../src/engine/preview/namespace-sums.js';
import type { Side } from '../../../src/engine/preview/side.js';
import type { JsonObject } from '../../../src/model/json.js';

const side = (cpu: string | undefined): Side => ({
  decision: cpu === undefined ? 'skip' : 'inject',
  reason: cpu === undefined ? 'no_policy' : 'injected',
  detail: '',
  policy: undefined,
  containers: [],
  growth: { requests: cpu === undefined ? {} : { cpu }, limits: cpu === undefined ? {} : { memory: '1Gi' } },
  parts: '',
  matching: [],
});
const pods = (now: string | undefined, then: string | undefined, replicas: number | undefined, counted = {}) => ({
  now: side(now),
  then: side(then),
  replicas,
  counted,
});
const milli = 1_000_000n;

t.test('growth is added up, each times its replicas', (t) => {
  const sums = namespaceSums([pods(undefined, '100m', 3), pods('50m', '100m', 2), pods('10m', undefined, 1)]);
  t.equal(sums.pods, 6);
  t.equal(sums.now.get('requests.cpu'), 110n * milli);
  t.equal(sums.then.get('requests.cpu'), 500n * milli);
  t.equal(sums.change.get('requests.cpu'), 390n * milli);
  const same = namespaceSums([pods('50m', '50m', 2)]);
  t.equal(same.change.size, 0, 'what stays is no change');
  const unknown = namespaceSums([pods(undefined, '100m', undefined), pods(undefined, undefined, undefined)]);
  t.match(unknown, { pods: 0, uncounted: 1 });
  t.end();
});

t.test('the order of workloads makes no difference, and parts add up to the whole', (t) => {
  const amounts = fc.option(fc.constantFrom('1m', '100m', '1', '0.5'), { nil: undefined });
  const one = fc.tuple(amounts, amounts, fc.nat(50)).map(([now, then, replicas]) => pods(now, then, replicas));
  fc.assert(
    fc.property(fc.array(one), fc.array(one), (some, others) => {
      const total = (list: readonly CountedPods[]): bigint => namespaceSums(list).change.get('requests.cpu') ?? 0n;
      return (
        total([...some, ...others]) === total(some) + total(others) &&
        total([...others, ...some]) === total([...some, ...others])
      );
    }),
  );
  t.end();
});

const quota = (hard: JsonObject, used: JsonObject, spec: JsonObject = {}): JsonObject => ({
  metadata: { name: 'compute' },
  spec: { hard, ...spec },
  status: { hard, used },
});

t.test('quotas are compared for what changes, with what is used', (t) => {
  const more = [pods(undefined, '100m', 4)];
  t.match(
    quotaRows([quota({ cpu: '1', 'limits.memory': '3Gi', pods: '5' }, { cpu: '700m', 'limits.memory': '0' })], more),
    [
      { quota: 'compute', resource: 'cpu', hard: 1000n * milli, used: 700n * milli, change: 400n * milli, fits: false },
      { resource: 'limits.memory', fits: false },
    ],
  );
  const exactly = quotaRows([quota({ 'requests.cpu': '1' }, { 'requests.cpu': '600m' })], more);
  t.match(exactly, [{ fits: true }]);
  t.same(exactly.length, 1);
  const less = quotaRows([quota({ 'requests.cpu': '1' }, { 'requests.cpu': '2' })], [pods('100m', undefined, 4)]);
  t.match(less, [{ change: -400n * milli, fits: true }], 'what gets less never makes a quota too small');
  t.same(quotaRows([quota({ 'requests.cpu': '1' }, {})], [pods('1', '1', 2)]), []);
  t.end();
});

t.test('a quota with a scope counts the pods of the scope', (t) => {
  const scoped = quota({ 'requests.cpu': '1' }, {}, { scopes: ['Terminating'] });
  const list = [pods(undefined, '100m', 4), pods(undefined, '100m', 1, { activeDeadlineSeconds: 60 })];
  t.match(quotaRows([scoped], list), [{ change: 100n * milli }]);
  const classes = [{ scopeName: 'PriorityClass', operator: 'In', values: ['high'] }];
  const high = quota({ 'requests.cpu': '1' }, {}, { scopeSelector: { matchExpressions: classes } });
  t.match(quotaRows([high], [...list, pods(undefined, '200m', 1, { priorityClassName: 'high' })]), [
    { change: 200n * milli },
  ]);
  t.end();
});
