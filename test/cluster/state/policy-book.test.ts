import fc from 'fast-check';
import t from 'tap';
import { PolicyBook } from '../../../src/cluster/state/policy-book.js';
import { ProfileBook } from '../../../src/cluster/state/profile-book.js';
import { pickObject, type WatchedObject } from '../../../src/cluster/state/watched-object.js';
import { resources } from '../../../src/cluster/client/resources.js';
import type { JsonObject } from '../../../src/model/json.js';
import { policyObject, profileObject } from './documents.js';

/** What someone does to one of the objects. */
type Step =
  | { readonly kind: 'policies'; readonly name: string; readonly spec: JsonObject | undefined; readonly valid: boolean }
  | { readonly kind: 'profiles'; readonly name: string; readonly spec: JsonObject | undefined };

const specs: readonly { readonly spec: JsonObject; readonly valid: boolean }[] = [
  { spec: { prefer: 'Security' }, valid: true },
  { spec: { prefer: 'Availability', precedence: 3 }, valid: true },
  { spec: { mode: 'Off' }, valid: true },
  { spec: { prefer: 'Security', precedence: '3' }, valid: false },
  { spec: { prefer: 'Security', profile: { name: 'sysdig' } }, valid: false },
  { spec: { prefer: 'Security', profile: { name: 'nobody' } }, valid: false },
];
const ownProfile = { spec: { prefer: 'Security', profile: { name: 'own' } } } as const;

const policyStep: fc.Arbitrary<Step> = fc
  .record({
    kind: fc.constant('policies' as const),
    name: fc.constantFrom('a', 'b', 'c'),
    change: fc.option(fc.constantFrom(...specs, { ...ownProfile, valid: false }), { nil: undefined, freq: 5 }),
  })
  .map(({ kind, name, change }) => ({ kind, name, spec: change?.spec, valid: change?.valid ?? false }));
const profileStep: fc.Arbitrary<Step> = fc.record({
  kind: fc.constant('profiles' as const),
  name: fc.constant('own'),
  spec: fc.option(fc.constantFrom<JsonObject>({ version: '1' }, { version: '2' }, { version: [] }), { nil: undefined }),
});

t.test('whatever is edited, a served policy is served until it is deleted, and a valid one as it is', (t) => {
  fc.assert(
    fc.property(fc.array(fc.oneof({ weight: 3, arbitrary: policyStep }, profileStep), { maxLength: 30 }), (steps) => {
      const profiles = new ProfileBook();
      const policies = new PolicyBook({});
      const objects = { policies: new Map<string, WatchedObject>(), profiles: new Map<string, WatchedObject>() };
      const served = new Set<string>();
      steps.forEach((step, index) => {
        const { kind, name, spec } = step;
        const known = objects[kind].get(name);
        if (spec === undefined) {
          objects[kind].delete(name);
          if (kind === 'policies') served.delete(name);
        } else {
          const about = { uid: known?.uid ?? `uid-${index}`, generation: index + 1 };
          const object = kind === 'policies' ? policyObject(name, spec, about) : profileObject(name, spec, about);
          const picked = pickObject(resources[kind])(object);
          if (picked === undefined) throw new Error('nothing is kept of it');
          objects[kind].set(name, picked);
        }
        profiles.update(objects.profiles.values());
        policies.update(objects.policies.values(), profiles.registry);

        const states = new Map(policies.states.map((state) => [state.name, state]));
        const ranked = new Map(policies.rules.policies.ranked.map((policy) => [policy.name, policy]));
        for (const name of objects.policies.keys()) {
          const state = states.get(name);
          const contender = ranked.get(name);
          if (state === undefined || contender === undefined) throw new Error(`policy ${name} is lost`);
          if (state.served !== 'None') served.add(name);
          const isServed = state.served !== 'None';
          if (isServed !== served.has(name)) throw new Error(`policy ${name} is no longer served`);
          if (isServed !== contender.valid) throw new Error(`policy ${name} is ${state.served} and ranked otherwise`);
          if (isServed !== policies.rules.byPolicy.has(name)) throw new Error(`policy ${name} has not its rule`);
          if (isServed && state.policy?.spec !== (contender.valid ? contender.spec : undefined)) {
            throw new Error(`policy ${name} is ranked by another version than it says`);
          }
          if ((state.served === 'Current') !== (state.servedGeneration === state.generation)) {
            throw new Error(`policy ${name} is ${state.served} at generation ${state.servedGeneration ?? 0}`);
          }
          if (state.served !== 'Current' && state.problem === undefined) throw new Error(`policy ${name} says nothing`);
        }
        if (states.size !== objects.policies.size || ranked.size !== objects.policies.size) {
          throw new Error('a policy that was deleted is there');
        }
        if (step.kind === 'policies' && step.valid && states.get(name)?.served !== 'Current') {
          throw new Error(`policy ${name} is valid and not served as it is`);
        }
        // Nothing new is nothing done.
        const { rules } = policies;
        if (policies.update(objects.policies.values(), profiles.registry) || rules !== policies.rules) {
          throw new Error('compiled again without a change');
        }
      });
    }),
    { numRuns: 150 },
  );
  t.end();
});

t.test(
  'F40: what the agent’s image starts is taken over by every served version, and compiles nothing else again',
  (t) => {
    let argv: readonly string[] | undefined;
    const profiles = new ProfileBook();
    const policies = new PolicyBook({ argvOf: (image) => (image.includes('sysdig') ? argv : undefined) });
    const pick = (name: string, spec: JsonObject, generation = 1): readonly WatchedObject[] => {
      const picked = pickObject(resources.policies)(policyObject(name, spec, { generation }));
      return picked === undefined ? [] : [picked];
    };
    const strange = pick('strange', { profile: { name: 'datadog-node' } });
    const update = (...objects: readonly WatchedObject[]): boolean =>
      policies.update([...objects, ...strange], profiles.registry);
    const argvOf = (name: string) => policies.rules.byPolicy.get(name)?.recipe.sidecar?.argv;
    t.ok(update(...pick('a', {})));
    const before = policies.rules;
    t.equal(argvOf('a'), undefined);
    argv = ['/agent'];
    t.ok(update(...pick('a', {})));
    t.same(argvOf('a'), ['/agent']);
    t.equal(policies.rules.byPolicy.get('strange'), before.byPolicy.get('strange'), 'the same rule');
    t.not(policies.rules.byPolicy.get('a')?.stamp, before.byPolicy.get('a')?.stamp);
    t.notOk(update(...pick('a', {})), 'nothing new');
    t.ok(update(...pick('a', { precedence: 'high' }, 2)));
    argv = ['/agent', '--new'];
    t.ok(update(...pick('a', { precedence: 'high' }, 2)));
    t.same(argvOf('a'), ['/agent', '--new'], 'the last valid version');
    t.match(policies.states[0], { served: 'LastValid', servedGeneration: 1, generation: 2 });
    t.notOk(update(...pick('a', { precedence: 'high' }, 2)));
    t.end();
  },
);

t.test('W27: a profile that no policy uses changes what a pod is known to be instrumented by', (t) => {
  const profiles = new ProfileBook();
  const policies = new PolicyBook({});
  policies.update([], profiles.registry);
  t.notOk(policies.rules.tracers.wrappers.has('/own/run'));
  const profile = { ...profileObject('own'), spec: { version: '1', wrapper: { argv: ['/own/run'] } } };
  const picked = pickObject(resources.profiles)(profile);
  t.ok(profiles.update(picked === undefined ? [] : [picked]));
  t.ok(policies.update([], profiles.registry));
  t.ok(policies.rules.tracers.wrappers.has('/own/run'));
  t.notOk(policies.update([], profiles.registry));
  t.end();
});

t.test('what a canary keeps has a profile of its own, which changes, goes and has its agent looked up', (t) => {
  const argvs = new Map<string, readonly string[]>();
  const profiles = new ProfileBook();
  const book = new PolicyBook({ argvOf: (image) => argvs.get(image) });
  const pick = (resource: Parameters<typeof pickObject>[0], objects: readonly JsonObject[]) =>
    objects.flatMap((object) => pickObject(resource)(object) ?? []);
  const update = (version: string | undefined, percent = 10): boolean => {
    const own = version === undefined ? [] : [profileObject('own', { version }, { generation: Number(version) })];
    profiles.update(pick(resources.profiles, own));
    const canary = { percent, previous: { profile: { name: 'own' } } };
    const policy = policyObject('a', { canary }, { generation: percent });
    return book.update(pick(resources.policies, [policy]), profiles.registry);
  };
  const previous = () => book.rules.byPolicy.get('a')?.canary?.previous;
  t.ok(update('1'));
  t.match(book.states[0], { served: 'Current', problem: undefined });
  t.equal(previous()?.recipe.version, '1');
  t.equal(book.rules.byPolicy.get('a')?.recipe.profile, 'sysdig');
  t.notOk(update('1'), 'nothing is new');
  t.ok(update('2'));
  t.equal(previous()?.recipe.version, '2', 'by the profile as it is now');
  t.ok(update(undefined));
  t.equal(previous()?.recipe.version, '2', 'one that was deleted goes on');
  t.match(book.states[0], { served: 'Current', problem: { field: 'spec.canary.previous.profile.name' } });
  t.ok(update(undefined, 20), 'also when the policy is edited');
  t.equal(book.rules.byPolicy.get('a')?.canary?.percent, 20);
  t.ok(update('3', 20));
  t.match(book.states[0], { served: 'Current', problem: undefined });

  const image = book.rules.byPolicy.get('a')?.recipe.sidecar?.image ?? '';
  argvs.set(image, ['/agent']);
  t.ok(update('3', 20), 'what an image starts was found out');
  t.same(book.rules.byPolicy.get('a')?.recipe.sidecar?.argv, ['/agent']);
  t.equal(previous()?.recipe.version, '3', 'and the previous profile is still there');
  t.end();
});

t.test('a canary’s previous agent is carried out by what its own image starts, once that is known', (t) => {
  const argvs = new Map<string, readonly string[]>();
  const { registry } = new ProfileBook();
  const book = new PolicyBook({ argvOf: (image) => argvs.get(image) });
  const previous = { profile: { name: 'sysdig', settings: { region: 'us2' } }, agent: { image: 'agent:1' } };
  const object = policyObject('a', { agent: { image: 'agent:2' }, canary: { percent: 10, previous } });
  const picked = pickObject(resources.policies)(object);
  const update = () => book.update(picked === undefined ? [] : [picked], registry);
  t.ok(update());
  argvs.set('agent:1', ['/agent']);
  t.ok(update());
  t.same(book.rules.byPolicy.get('a')?.canary?.previous?.recipe.sidecar?.argv, ['/agent']);
  t.notOk(update());
  t.end();
});

t.test(
  'a policy whose status was written without it is from before it could speak of sessions; another is new',
  (t) => {
    const book = new PolicyBook({});
    const { registry } = new ProfileBook();
    const modeUnder = (status: JsonObject, spec: JsonObject = { prefer: 'Security' }) => {
      const picked = pickObject(resources.policies)({ ...policyObject('a', spec), status });
      if (picked === undefined) throw new Error('nothing is kept of it');
      book.update([picked], registry);
      const [state] = book.states;
      t.equal(book.rules.byPolicy.get('a')?.sessions, state?.sessions);
      return `${state?.sessions?.exec ?? ''} by ${state?.sessionDefaults ?? ''}`;
    };
    t.equal(modeUnder({}), 'Trace by Trace', 'it was made just now');
    t.equal(modeUnder({ sessionDefaults: 'Trace', conditions: [] }), 'Trace by Trace');
    t.equal(modeUnder({ observedGeneration: 3, conditions: [] }), 'Record by Record', 'by a version before');
    t.equal(modeUnder({ sessionDefaults: 'Record' }), 'Record by Record');
    t.equal(modeUnder({ sessionDefaults: 'else' }), 'Record by Record', 'what nobody here has written');
    t.equal(
      modeUnder({ sessionDefaults: 'Record' }, { prefer: 'Security', sessions: { exec: 'Deny' } }),
      'Deny by Record',
    );
    t.end();
  },
);
