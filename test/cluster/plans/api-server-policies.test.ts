import t from 'tap';
import { ApiServerPolicies } from '../../../src/cluster/plans/api-server-policies.js';
import type { ClaimedPolicy } from '../../../src/cluster/plans/claimed-policy.js';
import { KnownPlans } from '../../../src/cluster/plans/known-plans.js';
import { ApiError } from '../../../src/cluster/client/api-error.js';
import type { ApiClient } from '../../../src/cluster/client/api-client.js';
import { objectOf, type JsonObject } from '../../../src/model/json.js';
import { memoryLog, refusal } from '../fake-api.js';
import { fakeTime, forbidden, storedObjects } from '../stored-objects.js';

const group = '/apis/admissionregistration.k8s.io/v1';
const kinds = ['validatingadmissionpolicies', 'mutatingadmissionpolicies'].flatMap((kind) => [
  kind,
  kind.replace(/ies$/, 'ybindings'),
]);
const plansPath = '/apis/outrider.dev/v1alpha1/instrumentationplans';
const bindings = `${group}/validatingadmissionpolicybindings`;

/** A leader with two policies that the API server judges. @param namespaces theirs */
async function createWorld(namespaces: readonly string[] = [], planted: readonly JsonObject[] = []) {
  const api = storedObjects();
  const time = fakeTime();
  const end = new AbortController();
  api.objects.set(group, { resources: kinds.map((name) => ({ name })) });
  api.objects.set('/apis/outrider.dev/v1alpha1', { resources: [{ name: 'instrumentationplans' }] });
  api.put('/apis/rbac.authorization.k8s.io/v1/clusterroles/outrider-api-server-policies', { metadata: {} });
  const world = {
    /** What requests fail with. */
    fault: ((method) => (method === 'PATCH' ? forbidden() : undefined)) as (method: string) => Error | undefined,
    told: 0,
    left: new Set<string>(),
    /** Whether the API server has loaded the policies that instrument. */
    isLoaded: true,
    claimed: ['orders', 'payments'],
    /** Set: what a policy's preparation waits for. */
    busy: Promise.resolve(),
  };
  api.fault = (method) => world.fault(method);
  const probeOf = (kind: string): string => JSON.stringify(api.objects.get(`${group}/${kind}/outrider-probe`) ?? {});
  const client: ApiClient = {
    ...api.client,
    create: async (path, template, options) => {
      if (!path.endsWith('/podtemplates')) return api.client.create(path, template, options);
      const labels = objectOf(objectOf(template['metadata'])?.['labels']) ?? {};
      const word = JSON.stringify(labels['outrider.dev/self-test']);
      if (probeOf('validatingadmissionpolicybindings').includes(word)) {
        throw new ApiError(probeOf('validatingadmissionpolicies'), { status: 422, reason: 'Invalid' });
      }
      const isAdded = world.isLoaded && probeOf('mutatingadmissionpolicybindings').includes(word);
      return { metadata: { labels, ...(isAdded ? { annotations: labels } : {}) } };
    },
    list: async (path, options) => {
      const { items, resourceVersion } = await api.client.list(path, options);
      return { items: path === plansPath ? planted : items, resourceVersion };
    },
    watch: async function* (_path, { signal }) {
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      yield* [];
    },
  };
  const common = { client, log: memoryLog().log, clock: time.clock, sleep: time.sleep, random: () => 0.5 };
  const nothing = (): void => undefined;
  const plans = new KnownPlans({
    ...common,
    relistMs: 600_000,
    signal: end.signal,
    onChange: nothing,
    onFailure: nothing,
  });
  await plans.read;
  const object = (kind: string): JsonObject => ({ kind, spec: { kind } });
  const policyOf = (name: string): ClaimedPolicy => ({
    name,
    key: 'key',
    namespaceSelector: { matchLabels: { team: 'a' } },
    conditions: 0,
    namespaces,
    objects: () => ({
      claimable: true,
      mutating: object('m'),
      mutatingBinding: object('mb'),
      validating: object('v'),
      validatingBinding: object('vb'),
      calledFor: 'true',
    }),
    prepare: () => world.busy,
    plan: () => ({ spec: { podSecurity: '', plans: [], images: {} }, leftOut: 0, bytes: 2, bareBytes: 2 }),
  });
  const policies = new ApiServerPolicies({
    ...common,
    instance: 'outrider',
    ownNamespace: 'outrider',
    plans,
    matchConditions: [],
    relistMs: 600_000,
    totalBytes: 1_000_000,
    claims: () => new Map(world.claimed.map((name) => [name, policyOf(name)])),
    leaveToWebhook: (policy, namespace) => world.left.has(`${namespace}/${policy}`),
    onJudged: () => world.told++,
    onState: nothing,
  });
  const running = policies.run(end.signal);
  await time.advance(1_000);
  const stop = async (): Promise<void> => {
    end.abort();
    await running;
  };
  return { api, time, world, policies, stop };
}

t.test('W55: the webhook judges all pods again once the judge’s binding is not as it was proven', async (t) => {
  const { api, time, world, policies, stop } = await createWorld();
  t.same([...(policies.judged()?.keys() ?? [])], ['orders', 'payments'], JSON.stringify(api.asked.slice(-3)));
  const { told } = world;
  const edited = objectOf(api.objects.get(`${bindings}/outrider-1`)) ?? {};
  api.put(`${bindings}/outrider-1`, { ...edited, spec: { validationActions: ['Audit'] } });
  api.objects.delete(`${bindings}/outrider-2`);
  // Whatever is in the way before the turn of the second comes.
  world.fault = (method) => (method === 'PUT' ? refusal(503, 'ServiceUnavailable') : undefined);
  await time.advance(16_000);
  t.same([...(policies.judged()?.keys() ?? [])], []);
  t.ok(world.told > told, 'and the entries are asked to follow');
  world.fault = () => undefined;
  await time.advance(120_000);
  t.same([...(policies.judged()?.keys() ?? [])], ['orders', 'payments'], 'put right, and proven again');
  await stop();
});

t.test('W55: a leader that lost its rights does not know who judges: the webhook does', async (t) => {
  const { api, time, world, policies, stop } = await createWorld();
  t.equal(policies.judged()?.size, 2);
  // As after an upgrade to Off whose new replicas do not start: the ClusterRole is gone, and all that belongs to it.
  for (const path of [...api.objects.keys()]) if (/outrider-/.test(path)) api.objects.delete(path);
  world.fault = (method) => (method === 'LIST' ? forbidden() : undefined);
  await time.advance(16_000);
  t.equal(policies.judged()?.size, 0);
  await stop();
});

t.test('W60: it is not said to instrument before API servers are seen to', async (t) => {
  const { api, time, world, policies, stop } = await createWorld();
  world.isLoaded = false;
  const path = `${group}/mutatingadmissionpolicies/outrider-1`;
  api.put(path, { ...objectOf(api.objects.get(path)), spec: { failurePolicy: 'Fail' } });
  await time.advance(60_000);
  t.match(policies.of('payments'), { status: 'Unknown', reason: 'Pending', message: /left a dry run as it was/ });
  t.equal(policies.judged()?.size, 2, 'who judges does not hang on it');
  world.isLoaded = true;
  await time.advance(15_000);
  t.match(policies.of('payments'), { status: 'True', reason: 'ApiServerInjects' });
  await stop();
});

t.test('parameters that somebody else refuses are not said to be there', async (t) => {
  const { policies, stop } = await createWorld(['shop']);
  t.match(policies.of('payments'), {
    status: 'Unknown',
    reason: 'Pending',
    message: /could not be written: forbidden/,
  });
  t.equal(policies.judged()?.size, 2, 'the judge is there all the same');
  await stop();
});

t.test('W64: a namespace is left to the webhook while a pass is busy with others', async (t) => {
  const owners = [{ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', name: 'o', uid: 'uid-1' }];
  const planted: JsonObject = {
    apiVersion: 'outrider.dev/v1alpha1',
    kind: 'InstrumentationPlan',
    metadata: { name: 'payments', namespace: 'shop', resourceVersion: '1', ownerReferences: owners },
    spec: { podSecurity: '', plans: [], images: {} },
  };
  const { api, time, world, policies, stop } = await createWorld(['shop'], [planted]);
  const patches = () =>
    api.asked.filter(({ method, body }) => method === 'PATCH' && JSON.stringify(body).includes('"podSecurity":"-"'));
  world.fault = () => undefined;
  api.put('/apis/outrider.dev/v1alpha1/namespaces/shop/instrumentationplans/payments', planted);
  await time.advance(60_000);
  let done: () => void = () => undefined;
  world.busy = new Promise((resolve) => {
    done = resolve;
  });
  policies.changed();
  await time.advance(1_000);
  world.left.add('shop/payments');
  policies.leftChanged();
  t.equal(patches().length, 0);
  await time.advance(1_000);
  t.equal(patches().length, 1, 'the pass waits for what it prepares, and this does not');
  done();
  await time.advance(60_000);
  await stop();
});

t.test('W69: the webhook is left out once the judge is proven, and called again before the judge goes', async (t) => {
  const { api, time, world, policies, stop } = await createWorld();
  await time.advance(10_000);
  t.match(policies.skipOf('payments'), { key: 'key', calledFor: 'true', needsJudge: true });
  t.equal(policies.of('payments')?.message.includes('is not called for them'), true);
  const configuration = `${group}/mutatingwebhookconfigurations/outrider`;
  const condition = { name: 'exempt.outrider.dev/by-api-server', expression: 'true' };
  api.put(configuration, {
    metadata: { name: 'outrider' },
    webhooks: [{ name: 'payments.outrider.outrider.dev', matchConditions: [condition] }],
  });
  world.claimed = ['orders'];
  policies.changed();
  await time.advance(10_000);
  t.equal(policies.skipOf('payments'), undefined);
  t.not(policies.skipOf('orders'), undefined, 'nothing differs for others');
  t.ok(api.objects.has(`${bindings}/outrider-2`), 'as long as the entry leaves pods out');
  api.put(configuration, { metadata: { name: 'outrider' }, webhooks: [{ name: 'payments.outrider.outrider.dev' }] });
  await time.advance(30_000);
  t.notOk(api.objects.has(`${bindings}/outrider-2`));
  await stop();
  t.equal(policies.skipOf('orders'), undefined, 'and nothing is left out by who does not lead');
});
