import t from 'tap';
import { canaryWorkload, chooseRule } from '../../src/engine/canary.js';
import { CoverageJudge } from '../../src/engine/coverage/judge.js';
import type { Engine } from '../../src/engine/engine.js';
import { everyRule, type Rule } from '../../src/engine/rules.js';
import { judgeUpdate } from '../../src/engine/updates.js';
import { objectOf, type JsonObject } from '../../src/model/json.js';
import { names } from '../../src/model/names.js';
import { askDoor, decideNow, engineFor, reviewOf } from '../support/engine.js';
import { draft, draftsOf, objectAt, patched } from '../support/json.js';
import { podOf } from '../support/pods.js';
import { injectText, engineWith } from './tasks.js';

const sysdig = (region: string) => ({ name: 'sysdig', settings: { region } });
const previous = { profile: sysdig('us1'), agent: { image: 'registry.example.com/agent:1' } };
const security = { prefer: 'Security', canary: { percent: 50, previous } } as const;

function ruleOf(engine: Engine): Rule {
  const rule = engine.rules.byPolicy.get('default');
  if (rule === undefined) throw new Error('no rule');
  return rule;
}

const deployment = (name: string) => ({ kind: 'Deployment', name });

function isIn(engine: Engine, name: string): boolean {
  const rule = ruleOf(engine);
  return chooseRule(rule, 'shop', deployment(name)).rule === rule;
}

/** A pod as the ReplicaSet of a Deployment makes it. */
function podOfDeployment(name: string, more: JsonObject = {}): JsonObject {
  const hash = '6d4cf56db6';
  const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: `${name}-${hash}`, uid: 'u', controller: true };
  return podOf(
    {},
    { generateName: `${name}-${hash}-`, labels: { 'pod-template-hash': hash }, ownerReferences: [owner], ...more },
  );
}

/** The first Deployments that a canary takes, and that it leaves out. */
function deploymentsOf(engine: Engine): { readonly inside: string; readonly outside: string } {
  const all = Array.from({ length: 1000 }, (_, at) => `web-${at}`);
  const inside = all.find((name) => isIn(engine, name));
  const outside = all.find((name) => !isIn(engine, name));
  if (inside === undefined || outside === undefined) throw new Error('all are alike');
  return { inside, outside };
}

t.test('of 100,000 workloads the share is what was asked for, and a greater share keeps all of a smaller one', (t) => {
  const count = 100_000;
  const percents = [0, 1, 10, 50, 100];
  const rules = percents.map((percent) => ruleOf(engineFor({ canary: { percent } })));
  const chosen = percents.map(() => 0);
  let lost = 0;
  for (let at = 0; at < count; at++) {
    const workload = deployment(`service-${at}`);
    let before = false;
    for (const [index, rule] of rules.entries()) {
      const now = chooseRule(rule, `team-${at % 40}`, workload).rule !== undefined;
      if (now) chosen[index] = (chosen[index] ?? 0) + 1;
      if (before && !now) lost++;
      before = now;
    }
  }
  t.equal(lost, 0, 'a greater share takes nothing away');
  for (const [index, percent] of percents.entries()) {
    const p = percent / 100;
    const sigma = Math.sqrt(count * p * (1 - p));
    t.ok(Math.abs((chosen[index] ?? NaN) - count * p) <= 3 * sigma, `${percent} %: ${chosen[index]} of ${count}`);
  }
  t.end();
});

t.test('another seed, policy or namespace chooses others; the same ones choose the same, in every process', (t) => {
  const some = Array.from({ length: 64 }, (_, at) => `web-${at}`);
  const bits = (spec: JsonObject, namespace = 'shop'): string =>
    some
      .map((name) => chooseRule(ruleOf(engineFor(spec)), namespace, deployment(name)).rule)
      .map((rule) => (rule === undefined ? '.' : '#'))
      .join('');
  const half = { canary: { percent: 50 } };
  // Not to be renewed: another version that chose others would move workloads from one agent to another.
  t.equal(bits(half), '##.##.#...#.######.#..####..##..##.###.###.###...#####...##..##.');
  t.not(bits({ canary: { percent: 50, seed: 'second' } }), bits(half));
  t.not(bits(half, 'other'), bits(half));
  t.end();
});

t.test(
  'a workload is the controller of a pod, the same at both doors, in a manifest, and for each run of a CronJob',
  (t) => {
    const owned = (kind: string, apiVersion: string, name: string) =>
      canaryWorkload({ ownerReferences: [{ apiVersion, kind, name, controller: true }] });
    t.same(canaryWorkload(objectOf(podOfDeployment('web')['metadata']) ?? {}), deployment('web'));
    t.same(owned('Job', 'batch/v1', 'report-28391234'), { kind: 'CronJob', name: 'report' });
    t.same(canaryWorkload({}, { kind: 'CronJob', name: 'report' }), { kind: 'CronJob', name: 'report' });
    t.same(owned('Job', 'batch/v1', 'once'), { kind: 'Job', name: 'once' });
    t.same(canaryWorkload({ name: 'single' }), { kind: 'Pod', name: 'single' });
    const made = { generateName: 'single-' };
    t.same(canaryWorkload({ ...made, name: 'single-x2x7q' }), canaryWorkload(made), 'before and after it has a name');
    t.same(canaryWorkload({ name: 'single' }, { kind: 'Pod', name: 'single' }), { kind: 'Pod', name: 'single' });
    t.same(canaryWorkload({ labels: {} }, deployment('web')), deployment('web'));
    const set = { kind: 'ReplicaSet', name: 'web-6d4cf56db6' };
    const ofSet = objectOf(podOfDeployment('web')['metadata'])?.['labels'] ?? {};
    t.same(canaryWorkload({ labels: ofSet }, set), deployment('web'), 'a ReplicaSet stands for what made it');
    t.same(canaryWorkload({ labels: {} }, set), set, 'unless nobody did');
    t.same(canaryWorkload({}, { kind: 'Job', name: 'report-28391234' }), { kind: 'CronJob', name: 'report' });
    t.same(canaryWorkload({}), { kind: 'Pod', name: '' });
    t.end();
  },
);

t.test('who is left out without a previous profile is left alone, and it is said why', async (t) => {
  const engine = engineFor({ canary: { percent: 50 } });
  const { inside, outside } = deploymentsOf(engine);
  t.equal(decideNow(podOfDeployment(inside), engine).decision.decision, 'inject');
  const left = decideNow(podOfDeployment(outside), engine);
  t.match(left.decision, { decision: 'skip', reason: 'canary_excluded', policy: 'default' });
  t.match(
    left.decision.detail,
    /^Deployment\/web-\d+ is left alone: its share is [\d.]+, and the canary takes those below 50$/,
  );
  t.same(left.patch, []);
  const answered = await askDoor('mutate', reviewOf(podOfDeployment(outside)), engine);
  t.same(answered.warnings, [], 'it was asked for');
  const template = decideNow(podOf(), engine, 'mutate', { workload: deployment(outside), admitted: false });
  t.equal(template.decision.reason, 'canary_excluded', 'in a manifest too');
  t.end();
});

t.test('who is left out keeps the previous profile whole, at both doors', (t) => {
  const engine = engineFor({ ...security, profile: sysdig('us2') });
  const { inside, outside } = deploymentsOf(engine);
  const before = engineFor({ prefer: 'Security', profile: previous.profile, agent: previous.agent });
  const after = engineFor({ prefer: 'Security', profile: sysdig('us2') });
  const made = (name: string, by: Engine) => patched(podOfDeployment(name), decideNow(podOfDeployment(name), by).patch);
  t.same(made(outside, engine), made(outside, before), 'as by the policy of before');
  t.same(made(inside, engine), made(inside, after), 'as by the policy without a canary');
  t.equal(decideNow(made(outside, engine), engine, 'validate').decision.decision, 'inject');
  t.equal(decideNow(made(inside, engine), engine, 'validate').decision.decision, 'inject');
  const crossed = decideNow(made(outside, after), engine, 'validate').decision;
  t.equal(crossed.decision, 'deny', 'the plan of the others is none of theirs');
  const steps = decideNow(podOfDeployment(outside), engine, 'mutate', { trace: true }).decision.steps;
  t.match(
    steps.find(({ subject }) => subject === 'canary'),
    { detail: / gets the previous profile: its share is / },
  );
  t.end();
});

t.test('a policy that can deny has to say what the others get', (t) => {
  for (const strict of [{ prefer: 'Security' }, { optOut: 'Forbidden' }]) {
    t.throws(() => engineFor({ ...strict, canary: { percent: 50 } }), {
      message: /canary\.previous.*is needed with prefer: Security/,
    });
  }
  t.throws(() => engineFor({ canary: { percent: 50, previous: { profile: { name: 'nothing' } } } }), {
    code: 'profile_unknown',
    message: /canary\.previous/,
  });
  t.throws(() => engineFor({ canary: { percent: 101 } }));
  t.throws(() => engineFor({ canary: {} }));
  t.end();
});

t.test('what a canary keeps is known as ours: to coverage, to updates, and to the look for other tracers', (t) => {
  const engine = engineFor({ ...security, profile: sysdig('us2') });
  const { inside, outside } = deploymentsOf(engine);
  t.equal(everyRule(engine.rules).length, 2);
  const judge = new CoverageJudge({ engine, earlier: [], calledFor: () => ({ sinceMs: undefined, unreached: [] }) });
  const place = { namespace: 'shop', labels: {} };
  for (const name of [inside, outside]) {
    const pod = patched(podOfDeployment(name), decideNow(podOfDeployment(name), engine).patch);
    t.equal(judge.byRecord(pod, place)?.state, 'instrumented', `${name} by its record`);
    t.equal(judge.whole(pod, place)?.state, 'instrumented', `${name} whole`);
    const other = draft(pod);
    for (const one of draftsOf(objectAt(other, 'spec')['initContainers'])) one['image'] = 'mallory:1';
    const update = { before: pod, after: other, namespace: 'shop', namespaceLabels: {} };
    t.match(judgeUpdate(update, engine), { decision: 'deny', reason: 'update_of_agent_image' });
  }
  const grown = engineFor({ ...security, profile: sysdig('us2'), canary: { percent: 100, previous } });
  const pod = patched(podOfDeployment(outside), decideNow(podOfDeployment(outside), engine).patch);
  const late = new CoverageJudge({
    engine: grown,
    earlier: [],
    calledFor: () => ({ sinceMs: undefined, unreached: [] }),
  });
  t.match(late.byRecord(pod, place), { state: 'stale', reason: 'other_plan' }, 'once the canary has grown');
  const alone = engineFor({ canary: { percent: 0 } });
  const aside = new CoverageJudge({
    engine: alone,
    earlier: [],
    calledFor: () => ({ sinceMs: undefined, unreached: [] }),
  });
  t.match(aside.byRecord(labelled(outside), place), { state: 'excused', reason: 'canary_excluded' });
  t.end();
});

t.test('a pod from before a canary that left it out is no forgery once the profile has changed', (t) => {
  const first = engineFor({ profile: sysdig('us1') });
  const canary = engineFor({ profile: sysdig('us1'), canary: { percent: 0 } });
  const now = engineFor({ profile: { name: 'datadog' } });
  const pod = patched(podOfDeployment('web'), decideNow(podOfDeployment('web'), first).patch);
  const calledFor = () => ({ sinceMs: undefined, unreached: [] });
  const judge = new CoverageJudge({ engine: now, earlier: [canary.rules], calledFor });
  t.match(judge.whole(pod, { namespace: 'shop', labels: {} }), { state: 'stale', reason: 'other_plan' });
  t.end();
});

function labelled(name: string): JsonObject {
  return podOfDeployment(name, { labels: { 'pod-template-hash': '6d4cf56db6', [names.status]: 'injected' } });
}

t.test('the family of a task is its workload', async (t) => {
  const engine = engineWith(
    'sysdig',
    { region: 'us2', accessKeySecretArn: 'arn:aws:secretsmanager:x' },
    { canary: { percent: 50 } },
  );
  const task = (family: string) =>
    JSON.stringify({
      family,
      containerDefinitions: [{ name: 'app', image: 'app', entryPoint: ['/app'], memory: 512 }],
      memory: '2048',
    });
  const reasons = new Set<string>();
  for (let at = 0; at < 12; at++) {
    const { outcomes } = await injectText(task(`family-${at}`), engine);
    for (const { decision } of outcomes) reasons.add(decision.reason);
  }
  t.ok(reasons.has('canary_excluded'));
  t.ok(reasons.size > 1, [...reasons].join(', '));
});
