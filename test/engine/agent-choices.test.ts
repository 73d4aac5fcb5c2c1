import fc from 'fast-check';
import t from 'tap';
import { objectOf, type JsonObject } from '../../src/model/json.js';
import { names } from '../../src/model/names.js';
import { parseQuantity } from '../../src/model/quantity.js';
import type { Engine } from '../../src/engine/engine.js';
import { isGuaranteed } from '../../src/inject/pod/resources.js';
import { isFinding, readPod } from '../../src/inject/pod/view.js';
import { decideNow, engineFor } from '../support/engine.js';
import { at, containerOf, draft, drop, objectAt, patched } from '../support/json.js';
import { knownLimits, rangeOf } from '../support/limits.js';
import { podWith } from '../support/pods.js';

const agent = 'sysdig-workload-agent';
const most = { cpu: '2', memory: '2Gi' };
const allowing = { agent: { allowOverride: { resources: { max: most } } } };
const security = { ...allowing, prefer: 'Security', optOut: 'Forbidden' };
const guaranteed = { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '1', memory: '1Gi' } };

function choosing(text: string | undefined, resources?: JsonObject): JsonObject {
  const metadata = { name: 'web', annotations: text === undefined ? {} : { [names.agentResources]: text } };
  return podWith({ command: ['/app'], ...(resources === undefined ? {} : { resources }) }, {}, metadata);
}

const asking = (amounts: object, resources?: JsonObject) => choosing(JSON.stringify(amounts), resources);

/** The pod as the mutating door makes it, and what is said of the annotation. */
function made(pod: JsonObject, engine: Engine) {
  const { decision, patch } = decideNow(pod, engine);
  t.equal(decision.decision, 'inject', `${decision.reason}: ${decision.detail}`);
  return {
    pod: patched(pod, patch),
    said: decision.steps.find(({ reason }) => reason === 'agent_resources_kept')?.detail,
  };
}

const agentOf = (pod: JsonObject) => objectOf(containerOf(pod, agent)['resources']);
const usual = agentOf(made(choosing(undefined), engineFor()).pod);

/** What the validating door says of a pod, with another text in the annotation. */
function judged(pod: JsonObject, engine: Engine, text: string | undefined) {
  const copy = draft(pod);
  const annotations = objectAt(objectAt(copy, 'metadata'), 'annotations');
  if (text === undefined) drop(annotations, names.agentResources);
  else annotations[names.agentResources] = text;
  return decideNow(copy, engine, 'validate').decision;
}

t.test('E27: a pod chooses its agent’s amounts within what the policy allows', (t) => {
  for (const spec of [allowing, security]) {
    const engine = engineFor(spec);
    const larger = made(asking({ requests: { cpu: '500m' }, limits: { cpu: 1, memory: '1Gi' } }), engine);
    t.same(agentOf(larger.pod), { requests: { cpu: '500m', memory: '256Mi' }, limits: { memory: '1Gi', cpu: '1' } });
    t.equal(larger.said, undefined);
    t.equal(judged(larger.pod, engine, JSON.stringify({ limits: { memory: '1Gi' } })).decision, 'inject');
    const smaller = made(asking({ limits: { memory: '256Mi' }, requests: { memory: '64Mi' } }), engine);
    t.same(agentOf(smaller.pod), { requests: { cpu: '100m', memory: '64Mi' }, limits: { memory: '256Mi' } });
    t.same(agentOf(made(asking({}), engine).pod), usual, 'nothing asked for');
    const follows = made(asking({ limits: { cpu: '150m' } }), engine);
    t.same(at(agentOf(follows.pod), 'requests', 'cpu'), '100m', 'a limit alone leaves the request');
  }
  t.end();
});

t.test('E27: what is not allowed falls back to the policy’s amounts, and is said; never a way out', (t) => {
  const refused: readonly (readonly [string, RegExp])[] = [
    [JSON.stringify({ limits: { memory: '3Gi' } }), /limits memory 3Gi is more than 2Gi/],
    [JSON.stringify({ requests: { cpu: '2001m' }, limits: { cpu: '2' } }), /requests cpu 2001m is more than 2/],
    [JSON.stringify({ limits: { memory: '255Mi' } }), /memory 255Mi is less than 256Mi, which the agent needs/],
    [JSON.stringify({ requests: { cpu: '50m' } }), /cpu 50m is less than 100m/],
    [JSON.stringify({ requests: { memory: '1Gi' } }), /requests memory 1Gi is above its limit 512Mi/],
    [JSON.stringify({ requests: { memory: '0' } }), /requests memory is zero/],
    [JSON.stringify({ limits: { 'nvidia.com/gpu': '1' } }), /lets pods choose cpu, memory alone/],
    [JSON.stringify({ limits: { 'ephemeral-storage': '1Gi' } }), /lets pods choose cpu, memory alone/],
    [JSON.stringify({ limits: { toString: '1' } }), /lets pods choose cpu, memory alone/],
    [JSON.stringify({ limits: { memory: '-1Gi' } }), /limits holds more than quantities/],
    [JSON.stringify({ limits: { memory: { a: 1 } } }), /limits holds more than quantities/],
    [JSON.stringify({ limits: [] }), /limits holds more than quantities/],
    [JSON.stringify({ claims: [] }), /holds more than requests and limits/],
    ['{', /is no JSON object/],
    ['[]', /is no JSON object/],
    ['', /is no JSON object/],
  ];
  for (const spec of [allowing, security]) {
    for (const [text, why] of refused) {
      const { pod, said } = made(choosing(text), engineFor(spec));
      t.match(said, why, text);
      t.same(agentOf(pod), usual, text);
      t.equal(decideNow(pod, engineFor(spec), 'validate').decision.decision, 'inject', text);
    }
  }
  const without = made(asking({ limits: { memory: '1Gi' } }), engineFor());
  t.match(without.said, 'the policy lets no pod choose them');
  t.same(agentOf(without.pod), usual);
  const node = { ...allowing, profile: { name: 'datadog-node' } };
  const annotations = { [names.agentResources]: JSON.stringify({ limits: { memory: '1Gi' } }) };
  const nodeAgent = podWith({ name: 'agent', command: ['agent', 'run'] }, {}, { name: 'agent', annotations });
  const noAgent = decideNow(nodeAgent, engineFor(node)).decision;
  t.match(noAgent.steps.find(({ reason }) => reason === 'agent_resources_kept')?.detail, /has no agent in the pod/);
  t.end();
});

t.test('E27: explain says what a pod chose', (t) => {
  const { decision } = decideNow(asking({ limits: { memory: '1Gi' } }), engineFor(allowing), 'mutate', { trace: true });
  t.match(
    decision.steps.find(({ subject }) => subject === 'agent resources'),
    {
      result: 'pass',
      detail: 'chosen by the pod: limits memory 1Gi',
    },
  );
  t.end();
});

t.test('E27: what is chosen is fitted to the namespace like any other amounts', (t) => {
  const engine = engineFor(allowing, { limits: knownLimits(rangeOf({ max: { memory: '800Mi' } })) });
  t.equal(at(agentOf(made(asking({ limits: { memory: '2Gi' } }), engine).pod), 'limits', 'memory'), '800Mi');
  t.end();
});

t.test('E27: many texts, and long ones, are each answered, and as before', (t) => {
  const engine = engineFor(allowing);
  for (let round = 0; round < 2; round++) {
    for (let mebibytes = 300; mebibytes < 380; mebibytes++) {
      const { pod } = made(asking({ limits: { memory: `${mebibytes}Mi` } }), engine);
      t.equal(at(agentOf(pod), 'limits', 'memory'), `${mebibytes}Mi`);
    }
  }
  const long = made(choosing(`${' '.repeat(2000)}{"limits": {"memory": "1Gi"}}`), engine);
  t.equal(at(agentOf(long.pod), 'limits', 'memory'), '1Gi');
  t.end();
});

const amount = fc.oneof(
  fc.integer({ min: 0, max: 3000 }).map((milli) => `${milli}m`),
  fc.integer({ min: 0, max: 3000 }).map((mebibytes) => `${mebibytes}Mi`),
  fc.constantFrom('1', '0', '1Gi', '2Gi', '1e3', '', 'x'),
);
const side = fc.dictionary(fc.constantFrom('cpu', 'memory', 'ephemeral-storage', 'a/b'), amount, { maxKeys: 3 });
const text = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ requests: side, limits: side }, { requiredKeys: [] }).map((it) => JSON.stringify(it)),
  },
  { weight: 1, arbitrary: fc.constant(undefined) },
  { weight: 1, arbitrary: fc.string({ maxLength: 20 }) },
);
const profiles: readonly JsonObject[] = [
  {},
  { profile: { name: 'datadog' } },
  { agent: { ...allowing.agent, resources: { limits: { memory: '128Mi' } } } },
  { agent: { ...allowing.agent, resources: { requests: { cpu: '50m' } } } },
];

t.test('E27: whatever is asked for: both doors plan the same, a later text forges nothing, and bounds hold', (t) => {
  fc.assert(
    fc.property(
      fc.constantFrom(...profiles),
      fc.constantFrom(allowing, security),
      fc.constantFrom(undefined, guaranteed, { limits: { 'ephemeral-storage': '1Gi' } }),
      text,
      text,
      (profile, strictness, resources, first, second) => {
        const engine = engineFor({ ...strictness, ...profile });
        const before = choosing(first, resources);
        const outcome = decideNow(before, engine);
        if (outcome.decision.decision !== 'inject') return false;
        const pod = patched(before, outcome.patch);
        const same = decideNow(pod, engine, 'validate').decision;
        const later = judged(pod, engine, second);
        const never = judged(pod, engine, undefined);
        if ([same, later, never].some(({ decision }) => decision !== 'inject')) return false;
        const name = containersOf(pod).find((one) => one.includes('agent') && !/-(tools|copy)$/.test(one)) ?? agent;
        const limits = objectOf(objectOf(containerOf(pod, name)['resources'])?.['limits']);
        const base = objectOf(
          objectOf(containerOf(madeAlone(profile, strictness, resources), name)['resources'])?.['limits'],
        );
        // Nobody is above both the policy's own and the most that it allows.
        for (const [of, highest] of Object.entries(most)) {
          const [is, own] = [limits?.[of], base?.[of]].map((one) => parseQuantity(one) ?? 0n);
          if ((is ?? 0n) > (parseQuantity(highest) ?? 0n) && (is ?? 0n) > (own ?? 0n)) return false;
        }
        if (resources !== guaranteed) return true;
        const view = readPod(pod, 500);
        return !isFinding(view) && isGuaranteed({}, [...view.initContainers, ...view.containers]);
      },
    ),
    { numRuns: 600 },
  );
  t.end();
});

function containersOf(pod: JsonObject): readonly string[] {
  const view = readPod(pod, 500);
  return isFinding(view) ? [] : [...view.initContainers, ...view.containers].map(({ name }) => name);
}

function madeAlone(profile: JsonObject, strictness: JsonObject, resources: JsonObject | undefined): JsonObject {
  const pod = choosing(undefined, resources);
  return patched(pod, decideNow(pod, engineFor({ ...strictness, ...profile })).patch);
}
