import t from 'tap';
import { callsOf } from '../../../src/cluster/plans/calls.js';
import { ConditionTrial } from '../../../src/cluster/plans/condition-trial.js';
import type { Placed } from '../../../src/cluster/plans/place-policies.js';
import { Refusals } from '../../../src/cluster/plans/refusals.js';
import { ApiError } from '../../../src/cluster/client/api-error.js';

const never = new AbortController().signal;

function placed(name: string, judges: boolean, conditions = 0): Placed {
  const why = { reason: 'overlapping', detail: '' } as const;
  const policy = {
    name,
    key: 'key',
    namespaceSelector: { matchLabels: { of: name } },
    conditions,
    namespaces: [],
    objects: () => ({ claimable: false, why }) as const,
    prepare: () => Promise.resolve(),
    plan: () => why,
  };
  const judging = judges ? [{ kind: 'validatingPolicies', name: 'outrider-1', policy: name, spec: {} } as const] : [];
  return { policy, judging, mutating: [], calledFor: `${name} == 1` };
}

t.test('W69: the webhook is left out only where that is safe, and why not is said', async (t) => {
  const clock = { monotonicMs: () => 0 };
  const refusals = new Refusals(clock);
  refusals.note('refused', 'no');
  const client = {
    create: (_path: string, object: object) =>
      JSON.stringify(object).includes('odd == 1')
        ? Promise.reject(new ApiError('undeclared reference', { status: 422, reason: 'Invalid' }))
        : Promise.resolve({}),
  };
  const term = { refusals, conditions: new ConditionTrial({ client, clock, instance: 'outrider' }) };
  const all = [
    placed('plain', false),
    placed('secure', true),
    placed('unproven', true),
    placed('edited', true),
    placed('full', false, 64),
    placed('behind', false),
    placed('odd', false),
    placed('refused', false),
  ];
  const others = {
    inTheWay: ({ matchLabels }: { readonly matchLabels?: Readonly<Record<string, string>> | undefined }) =>
      matchLabels?.['of'] === 'behind' ? 'webhook z is called after ours' : undefined,
  };
  const judged = new Map([
    ['secure', 'key'],
    ['edited', 'another'],
  ]);
  const { skips, why } = await callsOf(term, all, judged, others, never);
  t.same([...skips.keys()], ['plain', 'secure']);
  t.match(skips.get('secure'), { calledFor: 'secure == 1', needsJudge: true });
  t.match(skips.get('plain'), { needsJudge: false });
  t.same(Object.fromEntries(why), {
    unproven: 'it is not proven who judges them',
    edited: 'it is not proven who judges them',
    full: 'its entry has as many match conditions as there may be',
    behind: 'webhook z is called after ours',
    odd: 'undeclared reference',
  });
});
