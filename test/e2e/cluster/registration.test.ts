import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import t, { type Test } from 'tap';
import { pathOf, resources } from '../../../src/cluster/client/resources.js';
import type { ConfigurationKind, Installation } from '../../../src/cluster/registration/entry.js';
import { entryName, selfTestName } from '../../../src/cluster/registration/entry-names.js';
import type { RegisteredPolicy } from '../../../src/cluster/registration/registered-policy.js';
import { runSelfTest, type SelfTestResult } from '../../../src/cluster/registration/run-self-test.js';
import { SelfTestLoop } from '../../../src/cluster/registration/self-test-loop.js';
import { configurationPath } from '../../../src/cluster/registration/write.js';
import { policyLabel } from '../../../src/cluster/secrets/copy-object.js';
import { Ledger } from '../../../src/cluster/secrets/ledger.js';
import { systemClock } from '../../../src/time/clock.js';
import { sleepByTimer } from '../../../src/time/sleep.js';
import { isObject, listOf, objectOf, stringOf, type JsonObject } from '../../../src/model/json.js';
import { names } from '../../../src/model/names.js';
import { ClusterMetrics } from '../../../src/observe/cluster-metrics.js';
import { createLogger } from '../../../src/observe/logger.js';
import { Registry } from '../../../src/observe/metrics.js';
import { issueAuthority } from '../../../src/tls/issue.js';
import { startApiServer } from './api-server.js';
import { until } from './guarded-process.js';
import {
  clientOf,
  configurationOf,
  lead,
  serveDoors,
  startEnforcer,
  webhooksOf,
  type Leader,
} from './registration-parts.js';

t.setTimeout(900_000);

const instance = 'outrider';
const ownNamespace = 'outrider-system';
const kinds = ['mutating', 'validating'] as const;

const api = await startApiServer({ controllerManager: false });
t.teardown(() => api.stop());
const admin = clientOf(api.kubeconfig);
t.teardown(() => admin.close());

await apply([
  ...[ownNamespace, 'shop'].map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })),
  { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: instance, namespace: ownNamespace } },
  // The rights that the registration needs, and no more.
  {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name: instance },
    rules: [
      {
        apiGroups: ['admissionregistration.k8s.io'],
        resources: ['mutatingwebhookconfigurations', 'validatingwebhookconfigurations'],
        resourceNames: [instance],
        verbs: ['get', 'list', 'watch', 'patch', 'update', 'delete'],
      },
      {
        apiGroups: ['admissionregistration.k8s.io'],
        resources: ['mutatingwebhookconfigurations', 'validatingwebhookconfigurations'],
        verbs: ['create'],
      },
      {
        apiGroups: ['rbac.authorization.k8s.io'],
        resources: ['clusterroles'],
        resourceNames: [instance],
        verbs: ['get'],
      },
      { apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'list', 'watch', 'create'] },
    ],
  },
  {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: instance },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: instance },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'outrider' }],
  },
]);
const client = clientOf((await api.certificateFor('outrider', [])).kubeconfig);
t.teardown(() => client.close());

const doors = await serveDoors(api);
t.teardown(() => doors.server.close(0));
const installation: Installation = {
  instance,
  ownNamespace,
  excludedNamespaces: ['kube-system', 'cert-manager'],
  address: { url: doors.url },
  timeoutSeconds: 10,
};
const caBundle = readFileSync(api.caFile).toString('base64');

function policy(name: string, more: Partial<RegisteredPolicy> = {}): RegisteredPolicy {
  return {
    name,
    mode: 'Inject',
    prefer: 'Availability',
    valid: true,
    canDeny: more.prefer === 'Security',
    namespaceSelector: { matchLabels: { team: name } },
    podSelector: {},
    asksFor: [],
    ...more,
  };
}

const shops = policy('shops');
const payments = policy('payments', { prefer: 'Security' });

async function apply(objects: readonly object[]): Promise<void> {
  const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });
  const { exitCode, stderr } = await api.kubectl(['apply', '-f', '-'], list);
  if (exitCode !== 0) throw new Error(stderr);
}

/** Starts a leader, waits until it is content, and cleans up after it. */
async function content(t: Test, more: Partial<Parameters<typeof lead>[2]> = {}): Promise<Leader> {
  const leader = await lead(client, installation, { policies: [shops, payments], caBundle, ...more });
  t.teardown(async () => {
    await leader.stop();
    for (const kind of kinds) await admin.delete(configurationPath(kind, instance)).catch(() => undefined);
  });
  await until('the configurations', async () => (await webhooksOf(client, 'validating', instance)) !== undefined);
  await looked(leader);
  return leader;
}

/** Waits for two whole looks, the second of which began after now. */
async function looked(leader: Leader): Promise<void> {
  for (let times = 0; times < 2; times++) {
    const before = leader.looks();
    leader.registration.poke();
    await until('a look at the configurations', () => Promise.resolve(leader.looks() > before));
  }
}

async function generations(): Promise<readonly unknown[]> {
  return Promise.all(
    kinds.map(async (kind) => objectOf((await configurationOf(client, kind, instance))?.['metadata'])?.['generation']),
  );
}

async function entry(kind: ConfigurationKind, policy: string): Promise<JsonObject | undefined> {
  return (await webhooksOf(client, kind, instance))?.[entryName(policy, instance)];
}

/** Changes a configuration as someone with kubectl would. */
async function meddle(kind: ConfigurationKind, change: readonly JsonObject[]): Promise<void> {
  await admin.patch(configurationPath(kind, instance), 'json', change, { query: { fieldManager: 'kubectl-edit' } });
}

function nameOf(webhook: JsonObject): string {
  return stringOf(webhook['name']) ?? '';
}

async function indexOf(kind: ConfigurationKind, policy: string): Promise<number> {
  const live = await configurationOf(client, kind, instance);
  return listOf(live?.['webhooks'])
    .filter(isObject)
    .findIndex(({ name }) => name === entryName(policy, instance));
}

t.test('both configurations are written, with an owner, and then left alone', async (t) => {
  const leader = await content(t);
  const mutating = await webhooksOf(client, 'mutating', instance);
  const validating = await webhooksOf(client, 'validating', instance);
  t.same(Object.keys(mutating ?? {}).sort(), [
    'payments.outrider.outrider.dev',
    selfTestName,
    'shops.outrider.outrider.dev',
  ]);
  t.same(Object.keys(validating ?? {}).sort(), ['payments.outrider.outrider.dev', selfTestName]);
  t.match(mutating?.['payments.outrider.outrider.dev'], {
    failurePolicy: 'Ignore',
    reinvocationPolicy: 'IfNeeded',
    sideEffects: 'NoneOnDryRun',
    matchPolicy: 'Equivalent',
    timeoutSeconds: 10,
    clientConfig: { url: `${doors.url}/mutate/pods`, caBundle },
    namespaceSelector: {
      matchLabels: { team: 'payments' },
      matchExpressions: [
        {
          key: 'kubernetes.io/metadata.name',
          operator: 'NotIn',
          values: ['cert-manager', 'kube-system', 'outrider-system'],
        },
      ],
    },
  });
  t.equal(validating?.['payments.outrider.outrider.dev']?.['failurePolicy'], 'Fail');
  const role = await admin.get(pathOf(resources.clusterRoles, { name: instance }));
  for (const kind of kinds) {
    t.match((await configurationOf(client, kind, instance))?.['metadata'], {
      ownerReferences: [
        {
          apiVersion: 'rbac.authorization.k8s.io/v1',
          kind: 'ClusterRole',
          name: instance,
          uid: objectOf(role['metadata'])?.['uid'],
        },
      ],
    });
  }
  t.equal(leader.registration.confirmedBundle()?.caBundle, caBundle);
  t.match(leader.registration.results().get('payments'), { configured: true, reason: 'Configured' });
  await looked(leader);
  t.same(await generations(), [1, 1]);
  t.equal(await leader.writes('change'), 2);
  t.equal(await leader.writes('repair'), 0);

  leader.policies = [shops];
  await looked(leader);
  t.same(Object.keys((await webhooksOf(client, 'validating', instance)) ?? {}), [selfTestName]);
  t.equal(await entry('mutating', 'payments'), undefined);

  leader.policies = [];
  await looked(leader);
  t.same(Object.keys((await webhooksOf(client, 'mutating', instance)) ?? {}), [selfTestName]);

  leader.policies = undefined;
  leader.registration.poke();
  leader.policies = [shops, payments];
  await looked(leader);
  t.equal((await entry('validating', 'payments'))?.['failurePolicy'], 'Fail');
});

t.test('E41: policies that are not read yet change nothing', async (t) => {
  const first = await content(t);
  await first.stop();
  const before = await generations();
  const second = await lead(client, installation, { caBundle });
  second.registration.poke();
  // Nothing happens, which cannot be waited for: what comes afterwards can.
  second.policies = [shops, payments];
  await looked(second);
  t.same(await generations(), before);
  await second.stop();
});

t.test('a policy whose selector no label can meet does not keep the others from being written', async (t) => {
  const leader = await content(t, {
    policies: [
      payments,
      policy('odd', { namespaceSelector: { matchLabels: { 'not a key': 'x' } } }),
      policy('even', { podSelector: { matchExpressions: [{ key: 'a/b/c', operator: 'DoesNotExist' }] } }),
    ],
  });
  t.equal(await entry('mutating', 'odd'), undefined);
  t.match(leader.registration.results().get('odd'), { reason: 'SelectsNothing' });
  t.same((await entry('mutating', 'even'))?.['objectSelector'], {});
  t.equal((await entry('validating', 'payments'))?.['failurePolicy'], 'Fail');
});

t.test('what is ours is repaired, and what is not stays', async (t) => {
  const leader = await content(t);
  const at = await indexOf('validating', 'payments');
  const drifts: readonly (readonly [string, readonly JsonObject[]])[] = [
    ['caBundle', [{ op: 'replace', path: `/webhooks/${at}/clientConfig/caBundle`, value: 'AAAA' }]],
    [
      'where it is',
      [
        {
          op: 'replace',
          path: `/webhooks/${at}/clientConfig`,
          value: { service: { namespace: 'shop', name: 'fake', port: 443 } },
        },
      ],
    ],
    ['failurePolicy', [{ op: 'replace', path: `/webhooks/${at}/failurePolicy`, value: 'Ignore' }]],
    [
      'a match condition',
      [{ op: 'add', path: `/webhooks/${at}/matchConditions`, value: [{ name: 'never', expression: 'false' }] }],
    ],
    ['the selector', [{ op: 'replace', path: `/webhooks/${at}/namespaceSelector`, value: {} }]],
    ['a webhook', [{ op: 'remove', path: `/webhooks/${at}` }]],
    ['our record', [{ op: 'remove', path: '/metadata/annotations' }]],
    ['the owner', [{ op: 'remove', path: '/metadata/ownerReferences' }]],
  ];
  const wanted = await configurationOf(client, 'validating', instance);
  const essence = (live: JsonObject | undefined) => {
    const { labels, annotations, ownerReferences } = objectOf(live?.['metadata']) ?? {};
    const webhooks = listOf(live?.['webhooks']).filter(isObject);
    return {
      labels,
      annotations,
      ownerReferences,
      webhooks: [...webhooks].sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1)),
    };
  };
  let repairs = 0;
  for (const [what, change] of drifts) {
    const index = await indexOf('validating', 'payments');
    await meddle(
      'validating',
      change.map((operation) => ({
        ...operation,
        path: (stringOf(operation['path']) ?? '').replace(`/webhooks/${at}`, `/webhooks/${index}`),
      })),
    );
    await until(`${what} to be put right`, async () => (await leader.writes('repair')) > repairs);
    await looked(leader);
    t.same(essence(await configurationOf(client, 'validating', instance)), essence(wanted), what);
    repairs = await leader.writes('repair');
  }
  for (const kind of kinds) {
    await admin.delete(configurationPath(kind, instance));
    await until(
      `the ${kind} configuration to be back`,
      async () => (await configurationOf(client, kind, instance)) !== undefined,
    );
  }
  await looked(leader);
  t.same(essence(await configurationOf(client, 'validating', instance)), essence(wanted), 'deleted');

  const foreign = { ...objectOf(listOf(wanted?.['webhooks'])[0]), name: 'somebody.example.com' };
  await meddle('validating', [{ op: 'add', path: '/webhooks/-', value: foreign }]);
  leader.policies = [shops];
  await looked(leader);
  t.same(Object.keys((await webhooksOf(client, 'validating', instance)) ?? {}).sort(), [
    selfTestName,
    'somebody.example.com',
  ]);
  t.equal(await leader.writes('repair', 'failure'), 0);
});

t.test('repairs are bounded: whoever insists does not make us write for ever', async (t) => {
  const leader = await content(t, { repairs: { burst: 3, everyMs: 3_600_000 } });
  for (let times = 0; times < 3; times++) {
    await meddle('mutating', [{ op: 'replace', path: '/webhooks/0/timeoutSeconds', value: 7 }]);
    await until('the repair', async () => (await leader.writes('repair')) > times);
  }
  await meddle('mutating', [
    { op: 'replace', path: `/webhooks/${await indexOf('mutating', 'shops')}/timeoutSeconds`, value: 7 },
  ]);
  await until('the drift to be seen', async () => {
    await looked(leader);
    return leader.registration.results().get('shops')?.configured === false;
  });
  t.equal(await leader.writes('repair'), 3);
  t.equal((await entry('mutating', 'shops'))?.['timeoutSeconds'], 7);
  t.match(leader.registration.results().get('payments'), { configured: true });
  leader.policies = [payments];
  await looked(leader);
  t.equal(await entry('mutating', 'shops'), undefined, 'a change of ours does not wait');
});

t.test('E40: a managed platform adds selector expressions: they stay, and nobody fights', async (t) => {
  const leader = await content(t);
  const enforcer = startEnforcer(admin, instance);
  t.teardown(() => enforcer.stop());
  const settled = async (): Promise<boolean> => {
    const before = await generations();
    const rounds = enforcer.rounds();
    await looked(leader);
    await until('the other writer to look', () => Promise.resolve(enforcer.rounds() > rounds + 5));
    const lives = await Promise.all(kinds.map((kind) => configurationOf(client, kind, instance)));
    const same = JSON.stringify(before) === JSON.stringify(await generations());
    return same && lives.every((live) => enforcer.stands(live));
  };
  await until('generation to settle', settled);
  t.ok(enforcer.writes() >= 2);
  t.equal(await leader.writes('repair'), 0, 'nothing to be repaired');
  t.match(leader.registration.results().get('payments'), {
    configured: true,
    message: /others narrowed its selectors: control-plane NotIn \[true\]/,
  });

  leader.policies = [
    policy('shops', { namespaceSelector: { matchLabels: { team: 'other' } } }),
    payments,
    policy('third'),
  ];
  leader.caBundle = Buffer.from(`${readFileSync(api.caFile, 'utf8')}\n`).toString('base64');
  leader.registration.poke();
  await until('generation to settle again', settled);
  t.same(objectOf((await entry('mutating', 'shops'))?.['namespaceSelector'])?.['matchLabels'], { team: 'other' });
  t.ok(await entry('mutating', 'third'));
  t.equal(leader.registration.confirmedBundle()?.caBundle, leader.caBundle);

  leader.policies = [payments];
  leader.registration.poke();
  await until('generation to settle once more', settled);
  t.same(Object.keys((await webhooksOf(client, 'mutating', instance)) ?? {}).sort(), [
    'payments.outrider.outrider.dev',
    selfTestName,
  ]);
  t.equal(await leader.writes('change', 'failure'), 0);
  t.equal(await leader.writes('repair'), 0);
  t.notMatch(JSON.stringify(await generations()), /null/);
  t.comment(`generations ${JSON.stringify(await generations())}, the other writer wrote ${enforcer.writes()} times`);
});

t.test('match conditions are proven before they are written', async (t) => {
  const good = [{ name: 'no-jobs', expression: '!has(object.metadata.labels) || !("job" in object.metadata.labels)' }];
  const broken = [{ name: 'broken', expression: 'object.metadata.name ==' }];
  const conditions = async () => (await entry('validating', 'payments'))?.['matchConditions'];

  const first = await content(t, { matchConditions: broken });
  t.equal(await conditions(), undefined, 'with none that was ever taken, there are none');
  t.match(first.registration.results().get('payments'), {
    configured: true,
    message: /refused the matchConditions: .*Syntax error/s,
  });
  t.ok(first.lines.some((line) => line.includes('refuses --match-conditions')));
  await first.stop();

  const second = await content(t, { matchConditions: good });
  t.same(await conditions(), good);
  t.equal((await webhooksOf(client, 'mutating', instance))?.[selfTestName]?.['matchConditions'], undefined);
  await second.stop();

  const third = await content(t, { matchConditions: broken });
  t.same(await conditions(), good, 'those that were taken last stay');
  third.policies = [payments, policy('new')];
  await looked(third);
  t.same((await entry('mutating', 'new'))?.['matchConditions'], good);
  t.equal(await third.writes('change', 'failure'), 0);
});

const program = new URL('../../../outrider.js', import.meta.url).pathname;

interface Ran {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

function run(parameters: readonly string[], kubeconfig = api.kubeconfig): Promise<Ran> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [program, ...parameters, '--kubeconfig', kubeconfig],
      (_error, stdout, stderr) => resolve({ exitCode: child.exitCode ?? -1, stdout, stderr }),
    );
  });
}

/** Someone who may pause, and what else is said. */
function rightsOf(user: string, more: readonly JsonObject[]): readonly JsonObject[] {
  const apiGroup = 'rbac.authorization.k8s.io';
  const apiVersion = `${apiGroup}/v1`;
  const metadata = { name: user };
  return [
    {
      apiVersion,
      kind: 'ClusterRole',
      metadata,
      rules: [
        {
          apiGroups: ['admissionregistration.k8s.io'],
          resources: ['mutatingwebhookconfigurations', 'validatingwebhookconfigurations'],
          verbs: ['get', 'create', 'patch', 'delete'],
        },
        { apiGroups: [''], resources: ['configmaps'], verbs: ['get'] },
        ...more,
      ],
    },
    {
      apiVersion,
      kind: 'ClusterRoleBinding',
      metadata,
      roleRef: { apiGroup, kind: 'ClusterRole', name: user },
      subjects: [{ apiGroup, kind: 'User', name: user }],
    },
  ];
}

const areEmpty = async (): Promise<boolean> =>
  (await Promise.all(kinds.map((kind) => webhooksOf(client, kind, instance)))).every(
    (webhooks) => Object.keys(webhooks ?? {}).length === 0,
  );

t.test('pause and resume', async (t) => {
  const leader = await content(t);
  const paused = await run(['pause', '--for', '30m', '--reason', 'registry is down', '-o', 'json']);
  t.equal(paused.stderr, '');
  t.equal(paused.exitCode, 0);
  t.match(JSON.parse(paused.stdout), { paused: true, reason: 'registry is down', left: [] });
  t.ok(await areEmpty());
  await until('the leader to know', () => Promise.resolve(leader.pause.paused()));
  await looked(leader);
  t.ok(await areEmpty(), 'the leader does not bring them back');
  t.match(leader.registration.results().get('payments'), { configured: false, reason: 'Paused' });
  t.equal(leader.registration.confirmedBundle()?.caBundle, caBundle);

  const resumed = await run(['resume']);
  t.equal(resumed.exitCode, 0, resumed.stderr);
  t.match(resumed.stdout, /is at work again/);
  t.notOk(await areEmpty());

  t.equal((await run(['pause', '--for', '1s'])).exitCode, 0);
  await until('the pause to end by itself', async () => !(await areEmpty()));
  t.notOk(leader.pause.paused());

  await leader.stop();
  const down = await run(['pause', '--for', 'forever', '-n', ownNamespace, '--instance', instance]);
  t.equal(down.exitCode, 0, 'also while nobody leads');
  t.match(down.stdout, /paused until outrider resume/);
  t.ok(await areEmpty());
  const late = await run(['resume', '--timeout', '500ms', '-o', 'json']);
  t.equal(late.exitCode, 1);
  t.same(JSON.parse(late.stdout), { resumed: false, missing: ['mutating', 'validating'] });

  const elsewhere = await run(['pause', '--yes', '-n', 'shop', '--instance', 'never-there']);
  t.equal(elsewhere.exitCode, 2);
  t.match(
    elsewhere.stderr,
    /neither a webhook configuration never-there nor a ConfigMap never-there in namespace shop/,
  );
  const jane = await api.certificateFor('jane', []);
  const forbidden = await run(['pause', '--yes'], jane.kubeconfig);
  t.equal(forbidden.exitCode, 2);
  t.match(forbidden.stderr, /forbids it \(403\).*must be allowed to get and patch the webhook configurations outrider/);
  t.match((await run(['pause', '--for', 'soon'])).stderr, /--for is "soon"; give a duration such as 30m/);
});

t.test('E43: everything that was written is taken away, under a leader that works on', async (t) => {
  const leader = await content(t);
  const name = 'outrider-payments-0a1b';
  const copy = (namespace: string) => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name,
      namespace,
      labels: { [names.mirrorOf]: policyLabel('payments') },
      annotations: { [names.mirrorSource]: '1' },
    },
    type: 'Opaque',
  });
  const own = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'own', namespace: 'shop' } };
  await apply([copy('shop'), copy('default'), own]);
  await new Ledger({ client: admin, ownNamespace, instance }).add([[name, 'payments']]);
  const removal = ['pause', '--for', 'forever', '--remove-secrets', '-o', 'json'];
  const all = [`default/${name}`, `shop/${name}`];

  const reader = [
    { apiGroups: [''], resources: ['namespaces'], verbs: ['list'] },
    { apiGroups: [''], resources: ['secrets'], verbs: ['get'] },
  ];
  await apply(rightsOf('reader', reader));
  const half = await run(removal, (await api.certificateFor('reader', [])).kubeconfig);
  t.equal(half.exitCode, 1, 'something is left');
  t.match(JSON.parse(half.stdout), { paused: true, left: [], secrets: [], secretsLeft: all });

  const removed = await run(removal);
  t.equal(removed.stderr, '');
  t.equal(removed.exitCode, 0);
  t.match(JSON.parse(removed.stdout), { until: 'forever', left: [], secrets: all, secretsLeft: [] });
  await looked(leader);
  t.ok(await areEmpty());
  const { items } = await admin.list(pathOf(resources.secrets), { query: { labelSelector: names.mirrorOf } });
  t.same(items, []);
  t.ok(await admin.get(pathOf(resources.secrets, { namespace: 'shop', name: 'own' })));
  await leader.stop();

  const again = await run(['pause', '--for', 'forever', '--remove-secrets', '-o', 'json', '--instance', 'never-there']);
  t.equal(again.exitCode, 0, 'there need not be anything');
  t.match(JSON.parse(again.stdout), { until: null, emptied: [], secrets: [] });
});

t.test('E42: the self-test knows whether the API server reaches the webhook', async (t) => {
  const leader = await content(t);
  const log = await createLogger({ level: 'silent', format: 'json' });
  const registry = new Registry();
  const metrics = new ClusterMetrics(registry);
  const options = { client, log, metrics, clock: systemClock, instance, ownNamespace, nonce: () => randomUUID() };
  const signal = new AbortController().signal;
  const reached = async (): Promise<SelfTestResult> => runSelfTest(options, signal);
  await until('the API server to have read the configurations', async () => (await reached()).reachable === true);
  t.match(await reached(), { reachable: true, answeredBy: doors.identity, why: /reaches the webhook/ });

  const ending = new AbortController();
  const results: SelfTestResult[] = [];
  const running = new SelfTestLoop({
    ...options,
    sleep: sleepByTimer,
    everySeconds: 60,
    ready: () => true,
    onResult: (result) => void results.push(result),
  }).run(ending.signal);
  await until('a result', () => Promise.resolve(results.length > 0));
  t.equal(results[0]?.reachable, true);
  ending.abort();
  await running;
  const gauge = (await registry.getMetricsAsJSON()).find(({ name }) => name === 'outrider_webhook_reachable');
  t.equal(gauge?.values[0]?.value, 1);
  const { items } = await admin.list(pathOf(resources.configMaps, { namespace: ownNamespace }), {
    query: { labelSelector: names.selfTest },
  });
  t.same(items, [], 'a dry run leaves nothing');

  leader.policies = [];
  const other = await issueAuthority({ commonName: 'other', days: 1, nowMs: Date.now() });
  leader.caBundle = Buffer.from(other.certPem).toString('base64');
  await looked(leader);
  await until('the wrong authority to be noticed', async () => (await reached()).reachable === false);
  t.match(await reached(), {
    reachable: false,
    why: /certificate signed by unknown authority|failed to verify certificate/,
  });
  leader.caBundle = caBundle;
  await looked(leader);
  await until('the right one to be noticed', async () => (await reached()).reachable === true);

  await doors.server.close(0);
  t.match(await reached(), { reachable: false, why: /connection refused/ });
});
