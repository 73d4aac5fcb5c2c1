import t from 'tap';
import { ClusterState } from '../../../src/cluster/state/cluster-state.js';
import type { WebhookState } from '../../../src/cluster/status/facts.js';
import { statusFieldManager } from '../../../src/cluster/status/pass.js';
import { StatusWriter } from '../../../src/cluster/status/writer.js';
import { listOf, objectOf, type JsonObject } from '../../../src/model/json.js';
import { fakeApi, fakeTiming, memoryLog, refusal, settle, type FakeApi, type FakeTiming } from '../fake-api.js';
import { lists, putNamespace, putPolicy, putProfile } from '../state/documents.js';

interface Leading {
  readonly api: FakeApi;
  readonly timing: FakeTiming;
  readonly writer: StatusWriter;
  readonly facts: { webhook: WebhookState | undefined };
  readonly stop: AbortController;
  readonly metrics: Map<string, number>;
  /** The writes so far. */
  readonly writes: () => readonly string[];
  readonly ready: (name: string) => unknown;
  /** Starts another term. */
  readonly lead: (signal: AbortSignal) => Promise<void>;
}

async function lead(
  t: { teardown(fn: () => void): unknown },
  prepare: (api: FakeApi) => void = () => undefined,
): Promise<Leading> {
  const api = fakeApi();
  prepare(api);
  const timing = fakeTiming();
  const all = new AbortController();
  const stop = new AbortController();
  t.teardown(() => {
    stop.abort();
    all.abort();
  });
  const { log } = memoryLog();
  const metrics = new Map<string, number>();
  const facts: Leading['facts'] = { webhook: { configured: true, reason: 'Configured', message: 'called.' } };
  const state = new ClusterState({
    client: api.client,
    log,
    metrics: { countWatchFailure: () => undefined },
    relistMs: 3_600_000,
    signal: all.signal,
    ...timing,
  });
  const writer = new StatusWriter({
    client: api.client,
    state,
    excludedNamespaces: new Set(['kube-system']),
    webhookOf: () => facts.webhook,
    credentialsOf: () => ({ status: 'True', reason: 'Present', message: 'There.' }),
    inForceOf: () => undefined,
    defaultsOf: () => undefined,
    agentOf: () => undefined,
    coverage: () => undefined,
    takenBackOf: () => undefined,
    sharedUser: () => false,
    log,
    metrics: {
      setPolicyCondition: (condition, status, policies) => void metrics.set(`${condition} ${status}`, policies),
    },
    ...timing,
  });
  await settle();
  void writer.run(stop.signal);
  return {
    api,
    timing,
    writer,
    facts,
    stop,
    metrics,
    writes: () =>
      api.asked.filter((what) => what.startsWith('PATCH')).map((what) => what.replace(/^.*\.dev\/v1alpha1/, '')),
    ready: (name) => listOf(statusOf(api, name)['conditions'])[0],
    lead: (signal) => writer.run(signal),
  };
}

function statusOf(api: FakeApi, name: string): JsonObject {
  return objectOf(api.stored(`${lists.policies}/${name}`)?.['status']) ?? {};
}

/** Lets time pass in small steps, for everything that waits on something that waits. */
async function pass(timing: FakeTiming, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 250) await timing.advance(250);
}

t.test('writes what is so, once, and again when it changes', async (t) => {
  const { api, timing, writer, facts, writes, ready, metrics } = await lead(t, (api) => {
    putPolicy(api, 'payments', { prefer: 'Security' });
    putPolicy(api, 'broken', { prefer: 'Securty' });
    putProfile(api, 'own');
    putNamespace(api, 'shop', {});
    putNamespace(api, 'kube-system', {});
  });
  await pass(timing, 2_000);
  t.same(writes(), [
    '/instrumentationpolicies/broken/status',
    '/instrumentationpolicies/payments/status',
    '/instrumentationprofiles/own/status',
  ]);
  t.match(statusOf(api, 'payments'), { observedGeneration: 1, servedGeneration: 1, matchedNamespaces: 1 });
  t.match(ready('payments'), { type: 'Ready', status: 'True', reason: 'Served' });
  t.match(ready('broken'), { type: 'Ready', status: 'False', reason: 'PolicyInvalid' });
  t.match([metrics.get('Ready True'), metrics.get('Ready False'), metrics.get('Ready Unknown')], [1, 1, 0]);

  await pass(timing, 300_000);
  t.equal(writes().length, 3, 'its own writes are nothing new, however long it lasts');

  facts.webhook = { configured: false, reason: 'Paused', message: 'paused' };
  writer.wake();
  await pass(timing, 2_000);
  t.equal(writes().length, 5);
  t.match(ready('payments'), { status: 'False', reason: 'Paused' });

  putNamespace(api, 'bank', {});
  await pass(timing, 2_000);
  t.match(statusOf(api, 'payments'), { matchedNamespaces: 2 });
  api.remove(`${lists.policies}/payments`);
  await pass(timing, 2_000);
  t.match([metrics.get('Ready False'), metrics.get('Ready True')], [1, 0]);
});

t.test('what comes together is written together', async (t) => {
  const { api, timing, writes } = await lead(t, (api) => putPolicy(api, 'payments', {}));
  await pass(timing, 2_000);
  for (let version = 2; version < 30; version++) {
    putPolicy(api, 'payments', { precedence: version }, { generation: version });
    putNamespace(api, `n-${version}`, {});
    await settle();
  }
  await pass(timing, 5_000);
  t.equal(writes().length, 2);
  t.match(statusOf(api, 'payments'), { observedGeneration: 29, matchedNamespaces: 28 });
});

t.test('a refusal is tried again with patience, and holds up nobody else', async (t) => {
  const broken = `PATCH ${lists.policies}/a/status`;
  const { api, timing, writes, ready } = await lead(t, (api) => {
    putPolicy(api, 'a', {});
    putPolicy(api, 'b', {});
    api.breakDown(broken, refusal(500, 'InternalError'));
  });
  await pass(timing, 60_000);
  t.match(ready('b'), { reason: 'Served' });
  const tries = writes().filter((what) => what.includes('/a/')).length;
  t.ok(tries >= 4 && tries <= 10, `${tries} tries in a minute`);
  t.equal(writes().filter((what) => what.includes('/b/')).length, 1);
  api.heal(broken);
  await pass(timing, 31_000);
  t.match(ready('a'), { reason: 'Served' });
  t.equal(statusFieldManager, 'outrider-status');
});

t.test('what somebody else writes over it is put right, at most once a minute', async (t) => {
  const { api, timing, writes, ready } = await lead(t, (api) => putPolicy(api, 'payments', {}));
  await pass(timing, 2_000);
  const path = `${lists.policies}/payments`;
  const spoil = (): void => {
    api.put(path, { ...api.stored(path), status: { conditions: [{ type: 'Theirs', status: 'True' }] } });
  };
  for (let minute = 0; minute < 5; minute++) {
    spoil();
    await pass(timing, 61_000);
  }
  t.match(ready('payments'), { type: 'Ready', status: 'True' });
  t.ok(writes().length >= 3 && writes().length <= 6, `${writes().length} writes`);
  // A condition of someone else's next to ours stays theirs.
  const status = statusOf(api, 'payments');
  api.put(path, {
    ...api.stored(path),
    status: { ...status, conditions: [...listOf(status['conditions']), { type: 'Theirs', status: 'True' }] },
  });
  const before = writes().length;
  await pass(timing, 180_000);
  t.equal(writes().length, before);
});

t.test('a term ends with its signal, and the next one finds everything written', async (t) => {
  const {
    api,
    timing,
    writes,
    stop,
    lead: again,
  } = await lead(t, (api) => {
    putPolicy(api, 'payments', {});
    putPolicy(api, 'other', {});
  });
  await pass(timing, 2_000);
  stop.abort();
  await settle();
  putPolicy(api, 'payments', { precedence: 1 }, { generation: 2 });
  await pass(timing, 120_000);
  t.equal(writes().length, 2);
  const next = new AbortController();
  const term = again(next.signal);
  await pass(timing, 2_000);
  t.same(writes().slice(2), ['/instrumentationpolicies/payments/status']);
  next.abort();
  await term;
  t.match(statusOf(api, 'payments'), { servedGeneration: 2 });
});
