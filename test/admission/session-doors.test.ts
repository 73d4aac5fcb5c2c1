import t from 'tap';
import { unprovenEngine } from '../../src/engine/unproven.js';
import { objectOf, stringOf, type JsonObject } from '../../src/model/json.js';
import { running } from '../engine/session/sessions.js';
import { engineFor } from '../support/engine.js';
import { patched, at } from '../support/json.js';
import { podOf } from '../support/pods.js';
import { askSessionDoor, sessionReview } from '../support/sessions.js';

const wrapper = '/opt/draios/bin/instrument';
const security = engineFor({ prefer: 'Security', sessions: { attach: 'Deny' } });
const usual = engineFor({ sessions: { exec: 'Trace' } });
const web = running(podOf(), security);
const reads = (pod: JsonObject) => () => Promise.resolve({ pod });
const command = ['sh', '-c', 'login --token hunter2'];
const optionsOf = (review: JsonObject): JsonObject => objectOf(at(review, 'request', 'object')) ?? {};
const exec = sessionReview('exec', { container: 'web', command });

t.test('an exec gets the tracer in front, and the validating door writes it down', async (t) => {
  const setup = { engine: () => security, readPod: reads(web) };
  const mutated = await askSessionDoor('exec', 'mutate', exec, setup);
  t.ok(mutated.allowed);
  const object = optionsOf(exec);
  const after = patched(object, mutated.patch);
  t.same(after['command'], [wrapper, ...command]);
  t.same(mutated.patch, [{ op: 'add', path: '/command/0', value: wrapper }], 'the command is not sent back');
  t.same(mutated.records, [], 'what another webhook makes of it is not known yet');
  t.same(mutated.audit, {}, 'and what is said first would stay in the audit log');
  t.match(mutated.reviewed, [{ door: 'mutate-exec', decision: 'inject', reason: 'session_traced', owner: 'Pod/web' }]);

  const validated = await askSessionDoor('exec', 'validate', sessionReview('exec', after), setup);
  t.ok(validated.allowed);
  const record = {
    kind: 'exec',
    decision: 'wrapped',
    reason: 'session_traced',
    policy: 'default',
    user: 'jo@example.com',
    namespace: 'shop',
    pod: 'web',
    container: 'web',
    command: `${wrapper} sh -c "login --token ***"`,
  };
  t.same(validated.records, [record]);
  t.match(validated.audit, { decision: 'wrapped', reason: 'session_traced', policy: 'default' });
  t.match(JSON.parse(stringOf(validated.audit['session']) ?? ''), {
    kind: 'exec',
    user: 'jo@example.com',
    command: record.command,
  });

  const bare = await askSessionDoor('exec', 'validate', exec, setup);
  t.notOk(bare.allowed);
  t.match(bare.status, {
    code: 403,
    message: /^outrider: policy default does not let this exec start \(exec_not_traced\)/,
  });
  t.match(bare.records, [{ decision: 'denied' }]);
});

t.test('what is written down beside the command is bounded and masked, too', async (t) => {
  const setup = { engine: () => security, readPod: reads(web) };
  const asOption = sessionReview('exec', { container: 'web', command: [`--password=hunter2${'x'.repeat(100_000)}`] });
  const recording = engineFor({ prefer: 'Security', sessions: { exec: 'Record' } });
  const noContainer = sessionReview('exec', { container: `\n${'n'.repeat(100_000)}`, command });
  for (const said of [
    await askSessionDoor('exec', 'validate', asOption, setup),
    await askSessionDoor('exec', 'validate', noContainer, { ...setup, engine: () => recording }),
  ]) {
    const text = JSON.stringify([said.records, said.audit, said.status ?? '']);
    t.notMatch(text, /hunter2/);
    t.ok(text.length < 10_000, `${text.length} characters`);
    t.equal(said.records.length, 1);
  }
});

t.test('one pod is read for each review, and none where no policy asks anything', async (t) => {
  let count = 0;
  const counting = (pod: JsonObject) => () => {
    count++;
    return Promise.resolve({ pod });
  };
  await askSessionDoor('exec', 'validate', exec, { engine: () => usual, readPod: counting(web) });
  t.equal(count, 1);
  for (const engine of [
    engineFor(),
    engineFor({ mode: 'Off' }),
    engineFor({ match: { namespaceSelector: { matchLabels: { a: 'b' } } } }),
  ]) {
    const said = await askSessionDoor('exec', 'validate', exec, { engine: () => engine, readPod: counting(web) });
    t.ok(said.allowed);
    t.same(said.records, []);
  }
  t.equal(count, 1);
});

t.test('a pod that cannot be read is a decision: closed under Security, open and written down else', async (t) => {
  const trouble = (): Promise<{ trouble: string }> => Promise.resolve({ trouble: 'there is no such pod' });
  const closed = await askSessionDoor('exec', 'validate', exec, { engine: () => security, readPod: trouble });
  t.notOk(closed.allowed);
  t.match(closed.status?.['message'], /session_pod_unknown\): there is no such pod\./);
  t.ok((await askSessionDoor('exec', 'mutate', exec, { engine: () => security, readPod: trouble })).allowed);
  const open = await askSessionDoor('exec', 'validate', exec, { engine: () => usual, readPod: trouble });
  t.ok(open.allowed);
  t.match(open.records, [{ decision: 'untraced', reason: 'session_pod_unknown', detail: 'there is no such pod' }]);
});

t.test(
  'F25: nothing is read for a caller without proof, and under Security it is answered with a denial',
  async (t) => {
    const engine = unprovenEngine(security);
    t.ok((await askSessionDoor('exec', 'mutate', exec, { engine: () => engine })).allowed);
    const said = await askSessionDoor('exec', 'validate', exec, { engine: () => engine });
    t.notOk(said.allowed);
    t.equal(said.audit['reason'], 'session_pod_unknown');
  },
);

t.test('E41: where no policy is known that asks, there is a live look first', async (t) => {
  let engine = engineFor();
  let looks = 0;
  const reread = (): Promise<void> => {
    looks++;
    engine = security;
    return Promise.resolve();
  };
  const setup = { engine: () => engine, readPod: reads(web), reread };
  t.notOk((await askSessionDoor('exec', 'validate', exec, setup)).allowed);
  await askSessionDoor('exec', 'validate', exec, setup);
  t.equal(looks, 1, 'once it is known there is none');
  const failing = { ...setup, engine: () => engineFor(), reread: () => Promise.reject(new Error('no answer')) };
  await t.rejects(askSessionDoor('exec', 'validate', exec, failing), { message: 'no answer' });
  const open = await askSessionDoor('exec', 'mutate', exec, failing);
  t.ok(open.allowed);
  t.equal(open.failures.length, 1);
});

t.test('what a replica of an earlier version put in front is taken, as long as it is a tracer’s', async (t) => {
  const engine = engineFor({ prefer: 'Security', profile: { name: 'datadog', settings: {} } });
  const before = engineFor({ prefer: 'Security', profile: { name: 'datadog', settings: { verbose: true } } });
  const pod = running(podOf(), before);
  const mutated = await askSessionDoor('exec', 'mutate', exec, { engine: () => before, readPod: reads(pod) });
  const after = sessionReview('exec', patched(optionsOf(exec), mutated.patch));
  const setup = { engine: () => engine, readPod: reads(pod) };
  t.ok((await askSessionDoor('exec', 'validate', after, { ...setup, earlier: () => [security, before] })).allowed);
  const bare = await askSessionDoor('exec', 'validate', exec, { ...setup, earlier: () => [security, before] });
  t.notOk(bare.allowed);
});

t.test('attach: written down, or denied', async (t) => {
  const attach = sessionReview('attach', {});
  const denied = await askSessionDoor('attach', 'validate', attach, { engine: () => security, readPod: reads(web) });
  t.notOk(denied.allowed);
  t.match(denied.status?.['message'], /does not let this attach start \(session_denied\): the policy denies attach\./);
  const recording = engineFor({ prefer: 'Security' });
  const taken = await askSessionDoor('attach', 'validate', attach, { engine: () => recording, readPod: reads(web) });
  t.ok(taken.allowed);
  t.match(taken.records, [{ kind: 'attach', decision: 'untraced', container: 'web', command: '' }]);
});

t.test('E29: what is about something else passes untouched, and what is no review is refused', async (t) => {
  const setup = { engine: () => security, readPod: reads(web) };
  for (const request of [
    { operation: 'CREATE' },
    { subResource: 'attach' },
    { kind: { group: '', version: 'v1', kind: 'Pod' } },
  ]) {
    const said = await askSessionDoor('exec', 'validate', sessionReview('exec', { command }, request), setup);
    t.ok(said.allowed);
    t.match(said.reviewed, [{ reason: 'other_request' }]);
  }
  await t.rejects(async () => askSessionDoor('exec', 'validate', Buffer.from('{}'), setup), { code: 'review_invalid' });
  const nameless = sessionReview('exec', { command }, { name: '../secrets' });
  await t.rejects(async () => askSessionDoor('exec', 'validate', nameless, setup), { code: 'review_invalid' });
});

t.test('E37: an error nobody expected is open at the mutating door, and thrown on at the other', async (t) => {
  const broken = { engine: () => security, readPod: () => Promise.reject(new Error('broken')) };
  const said = await askSessionDoor('exec', 'mutate', exec, broken);
  t.ok(said.allowed);
  t.match(said.reviewed, [{ reason: 'internal_error' }]);
  t.same(said.patch, []);
  await t.rejects(askSessionDoor('exec', 'validate', exec, broken), { message: 'broken' });
});
