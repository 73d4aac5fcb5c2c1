import t from 'tap';
import { ClusterState, type ClusterChange } from '../../../src/cluster/state/cluster-state.js';
import type { PolicyState } from '../../../src/cluster/state/cluster-configuration.js';
import { rereadRestMs } from '../../../src/cluster/state/live-reads.js';
import { parseConfiguration } from '../../../src/documents/configuration/configuration.js';
import type { Engine } from '../../../src/engine/engine.js';
import type { JsonObject } from '../../../src/model/json.js';
import { askDoor, decideNow, engineFor, reviewOf } from '../../support/engine.js';
import { podOf } from '../../support/pods.js';
import { fakeApi, fakeTiming, memoryLog, refusal, settle, type FakeApi, type FakeTiming } from '../fake-api.js';
import { lists, policyObject, putNamespace, putPolicy, putProfile } from './documents.js';

const { signal: never } = new AbortController();

interface Opened {
  readonly api: FakeApi;
  readonly timing: FakeTiming;
  readonly state: ClusterState;
  readonly changes: ClusterChange[];
  readonly failures: string[];
  readonly policy: (name: string) => PolicyState | undefined;
  readonly engine: () => Engine;
}

async function open(
  t: { teardown(fn: () => void): unknown },
  prepare: (api: FakeApi) => void = () => undefined,
): Promise<Opened> {
  const api = fakeApi();
  prepare(api);
  const timing = fakeTiming();
  const stop = new AbortController();
  t.teardown(() => stop.abort());
  const failures: string[] = [];
  const state = new ClusterState({
    client: api.client,
    log: memoryLog().log,
    metrics: { countWatchFailure: (kind) => failures.push(kind) },
    relistMs: 600_000,
    signal: stop.signal,
    ...timing,
  });
  const changes: ClusterChange[] = [];
  state.onChange((change) => changes.push(change));
  await settle();
  return {
    api,
    timing,
    state,
    changes,
    failures,
    policy: (name) => state.configuration().policies.find((policy) => policy.name === name),
    engine: () => ({ ...engineFor(), rules: state.configuration().rules }),
  };
}

/** What both doors say about a pod in a namespace with these labels. */
function decided({ engine }: Opened, labels: Record<string, string> = {}): string {
  const [mutating, validating] = (['mutate', 'validate'] as const).map((door) => {
    const { decision } = decideNow(podOf(), engine(), door, { namespaceLabels: labels });
    return `${decision.decision} ${decision.reason}`;
  });
  return `${mutating ?? ''}, ${validating ?? ''}`;
}

t.test('E41: is synced when all three were listed, and none of them is taken for empty before', async (t) => {
  for (const list of Object.values(lists)) {
    const opened = await open(t, (api) => {
      putPolicy(api, 'payments', { prefer: 'Security', profile: { name: 'own' } });
      putProfile(api, 'own');
      putNamespace(api, 'shop', { team: 'payments' });
      api.breakDown(`LIST ${list}`, refusal(404, 'NotFound'));
    });
    const { api, state, timing, failures } = opened;
    let synced = false;
    void state.synced.then(() => (synced = true));
    await timing.advance(60_000);
    t.notOk(synced, list);
    t.ok(failures.length > 0);
    t.equal(opened.policy('payments')?.problem, undefined, 'no policy is wrong because its profile is not read yet');
    api.heal(`LIST ${list}`);
    await timing.advance(60_000);
    t.ok(synced, list);
    t.match(opened.policy('payments'), { served: 'Current', servedGeneration: 1 });
    t.same(state.namespaceLabels('shop'), { team: 'payments' });
  }
});

t.test('policies, profiles and namespaces are followed, each change told once', async (t) => {
  const opened = await open(t, (api) => {
    putPolicy(api, 'payments', { match: { namespaceSelector: { matchLabels: { team: 'payments' } } } });
    putNamespace(api, 'shop', {});
  });
  const { api, state, changes } = opened;
  t.equal(decided(opened, { team: 'payments' }), 'inject injected, skip parts_missing');
  t.equal(decided(opened), 'skip no_policy, skip no_policy');
  const before = state.configuration();
  t.equal(state.configuration(), before, 'the same until something changes');
  changes.length = 0;

  putNamespace(api, 'shop', { team: 'payments' });
  putNamespace(api, 'bank', { team: 'payments' });
  await settle();
  t.same(changes, [{ configuration: false, namespaces: new Set(['shop', 'bank']) }]);
  t.equal(state.configuration().rules, before.rules, 'namespaces recompile nothing');
  t.same([...state.configuration().namespaces.keys()].sort(), ['bank', 'shop']);
  t.same([...before.namespaces.keys()], ['shop'], 'and what was handed out stays as it was');
  t.equal(state.namespaceLabels('gone'), undefined);

  putPolicy(api, 'other', { precedence: 5 });
  await settle();
  const { rules } = state.configuration();
  t.equal(rules.byPolicy.get('payments'), before.rules.byPolicy.get('payments'), 'what did not change stays compiled');
  t.same(
    rules.policies.ranked.map(({ name }) => name),
    ['other', 'payments'],
  );

  changes.length = 0;
  const stored = api.stored(`${lists.policies}/other`) ?? {};
  const status = { sessionDefaults: 'Trace', conditions: [] };
  api.put(`${lists.policies}/other`, { ...stored, status });
  await settle();
  t.same(changes, [], 'a status is no change');
  t.same(state.statusOf('policies', 'other'), status);
  t.equal(state.configuration().rules, rules);

  api.remove(`${lists.policies}/other`);
  await settle();
  t.equal(opened.policy('other'), undefined);
  t.same(state.configuration().rules.policyNames, ['payments']);
  t.same([...state.staleness().values()], [0, 0, 0]);
});

t.test('a policy edited into nonsense keeps its last valid version, and says why', async (t) => {
  const broken: readonly (readonly [spec: JsonObject, code: string, message: RegExp])[] = [
    [{ prefer: 'Securty' }, 'policy_invalid', /^policy payments: spec.prefer is "Securty", .* did you mean Security\?/],
    [{ profile: { name: 'sysdigg' } }, 'profile_unknown', /^policy payments: spec.profile.name is sysdigg/],
    [{ profile: { name: 'sysdig' } }, 'settings_invalid', /^policy payments: .*region/],
  ];
  for (const [spec, code, message] of broken) {
    const opened = await open(t, (api) => putPolicy(api, 'payments', { prefer: 'Security' }));
    const { api } = opened;
    t.equal(decided(opened), 'inject injected, deny parts_missing');
    putPolicy(api, 'payments', { prefer: 'Security', ...spec }, { generation: 2 });
    await settle();
    t.equal(decided(opened), 'inject injected, deny parts_missing');
    t.match(opened.policy('payments'), {
      generation: 2,
      served: 'LastValid',
      servedGeneration: 1,
      problem: { code, message },
      policy: { spec: { prefer: 'Security' } },
      known: undefined,
    });
    putPolicy(api, 'payments', { prefer: 'Availability' }, { generation: 3 });
    await settle();
    t.match(opened.policy('payments'), { served: 'Current', servedGeneration: 3, problem: undefined });

    // Deleted is gone, and one of the same name begins again.
    putPolicy(api, 'payments', { prefer: 'Security', ...spec }, { uid: 'another', generation: 1 });
    await settle();
    t.match(opened.policy('payments'), { served: 'None', servedGeneration: undefined });
  }
});

t.test('E41: a policy that was never valid denies under Security, and only there', async (t) => {
  const opened = await open(t, (api) => putPolicy(api, 'payments', { prefer: 'Security', nonsense: 1 }));
  const { api } = opened;
  t.equal(decided(opened), 'skip policy_invalid, deny policy_invalid');
  t.match(opened.policy('payments'), { served: 'None', known: { prefer: 'Security' }, policy: undefined });
  const unsettled = { prefer: 'Security', profile: { name: 'sysdig' } };
  putPolicy(api, 'payments', unsettled, { generation: 2 });
  await settle();
  t.equal(decided(opened), 'skip policy_invalid, deny policy_invalid');
  t.match(opened.policy('payments'), { served: 'None', known: { prefer: 'Security' } });
  putPolicy(api, 'payments', { ...unsettled, prefer: 'Availability' }, { generation: 3 });
  await settle();
  t.equal(decided(opened), 'skip policy_invalid, skip policy_invalid');
  const match = { namespaceSelector: { matchLabels: 'x' } };
  putPolicy(api, 'payments', { prefer: 'Security', match }, { generation: 4 });
  await settle();
  t.match(opened.policy('payments'), { served: 'None', known: undefined });
  t.equal(decided(opened), 'skip no_policy, skip no_policy', 'whom it is for cannot be read');
});

t.test('an object gets the sentences that a file gets', async (t) => {
  const specs: readonly JsonObject[] = [
    { prefer: 'Securty' },
    { nonsense: 1, mode: 'on' },
    { optOut: 'Forbidden', match: { podSelector: { matchLabels: { a: 'b' } } } },
    { precedence: '7' },
  ];
  for (const spec of specs) {
    const opened = await open(t, (api) => putPolicy(api, 'payments', spec));
    const { problems } = parseConfiguration([{ name: 'f.yaml', text: JSON.stringify(policyObject('payments', spec)) }]);
    const sentences = problems.map(({ message }) => message.replace(/^f\.yaml:\d+ \(document 1\): /, ''));
    t.ok(sentences.length > 0);
    t.equal(opened.policy('payments')?.problem?.message, `policy payments: ${sentences.join(' ')}`);
    t.equal(opened.policy('payments')?.problem?.field, problems[0]?.field);
  }
});

t.test('a profile that is edited into nonsense goes on as it was, and a deleted one with whom it has', async (t) => {
  const using = { profile: { name: 'own' } };
  const opened = await open(t, (api) => {
    putProfile(api, 'own', { version: '1' });
    putPolicy(api, 'payments', using);
  });
  const { api, state, policy } = opened;
  const versionOf = (name: string) => policy(name)?.profile?.spec.version;
  t.equal(versionOf('payments'), '1');
  putProfile(api, 'own', { version: '2' }, { generation: 2 });
  await settle();
  t.equal(versionOf('payments'), '2', 'policies follow their profile');
  t.match(policy('payments'), { served: 'Current', servedGeneration: 1 });

  putProfile(api, 'own', { version: '3', capabilities: 'SYS_PTRACE' }, { generation: 3 });
  await settle();
  t.match(state.configuration().profiles, [
    {
      name: 'own',
      served: 'LastValid',
      servedGeneration: 2,
      problem: { code: 'profile_invalid', field: 'spec.capabilities' },
    },
  ]);
  t.match(state.configuration().profiles[0]?.problem?.message, /^profile own: spec.capabilities is "SYS_PTRACE"/);
  putPolicy(api, 'other', using);
  await settle();
  t.same([versionOf('payments'), versionOf('other')], ['2', '2']);

  api.remove(`${lists.profiles}/own`);
  await settle();
  t.match(policy('payments'), {
    served: 'Current',
    problem: { code: 'profile_unknown', message: /was deleted; its last/ },
  });
  putPolicy(api, 'payments', { ...using, mode: 'Off' }, { generation: 2 });
  putPolicy(api, 'third', using);
  await settle();
  t.match(policy('payments'), { servedGeneration: 2, policy: { spec: { mode: 'Off' } } }, 'it can still be silenced');
  t.match(policy('third'), { served: 'None', problem: { message: /there is no such profile/ } });

  putProfile(api, 'own', { version: '4' }, { uid: 'another' });
  await settle();
  t.same(['payments', 'other', 'third'].map(versionOf), ['4', '4', '4']);
  t.same(
    state.configuration().policies.map(({ problem }) => problem),
    [undefined, undefined, undefined],
  );
});

t.test('a profile cannot take a built-in name', async (t) => {
  const opened = await open(t, (api) => {
    putProfile(api, 'sysdig', { version: '99' });
    putPolicy(api, 'payments', {});
  });
  t.match(opened.state.configuration().profiles, [{ served: 'None', problem: { field: 'metadata.name' } }]);
  t.match(opened.policy('payments'), { served: 'Current', problem: undefined });
  t.not(opened.policy('payments')?.profile?.spec.version, '99');
});

t.test('a listener that throws keeps nobody else from hearing', async (t) => {
  const { api, state, changes } = await open(t);
  const stop = state.onChange(() => {
    throw new Error('broken');
  });
  let heard = 0;
  state.onChange(() => void (heard += 1));
  changes.length = 0;
  putPolicy(api, 'payments', {});
  await settle();
  stop();
  putPolicy(api, 'payments', { precedence: 1 });
  await settle();
  t.same([changes.length, heard], [2, 2]);
});

const labelled = { match: { namespaceSelector: { matchLabels: { team: 'payments' } } } };

t.test('E41: a live look finds what no watch has told yet', async (t) => {
  const { api, state, policy, timing } = await open(t, (api) => putNamespace(api, 'shop', {}));
  await timing.advance(1_000);
  putNamespace(api, 'shop', { team: 'payments' }, true);
  putPolicy(api, 'payments', labelled, {}, true);
  t.equal(policy('payments'), undefined);
  const asked = api.asked.length;
  t.same(await Promise.all([state.reread('shop', never), state.reread('shop', never), state.reread('shop', never)]), [
    true,
    true,
    true,
  ]);
  t.match(policy('payments'), { served: 'Current' });
  t.same(state.namespaceLabels('shop'), { team: 'payments' });
  const looks = api.asked.slice(asked).filter((what) => !what.startsWith('WATCH'));
  t.same(looks.sort(), ['GET /api/v1/namespaces/shop', `LIST ${lists.policies}`, `LIST ${lists.profiles}`], 'joined');
  await settle();
  putPolicy(api, 'second', labelled);
  await settle();
  t.match(policy('second'), { served: 'Current' }, 'and the watch goes on');
});

t.test('E41: a namespace that stays unmatched is not read for each pod', async (t) => {
  const { api, state, timing } = await open(t, (api) => putNamespace(api, 'shop', {}));
  t.equal(await state.reread('shop', never), false);
  const asked = api.asked.length;
  for (let pods = 0; pods < 100; pods++) t.equal(await state.reread('shop', never), false);
  t.equal(api.asked.length, asked);
  // Another namespace needs itself read, and no list that is a moment old.
  t.equal(await state.reread('bank', never), false);
  t.same(
    api.asked.slice(asked).filter((what) => !what.startsWith('WATCH')),
    ['GET /api/v1/namespaces/bank'],
  );
  await settle();
  await timing.advance(rereadRestMs);
  const later = api.asked.length;
  await state.reread('shop', never);
  t.ok(api.asked.slice(later).includes(`LIST ${lists.policies}`));
});

t.test('E41: catching up reads the lists again for whoever asks, however lately they were read', async (t) => {
  const { api, state, policy, timing } = await open(t, (api) => putPolicy(api, 'payments', labelled));
  const catchUp = async (): Promise<void> => {
    const caughtUp = state.catchUp();
    await timing.advance(1_000);
    await caughtUp;
  };
  putPolicy(api, 'payments', labelled, { generation: 2 }, true);
  t.match(policy('payments'), { servedGeneration: 1 });
  const asked = api.asked.length;
  await Promise.all([catchUp(), state.catchUp(), state.catchUp()]);
  t.match(policy('payments'), { servedGeneration: 2 });
  const looks = api.asked.slice(asked).filter((what) => !what.startsWith('WATCH'));
  t.same(looks, [`LIST ${lists.profiles}`, `LIST ${lists.policies}`], 'joined');
  putPolicy(api, 'payments', labelled, { generation: 3 }, true);
  const first = state.catchUp();
  putPolicy(api, 'payments', labelled, { generation: 4 }, true);
  const second = state.catchUp();
  await timing.advance(2_000);
  await Promise.all([first, second]);
  t.match(policy('payments'), { servedGeneration: 4 });
  api.fail(`LIST ${lists.policies}`, refusal(503, 'ServiceUnavailable'));
  await t.rejects(catchUp(), { message: '503 ServiceUnavailable' });
  await timing.advance(60_000);
  await catchUp();
});

t.test('E41: a live look that fails says so, and is tried again for the next pod', async (t) => {
  const { api, state, timing } = await open(t, (api) => putNamespace(api, 'shop', {}));
  for (const what of ['GET /api/v1/namespaces/shop', `LIST ${lists.policies}`, `LIST ${lists.profiles}`]) {
    await timing.advance(1_000);
    api.fail(what, refusal(503, 'ServiceUnavailable'));
    await t.rejects(state.reread('shop', never), { message: '503 ServiceUnavailable' }, what);
    await settle();
  }
  t.equal(await state.reread('shop', never), false);
  await t.rejects(state.reread('bank', AbortSignal.abort()), { name: 'WaitEnded', cause: { name: 'AbortError' } });
});

t.test('E41: at the doors, what was missed is found, and nothing is asked where a policy matches', async (t) => {
  const opened = await open(t, (api) => {
    putPolicy(api, 'payments', { ...labelled, prefer: 'Security' });
    putNamespace(api, 'shop', {});
    putNamespace(api, 'bank', { team: 'payments' });
  });
  const { api, state, engine, timing } = opened;
  const ask = async (door: 'mutate' | 'validate', namespace: string) => {
    const failures: unknown[] = [];
    const answered = await askDoor(door, reviewOf(podOf(), { namespace }), engine(), {
      engine,
      namespaceLabels: (name) => state.namespaceLabels(name),
      reread: state.reread,
      onFailure: (error) => failures.push(error),
    });
    return { reason: answered.audit['reason'], failures: failures.length };
  };
  const asked = api.asked.length;
  t.same(await ask('mutate', 'bank'), { reason: 'injected', failures: 0 });
  t.same(await ask('validate', 'bank'), { reason: 'parts_missing', failures: 0 });
  t.same(await ask('mutate', 'kube-system'), { reason: 'namespace_excluded', failures: 0 });
  t.equal(api.asked.length, asked, 'no request where a policy matches, or none may');

  t.same(await ask('validate', 'shop'), { reason: 'no_policy', failures: 0 }, 'read, and it stands by its answer');
  await settle();
  await timing.advance(rereadRestMs);
  putNamespace(api, 'shop', { team: 'payments' }, true);
  t.same(await ask('mutate', 'shop'), { reason: 'injected', failures: 0 });

  // A namespace that is not known is read before anything is decided on its labels.
  putNamespace(api, 'new', { team: 'payments' }, true);
  t.same(await ask('validate', 'new'), { reason: 'parts_missing', failures: 0 });

  putNamespace(api, 'lost', { team: 'payments' }, true);
  api.breakDown('GET /api/v1/namespaces/lost', refusal(0, 'NoAnswer'));
  t.same(await ask('mutate', 'lost'), { reason: 'no_policy', failures: 1 });
  await t.rejects(ask('validate', 'lost'), { message: '0 NoAnswer' }, 'the failure policy of the entry decides');
});
