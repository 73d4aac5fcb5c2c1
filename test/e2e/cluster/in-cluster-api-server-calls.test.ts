import { readFileSync } from 'node:fs';
import t, { type Test } from 'tap';
import { listOf, objectOf, stringOf, type JsonObject } from '../../../src/model/json.js';
import { mutatingCalls, sumOfCalls } from './admission-calls.js';
import { until } from './guarded-process.js';
import { install, type CreatedPod } from './installation.js';
import { isInstrumented, wrapper } from './instrumented.js';
import { objectIn } from './kubectl.js';
import { minorOf } from './node.js';
import { accessKey, conditionsOf, messageOf, namespace, policy } from './objects.js';
import { add, startOtherWebhook } from './other-webhook.js';
import { pod, summaryOf, type PodOptions } from './pods.js';
import { mutatingConfiguration } from './webhooks.js';

// Which pods the API server calls the mutating webhook for, where it instruments some by itself: from Kubernetes 1.36 on.

t.setTimeout(900_000);

const secure = { tier: 'secure' };
const plain = { tier: 'plain' };
const here = await install({ values: { apiServerPolicies: 'Auto' }, flags: ['--lease-seconds=5'] });
t.teardown(() => here.stop());
const isNew = (await minorOf(here.api)) >= 36;
await here.addReplica('one');
await here.addReplica('two');
const profile = { name: 'sysdig', settings: { region: 'us2' } };
await here.apply([
  namespace('payments', secure),
  namespace('shop', plain),
  accessKey('payments'),
  accessKey('shop'),
  policy('payments', secure, { prefer: 'Security', profile }),
  // Where the nodes decide about the delivery, which Security has decided already, the API server carries nothing out.
  policy('shop', plain, { profile, delivery: 'Copy' }),
]);
const other = await startOtherWebhook(here.api, {
  known: add({ name: 'mesh', image: 'registry.example/mesh:1', command: ['/mesh'] }),
  unknown: add({ name: 'mesh', image: 'registry.example/mesh:1' }),
});
t.teardown(() => other.stop());

/** Another team's webhook for pods of both namespaces. */
async function installOther(name: string, habit: string, reinvocationPolicy: 'Never' | 'IfNeeded'): Promise<void> {
  const caBundle = readFileSync(here.api.caFile).toString('base64');
  const common = { url: other.url(habit), caBundle, failurePolicy: 'Fail' as const, reinvocationPolicy };
  await here.apply([
    mutatingConfiguration(name, [
      { name: 'a.mesh.example', namespaces: secure, ...common },
      { name: 'b.mesh.example', namespaces: plain, ...common },
    ]),
  ]);
}

async function removeOther(name: string): Promise<void> {
  const { exitCode, stderr } = await here.api.kubectl(['delete', 'mutatingwebhookconfiguration', name]);
  if (exitCode !== 0) throw new Error(stderr);
}

/** Names of the policies' entries that are not called for all pods. */
async function skipping(): Promise<readonly string[]> {
  const { webhooks } = await here.get('mutatingwebhookconfiguration', 'outrider');
  return listOf(webhooks)
    .filter((entry) => JSON.stringify(objectOf(entry)?.['matchConditions'] ?? []).includes('by-api-server'))
    .map((entry) => (stringOf(objectOf(entry)?.['name']) ?? '').split('.')[0] ?? '');
}

const saysOf = async (name: string): Promise<string> => messageOf(await here.get('ipol', name), 'ApiServerInjects');

function settled(what: string, isSkipped: boolean): Promise<void> {
  return until(what, async () => {
    for (const name of ['payments', 'shop']) {
      if (!conditionsOf(await here.get('ipol', name)).includes('InForce=True Proven')) return false;
      if (/is not called for them/.test(await saysOf(name)) !== isSkipped) return false;
    }
    return (await skipping()).length === (isSkipped ? 2 : 0);
  }).catch(async (cause: unknown) => {
    const said = await Promise.all(['payments', 'shop'].map(saysOf));
    throw new Error(JSON.stringify({ said, skipping: await skipping() }), { cause });
  });
}

let made = 0;

/** Creates a pod, and counts the API server's calls of our mutating webhook for it. */
async function make(
  of: string,
  options: PodOptions = {},
): Promise<{
  readonly calls: number;
  readonly by: string | undefined;
  readonly summary: CreatedPod;
  readonly refusal: string;
}> {
  const callsOf = async (): Promise<number> =>
    sumOfCalls(await mutatingCalls(here.api), (name) => name.startsWith(`${of}.`)).calls;
  const before = await callsOf();
  const result = await here.create(of, pod(`pod-${made++}`, options));
  const object: JsonObject = result.exitCode === 0 ? objectIn(result) : {};
  const labels = objectOf(objectOf(object['metadata'])?.['labels']);
  return {
    calls: (await callsOf()) - before,
    by: stringOf(labels?.['outrider.dev/by']),
    summary: { ...summaryOf(object), warnings: result.stderr },
    refusal: result.exitCode === 0 ? '' : result.stderr,
  };
}

/** Every container, the one that another webhook added included, starts under the tracer. */
function areWrapped(t: Test, { containers }: CreatedPod): void {
  t.same(
    containers.map(({ name, argv }) => [name, argv[0]]),
    [
      ['app', wrapper],
      ['mesh', wrapper],
    ],
  );
}

if (isNew) {
  t.test(
    'W69: for a pod that the API server instrumented the webhook is not called, and for others it is',
    async (t) => {
      await settled('the webhook to be left out', true);
      t.comment(await saysOf('payments'));
      for (const of of ['payments', 'shop']) {
        const claimed = await make(of);
        t.equal(claimed.refusal, '');
        t.same([claimed.calls, claimed.by], [0, 'api-server'], of);
        isInstrumented(t, claimed.summary);
        const unclaimed = await make(of, { annotations: { 'outrider.dev/containers': 'app' } });
        t.same([unclaimed.refusal, unclaimed.by], ['', undefined]);
        t.ok(unclaimed.calls > 0, 'called for what the API server leaves to it');
        isInstrumented(t, unclaimed.summary);
      }
      const labels = { 'outrider.dev/by': 'api-server' };
      const forged = await make('payments', { labels });
      t.same([forged.refusal, forged.by], ['', 'webhook'], 'for the label alone the webhook is called, and judges');
      isInstrumented(t, forged.summary);
      const wrapped = await make('payments', { labels, container: { command: [wrapper, '/bin/app'] } });
      t.match(
        wrapped.refusal,
        /denied request: outrider:/,
        'who looks instrumented without a call is refused by the judge',
      );
    },
  );

  t.test(
    'W68: a webhook that comes to stand behind ours takes the skip back, and what it adds is instrumented',
    async (t) => {
      await installOther('zz-mesh', 'known', 'Never');
      await settled('the webhook to be called again', false);
      t.match(
        await saysOf('payments'),
        /called for them, too: webhook a\.mesh\.example of MutatingWebhookConfiguration zz-mesh is called after ours/,
      );
      for (const of of ['payments', 'shop']) {
        const { refusal, calls, summary } = await make(of);
        t.equal(refusal, '');
        t.ok(calls > 1, `called again for what was added: ${calls} times`);
        areWrapped(t, summary);
      }
      await installOther('zz-mesh', 'unknown', 'Never');
      await until('the other habit', async () => (await make('shop')).summary.status === 'partial');
      t.match((await make('payments')).refusal, /image_/, 'under Security an unknown container is refused');
      await removeOther('zz-mesh');
      await settled('the webhook to be left out again', true);
    },
  );

  t.test('W68: one in front of ours that is called once is no reason to be called, but for what it adds', async (t) => {
    await installOther('aa-mesh', 'known', 'Never');
    await until('what it adds', async () => (await make('shop')).summary.containers.length === 2);
    await settled('nothing to change', true);
    for (const of of ['payments', 'shop']) {
      const { refusal, calls, by, summary } = await make(of);
      t.same([refusal, by], ['', 'webhook']);
      t.ok(calls > 0);
      areWrapped(t, summary);
    }
    await installOther('aa-mesh', 'known', 'IfNeeded');
    await settled('the webhook to be called again', false);
    t.match(await saysOf('shop'), /aa-mesh may be carried out again/);
    await removeOther('aa-mesh');
    await settled('the webhook to be left out again', true);
  });

  t.test('W60: with every replica killed nothing differs', async (t) => {
    for (const replica of [...here.replicas]) await here.kill(replica);
    const claimed = await make('payments');
    t.same([claimed.refusal, claimed.calls, claimed.by], ['', 0, 'api-server']);
    isInstrumented(t, claimed.summary);
    const unknown = await make('payments', { container: { command: [], args: [] } });
    t.match(unknown.refusal, /failed calling webhook/);
    const uninstrumented = await make('shop', { container: { command: [], args: [] } });
    t.same([uninstrumented.refusal, uninstrumented.summary.status], ['', undefined]);
  });
}
