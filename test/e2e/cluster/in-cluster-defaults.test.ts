import { readFileSync } from 'node:fs';
import t from 'tap';
import { showSample } from '../../../src/cluster/defaults/show-sample.js';
import { sampleOf } from '../../../src/inject/pod/sample.js';
import { isObject, listOf, objectOf, stringOf, type JsonObject } from '../../../src/model/json.js';
import { engineFor } from '../../support/engine.js';
import { until } from './guarded-process.js';
import { clientOf } from './in-cluster.js';
import { install } from './installation.js';
import { isInstrumented } from './instrumented.js';
import { accessKey, conditionsOf, messageOf, namespace, policy } from './objects.js';
import { startOtherWebhook, type Change } from './other-webhook.js';
import { pod } from './pods.js';
import { mutatingConfiguration, type Entry } from './webhooks.js';

t.setTimeout(900_000);

const secure = { tier: 'secure' };
const ownNamespace = 'outrider-system';
const here = await install();
t.teardown(() => here.stop());
const client = clientOf(here.api.kubeconfig);
t.teardown(() => client.close());
await here.apply([namespace('plain'), namespace('payments', secure), accessKey('payments')]);

/** Applies the policy with another region: another recipe, which is looked at. */
const inRegion = (region: string): Promise<void> =>
  here.apply([policy('payments', secure, { prefer: 'Security', profile: { name: 'sysdig', settings: { region } } })]);
const becomes = (wanted: string): Promise<void> =>
  until(`UnknownDefaults=${wanted}`, async () =>
    conditionsOf(await here.get('ipol', 'payments')).includes(`UnknownDefaults=${wanted}`),
  );
const message = async (): Promise<string> => messageOf(await here.get('ipol', 'payments'), 'UnknownDefaults');

/** Members of a list of a pod's spec, without the token's volume and mounts, which only pods get. */
function filledIn(spec: JsonObject | undefined, list: string): readonly JsonObject[] {
  const isToken = ({ name }: JsonObject): boolean => stringOf(name)?.startsWith('kube-api-access-') === true;
  return listOf(spec?.[list])
    .filter(isObject)
    .filter((member) => !isToken(member))
    .map(({ volumeMounts, ...member }) => {
      const mounts = listOf(volumeMounts)
        .filter(isObject)
        .filter((mount) => !isToken(mount));
      return mounts.length === 0 ? member : { ...member, volumeMounts: mounts };
    });
}

/** What the API server makes of a spec's lists; whether it refuses them, on an older one that does not know a field. */
async function outcomeOf(plural: string, object: JsonObject, specOf: (answer: JsonObject) => JsonObject | undefined) {
  try {
    const answer = await client.create(`/api/v1/namespaces/plain/${plural}`, object, { query: { dryRun: 'All' } });
    const spec = specOf(answer);
    return ['volumes', 'initContainers', 'containers'].map((list) => filledIn(spec, list));
  } catch {
    return 'refused';
  }
}

t.test('F2: a PodTemplate’s own parts get the defaults that a pod’s get, and nothing is left behind', async (t) => {
  await until('the default ServiceAccount', async () => {
    const { exitCode } = await here.api.kubectl(['get', 'serviceaccount', 'default', '-n', 'plain']);
    return exitCode === 0;
  });
  const kinds: readonly JsonObject[] = [
    {},
    { prefer: 'Security' },
    { agent: { placement: 'Container' } },
    { profile: { name: 'datadog' } },
    { profile: { name: 'datadog' }, prefer: 'Security' },
    { profile: { name: 'datadog' }, delivery: 'ImageVolume' },
    { profile: { name: 'datadog-node' } },
  ];
  let compared = 0;
  for (const kind of kinds) {
    const engine = engineFor(kind);
    const rule = engine.rules.byPolicy.get('default');
    const sample = rule && sampleOf(rule.recipe, rule.wishes, engine.facts);
    if (sample === undefined || 'reason' in sample) throw new Error('no sample');
    const metadata = { generateName: 'sample-' };
    const [ofPod, ofTemplate] = await Promise.all([
      outcomeOf('pods', { apiVersion: 'v1', kind: 'Pod', metadata, spec: sample.spec }, ({ spec }) => objectOf(spec)),
      outcomeOf(
        'podtemplates',
        { apiVersion: 'v1', kind: 'PodTemplate', metadata, template: { spec: sample.spec } },
        ({ template }) => objectOf(objectOf(template)?.['spec']),
      ),
    ]);
    t.strictSame(ofTemplate, ofPod, JSON.stringify(kind));
    if (ofPod === 'refused') continue;
    compared += 1;
    const signal = AbortSignal.timeout(10_000);
    const options = { client, instance: 'outrider', ownNamespace };
    t.match(await showSample(options, sample, 'v1', signal), { status: 'False', reason: 'AsKnown' });
  }
  t.ok(compared >= kinds.length - 1, `${compared} compared`);
  for (const { items } of [await client.list('/api/v1/podtemplates'), await client.list('/api/v1/pods')])
    t.same(items, []);
});

/** As a later API server would: a field that nobody asked for, in each container that is before the workload. */
const fillIn =
  (at: string): Change =>
  (object) => {
    const spec = at.split('/').reduce<JsonObject | undefined>((one, field) => objectOf(one?.[field]), object);
    return listOf(spec?.['initContainers']).map((_, index) => ({
      op: 'add',
      path: `/${at}/initContainers/${index}/tty`,
      value: true,
    }));
  };
const entries = '[{"path":"/*/tty","value":true}]';

t.test('F2: UnknownDefaults says what would deny pods before pods meet it, and what would let it be', async (t) => {
  const first = await here.addReplica('one');
  await inRegion('us1');
  await becomes('False AsKnown');
  t.match(
    await message(),
    /^In the dry run of a PodTemplate, Kubernetes v1\.\d+\.\d+ filled in nothing but what is known\.$/,
  );
  t.equal(await first.metric('outrider_policy_conditions', 'condition="UnknownDefaults",status="True"'), 0);

  const other = await startOtherWebhook(here.api, { template: fillIn('template/spec'), pod: fillIn('spec') });
  t.teardown(() => other.stop());
  const entry = (habit: string, resource: string, name: string): Entry => ({
    name: `${habit}.other.example`,
    url: other.url(habit),
    caBundle: readFileSync(here.api.caFile).toString('base64'),
    failurePolicy: 'Fail',
    namespaces: { 'kubernetes.io/metadata.name': name },
    rules: [
      { apiGroups: [''], apiVersions: ['v1'], resources: [resource], operations: ['CREATE'], scope: 'Namespaced' },
    ],
  });
  const configuration = mutatingConfiguration('some-other', [
    entry('template', 'podtemplates', ownNamespace),
    entry('pod', 'pods', 'payments'),
  ]);
  await here.apply([configuration]);
  /** Whether the other webhook changes templates. */
  const changes = async (): Promise<boolean> => {
    const object = { apiVersion: 'v1', kind: 'PodTemplate', metadata: { generateName: 'probe-' } };
    const container = { name: 'app', image: 'app' };
    const template = { spec: { initContainers: [{ ...container, name: 'init' }], containers: [container] } };
    const path = `/api/v1/namespaces/${ownNamespace}/podtemplates`;
    const answer = await client.create(path, { ...object, template }, { query: { dryRun: 'All' } });
    return JSON.stringify(answer).includes('"tty":true');
  };
  await until('the other webhook', changes);
  await inRegion('us2');
  await becomes('True FilledIn');
  t.match(
    await message(),
    `are not as planned; to let it be, list in ownPartsMayDiffer: ${entries}. Pods with that are denied.`,
  );
  t.equal(await first.metric('outrider_policy_conditions', 'condition="UnknownDefaults",status="True"'), 1);
  t.ok(
    conditionsOf(await here.get('ipol', 'payments')).includes('Ready=True Served'),
    'it keeps nothing from being Ready',
  );
  await until('a denial in the same words', async () => {
    const { stderr } = await here.create('payments', pod('web'), '--dry-run=server');
    return stderr.includes('(parts_differ)') && stderr.includes(`list in ownPartsMayDiffer: ${entries}`);
  });

  await t.test('it is False again where nothing more is filled in', async (t) => {
    t.match(await here.api.kubectl(['delete', 'mutatingwebhookconfiguration', 'some-other']), { exitCode: 0 });
    await until('no other webhook', async () => !(await changes()));
    await inRegion('eu1');
    await becomes('False AsKnown');
    await here.apply([configuration]);
    await until('the other webhook', changes);
    await inRegion('us2');
    await becomes('True FilledIn');
  });

  await t.test('the printed entry lets it be, for the next leader and for pods', async (t) => {
    await here.kill(first);
    await here.addReplica('two', [`--own-parts-may-differ=${entries}`]);
    await becomes('False AsKnown');
    await until('the doors of the second replica', async () => {
      const { exitCode } = await here.create('payments', pod('probe'), '--dry-run=server');
      return exitCode === 0;
    });
    isInstrumented(t, await here.created('payments', pod('web')));
  });

  await t.test('without the right it is not known, and with it known again', async (t) => {
    const role = await here.get('role', 'outrider', ownNamespace);
    const rules = listOf(role['rules']).filter(isObject);
    const without = rules.filter(({ resources }) => !listOf(resources).includes('podtemplates'));
    t.equal(without.length, rules.length - 1);
    const set = async (all: readonly JsonObject[]): Promise<void> => {
      const argv = [
        'patch',
        'role',
        'outrider',
        '-n',
        ownNamespace,
        '--type=merge',
        '-p',
        JSON.stringify({ rules: all }),
      ];
      const { exitCode, stderr } = await here.api.kubectl(argv);
      if (exitCode !== 0) throw new Error(stderr);
    };
    await set(without);
    await until('the right is gone', async () => {
      const asked = ['auth', 'can-i', 'create', 'podtemplates', '-n', ownNamespace];
      return (await here.identity.kubectl(asked)).stdout.trim() === 'no';
    });
    await inRegion('us4');
    await becomes('Unknown NotLookedAt');
    t.match(await message(), /forbidden.*; the right that is needed is to create podtemplates there\.$/s);
    await set(rules);
    await becomes('False AsKnown');
  });
});
