import fc from 'fast-check';
import t from 'tap';
import type { Engine } from '../../src/engine/engine.js';
import type { KnownLimits } from '../../src/engine/known-limits.js';
import { instrument } from '../../src/engine/instrument.js';
import type { Door } from '../../src/model/decision.js';
import { objectOf, stringOf, type JsonObject } from '../../src/model/json.js';
import { namespaceLimits, noLimits, type NamespaceLimits } from '../../src/model/namespace-limits.js';
import { isStampedBy } from '../../src/inject/pod/record.js';
import { askDoor, decideNow, engineFor, reviewOf } from '../support/engine.js';
import { at, draft, draftsOf, nameOf, objectAt, patched } from '../support/json.js';
import { knownLimits, quotaOf, rangeOf, unknownLimits } from '../support/limits.js';
import { podOf, podWith } from '../support/pods.js';
import { throughTheServer } from '../support/cluster.js';

const agent = 'sysdig-workload-agent';
const some = { requests: { cpu: '100m', memory: '128Mi' }, limits: { cpu: '200m', memory: '256Mi' } };
const pod = podWith({ command: ['/app'], resources: some });
const small = rangeOf({ max: { memory: '300Mi', cpu: '200m' } });
const none = rangeOf({ max: { memory: '64Mi' } });

const known: readonly (NamespaceLimits | undefined)[] = [
  undefined,
  noLimits,
  small,
  none,
  rangeOf({ min: { cpu: '700m', memory: '600Mi' } }),
  rangeOf({ default: { cpu: '100m', memory: '256Mi' }, defaultRequest: { cpu: '10m' } }),
  rangeOf({ maxLimitRequestRatio: { cpu: 2, memory: 1 } }),
  rangeOf({ max: { memory: '600Mi' } }, 'Pod'),
  quotaOf({ hard: { 'limits.cpu': 1 } }),
  quotaOf({ hard: { 'limits.cpu': 1 }, scopes: ['NotBestEffort'] }),
];
const pods: readonly JsonObject[] = [
  pod,
  podOf(),
  podWith({ command: ['/app'], resources: { limits: some.limits } }),
  podWith({ command: ['/app'], resources: some }, { resources: some }),
];
const profiles: readonly JsonObject[] = [{}, { profile: { name: 'datadog', settings: { site: 'datadoghq.com' } } }];

t.test('F21: a pod that one replica fitted is let in by another that knows the namespace otherwise', (t) => {
  const engines = new Map<string, Engine>();
  const anyOf = <T>(values: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...values);
  const property = fc.property(
    anyOf(pods),
    anyOf(profiles),
    anyOf(known),
    anyOf(known),
    anyOf(['Security', 'Availability'] as const),
    (pod, profile, first, second, prefer) => {
      const engineOf = (limits: NamespaceLimits | undefined): Engine => {
        const key = `${prefer} ${profiles.indexOf(profile)} ${known.indexOf(limits)}`;
        const engine =
          engines.get(key) ??
          engineFor({ ...profile, prefer }, { limits: limits === undefined ? unknownLimits : knownLimits(limits) });
        engines.set(key, engine);
        return engine;
      };
      const made = decideNow(pod, engineOf(first));
      if (made.decision.decision !== 'inject') return made.decision.reason === 'resources_do_not_fit';
      const after = throughTheServer(patched(pod, made.patch));
      const again = decideNow(after, engineOf(second));
      const judged = decideNow(after, engineOf(second), 'validate');
      return again.patch.length === 0 && judged.decision.decision === 'inject';
    },
  );
  fc.assert(property, { numRuns: 500 });
  t.end();
});

t.test('F21: whatever the namespace says, nobody starves the agent', (t) => {
  for (const limits of known) {
    const engine = engineFor(
      { prefer: 'Security' },
      { limits: limits === undefined ? unknownLimits : knownLimits(limits) },
    );
    const made = decideNow(pod, engineFor({ prefer: 'Security' }, { limits: knownLimits(small) }));
    const starved = draft(patched(pod, made.patch));
    for (const one of draftsOf(objectAt(starved, 'spec')['initContainers'])) {
      if (nameOf(one) === agent) objectAt(objectAt(one, 'resources'), 'limits')['memory'] = '255Mi';
    }
    const { decision } = decideNow(starved, engine, 'validate');
    t.match(decision, { decision: 'deny', reason: 'parts_differ' });
  }
  t.end();
});

t.test(
  'F21: what does not fit is left alone, denied under Security and Forbidden, and admitted where the policy says so',
  (t) => {
    const limits = knownLimits(none);
    const decisionOf = (door: Door, spec: JsonObject) => decideNow(pod, engineFor(spec, { limits }), door).decision;
    const skip = { decision: 'skip', reason: 'resources_do_not_fit' };
    const deny = { decision: 'deny', reason: 'resources_do_not_fit' };
    for (const spec of [{}, { prefer: 'Security' }, { optOut: 'Forbidden' }]) t.match(decisionOf('mutate', spec), skip);
    t.match(decisionOf('validate', { prefer: 'Security' }), deny);
    t.match(decisionOf('validate', { optOut: 'Forbidden' }), deny, 'an author fills the pod’s share at will');
    t.match(decisionOf('validate', { prefer: 'Security', admitUninstrumented: ['resources_do_not_fit'] }), skip);
    t.end();
  },
);

t.test('F21: what is left of a quota decides nothing', (t) => {
  const quota = { metadata: { name: 'q' }, spec: { hard: { 'limits.cpu': '1' } } };
  const used = { ...quota, status: { hard: { 'limits.cpu': '1' }, used: { 'limits.cpu': '1' } } };
  const patchOf = (one: JsonObject) =>
    decideNow(pod, engineFor({}, { limits: knownLimits(namespaceLimits([], [one])) })).patch;
  t.same(patchOf(used), patchOf(quota));
  t.end();
});

t.test('F21: what was fitted is part of the plan that is written on the pod', (t) => {
  const planOf = (limits: NamespaceLimits): string => {
    const { patch } = decideNow(pod, engineFor({}, { limits: knownLimits(limits) }));
    return stringOf(at(patched(pod, patch), 'metadata', 'annotations', 'outrider.dev/plan')) ?? '';
  };
  const { stamp = '' } = decideNow(pod, engineFor()).rule ?? {};
  const [one, other] = [planOf(small), planOf(rangeOf({ max: { memory: '301Mi' } }))];
  t.match(one, /^sysdig\/[^/]+\/[0-9a-f]{12}\/[0-9a-f]{8}$/);
  t.not(one, other);
  t.equal(one, planOf(small));
  t.ok(isStampedBy(one, stamp) && isStampedBy(stamp, stamp));
  t.notOk(isStampedBy(`${stamp}0`, stamp) || isStampedBy(stamp.slice(0, -1), stamp));
  const { patch } = decideNow(podOf(), engineFor({}, { limits: knownLimits() }));
  t.equal(
    at(patched(podOf(), patch), 'metadata', 'annotations', 'outrider.dev/plan'),
    stamp,
    'as it is where nothing is fitted',
  );
  t.end();
});

/** Counts who asked, and knows the namespace once it was awaited. */
function askedLimits(limits: NamespaceLimits): KnownLimits & { readonly asked: Door[] } {
  const asked: Door[] = [];
  return {
    asked,
    of: () => (asked.length > 0 ? limits : undefined),
    trouble: () => undefined,
    prepare: (_namespace, door) => {
      asked.push(door);
      return asked.length === 1 ? Promise.resolve() : undefined;
    },
  };
}

t.test('F21: a namespace is waited for once, and never for a pod that is instrumented', async (t) => {
  const limits = askedLimits(small);
  const engine = engineFor({ prefer: 'Security' }, { limits });
  const made = await askDoor('mutate', reviewOf(pod), engine);
  t.equal(limits.asked.length, 1);
  const after = patched(pod, made.patch);
  t.equal(at(after, 'spec', 'initContainers', 2, 'resources', 'limits', 'memory'), '300Mi');
  t.ok((await askDoor('mutate', reviewOf(after), engine)).allowed);
  t.ok((await askDoor('validate', reviewOf(after), engine)).allowed);
  t.equal(limits.asked.length, 1);
  const late = askedLimits(none);
  const admitting = engineFor({ prefer: 'Security', admitUninstrumented: ['resources_do_not_fit'] }, { limits: late });
  t.ok((await askDoor('validate', reviewOf(pod), admitting)).allowed, 'the validating door asks before it denies');
  t.same(late.asked, ['validate']);
});

t.test(
  'F21: nobody asks for a manifest, for a pod that no policy selects, nor for a profile that adds no container',
  (t) => {
    const limits = askedLimits(small);
    const request = { pod, namespace: 'shop', namespaceLabels: {}, door: 'mutate', trace: false } as const;
    void instrument({ ...request, admitted: false }, engineFor({}, { limits }));
    void instrument({ ...request, admitted: true }, engineFor({ containers: { include: ['other'] } }, { limits }));
    void instrument({ ...request, admitted: true }, engineFor({ profile: { name: 'datadog-node' } }, { limits }));
    t.same(limits.asked, []);
    t.end();
  },
);

t.test('F21: where the namespace is not known, the pod is instrumented and that is said', (t) => {
  const { decision } = decideNow(pod, engineFor({}, { limits: unknownLimits }));
  t.equal(decision.decision, 'inject');
  const remark = decision.steps.find(({ reason }) => reason === 'resources_not_fitted');
  t.equal(remark?.detail, 'LimitRanges and quotas of shop are not known: limitranges is forbidden');
  t.end();
});

t.test('F21: amounts of our own from several LimitRanges and quotas at once', (t) => {
  const limits = namespaceLimits(
    [
      { spec: { limits: [{ type: 'Container', max: { cpu: '400m' }, maxLimitRequestRatio: { cpu: 2 } }] } },
      { spec: { limits: [{ type: 'Container', min: { memory: '300Mi' } }] } },
    ],
    [{ metadata: { name: 'q' }, spec: { hard: { 'limits.cpu': 1, 'limits.memory': 1 } } }],
  );
  const { patch } = decideNow(podOf(), engineFor({}, { limits: knownLimits(limits) }));
  const containers = objectOf(patched(podOf(), patch)['spec'])?.['initContainers'];
  t.match(containers, [
    { resources: { requests: { cpu: '100m', memory: '300Mi' }, limits: { cpu: '200m', memory: '512Mi' } } },
    { resources: { requests: { cpu: '100m', memory: '300Mi' }, limits: { cpu: '200m', memory: '512Mi' } } },
    { resources: { requests: { cpu: '100m', memory: '300Mi' }, limits: { cpu: '200m', memory: '512Mi' } } },
  ]);
  t.end();
});
