import t from 'tap';
import type { OtherVersions } from '../../src/admission/other-versions.js';
import type { Engine, SecretState } from '../../src/engine/engine.js';
import { objectOf, type JsonObject } from '../../src/model/json.js';
import { names } from '../../src/model/names.js';
import { askDoor, decideNow, engineFor, reviewOf, type EngineOptions } from '../support/engine.js';
import { patched } from '../support/json.js';
import { podOf } from '../support/pods.js';

// Replicas hear of a change one after the other: the doors of one pod may go by different versions.

const version = (region: string, options: EngineOptions = {}, spec: JsonObject = {}): Engine =>
  engineFor({ prefer: 'Security', profile: { name: 'sysdig', settings: { region } }, ...spec }, options);
const [first, second, third] = [version('us1'), version('us2'), version('us4')];

/** The pod as the mutating door of a replica with this engine leaves it. */
function instrumentedBy(engine: Engine, pod = podOf()): JsonObject {
  const { patch } = decideNow(pod, engine);
  return patched(pod, patch);
}

/** Asks the validating door of a replica that knows these. */
async function ask(
  pod: JsonObject,
  current: Engine,
  other: { readonly earlier?: readonly Engine[]; readonly brings?: Engine; readonly fails?: boolean } = {},
) {
  let engine = current;
  let looks = 0;
  const failures: unknown[] = [];
  const otherVersions: OtherVersions = {
    earlier: () => other.earlier ?? [],
    catchUp: () => {
      looks++;
      if (other.fails === true) return Promise.reject(new Error('no answer'));
      engine = other.brings ?? engine;
      return Promise.resolve();
    },
  };
  const answer = await askDoor('validate', reviewOf(pod), current, {
    engine: () => engine,
    otherVersions,
    onFailure: (error) => failures.push(error),
  });
  return { allowed: answer.allowed, reason: answer.audit['reason'], looks, failures: failures.length };
}

const letIn = { allowed: true, reason: 'injected', failures: 0 };

t.test('E41: a pod that another version instrumented is let in', async (t) => {
  const pod = instrumentedBy(first);
  t.match(await ask(pod, first), { ...letIn, looks: 0 });
  t.match(await ask(pod, second), { allowed: false, reason: 'parts_differ', looks: 1 }, 'nobody knows its version');
  t.match(await ask(pod, second, { earlier: [third, first] }), { ...letIn, looks: 0 }, 'the other replica was behind');
  t.match(await ask(pod, second, { brings: first }), { ...letIn, looks: 1 }, 'this one was behind');
  t.match(await ask(pod, second, { brings: third }), { allowed: false, reason: 'parts_differ', looks: 1 });
});

t.test('E38: replicas that know other nodes agree on a pod', async (t) => {
  const old = version('us1', { facts: { nativeSidecars: false } });
  for (const [mutating, validating] of [
    [old, first],
    [first, old],
  ] as const) {
    const pod = instrumentedBy(mutating);
    t.match(await ask(pod, validating), { allowed: false });
    t.match(await ask(pod, validating, { earlier: [mutating] }), letIn);
    t.match(await ask(pod, validating, { brings: mutating }), letIn);
  }
});

t.test('a pod that is whole by no version is denied, whatever it says of itself', async (t) => {
  const bare = podOf();
  t.match(await ask(bare, second, { earlier: [first] }), { allowed: false, reason: 'parts_missing', looks: 0 });
  const { [names.plan]: plan = '' } = annotationsOf(instrumentedBy(first));
  const metadata = { name: 'web', annotations: { [names.plan]: plan } };
  const pretending = podOf({}, metadata);
  t.match(await ask(pretending, second, { earlier: [first], brings: first }), { allowed: false, looks: 1 });
  const optedOut = podOf({}, { ...metadata, labels: { [names.inject]: 'disabled' } });
  const strict = version('us2', {}, { optOut: 'Forbidden' });
  t.match(
    await ask(optedOut, strict, { earlier: [first] }),
    { allowed: false, looks: 1 },
    'nor is it left alone by one',
  );
});

t.test(
  'F33: the validating door looks at the key itself where it could be a way out, and by every version',
  async (t) => {
    const spec = { prefer: 'Availability', optOut: 'Forbidden', credentials: { mirror: true } };
    const looking = (found: SecretState, spec: JsonObject) => {
      let state: SecretState = 'unknown';
      const effects: boolean[] = [];
      const options: EngineOptions = {
        secretState: () => state,
        credentials: {
          prepare: (_namespace, _rule, withEffects) => {
            effects.push(withEffects);
            return Promise.resolve().then(() => void (state = found));
          },
          detail: () => undefined,
          version: () => undefined,
        },
      };
      return { effects, us1: version('us1', options, spec), us2: version('us2', options, spec) };
    };
    const blocked = looking('blocked', spec);
    t.match(await ask(podOf(), blocked.us1), { allowed: false, reason: 'credentials_blocked' });
    t.same(blocked.effects, [false]);
    const open = looking('blocked', { ...spec, optOut: 'Allowed' });
    t.match(await ask(podOf(), open.us1), { allowed: true });
    t.same(open.effects, [], 'elsewhere nobody waits for it');
    const fine = looking('present', spec);
    const pod = instrumentedBy(fine.us1);
    t.match(await ask(pod, fine.us1), letIn);
    t.match(await ask(pod, fine.us2), { allowed: false });
    t.match(await ask(pod, fine.us2, { earlier: [fine.us1] }), letIn, 'waiting does not lose the other versions');
  },
);

t.test('when nothing can be read, the pod is denied for what is wrong with it', async (t) => {
  const pod = instrumentedBy(first);
  t.match(await ask(pod, second, { fails: true }), { allowed: false, reason: 'parts_differ', looks: 1, failures: 1 });
});

function annotationsOf(pod: JsonObject): JsonObject {
  return objectOf(objectOf(pod['metadata'])?.['annotations']) ?? {};
}
