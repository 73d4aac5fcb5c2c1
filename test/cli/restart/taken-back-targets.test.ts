import t from 'tap';
import { takenBackState, takenBackTargets } from '../../../src/cli/restart/taken-back-targets.js';
import type { Target } from '../../../src/cli/restart/round.js';
import { namedWorkloads } from '../../../src/cluster/live/workload-kinds.js';
import { names } from '../../../src/model/names.js';
import type { TakenBackEntry } from '../../../src/model/taken-back.js';
import { installation, takenBackAt, takenBackMap } from '../../cluster/live/taken-back-map.js';
import { forbidden, noAnswer, storedObjects } from '../../cluster/stored-objects.js';
import { entryOf } from '../../support/taken-back-entry.js';

const everything = { policy: undefined, namespace: undefined };
const mark = { [names.status]: 'injected' };
const pod = (name: string, labels: Readonly<Record<string, string>>, ready: 'True' | 'False') => ({
  metadata: { name, labels },
  status: {
    conditions: [
      { type: 'PodScheduled', status: 'True' },
      { type: 'Ready', status: ready },
    ],
  },
});

t.test('a pod hangs that carries our mark and is not Ready', (t) => {
  const pods = [pod('a', mark, 'False'), pod('b', mark, 'True'), pod('c', {}, 'False')];
  const { policy, obstacle, pods: found } = takenBackState(entryOf(), pods);
  t.equal(policy, 'default');
  t.equal(obstacle, undefined);
  t.same(
    found.map(({ name, state }) => `${name} ${state}`),
    ['a broken', 'b instrumented', 'c missed'],
  );
  t.equal(takenBackState(entryOf(), [{ metadata: { name: 'new', labels: mark } }]).pods[0]?.state, 'broken');
  t.end();
});

t.test('a try is put off until the rollout is over, where the caller may do that', async (t) => {
  const untilMs = Date.parse('2026-01-01T00:30:00Z');
  const holding = async (entry: TakenBackEntry, mayPatch = true) => {
    const api = storedObjects();
    api.put(takenBackAt, takenBackMap(entry));
    api.put('/apis/apps/v1/namespaces/shop/deployments/web', { metadata: { name: 'web' } });
    const [target] = await all(await takenBackTargets(everything, api.client, installation, () => undefined));
    if (!mayPatch) api.fault = (method) => (method === 'PATCH' ? forbidden() : undefined);
    const why = await target?.hold?.(untilMs);
    return { why, patches: api.asked.filter(({ method }) => method === 'PATCH').length };
  };
  t.same(await holding(entryOf({ stage: 'Trying' })), { why: undefined, patches: 1 });
  t.same(await holding(entryOf()), { why: undefined, patches: 1 }, 'it would be tried in the middle of the rollout');
  t.same(await holding(entryOf({ at: '2026-01-01T02:00:00Z' }), false), { why: undefined, patches: 0 });
  t.match((await holding(entryOf({ stage: 'Trying' }), false)).why, 'you may not patch ConfigMap');
});

async function all(targets: AsyncIterable<Target>): Promise<readonly Target[]> {
  const found: Target[] = [];
  for await (const target of targets) found.push(target);
  return found;
}

t.test('the selected ones that are still there, each read when its turn comes', async (t) => {
  const api = storedObjects();
  api.put(
    takenBackAt,
    takenBackMap(entryOf(), entryOf({ name: 'gone' }), entryOf({ kind: 'Thing', apiVersion: 'x/v1' })),
  );
  api.put('/apis/apps/v1/namespaces/shop/deployments/web', {
    metadata: { name: 'web' },
    spec: { selector: { matchLabels: { app: 'web' } } },
  });
  const warnings: string[] = [];
  const targets = await all(
    await takenBackTargets(everything, api.client, installation, (text) => warnings.push(text)),
  );
  t.match(targets, [{ name: 'web', namespace: 'shop', takenBackMs: Date.parse('2026-01-01T00:00:00Z') }]);
  t.same(warnings, [
    'deploy/gone -n shop is there no more',
    'thing/web -n shop: its controller is not known; restart it the way that says',
  ]);
  t.same(await targets[0]?.judge(targets[0].object), { policy: 'default', pods: [] });
  warnings.length = 0;
  const named = { objects: namedWorkloads(['deploy/other']), namespace: 'shop' };
  t.same(await all(await takenBackTargets(named, api.client, installation, (text) => warnings.push(text))), []);
  t.same(warnings, ['deploy/other was not taken back: it is left as it is']);
});

t.test('who may not read what was taken back learns which right is missing', async (t) => {
  const api = storedObjects();
  api.fault = forbidden;
  const read = () => takenBackTargets(everything, api.client, installation, () => undefined);
  await t.rejects(read(), { code: 'cluster_unavailable', message: /forbids its user to read ConfigMap/ });
  api.fault = noAnswer;
  await t.rejects(read(), { code: 'cluster_unavailable', message: /does not answer/ });
});
