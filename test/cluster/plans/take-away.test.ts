import t from 'tap';
import { Judges } from '../../../src/cluster/plans/judges.js';
import { policyKinds, type LiveObject } from '../../../src/cluster/plans/policy-object.js';
import { Skips } from '../../../src/cluster/plans/skips.js';
import { takeAway } from '../../../src/cluster/plans/take-away.js';
import { pathOf, resources } from '../../../src/cluster/client/resources.js';
import { configurationPath } from '../../../src/cluster/registration/write.js';
import type { JsonObject } from '../../../src/model/json.js';
import { fakeTime, storedObjects } from '../stored-objects.js';

const never = new AbortController().signal;
const entryPath = configurationPath('validating', 'outrider');
const leavingOut: JsonObject = {
  webhooks: [
    {
      name: 'payments.outrider.outrider.dev',
      objectSelector: { matchExpressions: [{ key: 'outrider.dev/by', operator: 'NotIn', values: ['api-server'] }] },
    },
  ],
};

function createWorld() {
  const api = storedObjects();
  const time = fakeTime();
  const objects = policyKinds.map((kind): LiveObject => ({ kind, name: 'outrider-1', policy: 'payments', object: {} }));
  for (const { kind, name } of objects) api.put(pathOf(resources[kind], { name }), {});
  api.put(entryPath, leavingOut);
  const judges = new Judges(() => undefined);
  judges.settle(new Map([['payments', 'key']]));
  const skips = new Skips(() => undefined);
  const gone: string[] = [];
  const options = {
    ...time,
    client: api.client,
    instance: 'outrider',
    judges,
    skips,
    onGone: (id: string) => gone.push(id),
  };
  return { api, time, judges, gone, going: takeAway(options, objects, never) };
}

t.test('W66: nothing goes before the webhook judges again, and the judge goes last', async (t) => {
  const { api, time, judges, gone, going } = createWorld();
  await time.advance(5_000);
  t.equal(judges.known?.has('payments'), false);
  t.same(gone, []);
  api.put(entryPath, { webhooks: [{ name: 'payments.outrider.outrider.dev' }] });
  await time.advance(300);
  t.same(gone, [], 'until every API server knows of it');
  await time.advance(3_000);
  await going;
  t.same(
    gone.map((id) => id.split('/')[0]),
    ['mutatingPolicies', 'mutatingPolicyBindings', 'validatingPolicies', 'validatingPolicyBindings'],
  );
});

t.test('W66: entries that do not follow keep the judge', async (t) => {
  const { time, gone, going } = createWorld();
  const refused = t.rejects(going, /do not ask for all pods again yet/);
  await time.advance(30_000);
  await refused;
  t.same(gone, []);
});
