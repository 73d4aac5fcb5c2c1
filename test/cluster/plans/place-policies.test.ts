import t from 'tap';
import type { ClaimedPolicy } from '../../../src/cluster/plans/claimed-policy.js';
import { placePolicies } from '../../../src/cluster/plans/place-policies.js';
import { idOf, type LiveObject } from '../../../src/cluster/plans/policy-object.js';
import type { ApiServerObjects } from '../../../src/engine/api-server/objects.js';

const made = { spec: { matchConditions: [{ name: 'own', expression: 'true' }] } };

function claimed(name: string, objects: ApiServerObjects): ClaimedPolicy {
  return {
    name,
    key: name,
    namespaceSelector: {},
    conditions: 0,
    namespaces: [],
    objects: () => objects,
    prepare: () => Promise.resolve(),
    plan: () => ({ reason: 'not_injected', detail: '' }),
  };
}

const claimable = (denies: boolean): ApiServerObjects => ({
  claimable: true,
  mutating: made,
  mutatingBinding: { spec: {} },
  validating: denies ? made : undefined,
  validatingBinding: denies ? { spec: {} } : undefined,
  calledFor: 'true',
});

const options = { instance: 'outrider', matchConditions: [{ name: 'all', expression: 'false' }] };

t.test('a policy has one name for all of its objects, and keeps the one that it has', (t) => {
  const live: LiveObject = { kind: 'mutatingPolicies', name: 'outrider-3', policy: 'strict', object: {} };
  const wanted = [claimed('lenient', claimable(false)), claimed('strict', claimable(true))];
  const placed = placePolicies(wanted, new Map([[idOf(live), live]]), options);
  const ids = placed.map(({ judging, mutating }) => [...judging, ...mutating].map(idOf));
  t.same(ids[1], [
    'validatingPolicies/outrider-3',
    'validatingPolicyBindings/outrider-3',
    'mutatingPolicies/outrider-3',
    'mutatingPolicyBindings/outrider-3',
  ]);
  t.equal(ids[0]?.length, 2, 'without a judge where nothing is denied');
  t.notMatch(ids[0], [/outrider-3/]);
  t.end();
});

t.test('the conditions of all calls come before a policy’s own, and bindings have none', (t) => {
  const [placed] = placePolicies([claimed('strict', claimable(true))], new Map(), options);
  const conditions = [...(placed?.judging ?? []), ...(placed?.mutating ?? [])].map(
    ({ spec }) => spec['matchConditions'],
  );
  const both = [...options.matchConditions, { name: 'own', expression: 'true' }];
  t.same(conditions, [both, undefined, both, undefined]);
  t.end();
});

t.test('what cannot be claimed is not placed', (t) => {
  const why = { reason: 'overlapping', detail: '' } as const;
  t.same(placePolicies([claimed('one', { claimable: false, why })], new Map(), options), []);
  t.end();
});
