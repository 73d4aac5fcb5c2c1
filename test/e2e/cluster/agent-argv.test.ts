import t from 'tap';
import { entryKey } from '../../../src/cluster/agent-images/entries.js';
import { listOf, objectOf, stringOf, type JsonObject } from '../../../src/model/json.js';
import { makeUmociImage, push } from '../registry/images.js';
import { outrider } from './cli.js';
import { until } from './guarded-process.js';
import { install } from './installation.js';
import { agent } from './instrumented.js';
import { accessKey, conditionsOf, labelled, namespace, policy } from './objects.js';
import { pod, summaryOf } from './pods.js';
import { startPrivateRegistry } from './private-registry.js';
import type { Replica } from './replica.js';

// What the agent's image starts, looked up by the leader in a real, private registry, and followed by every replica.

t.setTimeout(900_000);

const own = 'outrider-system';
const configMap = 'outrider-agent-images';
const { registry, proxy, directory, flags, secretIn } = await startPrivateRegistry(t, {
  cache: { tagTtlMs: 0, rightTtlMs: 0, staleMs: 0 },
});
const [first, second] = await Promise.all([
  makeUmociImage(directory, '/agent', ['--first']),
  makeUmociImage(directory, '/agent', ['--second']),
]);
await push(registry, first, 'private/agent:1');
const image = `${proxy.host}/private/agent:1`;

const here = await install({
  values: { mirrorSecrets: true },
  flags,
});
t.teardown(() => here.stop());

const strict = { tier: 'strict' };
const mirrored = { tier: 'mirrored' };
const spec: JsonObject = { agent: { image, imagePullSecrets: ['registry'] } };
const forbidding: JsonObject = { ...spec, optOut: 'Forbidden' };

await registry.stop();
await here.apply([namespace('shop', labelled), namespace('strict', strict)]);
await here.apply([
  accessKey('shop'),
  accessKey('strict'),
  secretIn(own),
  policy('default', labelled, spec),
  policy('strict', strict, forbidding),
]);
await here.addReplica('one');
await here.addReplica('two');

/** What the agent's container of a new pod starts; `undefined` where that is left to its image. */
async function started(inNamespace = 'shop'): Promise<readonly string[] | undefined> {
  const made = await here.create(inNamespace, pod('probe'), '--dry-run=server');
  if (made.exitCode !== 0) throw new Error(made.stderr);
  const { initContainers, containers } = summaryOf(JSON.parse(made.stdout) as JsonObject);
  const found = [...initContainers, ...containers].find(({ name }) => name === agent);
  if (found === undefined) throw new Error(`no agent: ${made.stderr}${made.stdout}`);
  return found.argv.length === 0 ? undefined : found.argv;
}

/** The same of as many pods as meet both replicas. */
async function startedByAll(): Promise<readonly (readonly string[] | undefined)[]> {
  const counts = (): Promise<readonly number[]> =>
    Promise.all(here.replicas.map((replica) => replica.count({ door: 'mutate', policy: 'default' })));
  const before = await counts();
  const seen: (readonly string[] | undefined)[] = [];
  await until('every replica to have answered', async () => {
    // The API server stays with a replica for as long as the connection lasts.
    here.balancer.cut();
    seen.push(await started());
    return (await counts()).every((count, at) => count > (before[at] ?? 0));
  });
  return seen;
}

const isKeeping =
  (word: string) =>
  (argv: readonly string[] | undefined): boolean =>
    argv !== undefined && argv[0] === '/outrider/.outrider/busybox' && argv.slice(-2).join(' ') === `/agent ${word}`;

const statusOf = async (name: string): Promise<JsonObject> =>
  objectOf(objectOf((await here.get('ipol', name))['status'])?.['agent']) ?? {};
const dataNow = async (): Promise<JsonObject> => objectOf((await here.get('configmap', configMap, own))['data']) ?? {};
const wordsNow = async (): Promise<string> =>
  JSON.stringify(JSON.parse(stringOf((await dataNow())[entryKey(image)]) ?? 'null'));

async function leaderNow(): Promise<Replica> {
  const holder = stringOf(objectOf((await here.get('lease', 'outrider', own))['spec'])?.['holderIdentity']);
  const leader = here.replicas.find(({ name }) => name === holder);
  if (leader === undefined) throw new Error(`${holder ?? 'nobody'} leads`);
  return leader;
}

await until(
  'an instrumented pod',
  async () => (await here.created('shop', pod('p'), '--dry-run=server')).status === 'injected',
);
await until('an instrumented pod of the other policy', async () => {
  return (await here.created('strict', pod('p'), '--dry-run=server')).status === 'injected';
});

t.test('F40: the registry is down at the start: no keeper, which is said with what to do', async (t) => {
  await until('the status', async () => (await statusOf('default'))['argvKnown'] === false);
  t.match(await statusOf('default'), { image, argvKnown: false, problem: /^registry_/ });
  const said = await here.created('shop', pod('early'));
  t.equal(said.status, 'injected');
  t.equal(await started(), undefined);
});

t.test('F40: the leader looks it up with the pull secret of its own namespace, and every replica has it', async (t) => {
  await registry.restart();
  await until('the status', async () => (await statusOf('default'))['argvKnown'] === true);
  t.match(await statusOf('default'), { image, digest: /^sha256:/, foundAt: /Z$/, problem: undefined });
  await until('a keeper', async () => isKeeping('--first')(await started()));
  const seen = await startedByAll();
  t.ok(seen.every(isKeeping('--first')), JSON.stringify(seen));
  await here.created('shop', pod('kept'));
  const { stdout, stderr } = await outrider(here.api.kubeconfig, 'explain', 'pod/kept', '-n', 'shop', '--no-lookup');
  t.match(stdout, 'INJECT', stderr);
  t.notMatch(stdout, 'keeper_left_out', 'commands read it from the ConfigMap, too');
  t.match(await here.get('configmap', configMap, own), {
    metadata: { ownerReferences: [{ kind: 'ConfigMap', name: 'outrider' }] },
  });
});

t.test('F40: a hundred policies with the same image are one look-up', async (t) => {
  const many = Array.from({ length: 100 }, (_, at) => policy(`many-${at}`, { many: String(at) }, spec));
  await until('the look-ups so far to be over', async () => {
    const seen = proxy.seen.length;
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    return proxy.seen.length === seen;
  });
  proxy.seen.length = 0;
  await here.apply(many);
  await until('the last of them to know', async () => (await statusOf('many-99'))['argvKnown'] === true);
  // They do not all come in one event: a look-up is made for those that came together.
  const asked = proxy.seen.filter((one) => one.includes('manifests')).length;
  t.comment(`${asked} questions about the image for 100 policies`);
  t.ok(asked < 25, proxy.seen.join(', '));
  t.equal(Object.keys(await dataNow()).length, 1);
  await here.api.kubectl([
    'delete',
    'ipol',
    ...many.map(({ metadata }) => stringOf(objectOf(metadata)?.['name']) ?? ''),
  ]);
});

t.test('F40: a tag that starts something else: pods of before and after are both let in', async (t) => {
  await until('a keeper', async () => isKeeping('--first')(await started('strict')));
  await push(registry, second, 'private/agent:1');
  const seen: (readonly string[] | undefined)[] = [];
  // It would be noticed by itself within minutes; a policy that changes is looked up at once.
  await here.apply([policy('default', labelled, { ...spec, precedence: 1 })]);
  await until('the new argv', async () => {
    seen.push(...(await Promise.all([started('strict'), started('strict'), started('strict')])));
    return seen.slice(-30).length === 30 && seen.slice(-30).every(isKeeping('--second'));
  });
  t.ok(seen.some(isKeeping('--first')) || seen.length === 30);
  t.ok(
    seen.every((argv) => isKeeping('--first')(argv) || isKeeping('--second')(argv)),
    'none was refused or went without',
  );
  t.match(await wordsNow(), '--second');
});

t.test('F40: an edited or forged ConfigMap does not last, and nonsense changes nothing', async (t) => {
  const right = await dataNow();
  const patch = (data: JsonObject): Promise<unknown> =>
    here.api.kubectl(['patch', 'configmap', configMap, '-n', own, '--type=merge', '-p', JSON.stringify({ data })]);
  await patch({ [entryKey(image)]: (await wordsNow()).replace('--second', '--forged') });
  await until('the leader to put it right', async () => JSON.stringify(await dataNow()) === JSON.stringify(right));
  await patch({ [entryKey(image)]: '{"argv":', more: 'x' });
  t.ok(isKeeping('--second')(await started()), 'what was known stays');
  await until(
    'the leader to put it right again',
    async () => JSON.stringify(await dataNow()) === JSON.stringify(right),
  );
  await here.api.kubectl(['delete', 'configmap', configMap, '-n', own]);
  t.ok(isKeeping('--second')(await started()));
  await until('the leader to make it again', async () => {
    const { stdout } = await here.api.kubectl([
      'get',
      'configmap',
      configMap,
      '-n',
      own,
      '--ignore-not-found',
      '-o',
      'json',
    ]);
    return stdout.includes('--second');
  });
});

t.test('F40: the leader is killed, and the registry is down: what was known stays', async (t) => {
  await registry.stop();
  const leader = await leaderNow();
  await here.kill(leader);
  t.ok(isKeeping('--second')(await started()));
  await here.addReplica('three');
  await until('another to lead', async () => (await leaderNow()).name !== leader.name);
  await until('it to have asked', async () => stringOf((await statusOf('default'))['problem']) !== undefined);
  t.match(await statusOf('default'), { argvKnown: true, digest: /^sha256:/ });
  const seen = await startedByAll();
  t.ok(seen.every(isKeeping('--second')), JSON.stringify(seen));
  await registry.restart();
  await until('it to be content', async () => (await statusOf('default'))['problem'] === undefined);
});

t.test('F41: pull secrets that a policy mirrors are in the matched namespaces, and pods name the copies', async (t) => {
  const agentSpec: JsonObject = { image, imagePullSecrets: ['registry'], mirrorPullSecrets: true };
  await here.apply([namespace('private', mirrored), namespace('squat', mirrored)]);
  await here.apply([accessKey('private'), accessKey('squat'), policy('mirrored', mirrored, { agent: agentSpec })]);
  await until('a copy named by pods', async () => {
    const { stdout } = await here.create('private', pod('probe'), '--dry-run=server');
    return /"name": "outrider-mirrored-[0-9a-f]+"/.test(stdout);
  });
  const stored = await here.create('private', pod('web'));
  const [named] = listOf(objectOf((JSON.parse(stored.stdout) as JsonObject)['spec'])?.['imagePullSecrets']);
  const copy = stringOf(objectOf(named)?.['name']) ?? '';
  const source = await here.get('secret', 'registry', own);
  t.match(await here.get('secret', copy, 'private'), { type: 'kubernetes.io/dockerconfigjson', data: source['data'] });
  await until('it to be in every matched namespace', async () => {
    const { exitCode } = await here.api.kubectl(['get', 'secret', copy, '-n', 'squat']);
    return exitCode === 0;
  });
  await until('the condition', async () =>
    conditionsOf(await here.get('ipol', 'mirrored')).includes('CredentialsPresent=True Present'),
  );

  t.comment('somebody else’s Secret of the copy’s name');
  await here.api.kubectl(['delete', 'secret', copy, '-n', 'squat']);
  const planted = { ...source, metadata: { name: copy, namespace: 'squat' }, immutable: true };
  const made = await here.create('squat', planted);
  if (made.exitCode === 0) {
    // A copy that was found is looked at again after half a minute.
    await until('it to be found', async () =>
      (await here.created('squat', pod('probe'), '--dry-run=server')).warnings.includes('credentials_blocked'),
    );
    const said = await here.created('squat', pod('web'));
    t.equal(said.status, undefined);
    t.match(said.warnings, `credentials_blocked: Secret squat/${copy} is not Outrider’s copy`);
  } else t.comment('the leader was quicker');

  t.comment('the policy goes, and its copies with it');
  await here.api.kubectl(['delete', 'ipol', 'mirrored']);
  await until('the copy’s removal', async () => {
    const { stdout } = await here.api.kubectl(['get', 'secret', copy, '-n', 'private', '--ignore-not-found']);
    return stdout === '';
  });
});

t.test('F41: what is no pull secret is not copied as one', async (t) => {
  const agentSpec: JsonObject = { image, imagePullSecrets: ['outrider-certificate'], mirrorPullSecrets: true };
  await here.apply([policy('greedy', { 'kubernetes.io/metadata.name': 'greedy' }, { agent: agentSpec })]);
  await here.apply([namespace('greedy')]);
  await here.apply([accessKey('greedy')]);
  await until('the condition', async () =>
    conditionsOf(await here.get('ipol', 'greedy')).includes('CredentialsPresent=False SourceMissing'),
  );
  const said = await here.created('greedy', pod('web'));
  t.match(said.warnings, /credentials_missing: .*outrider-certificate.* not of type kubernetes.io\/dockerconfigjson/);
  const { stdout } = await here.api.kubectl(['get', 'secrets', '-n', 'greedy', '-o', 'name']);
  t.equal(stdout.trim(), 'secret/sysdig-agent');
});
