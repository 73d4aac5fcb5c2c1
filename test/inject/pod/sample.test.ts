import t from 'tap';
import { compareSample, sampleOf, type Sample } from '../../../src/inject/pod/sample.js';
import { isObject, listOf, objectOf, type JsonObject } from '../../../src/model/json.js';
import type { ClusterFacts } from '../../../src/model/recipe.js';
import { decideNow, engineFor } from '../../support/engine.js';
import { draft, draftsOf, patched, type DraftObject } from '../../support/json.js';

const region = { profile: { name: 'sysdig', settings: { region: 'us2' } } };
const app = { name: 'app', image: 'app', command: ['/app'] };
const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web' }, spec: { containers: [app] } };

/** A policy's sample, and a pod that it has instrumented. */
function both(spec: JsonObject, facts: Partial<ClusterFacts> = {}): { made: Sample; instrumented: JsonObject } {
  const engine = engineFor({ ...region, ...spec }, { facts });
  const rule = engine.rules.byPolicy.get('default');
  const made = rule && sampleOf(rule.recipe, rule.wishes, engine.facts);
  if (made === undefined || 'reason' in made) throw new Error(`no sample: ${made?.detail ?? ''}`);
  const { patch, decision } = decideNow(pod, engine);
  if (patch.length === 0) throw new Error(`no patch: ${decision.detail}`);
  return { made, instrumented: objectOf(patched(pod, patch)['spec']) ?? {} };
}

function sampleFor(spec: JsonObject = {}, facts: Partial<ClusterFacts> = {}): Sample {
  return both(spec, facts).made;
}

/** Members of a list that are not the workload's. */
function ours(spec: JsonObject, list: string): readonly JsonObject[] {
  return listOf(spec[list])
    .filter(isObject)
    .filter(({ name }) => name !== 'app');
}

/** What the API server would make of it. */
function changed(made: Sample, change: (spec: DraftObject) => void): JsonObject {
  const spec = draft(made.spec);
  change(spec);
  return spec;
}

const kinds: Readonly<Record<string, readonly [JsonObject, Partial<ClusterFacts>?]>> = {
  sysdig: [{}],
  'sysdig under Security': [{ prefer: 'Security' }],
  'sysdig as a plain container': [{ agent: { placement: 'Container' } }],
  'sysdig on old nodes': [{}, { nativeSidecars: false }],
  datadog: [{ profile: { name: 'datadog' } }],
  'datadog under Security': [{ profile: { name: 'datadog' }, prefer: 'Security' }],
  'datadog as an image volume': [{ profile: { name: 'datadog' }, delivery: 'ImageVolume' }],
  'datadog on OpenShift': [{ profile: { name: 'datadog' } }, { openShift: true }],
};

t.test('F2: a sample holds the very parts that a pod gets', (t) => {
  let parts = 0;
  for (const [name, [spec, facts]] of Object.entries(kinds)) {
    const { made, instrumented } = both(spec, facts);
    for (const list of ['volumes', 'initContainers', 'containers']) {
      const found = ours(made.spec, list);
      parts += found.length;
      t.strictSame(found, ours(instrumented, list), `${name}: ${list}`);
    }
    t.strictSame(compareSample(made, made.spec), { differing: undefined }, name);
    t.strictSame(sampleFor(spec, facts).spec, made.spec, `${name}: another is alike`);
  }
  t.ok(parts > 20, `${parts} parts`);
  t.end();
});

t.test('F2: a sample holds each of the node’s volumes, whichever a pod needs', (t) => {
  const engine = engineFor({ profile: { name: 'datadog-node' } });
  const rule = engine.rules.byPolicy.get('default');
  const made = rule && sampleOf(rule.recipe, rule.wishes, engine.facts);
  if (made === undefined || 'reason' in made) throw new Error('no sample');
  t.same(
    ours(made.spec, 'volumes').map(({ hostPath }) => objectOf(hostPath)?.['path']),
    rule?.recipe.hostVolumes.map(({ path }) => path),
  );
  t.ok(ours(made.spec, 'volumes').length > 0);
  t.end();
});

t.test('F2: what the API server is known to fill in is no difference', (t) => {
  const spec = changed(sampleFor(), (all) => {
    for (const list of ['initContainers', 'containers']) {
      for (const container of draftsOf(all[list])) {
        container['terminationMessagePath'] = '/dev/termination-log';
        container['terminationMessagePolicy'] = 'File';
        container['imagePullPolicy'] = 'Always';
      }
    }
    all['dnsPolicy'] = 'ClusterFirst';
  });
  t.strictSame(compareSample(sampleFor(), spec), { differing: undefined });
  t.end();
});

t.test('F2: a field that nobody here knows is told with the entry that lets it be, in the words of a denial', (t) => {
  const fillIn = (list: string) => (spec: DraftObject) => {
    for (const part of draftsOf(spec[list])) part['later'] = { of: 'Kubernetes' };
  };
  const containers = compareSample(sampleFor(), changed(sampleFor(), fillIn('initContainers')));
  const entries = '{"path":"/*/later","value":{"of":"Kubernetes"}}';
  t.match(containers, { differing: ` are not as planned; to let it be, list in ownPartsMayDiffer: [${entries}]` });
  const volumes = compareSample(sampleFor(), changed(sampleFor(), fillIn('volumes')));
  t.match(volumes, { differing: /volume .* not as planned; .*\[\{"path":"\/volume\/later"/ });
  const denied = decideNow(
    { ...pod, spec: changedPod((spec) => fillIn('initContainers')(spec)) },
    engineFor({ ...region, prefer: 'Security' }),
    'validate',
  ).decision;
  const told = compareSample(
    sampleFor({ prefer: 'Security' }),
    changed(sampleFor({ prefer: 'Security' }), fillIn('initContainers')),
  );
  t.equal(denied.reason, 'parts_differ');
  t.ok('differing' in told && told.differing !== undefined && denied.detail.includes(told.differing), denied.detail);
  t.end();
});

/** A pod that Security has instrumented, changed. */
function changedPod(change: (spec: DraftObject) => void): JsonObject {
  const spec = draft(both({ prefer: 'Security' }).instrumented);
  change(spec);
  return spec;
}

t.test('F2: what the operator lets be is no difference', (t) => {
  const ownPartsMayDiffer = [{ path: '/*/later', value: 1 }];
  const made = sampleFor({}, { ownPartsMayDiffer });
  const fillIn = (value: number) =>
    changed(made, (spec) => draftsOf(spec['initContainers']).forEach((one) => (one['later'] = value)));
  t.strictSame(compareSample(made, fillIn(1)), { differing: undefined });
  t.match(compareSample(made, fillIn(2)), { differing: /"path":"\/\*\/later","value":2/ });
  t.end();
});

t.test('F2: an answer without one of the parts proves nothing', (t) => {
  const made = sampleFor();
  const without = (list: string): unknown =>
    compareSample(
      made,
      changed(made, (spec) => {
        spec[list] = draftsOf(spec[list]).slice(0, -1);
      }),
    );
  t.match(without('initContainers'), { lacking: /./ });
  t.match(without('volumes'), { lacking: /^volume / });
  t.match(compareSample(made, {}), { lacking: 'spec.containers is empty' });
  t.end();
});

t.test('a recipe without parts has nothing to show, and one that the cluster rules out says why', (t) => {
  const shown = (spec: JsonObject, facts: Partial<ClusterFacts>) => {
    const engine = engineFor({ ...region, ...spec }, { facts });
    const rule = engine.rules.byPolicy.get('default');
    return rule && sampleOf({ ...rule.recipe, ...nothing(spec) }, rule.wishes, engine.facts);
  };
  const nothing = (spec: JsonObject) =>
    spec['prefer'] === 'Security' ? { volume: undefined, sidecar: undefined, hostVolumes: [] } : {};
  t.equal(shown({ prefer: 'Security' }, {}), undefined);
  t.match(shown({ agent: { placement: 'Native' } }, { nativeSidecars: false }), { reason: 'placement_unsupported' });
  t.end();
});
