import t from 'tap';
import { Judges } from '../../../src/cluster/plans/judges.js';
import { idOf, type LiveObject, type PolicyObject } from '../../../src/cluster/plans/policy-object.js';
import { PolicyWriter } from '../../../src/cluster/plans/policy-writer.js';
import { pathOf, resources } from '../../../src/cluster/client/resources.js';
import type { JsonObject } from '../../../src/model/json.js';
import { storedObjects } from '../stored-objects.js';

const owner = { name: 'outrider-api-server-policies', uid: 'uid-of-the-role' };
const never = new AbortController().signal;
const judging: PolicyObject = {
  kind: 'validatingPolicies',
  name: 'outrider-1',
  policy: 'payments',
  spec: { failurePolicy: 'Fail' },
};
const path = pathOf(resources.validatingPolicies, { name: 'outrider-1' });

t.test(
  'W55: what somebody else changed is put right at a limited rate, and nobody is judged by it meanwhile',
  async (t) => {
    const api = storedObjects();
    const judges = new Judges(() => undefined);
    const writer = new PolicyWriter({ client: api.client, clock: { monotonicMs: () => 0 }, judges });
    const live = (): JsonObject | undefined => api.objects.get(path);
    t.equal(await writer.write(judging, live(), owner, never), false);
    t.equal(await writer.write(judging, live(), owner, never), false);
    t.equal(api.asked.length, 1, 'what stands is not written again');
    const seen = (): ReadonlyMap<string, LiveObject> => {
      const object = live();
      const one = { kind: judging.kind, name: judging.name, policy: 'payments' } as const;
      return new Map(object === undefined ? [] : [[idOf(one), { ...one, object }]]);
    };
    t.same(writer.changedJudges(seen()), []);
    judges.settle(new Map([['payments', 'key']]));
    for (let repair = 0; repair < 5; repair++) {
      api.put(path, { ...live(), spec: { failurePolicy: 'Ignore' } });
      t.same(writer.changedJudges(seen()), ['payments']);
      t.equal(await writer.write(judging, live(), owner, never), true);
      t.match(live(), { spec: { failurePolicy: 'Fail' } });
    }
    t.equal(judges.known?.has('payments'), false);
    api.put(path, { ...live(), spec: { failurePolicy: 'Ignore' } });
    await t.rejects(writer.write(judging, live(), owner, never), /keeps being changed by somebody else/);
    const before = { ...live(), metadata: { resourceVersion: '1' } };
    t.equal(
      writer.changedJudge(idOf(judging), before),
      undefined,
      'a watch shows what was there before the last write',
    );
    t.equal(writer.changedJudge(idOf(judging), live()), 'payments');
    t.equal(writer.changedJudge(idOf(judging), undefined), 'payments', 'it was deleted');
    t.equal(writer.changedJudge('validatingPolicies/outrider-2', undefined), undefined, 'not ours');
    writer.forget(idOf(judging));
    t.same(writer.changedJudges(new Map()), [], 'what we deleted ourselves is no change');
  },
);
