import t from 'tap';
import { instrument, judge } from '../../../src/cluster/plans/carry-out.js';
import { Judges } from '../../../src/cluster/plans/judges.js';
import { KnownPlans } from '../../../src/cluster/plans/known-plans.js';
import type { Placed } from '../../../src/cluster/plans/place-policies.js';
import type { PolicyKind } from '../../../src/cluster/plans/policy-object.js';
import { Term } from '../../../src/cluster/plans/term.js';
import { ApiError } from '../../../src/cluster/client/api-error.js';
import { memoryLog } from '../fake-api.js';
import { fakeTime, storedObjects } from '../stored-objects.js';

const owner = { name: 'outrider-api-server-policies', uid: 'uid-of-the-role' };
const signal = new AbortController().signal;

t.test('of a policy whose judge the API server refuses nothing is instrumented', async (t) => {
  const api = storedObjects();
  const time = fakeTime();
  api.fault = (method, path) =>
    method === 'POST' && path.endsWith('/validatingadmissionpolicies')
      ? new ApiError('undeclared reference', { status: 422, reason: 'Invalid' })
      : undefined;
  const common = { client: api.client, clock: time.clock, sleep: time.sleep, random: () => 0.5, log: memoryLog().log };
  const nothing = (): void => undefined;
  const ended = AbortSignal.abort();
  const plans = new KnownPlans({ ...common, relistMs: 1, signal: ended, onChange: nothing, onFailure: nothing });
  const installation = { instance: 'outrider', ownNamespace: 'outrider', totalBytes: 1 };
  const term = new Term({ ...common, ...installation, plans, judges: new Judges(nothing) });
  const placedOf = (policy: string, judgingKinds: readonly PolicyKind[]): Placed => {
    const object = (kind: PolicyKind) => ({ kind, name: `outrider-${policy}`, policy, spec: {} });
    const claimed = {
      name: policy,
      key: 'key',
      namespaceSelector: {},
      conditions: 0,
      namespaces: [],
      objects: () => ({ claimable: false, why: { reason: 'overlapping', detail: '' } }) as const,
      prepare: () => Promise.resolve(),
      plan: () => ({ reason: 'overlapping', detail: '' }) as const,
    };
    return {
      policy: claimed,
      judging: judgingKinds.map(object),
      mutating: [object('mutatingPolicies')],
      calledFor: 'true',
    };
  };
  const placed = [placedOf('secure', ['validatingPolicies']), placedOf('plain', [])];
  const refused: string[] = [];
  const work = { placed, live: new Map(), owner, signal };
  t.equal((await judge(term, work, (policy) => refused.push(policy))).size, 0);
  await instrument(term, work, (policy) => refused.push(policy));
  t.same(refused, ['secure']);
  t.same(
    [...api.objects.keys()].map((path) => path.slice(path.lastIndexOf('/') + 1)),
    ['outrider-plain'],
  );
});
