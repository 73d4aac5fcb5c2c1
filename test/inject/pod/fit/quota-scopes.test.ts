import t from 'tap';
import { countsPod } from '../../../../src/inject/pod/fit/quota-scopes.js';
import type { JsonObject } from '../../../../src/model/json.js';
import type { QuotaScope } from '../../../../src/model/namespace-limits.js';

const counts = (scopes: readonly (string | QuotaScope)[], spec: JsonObject = {}): boolean =>
  countsPod(
    {
      scopes: scopes.map((scope) =>
        typeof scope === 'string' ? { name: scope, operator: 'Exists', values: [] } : scope,
      ),
    },
    spec,
  );
const priority = (operator: string, ...values: readonly string[]): QuotaScope => ({
  name: 'PriorityClass',
  operator,
  values,
});
const high = { priorityClassName: 'high' };

t.test('F21: a quota whose scope does not match the pod demands nothing of it', (t) => {
  t.ok(counts([]));
  t.ok(counts(['Terminating'], { activeDeadlineSeconds: 0 }));
  t.notOk(counts(['Terminating']));
  t.notOk(counts(['Terminating'], { activeDeadlineSeconds: null }));
  t.ok(counts(['NotTerminating']));
  t.notOk(counts(['NotTerminating'], { activeDeadlineSeconds: 1 }));
  t.ok(counts(['NotBestEffort']));
  t.notOk(counts(['BestEffort']), 'with the agent no pod is');
  t.notOk(counts(['NotTerminating', 'Terminating']), 'all have to match');
  t.notOk(counts(['OfNextYear']), 'as the API server of today has it');
  t.end();
});

t.test('F21: a quota by priority class', (t) => {
  t.ok(counts([priority('Exists')], high));
  t.notOk(counts([priority('Exists')]));
  t.ok(counts([priority('DoesNotExist')]));
  t.notOk(counts([priority('DoesNotExist')], high));
  t.ok(counts([priority('In', 'low', 'high')], high));
  t.notOk(counts([priority('In', 'low')], high));
  t.ok(counts([priority('NotIn', 'low')], high));
  t.ok(counts([priority('NotIn', 'low')]));
  t.notOk(counts([priority('NotIn', 'high')], high));
  t.notOk(counts([priority('Odd', 'high')], high));
  t.end();
});

t.test('F21: a quota of pods that look across namespaces', (t) => {
  const scope = ['CrossNamespacePodAffinity'];
  const term = { topologyKey: 'zone' };
  const required = 'requiredDuringSchedulingIgnoredDuringExecution';
  const preferred = 'preferredDuringSchedulingIgnoredDuringExecution';
  t.notOk(counts(scope));
  t.notOk(counts(scope, { affinity: { podAffinity: { [required]: [term] } } }));
  t.ok(counts(scope, { affinity: { podAffinity: { [required]: [{ ...term, namespaces: ['a'] }] } } }));
  t.ok(counts(scope, { affinity: { podAntiAffinity: { [required]: [{ ...term, namespaceSelector: {} }] } } }));
  t.ok(
    counts(scope, {
      affinity: { podAntiAffinity: { [preferred]: [{ weight: 1, podAffinityTerm: { ...term, namespaces: ['a'] } }] } },
    }),
  );
  t.end();
});
