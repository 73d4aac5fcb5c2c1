import t from 'tap';
import type { Terms } from '../../../src/inject/pod/differences/difference.js';
import { planHostVolumes } from '../../../src/inject/pod/host-volumes.js';
import type { Search } from '../../../src/inject/pod/identify.js';
import { isFinding, readPod, type PodView } from '../../../src/inject/pod/view.js';
import { isObject, listOf, stringOf, type JsonObject } from '../../../src/model/json.js';
import { policySchema } from '../../../src/model/policy.js';
import { findProfile, profileRegistry } from '../../../src/profile/registry.js';
import { renderRecipe } from '../../../src/profile/render.js';
import { decideNow, engineOf, plainFacts, policyText } from '../../support/engine.js';
import { members, patched } from '../../support/json.js';
import { podOf } from '../../support/pods.js';

const { spec } = policySchema.parse({
  apiVersion: 'outrider.dev/v1alpha1',
  kind: 'InstrumentationPolicy',
  metadata: { name: 'p' },
  spec: { profile: { name: 'datadog-node' } },
});
const rendered = renderRecipe(findProfile(profileRegistry([]), 'datadog-node'), spec);
const recipe = { ...rendered, hostVolumes: [{ name: 'proc', path: '/proc', type: 'Directory' }] };
const terms: Terms = {
  part: 'volume',
  facts: plainFacts,
  volumes: [],
  minimumLimits: () => undefined,
  ownLimits: () => undefined,
  reservedEnv: new Set(),
};
const keep = (search: Search) => ('member' in search ? search.member : undefined);

function viewWith(...volumes: readonly JsonObject[]): PodView {
  const view = readPod({ spec: { containers: [{ name: 'agent' }], volumes } });
  if (isFinding(view)) throw new Error(view.detail);
  return view;
}

t.test('a volume of the pod with the same path is used, however it is called and written', (t) => {
  for (const path of ['/proc', '/proc/', '//proc', '/./proc', '/x/../proc']) {
    const { members, names } = planHostVolumes(recipe, viewWith({ name: 'mine', hostPath: { path } }), keep, terms);
    t.strictSame(members, [], path);
    t.equal(names.get('proc'), 'mine', path);
  }
  t.end();
});

t.test('else one is added, under a free name', (t) => {
  const value = { hostPath: { path: '/proc', type: 'Directory' } };
  const plain = planHostVolumes(
    recipe,
    viewWith({ name: 'odd', hostPath: {} }, { name: 'x', emptyDir: {} }),
    keep,
    terms,
  );
  t.match(plain.members, [{ name: 'proc', value, present: undefined }]);
  const taken = planHostVolumes(recipe, viewWith({ name: 'proc', hostPath: { path: '/proc2' } }), keep, terms);
  t.match(taken.members, [{ name: 'proc-2', value: { ...value, name: 'proc-2' } }]);
  t.equal(taken.names.get('proc'), 'proc-2');
  t.end();
});

/** The pod of an agent on the node after the injection, with some of its volumes and of system-probe's mounts changed. */
function agentPod(
  volumes: Readonly<Record<string, JsonObject>>,
  mounts: readonly JsonObject[] = [],
  more: JsonObject = {},
): JsonObject {
  const whole = patched(probe, decideNow(probe, engineWith('Availability', 'Allowed')).patch);
  const [container = {}] = members(whole, 'containers');
  const at = new Set(mounts.map((mount) => mount['mountPath']));
  const kept = listOf(container['volumeMounts']).filter((mount) => isObject(mount) && !at.has(mount['mountPath']));
  const own = members(whole, 'volumes').filter(({ name }) => volumes[stringOf(name) ?? ''] === undefined);
  const changed = Object.entries(volumes).map(([name, source]) => ({ name, ...source }));
  return podOf({
    containers: [{ ...container, volumeMounts: [...kept, ...mounts], ...more }],
    volumes: [...own, ...changed],
  });
}

const probe = podOf({ containers: [{ name: 'system-probe', image: 'agent:7' }] });
type Prefer = 'Security' | 'Availability';
type OptOut = 'Allowed' | 'Forbidden';
const engineWith = (prefer: Prefer, optOut: OptOut, facts = {}) =>
  engineOf(policyText('p', { profile: { name: 'datadog-node' }, prefer, optOut }), { facts });

/** What both doors make of a pod: the mutating door's decision, and the validating one's of what happens to the pod. */
function judged(pod: JsonObject, prefer: Prefer, optOut: OptOut, facts = {}): readonly string[] {
  const engine = engineWith(prefer, optOut, facts);
  const { decision, patch } = decideNow(pod, engine);
  const then = decideNow(patched(pod, patch), engine, 'validate').decision;
  return [decision.reason, then.decision, then.reason];
}

const forgedVolumes: Readonly<Record<string, Readonly<Record<string, JsonObject>>>> = {
  'another source': { procdir: { configMap: { name: 'x' } } },
  'another path': { procdir: { hostPath: { path: '/srv' } } },
  'another type': { procdir: { hostPath: { path: '/proc', type: 'DirectoryOrCreate' } } },
  'no source': { hostroot: {} },
};

for (const [title, volumes] of Object.entries(forgedVolumes)) {
  t.test(`F1, F2: a part of the node under the recipe’s name, with ${title}`, (t) => {
    const pod = agentPod(volumes);
    t.same(judged(pod, 'Security', 'Allowed'), ['parts_differ', 'deny', 'parts_differ']);
    for (const prefer of ['Security', 'Availability'] as const) {
      t.same(judged(pod, prefer, 'Forbidden'), ['injected', 'inject', 'injected'], 'put back whole');
      t.match(decideNow(pod, engineWith(prefer, 'Forbidden'), 'validate').decision, {
        decision: 'deny',
        reason: 'tampered',
      });
    }
    t.same(judged(pod, 'Availability', 'Allowed'), ['parts_differ', 'partial', 'parts_differ'], 'told');
    t.end();
  });
}

t.test('F2: what the operator lets a part of the node be is let be', (t) => {
  const pod = agentPod({ 'os-release-file': { hostPath: { path: '/usr/lib/os-release' } } });
  const facts = { ownPartsMayDiffer: [{ path: '/volume/hostPath/path', value: '/usr/lib/os-release' }] };
  t.same(judged(pod, 'Security', 'Allowed'), ['parts_differ', 'deny', 'parts_differ']);
  t.same(judged(pod, 'Security', 'Allowed', facts), ['injected', 'inject', 'injected']);
  t.end();
});

t.test('F2: a part of the node as the vendor’s chart and the API server write it is the recipe’s', (t) => {
  const pod = agentPod({ procdir: { hostPath: { path: '/proc/', type: '' } } });
  t.same(judged(pod, 'Security', 'Forbidden'), ['injected', 'inject', 'injected']);
  const { patch } = decideNow(pod, engineWith('Security', 'Forbidden'));
  t.notOk(patch.some(({ path }) => path.startsWith('/spec/volumes')));
  const own = agentPod({ mine: { hostPath: { path: '/proc' } } }, [{ name: 'mine', mountPath: '/host/proc' }]);
  t.same(judged(own, 'Security', 'Forbidden'), ['injected', 'inject', 'injected'], 'under a name of the pod’s');
  t.end();
});

const x = { x: { configMap: { name: 'x' } } };
const forgedMounts: Readonly<Record<string, { readonly pod: JsonObject; readonly reason: string }>> = {
  'another volume at its place': {
    pod: agentPod(x, [{ name: 'x', mountPath: '/host/proc' }]),
    reason: 'mount_path_taken',
  },
  'another volume below it': {
    pod: agentPod(x, [{ name: 'x', mountPath: '/host/proc/1' }]),
    reason: 'mount_path_taken',
  },
  'last words below it': {
    pod: agentPod({}, [], { terminationMessagePath: '/host/root/log' }),
    reason: 'mount_path_taken',
  },
  'a part of it at its place': {
    pod: agentPod({}, [{ name: 'procdir', mountPath: '/host/proc', subPath: 'fs' }]),
    reason: 'parts_differ',
  },
};

t.test('F1: nothing of an author’s stays where a container is to see a part of the node', (t) => {
  for (const [title, { pod, reason }] of Object.entries(forgedMounts)) {
    t.same(judged(pod, 'Security', 'Allowed'), [reason, 'deny', reason], title);
    const forbidden = reason === 'parts_differ' ? 'tampered' : reason;
    t.same(judged(pod, 'Availability', 'Forbidden'), [forbidden, 'deny', forbidden], title);
    const { decision } = decideNow(pod, engineWith('Availability', 'Allowed'), 'validate');
    t.not(decision.decision, 'deny', title);
  }
  t.end();
});
