import { pino } from 'pino';
import t from 'tap';
import { createApiClient, type ApiClient } from '../../../src/cluster/client/api-client.js';
import { isApiError } from '../../../src/cluster/client/api-error.js';
import { Connection } from '../../../src/cluster/client/connection.js';
import { loadKubeConfig } from '../../../src/cluster/client/kube-config.js';
import { pathOf, resources } from '../../../src/cluster/client/resources.js';
import { sleepByTimer } from '../../../src/time/sleep.js';
import { ClusterState } from '../../../src/cluster/state/cluster-state.js';
import { StatusWriter } from '../../../src/cluster/status/writer.js';
import { systemClock } from '../../../src/time/clock.js';
import { listOf, objectOf, type JsonObject } from '../../../src/model/json.js';
import { conditionTypes } from '../../../src/model/status.js';
import { startApiServer } from './api-server.js';
import { applyText } from './apply.js';
import { installDefinitions } from './definitions.js';
import { until } from './guarded-process.js';

t.setTimeout(900_000);

interface Following {
  readonly state: ClusterState;
  readonly client: ApiClient;
  readonly failures: string[];
  readonly end: () => Promise<void>;
}

const timing = { clock: systemClock, random: Math.random, sleep: sleepByTimer };
const log = pino({ level: 'silent' });

/** Follows the cluster as someone who may only read. */
function follow(kubeconfig: string): Following {
  const client = createApiClient(new Connection(loadKubeConfig({ kubeconfig })), 'outrider-test');
  const stop = new AbortController();
  const failures: string[] = [];
  const state = new ClusterState({
    client,
    log,
    metrics: { countWatchFailure: (kind) => failures.push(kind) },
    relistMs: 600_000,
    signal: stop.signal,
    ...timing,
  });
  return {
    state,
    client,
    failures,
    end: async () => {
      stop.abort();
      await client.close();
    },
  };
}

function policyText(name: string, spec: JsonObject): string {
  const profile = { name: 'sysdig', settings: { region: 'us2' } };
  const match = { namespaceSelector: { matchLabels: { team: 'payments' } } };
  return JSON.stringify({
    apiVersion: 'outrider.dev/v1alpha1',
    kind: 'InstrumentationPolicy',
    metadata: { name },
    spec: { profile, match, ...spec },
  });
}

const servedOf = (state: ClusterState, name: string) =>
  state.configuration().policies.find((policy) => policy.name === name);
const holds = (what: string, condition: () => boolean) => until(what, () => Promise.resolve(condition()));

t.test('the state of a real cluster', async (t) => {
  const api = await startApiServer({ controllerManager: false });
  t.teardown(() => api.stop());
  const following = follow(api.kubeconfig);
  const { state, failures, client } = following;
  t.teardown(() => following.end());

  await t.test('E41: without the definitions nothing is synced; with them it is', async (t) => {
    let synced = false;
    void state.synced.then(() => (synced = true));
    await holds('lists that fail', () => failures.filter((kind) => kind === 'policies').length >= 2);
    t.notOk(synced);
    await installDefinitions(api);
    await state.synced;
    t.same(state.configuration().policies, []);
    t.ok(state.namespaceLabels('kube-system'));
  });

  await t.test('policies and labels come by watch; a policy that is not valid keeps what it was', async (t) => {
    await applyText(api, policyText('payments', { prefer: 'Security' }));
    await api.kubectl(['create', 'namespace', 'shop']);
    await api.kubectl(['label', 'namespace', 'shop', 'team=payments']);
    await holds('the policy', () => servedOf(state, 'payments')?.served === 'Current');
    await holds('the label', () => state.namespaceLabels('shop')?.['team'] === 'payments');
    // What the definition's schema cannot know: that the setting has no such value.
    const profile = { name: 'sysdig', settings: { region: 'moon' } };
    await applyText(api, policyText('payments', { prefer: 'Security', profile }));
    await holds('the last valid version', () => servedOf(state, 'payments')?.served === 'LastValid');
    t.match(servedOf(state, 'payments'), { servedGeneration: 1, generation: 2, problem: { code: 'settings_invalid' } });
    await applyText(api, policyText('payments', { prefer: 'Security' }));
    await holds('the policy again', () => servedOf(state, 'payments')?.servedGeneration === 3);
  });

  await t.test('statuses are written through the subresource, once, beside others’ conditions', async (t) => {
    const term = new AbortController();
    const writer = new StatusWriter({
      client,
      state,
      excludedNamespaces: new Set(['kube-system']),
      webhookOf: () => ({ configured: true, reason: 'Configured', message: 'called' }),
      credentialsOf: () => ({ status: 'False', reason: 'Missing', message: 'missing in shop' }),
      inForceOf: () => undefined,
      defaultsOf: () => undefined,
      agentOf: () => undefined,
      claimedOf: () => undefined,
      coverage: () => undefined,
      takenBackOf: () => 'off',
      sharedUser: () => false,
      log,
      metrics: { setPolicyCondition: () => undefined },
      ...timing,
    });
    const done = writer.run(term.signal);
    const path = pathOf(resources.policies, { name: 'payments' });
    await until('the status', async () => {
      const found = await client.get(path);
      return listOf(objectOf(found['status'])?.['conditions']).length === conditionTypes.length;
    });
    const written = await client.get(path);
    t.match(written['status'], { observedGeneration: 3, servedGeneration: 3, matchedNamespaces: 1 });
    t.match(listOf(objectOf(written['status'])?.['conditions'])[0], {
      type: 'Ready',
      status: 'False',
      reason: 'Missing',
    });
    t.match(objectOf(written['metadata']), { generation: 3 }, 'a status is no edit');

    const theirs = {
      type: 'Reviewed',
      status: 'True',
      reason: 'ByHand',
      message: '',
      lastTransitionTime: '2026-01-01T00:00:00Z',
    };
    await client.patch(
      pathOf(resources.policies, { name: 'payments', subresource: 'status' }),
      'apply',
      {
        apiVersion: 'outrider.dev/v1alpha1',
        kind: 'InstrumentationPolicy',
        metadata: { name: 'payments' },
        status: { conditions: [theirs] },
      },
      { query: { fieldManager: 'somebody-else' } },
    );
    await applyText(api, policyText('payments', { prefer: 'Security', mode: 'Off' }));
    await until('the new status', async () => {
      const found = await client.get(path);
      return objectOf(found['status'])?.['observedGeneration'] === 4;
    });
    const beside = await client.get(path);
    const types = listOf(objectOf(beside['status'])?.['conditions']).map((condition) => objectOf(condition)?.['type']);
    t.ok(types.includes('Reviewed') && types.includes('Overlapping'));
    term.abort();
    await done;
  });

  await t.test('a live look is current at once', async (t) => {
    await api.kubectl(['create', 'namespace', 'bank']);
    await api.kubectl(['label', 'namespace', 'bank', 'team=payments']);
    await state.reread('bank', new AbortController().signal);
    t.match(state.namespaceLabels('bank'), { team: 'payments' });
    t.equal(await state.reread('never-made', new AbortController().signal), false);
  });

  await t.test(
    'an API server that is killed loses nothing: what is known serves on, and what changed is found',
    async (t) => {
      const before = state.configuration();
      const failed = failures.length;
      await api.halt();
      await holds('watches that fail', () => failures.length >= failed + 3);
      t.equal(state.configuration(), before, 'what is known stays');
      await t.rejects(state.reread('shop', AbortSignal.timeout(20_000)));
      await api.resume();
      await applyText(api, policyText('second', {}));
      await api.kubectl(['delete', 'instrumentationpolicy', 'payments']);
      await holds('the new policy', () => servedOf(state, 'second')?.served === 'Current');
      await holds('the deletion', () => servedOf(state, 'payments') === undefined);
      await api.kubectl(['label', 'namespace', 'shop', 'team-']);
      await holds('the label', () => state.namespaceLabels('shop')?.['team'] === undefined);
      const [stalest] = [...state.staleness().values()].sort((a, b) => b - a);
      t.ok((stalest ?? Infinity) < 120);
    },
  );

  await t.test(
    'a version that the API server no longer knows is Expired, and a restart in between misses nothing',
    async (t) => {
      await api.halt();
      await api.resume();
      const texts = Array.from({ length: 20 }, (_, number) => policyText(`n-${number}`, {}));
      await applyText(api, texts.join('\n'));
      await holds('all of them', () => state.configuration().policies.length === 21);
      const path = pathOf(resources.policies);
      const fromTheStart = client.watch(path, { query: { resourceVersion: '1' }, signal: AbortSignal.timeout(30_000) });
      await t.rejects(drain(fromTheStart), {
        name: 'ApiError',
        message: /too old resource version|required revision has been compacted/,
      });
      const expired = await drain(
        client.watch(path, { query: { resourceVersion: '1' }, signal: AbortSignal.timeout(30_000) }),
      ).catch((error: unknown) => isApiError(error, 'Expired'));
      t.equal(expired, true);
    },
  );
});

async function drain(events: AsyncIterable<unknown>): Promise<void> {
  for await (const event of events) t.comment(JSON.stringify(event).slice(0, 100));
}
