import t from 'tap';
import { createUpdateDoor } from '../../src/admission/update-review.js';
import type { DoorOptions } from '../../src/admission/door-options.js';
import type { Engine } from '../../src/engine/engine.js';
import type { Decision } from '../../src/model/decision.js';
import { stringOf, type JsonObject } from '../../src/model/json.js';
import { decideNow, engineFor, readAnswer } from '../support/engine.js';
import { draft, draftsOf, nameOf, objectAt, patched } from '../support/json.js';
import { podOf } from '../support/pods.js';

const security = { prefer: 'Security' } as const;
const agent = 'sysdig-workload-agent';

function instrumented(engine: Engine): JsonObject {
  const pod = podOf();
  return patched(pod, decideNow(pod, engine).patch);
}

/** The pod with fields of one of its containers replaced. */
function changed(pod: JsonObject, name: string, fields: JsonObject): JsonObject {
  const copy = draft(pod);
  const spec = objectAt(copy, 'spec');
  for (const one of [...draftsOf(spec['initContainers']), ...draftsOf(spec['containers'])]) {
    if (nameOf(one) === name) Object.assign(one, fields);
  }
  return copy;
}

function reviewOf(before: JsonObject, after: JsonObject, request: JsonObject = {}): Buffer {
  const review = {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: 'u',
      kind: { group: '', version: 'v1', kind: 'Pod' },
      operation: 'UPDATE',
      namespace: 'shop',
      name: 'web',
      userInfo: { username: 'jane' },
      oldObject: before,
      object: after,
      ...request,
    },
  };
  return Buffer.from(JSON.stringify(review));
}

async function ask(
  engine: Engine,
  before: JsonObject,
  after: JsonObject,
  more: { readonly request?: JsonObject; readonly options?: Partial<DoorOptions> } = {},
) {
  let decision: Decision | undefined;
  const door = createUpdateDoor({
    engine: () => engine,
    namespaceLabels: () => ({}),
    onReviewed: (_reviewed, one) => (decision = one),
    onFailure: () => undefined,
    ...more.options,
  });
  const { signal } = new AbortController();
  const text = await door(reviewOf(before, after, more.request), { signal, traceparent: undefined });
  const { allowed, status, warnings, audit } = readAnswer(text);
  return { allowed, message: stringOf(status?.['message']) ?? '', warnings, reason: audit['reason'], decision };
}

t.test('F9: another image for a part of ours is denied, whatever the pod says of itself by then', async (t) => {
  const engine = engineFor(security);
  const pod = instrumented(engine);
  const ours = draftsOf(objectAt(draft(pod), 'spec')['initContainers']).map(nameOf);
  t.equal(ours.length, 3, 'what brings the tools, what fills the volumes, the agent');
  for (const name of ours) {
    const after = changed(pod, name, { image: 'mallory/agent:1' });
    const answer = await ask(engine, pod, after);
    t.match(answer, { allowed: false, reason: 'update_of_agent_image' }, name);
    t.match(
      answer.message,
      /^outrider: policy default does not let this pod be updated \(update_of_agent_image\): container /,
    );
  }
  const labels = { 'outrider.dev/inject': 'disabled' };
  const opted = { ...pod, metadata: { ...objectAt(draft(pod), 'metadata'), labels } };
  const after = changed(opted, agent, { image: 'mallory/agent:1' });
  t.match(await ask(engine, pod, after), { allowed: false }, 'labels that come with it');
  t.match(await ask(engine, opted, after), { allowed: false }, 'or have come before');
  const spoiled = changed(pod, agent, { image: 'mallory/agent:1' });
  t.match(await ask(engine, spoiled, changed(pod, agent, { image: 'mallory/agent:2' })), { allowed: false });
  t.match(await ask(engine, spoiled, pod), { allowed: true, reason: 'update_allowed' }, 'the planned one comes back');
  const forbidden = engineFor({ optOut: 'Forbidden' });
  const other = instrumented(forbidden);
  t.match(await ask(forbidden, other, changed(other, agent, { image: 'mallory/agent:1' })), { allowed: false });
});

t.test('F9: an image that a version in force plans is let in: of now, or of a while ago', async (t) => {
  const before = engineFor(security);
  const after = engineFor({ ...security, agent: { image: 'quay.io/sysdig/workload-agent:9' } });
  const pod = instrumented(before);
  const raised = changed(pod, agent, { image: 'quay.io/sysdig/workload-agent:9' });
  t.match(await ask(after, pod, raised), { allowed: true });
  t.match(await ask(before, pod, raised), { allowed: false });
  const otherVersions = { earlier: () => [after], catchUp: () => Promise.resolve() };
  t.match(await ask(before, pod, raised, { options: { otherVersions } }), { allowed: true });
});

t.test('another image of the workload keeps its wrapped command, and that is said', async (t) => {
  const engine = engineFor(security);
  const pod = instrumented(engine);
  const answer = await ask(engine, pod, changed(pod, 'web', { image: 'shop/web:2' }));
  t.match(answer, { allowed: true, reason: 'update_allowed' });
  t.match(answer.warnings, [
    /^outrider: update_keeps_command: container web keeps the command that its old image starts/,
  ]);
  t.same((await ask(engine, pod, pod)).warnings, []);
});

t.test('F9: a resize takes no limit of ours below the least, and may do what it likes otherwise', async (t) => {
  const engine = engineFor(security);
  const pod = instrumented(engine);
  const request = { subResource: 'resize' };
  const limits = (memory: string, cpu = '1') => ({ resources: { limits: { memory, cpu } } });
  const small = await ask(engine, pod, changed(pod, agent, limits('1Mi')), { request });
  t.match(small, { allowed: false, reason: 'update_of_agent_resources' });
  t.match(small.message, /its limit for memory is at least /);
  t.match(await ask(engine, pod, changed(pod, agent, limits('8Gi', '8')), { request }), { allowed: true });
  const low = changed(pod, agent, limits('1Mi', '8'));
  t.match(await ask(engine, low, changed(pod, agent, limits('2Mi', '8')), { request }), { allowed: true }, 'up again');
  t.match(await ask(engine, pod, changed(pod, agent, { resources: {} }), { request }), { allowed: true }, 'no limit');
  t.match(await ask(engine, pod, changed(pod, 'web', limits('1Mi')), { request }), { allowed: true });
});

t.test('nothing is judged under a policy that cannot deny, nor of what is about something else', async (t) => {
  const spoil = (pod: JsonObject) => changed(pod, agent, { image: 'mallory/agent:1' });
  for (const spec of [{}, { ...security, mode: 'Report' }]) {
    const pod = instrumented(engineFor(security));
    t.match(await ask(engineFor(spec), pod, spoil(pod)), { allowed: true, reason: 'update_allowed' });
  }
  const engine = engineFor(security);
  const pod = instrumented(engine);
  const off = engineFor({ ...security, mode: 'Off' });
  t.match(await ask(off, pod, spoil(pod)), { allowed: true });
  const excluded = engineFor(security, { excludedNamespaces: ['shop'] });
  t.match(await ask(excluded, pod, spoil(pod)), { allowed: true, reason: 'namespace_excluded' });
  t.match(await ask(engine, pod, spoil(pod), { request: { subResource: 'status' } }), { reason: 'other_request' });
  t.match(await ask(engine, podOf(), podOf({ containers: [{ name: agent, image: 'x:2' }] })), { allowed: true });
});

t.test('E41: under a Security policy that is not valid nothing is let in; others let go', async (t) => {
  const settings = { profile: { name: 'sysdig', settings: { region: 'mars' } } };
  const pod = podOf();
  const broken = engineFor({ ...security, ...settings }, { broken: true });
  t.match(await ask(broken, pod, pod), { allowed: false, reason: 'policy_invalid' });
  t.match(await ask(engineFor(settings, { broken: true }), pod, pod), { allowed: true, reason: 'policy_invalid' });
});

t.test(
  'E41: a pod that no known policy wants is looked at again after a live look, and its failure is an error',
  async (t) => {
    const pod = instrumented(engineFor(security));
    const spoiled = changed(pod, agent, { image: 'mallory/agent:1' });
    const none = engineFor({ ...security, match: { podSelector: { matchLabels: { a: 'b' } } } });
    let engine = none;
    const reread = (): Promise<unknown> => {
      engine = engineFor(security);
      return Promise.resolve();
    };
    t.match(await ask(none, pod, spoiled, { options: { engine: () => engine, reread } }), { allowed: false });
    const failing = { reread: () => Promise.reject(new Error('no answer')) };
    await t.rejects(ask(none, pod, spoiled, { options: failing }), /no answer/);
  },
);
