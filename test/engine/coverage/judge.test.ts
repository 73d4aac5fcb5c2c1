import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { CoverageJudge } from '../../../src/engine/coverage/judge.js';
import type { Engine } from '../../../src/engine/engine.js';
import type { PodVerdict } from '../../../src/model/coverage.js';
import { objectOf, stringOf, type JsonObject } from '../../../src/model/json.js';
import { names } from '../../../src/model/names.js';
import { dataOf, engineFor as engineOfCase, read, readCases } from '../../golden/cases.js';
import { decideNow, engineFor, engineOf, podNodes, policyText } from '../../support/engine.js';
import { draft, draftsOf, objectAt, patched } from '../../support/json.js';
import { podOf, podWith } from '../../support/pods.js';
import { running } from './running.js';

const shop = { namespace: 'shop', labels: {} };
const never = { sinceMs: undefined, unreached: [] };

function judgeOf(engine: Engine, about: Partial<ConstructorParameters<typeof CoverageJudge>[0]> = {}): CoverageJudge {
  return new CoverageJudge({ engine, earlier: [], calledFor: () => never, ...about });
}

const images = { 'quay.io/sysdig/workload-agent:6.3.0': { entrypoint: ['/agent'], cmd: [] } };
/** A policy whose agent gets its keeper. */
const keptAgent =
  `---\n${JSON.stringify({ apiVersion: 'outrider.dev/v1alpha1', kind: 'ImageMap', images })}\n` +
  policyText('default', { profile: { name: 'sysdig', settings: { region: 'us2' } } });

function injected(pod: JsonObject, engine: Engine): JsonObject {
  return running(patched(pod, decideNow(pod, engine).patch));
}

/** By its record, and whole. */
function both(judge: CoverageJudge, pod: JsonObject, place = shop): readonly string[] {
  const text = (verdict: PodVerdict | undefined): string =>
    verdict === undefined ? 'none' : `${verdict.state} ${verdict.reason}`;
  return [text(judge.byRecord(pod, place)), text(judge.whole(pod, place))];
}

function changed(pod: JsonObject, change: (spec: ReturnType<typeof draft>) => void): JsonObject {
  const copy = draft(pod);
  change(copy);
  return copy;
}

const labelOf = (pod: JsonObject): string | undefined =>
  stringOf(objectOf(objectOf(pod['metadata'])?.['labels'])?.[names.status]);

t.test('every golden that runs is instrumented, or is in part what it says', (t) => {
  for (const one of readCases()) {
    const output = dataOf(read(one.name, 'output.yaml'));
    // A pod that came with a record keeps it, whoever wrote it.
    if (labelOf(output) === undefined || labelOf(dataOf(one.podText)) !== undefined) continue;
    const place = { namespace: 'shop', labels: one.namespaceLabels };
    const [byRecord, whole] = both(judgeOf(engineOfCase(one)), running(output), place);
    const state = labelOf(output) === 'partial' ? 'partial' : 'instrumented';
    t.match(byRecord, new RegExp(`^${state} `), `${one.name} by its record`);
    t.match(whole, new RegExp(`^${state} `), `${one.name} whole`);
  }
  t.end();
});

t.test('pods of the version before are stale, and never forged', (t) => {
  const folder = join('test', 'fixtures', 'version-before');
  for (const file of readdirSync(folder)) {
    const one = readCases().find(({ name }) => `${name}.yaml` === file);
    if (one === undefined) throw new Error(`no golden ${file}`);
    const pod = running(dataOf(readFileSync(join(folder, file), 'utf8')));
    const engine = engineOfCase(one);
    const place = { namespace: 'shop', labels: one.namespaceLabels };
    t.same(both(judgeOf(engine), pod, place), ['stale other_plan', 'stale other_plan'], file);
    t.same(both(judgeOf(ofNextVersion(engine)), pod, place), ['stale other_plan', 'stale other_plan'], `${file}, next`);
  }
  t.end();
});

/** The same engine with a later version of each profile. */
function ofNextVersion(engine: Engine): Engine {
  const next = new Map(
    [...engine.rules.byPolicy].map(([name, rule]) => {
      const recipe = { ...rule.recipe, version: String(Number(rule.recipe.version) + 1) };
      return [name, { ...rule, recipe, stamp: `${recipe.profile}/${recipe.version}/0123456789ab` }];
    }),
  );
  return { ...engine, rules: { ...engine.rules, byPolicy: next } };
}

t.test('pods without our label', (t) => {
  const engine = engineFor({ prefer: 'Availability' }, { known: { 'shop/known:1': { entrypoint: ['/a'], cmd: [] } } });
  const judge = judgeOf(engine);
  const state = (pod: JsonObject, by = judge): string => both(by, running(pod))[1] ?? '';
  t.equal(state(podOf()), 'missed another_path');
  t.equal(state(podWith({ command: undefined, image: 'shop/known:1' })), 'missed another_path');
  t.equal(
    state({ ...podOf(), spec: { containers: [{ name: 'web', image: 'shop/unheard-of:1' }] } }),
    'missed another_path',
    'an image that nobody knows is not taken for one that cannot be found',
  );
  t.equal(state(podOf({ hostNetwork: true })), 'excused host_network');
  t.equal(state(podOf({}, { name: 'web', labels: { [names.inject]: 'disabled' } })), 'excused pod_opted_out');
  t.equal(state(podOf(), judgeOf(engineFor({ mode: 'Report' }))), 'excused report_mode');
  const reports = judgeOf(engineFor({ mode: 'Report', prefer: 'Security' }));
  t.match(reports.whole(running(podOf()), shop)?.would, { decision: 'inject', reason: 'injected' });
  t.match(reports.whole(running(podOf({ hostNetwork: true })), shop)?.would, { decision: 'deny' });
  t.equal(judge.whole(running(podOf()), shop)?.would, undefined, 'only a policy that reports says so');
  t.equal(state(podOf(), judgeOf(engineFor({ mode: 'Off' }))), 'none');
  t.equal(judge.whole(podOf(), { namespace: 'kube-system', labels: {} }), undefined);
  t.equal(
    state(podOf({ hostNetwork: true }), judgeOf(engineFor({ prefer: 'Security' }))),
    'missed another_path',
    'what would be denied is no excuse',
  );
  const unrecorded = changed(injected(podOf(), engine), (pod) => {
    delete objectAt(pod, 'metadata')['labels'];
  });
  t.equal(both(judge, unrecorded)[1], 'instrumented every_part', 'a plan that is met is evidence, a label is none');
  t.end();
});

t.test('why a pod was missed is told by its date', (t) => {
  const at = (text: string): number => Date.parse(`2026-11-29T${text}Z`);
  const judge = judgeOf(engineFor(), {
    calledFor: () => ({
      sinceMs: at('10:00:00'),
      unreached: [{ fromMs: at('11:00:00') + 300, untilMs: at('11:05:00') }],
    }),
  });
  const reason = (time: string): string | undefined => judge.whole(running(podOf(), at(time)), shop)?.reason;
  t.equal(reason('09:59:59'), 'before_in_force');
  t.equal(reason('10:00:00'), 'before_in_force', 'of the same second');
  t.equal(reason('10:00:01'), 'another_path');
  t.equal(reason('11:00:00'), 'not_reached', 'dates have whole seconds');
  t.equal(reason('11:05:00'), 'not_reached');
  t.equal(reason('11:05:01'), 'another_path');
  const dateless = changed(running(podOf()), (pod) => delete objectAt(pod, 'metadata')['creationTimestamp']);
  t.equal(judge.whole(dateless, shop)?.reason, 'another_path');
  t.end();
});

t.test('an edited policy makes its pods stale, and what it is edited in does not matter', (t) => {
  const before = engineFor({ prefer: 'Security' });
  const pod = injected(podOf(), before);
  const stale = ['stale other_plan', 'stale other_plan'];
  for (const edit of [
    { prefer: 'Availability' },
    { profile: { name: 'sysdig', settings: { region: 'eu1' } } },
    { containers: { cover: ['Main', 'Init', 'Probes'] } },
    { containers: { exclude: ['proxy'] } },
    { agent: { image: 'mirror.example/agent:2' } },
    { capability: 'Never' },
  ]) {
    const after = engineFor({ prefer: 'Security', ...edit });
    t.same(both(judgeOf(after), pod), stale, JSON.stringify(edit));
    t.same(both(judgeOf(after, { earlier: [before.rules] }), pod), stale, `${JSON.stringify(edit)}, known before`);
  }
  t.same(
    both(judgeOf(engineFor({ profile: { name: 'datadog', settings: { site: 'datadoghq.eu' } } })), pod),
    stale,
    'another profile',
  );
  const forged = changed(pod, (copy) => {
    for (const container of draftsOf(objectAt(copy, 'spec')['containers'])) container['command'] = ['/app'];
  });
  const after = engineFor({ prefer: 'Security', profile: { name: 'sysdig', settings: { region: 'eu1' } } });
  t.equal(both(judgeOf(after, { earlier: [before.rules] }), forged)[1], 'forged claim_void', 'by a plan known before');
  t.equal(both(judgeOf(after), forged)[1], 'unproven parts_of_another', 'by what can be seen');
  t.equal(
    both(
      judgeOf(after),
      changed(running(podOf()), (copy) => claim(copy, 'injected', 'sysdig/1/0123456789ab')),
    )[1],
    'forged claim_void',
    'nothing of a tracer is there',
  );
  t.end();
});

function claim(pod: ReturnType<typeof draft>, status: string, plan: string): void {
  const metadata = objectAt(pod, 'metadata');
  objectAt(metadata, 'labels')[names.status] = status;
  objectAt(metadata, 'annotations')[names.plan] = plan;
}

t.test('a claim that does not hold is forged', (t) => {
  const engine = engineFor({ prefer: 'Security' });
  const judge = judgeOf(engine);
  const stamp = engine.rules.byPolicy.get('default')?.stamp ?? '';
  const good = injected(podOf(), engine);
  const spec = (copy: ReturnType<typeof draft>): ReturnType<typeof draft> => objectAt(copy, 'spec');
  const cases: Readonly<Record<string, (copy: ReturnType<typeof draft>) => void>> = {
    'a record alone': (copy) => {
      copy['spec'] = draft(podOf())['spec'];
      claim(copy, 'injected', stamp);
    },
    'a record alone, of a part': (copy) => {
      copy['spec'] = draft(podOf())['spec'];
      claim(copy, 'partial', stamp);
    },
    'no wrapper': (copy) => {
      for (const one of draftsOf(spec(copy)['containers'])) one['command'] = ['/app'];
    },
    'no agent': (copy) => {
      spec(copy)['initContainers'] = draftsOf(spec(copy)['initContainers']).filter(
        ({ name }) => name !== 'sysdig-workload-agent',
      );
    },
    'another command in the copy': (copy) => {
      for (const one of draftsOf(spec(copy)['initContainers'])) {
        if (one['name'] === 'sysdig-workload-agent-copy') one['command'] = ['sh', '-c', 'true'];
      }
    },
    'the files from elsewhere': (copy) => {
      for (const one of draftsOf(spec(copy)['volumes'])) {
        if (one['name'] !== 'sysdig-workload-agent') continue;
        delete one['emptyDir'];
        one['configMap'] = { name: 'mine' };
      }
    },
    'no shared process namespace': (copy) => {
      delete spec(copy)['shareProcessNamespace'];
    },
  };
  t.same(both(judge, good), ['instrumented by_its_record', 'instrumented every_part']);
  for (const [what, change] of Object.entries(cases)) {
    t.match(both(judge, changed(good, change))[1] ?? '', /^forged claim_void/, what);
  }
  const odd = changed(good, (copy) => claim(copy, 'yes', stamp));
  t.same(both(judge, odd), ['forged claim_void', 'forged claim_void'], 'a state that is none of ours');
  t.end();
});

t.test('a plan that this version does not know is not proven', (t) => {
  const engine = engineFor({ prefer: 'Security' });
  const good = injected(podOf(), engine);
  for (const plan of ['sysdig/99/0123456789ab', 'their-own/1/0123456789ab', 'nonsense', '']) {
    const pod = changed(good, (copy) => claim(copy, 'injected', plan));
    t.equal(both(judgeOf(engine), pod)[0], 'unproven unknown_plan', plan);
  }
  const other = changed(running(podOf()), (copy) => claim(copy, 'injected', 'their-own/1/0123456789ab'));
  t.equal(both(judgeOf(engine), other)[1], 'unproven unknown_plan', 'nobody here knows their wrapper');
  t.end();
});

t.test('a pod as the cluster or the settings were before is stale', (t) => {
  const engine = engineFor({ prefer: 'Security' });
  const made = (facts: Partial<Engine['facts']>, labels = {}): JsonObject => {
    const before = engineFor({ prefer: 'Security' }, { facts });
    return running(patched(podOf(), decideNow(podOf(), before, 'mutate', { namespaceLabels: labels }).patch));
  };
  const settings = 'stale other_settings';
  const whole = (pod: JsonObject): string | undefined => both(judgeOf(engine), pod)[1];
  t.equal(whole(made({ nativeSidecars: false })), settings, 'no native sidecars');
  t.equal(whole(made({ toolsImage: 'ghcr.io/outrider/outrider:0.0.9' })), settings, 'another version of Outrider');
  t.equal(whole(made({ agentUser: 50_000 })), settings, 'another user');
  t.equal(whole(made({}, { 'pod-security.kubernetes.io/enforce': 'baseline' })), settings, 'no capability');
  t.equal(whole(made({ toolsImage: 'evil.example/outrider:0.1.0' })), 'forged claim_void', 'somebody else’s tools');
  t.end();
});

t.test('E38: the delivery that a pod has makes it neither stale nor forged, whatever the nodes say by now', (t) => {
  const on = (imageVolumes: boolean, facts = {}): Engine =>
    engineOf(keptAgent, { facts, nodes: podNodes(imageVolumes) });
  const whole = (pod: JsonObject, imageVolumes: boolean) => both(judgeOf(on(imageVolumes)), pod);
  for (const made of [true, false]) {
    const pod = injected(podOf(), on(made));
    t.same(whole(pod, !made), ['instrumented by_its_record', 'instrumented every_part']);
  }
  const earlier = injected(podOf(), on(true, { toolsImage: 'ghcr.io/outrider/outrider:0.0.9' }));
  t.equal(whole(earlier, true)[1], 'stale other_settings', 'the keeper’s tools are of another version of Outrider');
  const evil = injected(podOf(), on(true, { toolsImage: 'evil.example/outrider:0.1.0' }));
  t.equal(whole(evil, true)[1], 'forged claim_void', 'and of somebody else');
  t.end();
});

t.test('another access key makes a pod stale, where both are known', (t) => {
  const keyed = (version: string | undefined): Engine =>
    engineFor({}, { credentials: { prepare: () => undefined, detail: () => undefined, version: () => version } });
  const pod = injected(podOf(), keyed('aaaaaaaaaaaa'));
  t.same(both(judgeOf(keyed('aaaaaaaaaaaa')), pod), ['instrumented by_its_record', 'instrumented every_part']);
  t.same(both(judgeOf(keyed('bbbbbbbbbbbb')), pod), ['stale other_key', 'stale other_key']);
  t.same(both(judgeOf(keyed(undefined)), pod), ['instrumented by_its_record', 'instrumented every_part']);
  t.end();
});

t.test('what came or went since takes nothing off a pod that has its parts', (t) => {
  const engine = engineFor();
  const pod = injected(podOf(), engine);
  const gone = engineFor({}, { secretState: () => 'missing' });
  t.equal(both(judgeOf(gone), pod)[1], 'instrumented every_part', 'the Secret is deleted');
  const updated = changed(pod, (copy) => {
    for (const one of draftsOf(objectAt(copy, 'spec')['containers'])) one['image'] = 'shop/web:2';
  });
  t.equal(both(judgeOf(engine), updated)[1], 'instrumented every_part', 'a new image in a wrapped container');
  const debugged = changed(pod, (copy) => {
    objectAt(copy, 'spec')['ephemeralContainers'] = [{ name: 'debugger', image: 'busybox' }];
  });
  t.equal(both(judgeOf(engine), debugged)[1], 'instrumented every_part', 'a debug container');
  const out = { namespace: 'shop', labels: { [names.inject]: 'disabled' } };
  t.same(both(judgeOf(engine), pod, out), ['excused namespace_opted_out', 'excused namespace_opted_out']);
  t.end();
});

t.test('a pod that was instrumented before its policy only reported is not said to run uninstrumented', (t) => {
  const engine = engineFor();
  const judge = judgeOf(engineFor({ mode: 'Report' }));
  const pod = injected(podOf(), engine);
  t.same(both(judge, pod), ['stale report_mode', 'stale report_mode']);
  t.match(judge.byRecord(pod, shop), {
    detail: 'its record says that it is instrumented; a new pod would be left alone',
    would: { decision: 'unknown', reason: 'instrumented_before' },
  });
  t.match(judge.whole(pod, shop), { detail: 'it is instrumented; a new pod would be left alone' });
  const liar = changed(pod, (copy) => {
    copy['spec'] = draft(running(podOf()))['spec'];
  });
  t.match(judge.whole(liar, shop), { state: 'forged', detail: 'nothing of a tracer is in it' });
  const odd = changed(pod, (copy) => {
    objectAt(objectAt(copy, 'metadata'), 'labels')[names.status] = 'perhaps';
  });
  t.same(both(judge, odd), ['forged claim_void', 'forged claim_void']);
  t.end();
});
