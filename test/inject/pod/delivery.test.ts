import t from 'tap';
import { chooseDelivery, whyCopied } from '../../../src/inject/pod/delivery.js';
import { isFinding, readPod } from '../../../src/inject/pod/view.js';
import type { Engine } from '../../../src/engine/engine.js';
import type { JsonObject } from '../../../src/model/json.js';
import type { ClusterFacts, PodNodes } from '../../../src/model/recipe.js';
import { throughTheServer } from '../../support/cluster.js';
import { decideNow, engineFor, podNodes } from '../../support/engine.js';
import { at, draft, draftsOf, listAt, members, nameOf, objectAt, patched } from '../../support/json.js';
import { podOf, podWith } from '../../support/pods.js';

const capable = podNodes(true);
const unlike = podNodes(false);

function engineOn(nodes: PodNodes | undefined, spec: JsonObject = {}, facts: Partial<ClusterFacts> = {}): Engine {
  return engineFor(spec, { facts, ...(nodes === undefined ? {} : { nodes }) });
}

function injected(pod: JsonObject, engine: Engine): JsonObject {
  return patched(pod, decideNow(pod, engine).patch);
}

/** A strict policy has debug sessions traced unless it says otherwise. */
const secure = { prefer: 'Security', sessions: { debug: 'Record' } };

/** How the agent's files come into a pod: the source of their volume. */
function sourceIn(pod: JsonObject): string {
  const volume = members(pod, 'volumes').find((one) => nameOf(one).startsWith('sysdig-workload-agent'));
  return Object.keys(volume ?? {})
    .filter((field) => field !== 'name')
    .join();
}

const rows: readonly (readonly [string, PodNodes | undefined, JsonObject, Partial<ClusterFacts>, string])[] = [
  ['nodes that all do', capable, {}, {}, 'image'],
  ['a node that does not', unlike, {}, {}, 'emptyDir'],
  ['nothing known', undefined, {}, {}, 'emptyDir'],
  ['the operator’s word that all do', undefined, {}, { imageVolumes: true }, 'image'],
  ['a policy that copies', capable, { delivery: 'Copy' }, {}, 'emptyDir'],
  ['a policy that asks for it', unlike, { delivery: 'ImageVolume' }, {}, 'image'],
];

for (const [what, nodes, spec, facts, source] of rows) {
  t.test(`E38: ${what}: ${source}`, (t) => {
    const after = injected(podOf(), engineOn(nodes, spec, facts));
    t.equal(sourceIn(after), source);
    const own = members(after, 'initContainers').map(nameOf);
    t.equal(own.length, source === 'image' ? 1 : 3, 'without a copy there is the agent alone');
    t.end();
  });
}

t.test('E38: it is the pod’s own placement that is asked about', (t) => {
  const asked: JsonObject[] = [];
  const nodes: PodNodes = {
    imageVolumes: (spec) => {
      asked.push(spec);
      return { holds: spec['nodeName'] === 'a', because: '' };
    },
    isSameForAll: () => false,
  };
  const engine = engineOn(nodes);
  t.equal(sourceIn(injected(podOf({ nodeName: 'a' }), engine)), 'image');
  t.equal(sourceIn(injected(podOf({ nodeName: 'b' }), engine)), 'emptyDir');
  t.same(
    asked.map(({ nodeName }) => nodeName),
    ['a', 'b'],
  );
  t.end();
});

t.test('E17, E38: a pod keeps the delivery that it has, whatever the nodes say by now, at both doors', (t) => {
  for (const spec of [
    {},
    secure,
    { ...secure, prefer: 'Availability', optOut: 'Forbidden' },
    { ...secure, optOut: 'Forbidden' },
  ]) {
    for (const [made, now] of [
      [capable, unlike],
      [unlike, capable],
    ] as const) {
      const whole = throughTheServer(injected(podOf(), engineOn(made, spec)));
      const engine = engineOn(now, spec);
      t.match(decideNow(whole, engine), { patch: [], decision: { decision: 'inject', reason: 'injected' } });
      t.match(decideNow(whole, engine, 'validate').decision, { decision: 'inject', reason: 'injected' });
    }
  }
  t.end();
});

t.test('E17: what another webhook adds or takes off is put right by the pod’s own delivery', (t) => {
  const pod = throughTheServer(injected(podWith({ command: ['/app'] }), engineOn(capable, secure)));
  const engine = engineOn(unlike, secure);
  const more = draft(pod);
  listAt(objectAt(more, 'spec'), 'containers').push({ name: 'late', image: 'shop/late:1', command: ['/late'] });
  const after = patched(more, decideNow(more, engine).patch);
  t.equal(at(after, 'spec', 'containers', 1, 'volumeMounts', 0, 'subPath'), 'opt/draios');
  t.equal(decideNow(throughTheServer(after), engine, 'validate').decision.decision, 'inject');
  const less = draft(pod);
  objectAt(less, 'spec')['initContainers'] = [];
  t.match(decideNow(less, engine, 'validate').decision, { decision: 'deny' });
  t.same(members(patched(less, decideNow(less, engine).patch), 'initContainers').map(nameOf), [
    'sysdig-workload-agent',
  ]);
  t.end();
});

t.test('F1: half of each delivery is neither', (t) => {
  const spec = { ...secure, optOut: 'Forbidden' };
  const engine = engineOn(capable, spec);
  const image = throughTheServer(injected(podOf(), engine));
  const copied = throughTheServer(injected(podOf(), engineOn(unlike, spec)));
  // The steps of the one, the volume of the other.
  for (const [one, other] of [
    [image, copied],
    [copied, image],
  ] as const) {
    const mixed = draft(one);
    objectAt(mixed, 'spec')['volumes'] =
      draft(other)['spec'] === undefined ? [] : (objectAt(draft(other), 'spec')['volumes'] ?? []);
    t.equal(decideNow(mixed, engine, 'validate').decision.decision, 'deny');
  }
  // An empty volume in place of the image: what the copy would fill, with nothing that fills it.
  const empty = draft(image);
  for (const volume of draftsOf(objectAt(empty, 'spec')['volumes'])) {
    if (volume['image'] === undefined) continue;
    delete volume['image'];
    volume['emptyDir'] = {};
  }
  t.equal(decideNow(empty, engine, 'validate').decision.decision, 'deny');
  t.end();
});

t.test('a policy that names a delivery takes no other', (t) => {
  const spec = { ...secure, delivery: 'Copy' };
  const whole = throughTheServer(injected(podOf(), engineOn(capable, secure)));
  t.match(decideNow(whole, engineOn(capable, spec), 'validate').decision, { decision: 'deny', reason: 'parts_differ' });
  t.end();
});

t.test('where debug sessions are traced, files are copied that a debug container could not have at their path', (t) => {
  const because = (spec: JsonObject): string | undefined =>
    decideNow(podOf(), engineOn(capable, spec), 'mutate', { trace: true }).decision.steps.find(
      ({ subject }) => subject === 'delivery',
    )?.detail;
  const copied = 'Copy: debug sessions are traced, which the profile cannot do out of an image volume';
  t.equal(because({ prefer: 'Security' }), copied, 'as a strict policy has it unless it says otherwise');
  t.equal(because({ sessions: { debug: 'Trace' } }), copied);
  t.equal(because({ mode: 'Report', sessions: { debug: 'Trace' } }), 'ImageVolume: they all do', 'nothing is traced');
  t.equal(because({ sessions: { debug: 'Deny' } }), 'ImageVolume: they all do');
  t.equal(
    because({ profile: { name: 'datadog' }, prefer: 'Security' }),
    'ImageVolume: they all do',
    'the image is whole',
  );
  const rule = engineFor({ sessions: { debug: 'Trace' } }).rules.byPolicy.get('default');
  if (rule === undefined) throw new Error('no rule');
  t.equal(whyCopied({ ...rule.recipe, session: { relocatable: true } }, 'Trace'), undefined);
  const pod = throughTheServer(injected(podOf(), engineOn(capable)));
  t.match(
    decideNow(pod, engineOn(capable, { sessions: { debug: 'Trace' } }), 'validate').decision,
    { decision: 'inject', reason: 'injected' },
    'a pod that has the other keeps it: what its debug sessions get is the matter of their door',
  );
  t.end();
});

t.test('the delivery is no part of the plan’s name', (t) => {
  const plan = (nodes: PodNodes): unknown =>
    at(injected(podOf(), engineOn(nodes)), 'metadata', 'annotations', 'outrider.dev/plan');
  t.equal(plan(capable), plan(unlike));
  const named = (spec: JsonObject): unknown =>
    at(injected(podOf(), engineOn(capable, spec)), 'metadata', 'annotations', 'outrider.dev/plan');
  t.equal(named({ sessions: { debug: 'Trace' } }), named({}), 'nor is what decides about it');
  t.end();
});

t.test('explain is told which delivery it is, and why', (t) => {
  const detail = (nodes: PodNodes | undefined, spec: JsonObject = {}, pod = podOf()): string | undefined =>
    decideNow(pod, engineOn(nodes, spec), 'mutate', { trace: true }).decision.steps.find(
      ({ subject }) => subject === 'delivery',
    )?.detail;
  t.equal(detail(capable), 'ImageVolume: they all do');
  t.equal(detail(unlike), 'Copy: one does not');
  t.equal(detail(capable, { delivery: 'Copy' }), 'Copy: the policy asks for it');
  t.equal(detail(capable, {}, injected(podOf(), engineOn(unlike))), 'Copy: the pod has it');
  t.equal(detail(capable, { profile: { name: 'datadog-node' } }), undefined, 'a profile that brings no files');
  t.equal(
    decideNow(podOf(), engineOn(capable)).decision.steps.some(({ subject }) => subject === 'delivery'),
    false,
    'nobody else is',
  );
  t.end();
});

t.test('a volume of neither source is no delivery', (t) => {
  const engine = engineOn(capable);
  const rule = engine.rules.byPolicy.get('default');
  const view = readPod(podOf({ volumes: [{ name: 'mine', configMap: { name: 'mine' } }] }));
  if (rule === undefined || isFinding(view)) throw new Error('no pod');
  const [container] = view.containers;
  if (container === undefined) throw new Error('no container');
  const started = {
    ...container,
    value: { ...container.value, volumeMounts: [{ name: 'mine', mountPath: '/opt/draios' }] },
  };
  t.match(chooseDelivery(view, rule.recipe, { delivery: 'Auto' }, { imageVolumes: false, nodes: capable }, [started]), {
    delivery: 'ImageVolume',
    because: 'they all do',
  });
  t.end();
});
