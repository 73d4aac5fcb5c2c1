import t from 'tap';
import { asksForNothing, namespaceLimits, noLimits } from '../../src/model/namespace-limits.js';
import { parseQuantity } from '../../src/model/quantity.js';

const amount = (text: string): bigint => parseQuantity(text) ?? -1n;
const range = (...limits: readonly object[]) => ({ spec: { limits: limits.map((one) => ({ ...one })) } });

t.test('W12: of several LimitRanges the narrowest bounds hold, and the first default', (t) => {
  const { container, pod } = namespaceLimits(
    [
      range(
        { type: 'Container', min: { cpu: '50m' }, max: { memory: '1Gi' }, default: { cpu: '300m' } },
        { type: 'Pod', max: { memory: '2Gi' }, maxLimitRequestRatio: { cpu: 4 } },
        { type: 'PersistentVolumeClaim', max: { storage: '1Gi' } },
      ),
      range({
        type: 'Container',
        min: { cpu: '20m' },
        max: { memory: '512Mi' },
        default: { cpu: '900m' },
        defaultRequest: { cpu: '60m' },
        maxLimitRequestRatio: { memory: '1500m' },
      }),
    ],
    [],
  );
  t.same(container.get('cpu'), { min: amount('50m'), defaultLimit: amount('300m'), defaultRequest: amount('60m') });
  t.same(container.get('memory'), { max: amount('512Mi'), ratio: amount('1.5') });
  t.equal(container.get('ephemeral-storage'), undefined);
  t.same(
    [...pod],
    [
      ['cpu', { ratio: amount('4') }],
      ['memory', { max: amount('2Gi') }],
    ],
  );
  t.end();
});

t.test(
  'W12: a quota demands what it counts of cpu and memory, by its status too; of storage it demands nothing',
  (t) => {
    const quota = (spec: object, status: object = {}) => ({
      metadata: { name: 'q' },
      spec: { ...spec },
      status: { ...status },
    });
    const { quotas } = namespaceLimits(
      [],
      [
        quota(
          { hard: { cpu: 1, 'limits.memory': '1Gi', pods: 3 }, scopes: ['NotTerminating'] },
          { hard: { 'requests.memory': 1 } },
        ),
        quota({ hard: { 'requests.ephemeral-storage': '1Gi', 'limits.ephemeral-storage': '1Gi', 'count/pods': 3 } }),
        quota({
          hard: { 'limits.cpu': 1 },
          scopeSelector: { matchExpressions: [{ scopeName: 'PriorityClass', operator: 'In', values: ['a'] }, 'odd'] },
        }),
      ],
    );
    t.same(quotas, [
      {
        name: 'q',
        requests: ['cpu', 'memory'],
        limits: ['memory'],
        scopes: [{ name: 'NotTerminating', operator: 'Exists', values: [] }],
      },
      {
        name: 'q',
        requests: [],
        limits: ['cpu'],
        scopes: [
          { name: 'PriorityClass', operator: 'In', values: ['a'] },
          { name: '', operator: '', values: [] },
        ],
      },
    ]);
    t.end();
  },
);

t.test('W12: what asks for nothing is known by identity, and what cannot be read says nothing', (t) => {
  const odd = [
    {},
    { spec: { limits: 'none' } },
    { spec: { limits: [null, { type: 'Container', min: { cpu: 'lots' } }] } },
  ];
  t.equal(namespaceLimits(odd, [{}, { spec: { hard: [] } }]), noLimits);
  t.ok(asksForNothing(noLimits));
  t.notOk(asksForNothing(namespaceLimits([], [{ spec: { hard: { cpu: 1 } } }])));
  const many = Array.from({ length: 100 }, () => ({ spec: { hard: { cpu: 1 } } }));
  t.equal(namespaceLimits([], many).quotas.length, 64, 'bounded');
  t.end();
});
