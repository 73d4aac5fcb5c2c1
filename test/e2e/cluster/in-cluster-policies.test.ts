import { readFileSync } from 'node:fs';
import t from 'tap';
import { isObject, listOf, objectOf, stringOf, type JsonObject } from '../../../src/model/json.js';
import { until } from './guarded-process.js';
import { clientOf } from './in-cluster.js';
import { install } from './installation.js';
import { agent, isInstrumented, isUntouched, wrapper } from './instrumented.js';
import { accessKey, conditionsOf, labelled, messageOf, namespace, policy } from './objects.js';
import { add, startOtherWebhook, strip } from './other-webhook.js';
import { appArgs, appCommand, names, pod } from './pods.js';
import { refusals, startTraffic, uninstrumented } from './traffic.js';
import { mutatingConfiguration, type Entry } from './webhooks.js';

t.setTimeout(900_000);

const secure = { tier: 'secure' };
const enforced = { tier: 'enforced' };
const namespaces: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  shop: labelled,
  keyless: { tier: 'keyless' },
  wrong: { tier: 'wrong' },
  unknown: { tier: 'unknown' },
  payments: secure,
  'shop-meshed': { ...labelled, other: 'mesh' },
  'shop-stripped': { ...labelled, other: 'strip' },
  'enforced-stripped': { ...enforced, other: 'strip' },
  'payments-meshed': { ...secure, other: 'mesh' },
  'payments-stripped': { ...secure, other: 'strip' },
};
const inRegion = (region: string): JsonObject => ({ profile: { name: 'sysdig', settings: { region } } });

const here = await install();
t.teardown(() => here.stop());
// Two, so that the calls for one pod may find different versions of a policy.
await here.addReplica('one');
await here.addReplica('two');
await here.apply(Object.entries(namespaces).map(([name, labels]) => namespace(name, labels)));
await here.apply([
  ...Object.keys(namespaces)
    .filter((name) => name !== 'keyless')
    .map((name) => accessKey(name)),
  accessKey('keyless', 'other-key'),
  policy('default', labelled),
  policy('payments', secure, { prefer: 'Security', precedence: 100 }),
  policy('enforced', enforced, { optOut: 'Forbidden' }),
]);

const get = (name: string): Promise<JsonObject> => here.get('ipol', name);
const condition = (name: string, wanted: string): Promise<void> =>
  until(`${name}: ${wanted}`, async () => conditionsOf(await get(name)).includes(wanted));

/** Where the pod's agent reports to. */
function collectorOf(one: JsonObject): string {
  const containers = listOf(objectOf(one['spec'])?.['initContainers']).filter(isObject);
  const sidecar = containers.find(({ name }) => name === agent);
  const variable = listOf(sidecar?.['env']).find((each) => objectOf(each)?.['name'] === 'SYSDIG_COLLECTOR');
  return stringOf(objectOf(variable)?.['value']) ?? '';
}

t.test('a policy says how it stands, in its status and in columns', async (t) => {
  for (const name of ['default', 'payments']) {
    await condition(name, 'Ready=True Served');
    await condition(name, 'CredentialsPresent=True Present');
    await condition(name, 'InForce=True Proven');
    await condition(name, 'UnknownDefaults=False AsKnown');
    await condition(name, 'Covered=True AllCovered');
  }
  const conditions = conditionsOf(await get('default'));
  // The first look for pods that our parts keep from running may be yet to come.
  t.match(
    conditions.filter((condition) => condition.startsWith('TakenBack=')),
    [/=Unknown Pending$|=False /],
  );
  t.same(
    conditions.filter((condition) => !condition.startsWith('TakenBack=')),
    [
      'Ready=True Served',
      'ProfileResolved=True Resolved',
      'WebhookConfigured=True Configured',
      'InForce=True Proven',
      'CredentialsPresent=True Present',
      'Overlapping=False NoOverlap',
      'BlocksRecovery=False NoRecoveryBlocked',
      'Weak=False TrustsAuthors',
      'Covered=True AllCovered',
      'UnknownDefaults=False AsKnown',
      'Sessions=True NothingAsked',
      'NoBreakGlass=False NoLockOut',
    ],
  );
  t.match(await get('default'), {
    status: { observedGeneration: 1, servedGeneration: 1, profile: /^sysdig\/\d+$/, matchedNamespaces: 3 },
  });
  const { stdout } = await here.api.kubectl(['get', 'ipol']);
  t.match(
    stdout,
    /^NAME +MODE +PREFER +PROFILE +IN FORCE +READY +REASON +COVERED +AGE\ndefault +Inject +Availability +sysdig +True +True +Served +True +\d+/,
  );
  const wide = await here.api.kubectl(['get', 'outrider', '-o', 'wide']);
  t.match(wide.stdout, /PRECEDENCE +PROFILE +IN FORCE +READY +REASON/);
});

t.test('E31: what is missing is said: the access key, until the policy names the one that is there', async (t) => {
  await here.apply([policy('keyless', { tier: 'keyless' })]);
  await condition('keyless', 'CredentialsPresent=False Missing');
  t.match(messageOf(await get('keyless'), 'Ready'), 'Secret sysdig-agent, or its key, is missing in');
  await until('the entry', async () =>
    (await here.created('keyless', pod('probe'), '--dry-run=server')).warnings.includes('credentials_missing'),
  );
  await here.apply([
    policy('keyless', { tier: 'keyless' }, { credentials: { secretRef: { name: 'other-key', key: 'access-key' } } }),
  ]);
  await condition('keyless', 'CredentialsPresent=True Present');
  await condition('keyless', 'Ready=True Served');
  isInstrumented(t, await here.created('keyless', pod('web')));
});

t.test('E41: a wrong policy is not served, and says why; under Security its pods are denied', async (t) => {
  await here.apply([
    policy('wrong', { tier: 'wrong' }, { prefer: 'Security', ...inRegion('moon') }),
    policy('unknown', { tier: 'unknown' }, { profile: { name: 'sysdigg' } }),
  ]);
  await condition('wrong', 'Ready=False SettingsInvalid');
  t.match(messageOf(await get('wrong'), 'Ready'), /region.*moon.*its pods are denied \(policy_invalid\)/s);
  await until(
    'the validating entry',
    async () => (await here.create('wrong', pod('web'), '--dry-run=server')).exitCode !== 0,
  );
  const { exitCode, stderr } = await here.create('wrong', pod('web'));
  t.equal(exitCode, 1);
  t.match(stderr, 'policy wrong does not let this pod run uninstrumented (policy_invalid)');

  await condition('unknown', 'Ready=False ProfileUnknown');
  t.match(messageOf(await get('unknown'), 'Ready'), /sysdigg.*its pods run uninstrumented \(policy_invalid\)/s);
  isUntouched(t, await here.created('unknown', pod('web')));

  const refused = await here.api.kubectl(['apply', '-f', '-'], JSON.stringify(policy('no', {}, { mode: 'Sometimes' })));
  t.equal(refused.exitCode, 1, 'what the schema knows is refused before');
  t.match(refused.stderr, /spec\.mode: Unsupported value: "Sometimes"/);
});

t.test('a policy that is edited into nonsense goes on as it was last valid', async (t) => {
  const { exitCode, stderr } = await here.api.kubectl([
    'patch',
    'ipol',
    'payments',
    '--type=merge',
    '-p',
    JSON.stringify({ spec: inRegion('moon') }),
  ]);
  t.equal(exitCode, 0, stderr);
  await condition('payments', 'Ready=False SettingsInvalid');
  t.match(await get('payments'), { status: { observedGeneration: 2, servedGeneration: 1 } });
  t.match(messageOf(await get('payments'), 'Ready'), 'Generation 1 goes on.');
  isInstrumented(t, await here.created('payments', pod('meanwhile')));
  await here.apply([policy('payments', secure, { prefer: 'Security', precedence: 100 })]);
  await condition('payments', 'Ready=True Served');
});

t.test('while a policy is edited, each pod is decided by one version of it, and none by neither', async (t) => {
  const client = clientOf(here.api.kubeconfig);
  t.teardown(() => client.close());
  const regions = ['us1', 'us2', 'us4', 'eu1', 'au1'];
  const traffic = startTraffic(client, { namespace: 'shop', perSecond: 20, dryRun: true });
  const insisting = startTraffic(client, { namespace: 'payments', perSecond: 5, dryRun: true });
  for (const region of [...regions, ...regions]) {
    await here.apply([
      policy('default', labelled, inRegion(region)),
      policy('payments', secure, { prefer: 'Security', precedence: 100, ...inRegion(region) }),
    ]);
    await traffic.more(10);
  }
  await until('the last version', async () => {
    const { stdout } = await here.create('shop', pod('last'), '--dry-run=server');
    return collectorOf(objectOf(JSON.parse(stdout)) ?? {}).includes('au1');
  });
  const [all, under] = [await traffic.stop(), await insisting.stop()];
  t.same(refusals(all), []);
  t.equal(uninstrumented(all), 0);
  const plans = new Map<string, Set<string>>();
  for (const { pod: one } of all) {
    const { annotations } = objectOf(one?.['metadata']) ?? {};
    const collector = collectorOf(one ?? {});
    const plan = stringOf(objectOf(annotations)?.['outrider.dev/plan']) ?? '';
    plans.set(collector, (plans.get(collector) ?? new Set()).add(plan));
  }
  t.ok(plans.size >= 3, `${plans.size} versions were seen`);
  for (const [collector, seen] of plans) t.equal(seen.size, 1, `one plan goes with ${collector}`);
  // The two doors may be those of replicas that know different versions: a pod that is whole by one of them is
  // admitted.
  t.same(refusals(under), []);
  t.equal(uninstrumented(under), 0);
  t.comment(`${all.length} and ${under.length} pods`);
});

t.test('another webhook behind ours', async (t) => {
  const mesh = { name: 'mesh', image: 'registry.example/mesh:1', command: ['/mesh'] };
  const other = await startOtherWebhook(here.api, { mesh: add(mesh), strip: strip(agent) });
  t.teardown(() => other.stop());
  const entry = (habit: string): Entry => ({
    name: `${habit}.other.example`,
    url: other.url(habit),
    caBundle: readFileSync(here.api.caFile).toString('base64'),
    failurePolicy: 'Fail',
    namespaces: { other: habit },
    reinvocationPolicy: 'IfNeeded',
  });
  // Configurations are called in the order of their names: this one comes after ours.
  await here.apply([mutatingConfiguration('some-other', [entry('mesh'), entry('strip')])]);
  await until('the other webhook', async () => {
    const { containers } = await here.created('shop-meshed', pod('probe'), '--dry-run=server');
    return containers.length === 2;
  });

  await t.test('E17, E18: a container that it adds is instrumented too, and nothing twice', async (t) => {
    for (const name of ['shop-meshed', 'payments-meshed']) {
      const summary = await here.created(name, pod('web'));
      isInstrumented(t, summary);
      t.same(
        summary.containers.map(({ name, argv }) => [name, ...argv]),
        [
          ['app', wrapper, ...appCommand, ...appArgs],
          ['mesh', wrapper, '/mesh'],
        ],
      );
    }
  });

  // A policy that can deny has a validating entry, which sees the pod at its end. Without one, the second call sees it.
  await t.test('E17: it strips our sidecar: Security denies, Availability allows and says so', async (t) => {
    const denied = await here.create('payments-stripped', pod('web'));
    t.equal(denied.exitCode, 1);
    t.match(denied.stderr, /\(parts_missing\): missing: init container sysdig-workload-agent/);
    const allowed = await here.created('enforced-stripped', pod('web'));
    t.notOk(names(allowed.initContainers).includes(agent));
    t.match(allowed.warnings, /Warning: outrider: .*parts_missing/);
    const plain = await here.created('shop-stripped', pod('web'));
    t.notOk(names(plain.initContainers).includes(agent));
    t.match(plain.warnings, 'parts_taken_off: sysdig-workload-agent had been taken off again');
  });
});
