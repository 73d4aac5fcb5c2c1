import fc from 'fast-check';
import t from 'tap';
import { PolicyBook } from '../../../src/cluster/state/policy-book.js';
import { ProfileBook } from '../../../src/cluster/state/profile-book.js';
import { pickObject, type WatchedObject } from '../../../src/cluster/state/watched-object.js';
import { resources } from '../../../src/cluster/client/resources.js';
import type { JsonObject } from '../../../src/model/json.js';
import { policyObject, profileObject } from './documents.js';

/** What somebody does to one of the objects. */
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
