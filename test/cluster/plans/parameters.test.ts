import t from 'tap';
import { refusal } from '../fake-api.js';
import { ApiError } from '../../../src/cluster/client/api-error.js';
import type { ClaimedPolicy } from '../../../src/cluster/plans/claimed-policy.js';
import { readPlan, type KnownPlan } from '../../../src/cluster/plans/known-plans.js';
import { Parameters } from '../../../src/cluster/plans/parameters.js';
import { fittedPlan, type FittedPlan } from '../../../src/cluster/plans/plan-contents.js';
import { PlanWriter } from '../../../src/cluster/plans/plan-writer.js';
import type { LearnedImage, PartsOfPlan, PlanParameters } from '../../../src/model/instrumentation-plan.js';
import { asJson, isObject, type JsonObject } from '../../../src/model/json.js';
import type { NotClaimable } from '../../../src/model/not-claimable.js';
import { partsOf } from './parts.js';

const never = new AbortController().signal;
const owner = { name: 'outrider-api-server-policies', uid: 'uid-of-the-role' };

function stampOf(parts: PartsOfPlan | undefined): string | undefined {
  return parts?.amounts['--']?.stamp;
}

const unclaimed: NotClaimable = { reason: 'amounts_by_pod', detail: 'a quota' };

/** One policy, its namespaces, and an API server that stores what is applied. */
function createWorld(totalBytes = 1_000_000) {
  const world = {
    nowMs: 0,
    version: 'one',
    images: {} as Readonly<Record<string, { entrypoint: string[]; cmd: string[] }>>,
    namespaces: ['shop'] as readonly string[],
    refused: new Set<string>(),
    writes: [] as string[],
    stored: new Map<string, KnownPlan>(),
    fault: undefined as Error | undefined,
    left: new Set<string>(),
  };
  const plans = {
    of: (namespace: string, name: string) => world.stored.get(`${namespace}/${name}`),
    all: () => world.stored.values(),
  };
  let resourceVersion = 1;
  const writer = new PlanWriter({
    plans,
    sleep: () => Promise.resolve(),
    client: {
      patch: (path, _kind, body) => {
        world.writes.push(path);
        if (world.fault !== undefined) return Promise.reject(world.fault);
        if (!isObject(body)) throw new Error('no object');
        const metadata = { ...(body['metadata'] as JsonObject), resourceVersion: String(++resourceVersion) };
        const stored: JsonObject = { ...body, metadata };
        const plan = readPlan(stored);
        world.stored.set(`${plan.namespace}/${plan.name}`, plan);
        return Promise.resolve(stored);
      },
      delete: (path) => {
        world.writes.push(`DELETE ${path}`);
        return Promise.resolve({});
      },
    },
  });
  const parameters = new Parameters({
    writer,
    totalBytes,
    clock: { monotonicMs: () => world.nowMs },
    sleep: () => Promise.resolve(),
    leaveToWebhook: (name, namespace) => world.left.has(`${namespace}/${name}`),
  });
  const policy = (): ClaimedPolicy => ({
    name: 'payments',
    key: '',
    namespaceSelector: {},
    conditions: 0,
    namespaces: world.namespaces,
    objects: () => ({ claimable: false, why: unclaimed }),
    prepare: () => Promise.resolve(),
    plan: (namespace, before): FittedPlan | NotClaimable => {
      if (world.refused.has(namespace)) return unclaimed;
      const [current, previous] = before?.plans ?? [];
      const earlier = stampOf(current) === world.version ? previous : current;
      const spec: PlanParameters = {
        podSecurity: '',
        plans: [partsOf(world.version), ...(earlier === undefined ? [] : [earlier])],
        images: { ...world.images },
      };
      const bytes = JSON.stringify(spec).length;
      return { spec, leftOut: 0, bytes, bareBytes: JSON.stringify({ ...spec, images: {} }).length };
    },
  });
  const pass = () => parameters.pass([policy()], owner, never);
  const stamps = (namespace = 'shop') => world.stored.get(`${namespace}/payments`)?.spec?.plans.map(stampOf);
  /** Edits the policy, and lets the plan move on. */
  const edit = async (version: string) => {
    world.version = version;
    parameters.changed();
    await pass();
    await pass();
    world.nowMs += 2_000;
    await pass();
  };
  return { world, parameters, pass, stamps, edit };
}

t.test('W57: an edit moves the plan on, and no second one before pods of the first are judged', async (t) => {
  const { world, parameters, pass, stamps } = createWorld();
  await pass();
  t.same(stamps(), ['one']);
  world.version = 'two';
  parameters.changed();
  t.equal((await pass()).isPending, true);
  t.same(stamps(), ['one', 'two'], 'it judges pods before they get it');
  t.equal((await pass()).isPending, true);
  world.nowMs += 2_000;
  t.equal((await pass()).isPending, false);
  t.same(stamps(), ['two', 'one']);
  world.nowMs += 1_000;
  world.version = 'three';
  parameters.changed();
  t.equal((await pass()).isPending, true);
  t.same(stamps(), ['two', 'one'], 'a pod that was made by one is not denied yet');
  world.nowMs += 10_000;
  await pass();
  await pass();
  world.nowMs += 2_000;
  await pass();
  t.same(stamps(), ['three', 'two']);
  const { length } = world.writes;
  parameters.changed();
  await pass();
  t.equal(world.writes.length, length, 'what stands is not written again');
});

t.test('W61: what somebody else wrote is put right, and never becomes the plan before', async (t) => {
  const { world, parameters, pass, stamps } = createWorld();
  await pass();
  const known = world.stored.get('shop/payments');
  const forged: PlanParameters = { podSecurity: '', plans: [partsOf('forged')], images: {} };
  if (known !== undefined) world.stored.set('shop/payments', { ...known, resourceVersion: '99', spec: forged });
  parameters.changed(new Set(['shop']));
  await pass();
  t.same(stamps(), ['one']);
  parameters.changed(new Set(['shop']));
  await pass();
  world.stored.delete('shop/payments');
  parameters.changed(new Set(['shop']));
  await pass();
  t.same(stamps(), ['one'], 'and what was deleted is made again');
});

t.test('W57: the plan before goes once every pod that was made by it is judged', async (t) => {
  const { world, parameters, pass, stamps, edit } = createWorld();
  await pass();
  await edit('two');
  world.nowMs += 119_000;
  await pass();
  t.same(stamps(), ['two', 'one']);
  world.nowMs += 1_000;
  await pass();
  t.same(stamps(), ['two'], 'whoever makes a pod by an agent of before is refused');
  const { length } = world.writes;
  await pass();
  parameters.changed();
  await pass();
  t.equal(world.writes.length, length);
  await edit('three');
  t.same(stamps(), ['three', 'two'], 'the next edit has its own time');
});

t.test('W61: a plan that somebody made before there was a guard judges nothing', async (t) => {
  const { world, parameters, pass, stamps } = createWorld();
  const plant = (namespace: string): void => {
    const metadata = { namespace, name: 'payments', resourceVersion: '1' };
    const spec: PlanParameters = { podSecurity: '', plans: [partsOf('forged')], images: {} };
    const kind = { apiVersion: 'outrider.dev/v1alpha1', kind: 'InstrumentationPlan' };
    world.stored.set(`${namespace}/payments`, readPlan({ ...kind, metadata, spec: asJson(spec) }));
  };
  world.namespaces = ['shop', 'left'];
  world.refused.add('left');
  plant('shop');
  plant('left');
  t.same(stamps('left'), ['forged']);
  await pass();
  t.same(stamps(), ['one'], 'it is not the plan before');
  t.equal(world.writes.length, 1, 'and none of ours is made of it');
  t.equal(parameters.isWanted('left', 'payments'), false, 'it goes');
});

t.test('W64: a namespace that is left to the webhook keeps its plan until its pods are judged', async (t) => {
  const { world, parameters, pass } = createWorld();
  await pass();
  world.refused.add('shop');
  parameters.changed(new Set(['shop']));
  const { states } = await pass();
  t.match(states.get('payments'), { namespaces: 0, refused: { namespace: 'shop', why: unclaimed, count: 1 } });
  t.equal(
    world.stored.get('shop/payments')?.spec?.podSecurity,
    '-',
    'no namespace has this level: nothing more is made',
  );
  t.equal(parameters.isWanted('shop', 'payments'), true);
  world.nowMs += 30_000;
  await pass();
  t.equal(parameters.isWanted('shop', 'payments'), false);
  t.equal(parameters.isWanted('other', 'payments'), false);
});

t.test('W67: all of them together stay within their bound, images leaving before namespaces', async (t) => {
  const bare = JSON.stringify({ podSecurity: '', plans: [partsOf('one')], images: {} }).length;
  const { world, pass } = createWorld(2 * bare + 100);
  world.namespaces = ['a', 'b', 'c'];
  world.images = { 'app:1.2.3': { entrypoint: ['/app'.repeat(50)], cmd: [] } };
  const { states } = await pass();
  t.match(states.get('payments'), { namespaces: 2, images: 0, leftOut: 3 });
  t.equal(world.stored.size, 2);
});

t.test('W67: a pass is over soon in whatever cluster, and lets be what it has not come to', async (t) => {
  const { world, parameters, pass } = createWorld();
  world.namespaces = Array.from({ length: 450 }, (_, index) => `n${index}`);
  const { stored } = world;
  const sizes: number[] = [];
  for (let pending = true; pending; sizes.push(stored.size)) pending = (await pass()).isPending;
  t.same(sizes, [100, 200, 300, 400, 450]);
  world.version = 'two';
  parameters.changed();
  world.nowMs += 60_000;
  t.equal((await pass()).isPending, true);
  t.equal(parameters.isWanted('n449', 'payments'), true);
  world.version = 'three';
  parameters.changed();
  world.nowMs += 60_000;
  await pass();
  const counts = ['one', 'two', 'three'].map(
    (version) => [...stored.values()].filter(({ spec }) => stampOf(spec?.plans.at(-1)) === version).length,
  );
  t.same(counts, [250, 100, 100], 'an edit does not put those back whose turn it is');
});

t.test('W67: a plan that does not fit any more goes, and is no old one that pods get for ever', async (t) => {
  const bare = JSON.stringify({ podSecurity: '', plans: [partsOf('one')], images: {} }).length;
  const { world, parameters, pass } = createWorld(2 * bare + 100);
  world.namespaces = ['a', 'b'];
  await pass();
  t.equal(world.stored.size, 2);
  world.namespaces = ['c', 'a', 'b'];
  t.equal((await pass()).isPending, true);
  t.equal(world.stored.get('b/payments')?.spec?.podSecurity, '-', 'no pod is made by it any more');
  t.equal(parameters.isWanted('b', 'payments'), true, 'and those that were are judged');
  world.nowMs += 30_000;
  await pass();
  t.equal(parameters.isWanted('b', 'payments'), false);
  t.equal(parameters.isWanted('a', 'payments'), true);
});

t.test('W67: the images that were used last are among the parameters', (t) => {
  const learned = (usedAt: string): LearnedImage => ({ entrypoint: ['/app'], cmd: [], learnedAt: usedAt, usedAt });
  const images = {
    old: learned('2026-11-01T00:00:00Z'),
    b: learned('2026-11-02T00:00:00Z'),
    a: learned('2026-11-02T00:00:00Z'),
  };
  const make = (): PlanParameters => ({ podSecurity: '', plans: [partsOf('one')], images: {} });
  const isPlan = (made: PlanParameters | NotClaimable): made is PlanParameters => !('reason' in made);
  const argvOf = (_reference: string, { entrypoint, cmd }: LearnedImage) => ({ entrypoint, cmd });
  const bytes = JSON.stringify(make()).length;
  const fitted = fittedPlan<NotClaimable>(images, argvOf, make, isPlan, bytes + 100);
  t.match(fitted, { leftOut: 1 });
  t.same('spec' in fitted ? Object.keys(fitted.spec.images) : [], ['a', 'b']);
  t.match(
    fittedPlan<NotClaimable>(images, argvOf, () => unclaimed, isPlan, 1),
    unclaimed,
  );
  t.end();
});

t.test('a write that fails is said, and a namespace that is going is let go', async (t) => {
  const { world, pass } = createWorld();
  const ending = 'unable to create new content in namespace shop because it is being terminated';
  world.fault = new ApiError(ending, { status: 403, reason: 'Forbidden' });
  t.match(await pass(), { isPending: false, why: undefined });
  world.fault = refusal(403, 'Forbidden');
  const refused = await pass();
  t.match(refused, { isPending: true, why: world.fault }, 'a refusal by somebody else is trouble');
  t.match(refused.states.get('payments'), { namespaces: 0, images: 0 }, 'and nothing is said to stand');
  world.fault = refusal(503, 'ServiceUnavailable');
  t.match(await pass(), { isPending: true, why: world.fault });
});

t.test(
  'W64: a namespace whose workload was taken back is left to the webhook at once, and claimed again after',
  async (t) => {
    const { world, parameters, pass, stamps } = createWorld();
    world.namespaces = ['other', 'shop'];
    await pass();
    world.left.add('shop/payments');
    t.equal(await parameters.leave(world.stored.values(), owner, never), 0);
    const levels = () => world.namespaces.map((name) => world.stored.get(`${name}/payments`)?.spec?.podSecurity);
    t.same(levels(), ['', '-'], 'without a pass');
    const { length } = world.writes;
    await parameters.leave(world.stored.values(), owner, never);
    t.equal(world.writes.length, length, 'twice the same writes nothing');
    const { states } = await pass();
    t.match(states.get('payments'), { namespaces: 1, refused: { namespace: 'shop', why: { reason: 'taken_back' } } });
    t.same(levels(), ['', '-'], 'nor does a pass undo it');
    world.left.clear();
    await pass();
    t.same(levels(), ['', '']);
    t.same(stamps(), ['one']);
  },
);

t.test('W64: a pass that has worked out a namespace before it was left writes nothing there', async (t) => {
  const { world, parameters, pass } = createWorld();
  world.namespaces = ['a', 'b', 'c', 'd', 'shop'];
  await pass();
  world.version = 'two';
  parameters.changed();
  world.nowMs += 60_000;
  const going = pass();
  world.left.add('shop/payments');
  await parameters.leave(world.stored.values(), owner, never);
  await going;
  t.equal(world.stored.get('shop/payments')?.spec?.podSecurity, '-');
  world.fault = refusal(503, 'ServiceUnavailable');
  world.left.add('a/payments');
  t.equal(await parameters.leave(world.stored.values(), owner, never), 1, 'a write that fails is said');
});
