import { pino } from 'pino';
import t from 'tap';
import { isApiError } from '../../../src/cluster/client/api-error.js';
import { ClusterFactsReader } from '../../../src/cluster/facts/cluster-facts.js';
import { sleepByTimer } from '../../../src/time/sleep.js';
import { CopyGuard } from '../../../src/cluster/secrets/copy-guard.js';
import { ClusterCredentials } from '../../../src/cluster/secrets/credentials.js';
import { Ledger } from '../../../src/cluster/secrets/ledger.js';
import { CredentialsSweep } from '../../../src/cluster/secrets/sweep.js';
import { removeMirroredSecrets } from '../../../src/cluster/secrets/remove-mirrored.js';
import { createSecretSource } from '../../../src/cluster/secrets/secret-source.js';
import { systemClock } from '../../../src/time/clock.js';
import { objectOf, stringOf, type JsonObject } from '../../../src/model/json.js';
import { mirroredSecret } from '../../../src/engine/mirrored-secret.js';
import { engineOf, policyText } from '../../support/engine.js';
import { startApiServer } from './api-server.js';
import { minorOf } from './node.js';
import { until } from './guarded-process.js';
import { clientOf, serveDoors } from './in-cluster.js';
import { objectIn } from './kubectl.js';
import { pod } from './pods.js';

t.setTimeout(900_000);

const own = 'outrider-system';
const log = pino({ level: 'silent' });
const { signal } = new AbortController();
const policy = (spec: JsonObject = {}): string =>
  policyText('p', {
    profile: { name: 'sysdig', settings: { region: 'us2' } },
    match: { namespaceSelector: { matchLabels: { on: 'yes' } } },
    credentials: { secretRef: { name: 'agent', key: 'k' }, mirror: true },
    ...spec,
  });
const known = { 'quay.io/sysdig/workload-agent:6.3.0': { entrypoint: ['/agent'], cmd: [] } };

/** The rights that the work with Secrets needs, and no more: none to list them. */
const role: JsonObject = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRole',
  metadata: { name: 'outrider-secrets' },
  rules: [
    { apiGroups: [''], resources: ['secrets'], verbs: ['get', 'create', 'update', 'delete'] },
    { apiGroups: [''], resources: ['serviceaccounts'], verbs: ['get'] },
    { apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'create', 'update', 'delete'] },
    { apiGroups: [''], resources: ['namespaces', 'nodes'], verbs: ['list'] },
  ],
};

t.test('E31: access keys and facts on a real API server, with the rights of their own', async (t) => {
  const api = await startApiServer({ controllerManager: true });
  t.teardown(() => api.stop());
  const { kubeconfig } = await api.certificateFor('outrider', ['outrider']);
  const client = clientOf(kubeconfig);
  t.teardown(() => client.close());
  const apply = async (object: JsonObject): Promise<void> => {
    const { exitCode, stderr } = await api.kubectl(['apply', '--server-side', '-f', '-'], JSON.stringify(object));
    if (exitCode !== 0) throw new Error(stderr);
  };
  const namespace = (name: string, on: boolean): Promise<void> =>
    apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels: on ? { on: 'yes' } : {} } });
  const secret = (in_: string, name: string, data: JsonObject): Promise<void> =>
    apply({ apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace: in_ }, type: 'Opaque', data });
  const get = async (in_: string, name: string) =>
    api.kubectl(['get', 'secret', name, '-n', in_, '-o', 'json', '--ignore-not-found']);
  const dataOf = async (in_: string, name: string) => {
    const { stdout } = await get(in_, name);
    const object: unknown = stdout === '' ? undefined : JSON.parse(stdout);
    return objectOf(objectOf(object)?.['data']);
  };
  await apply(role);
  await apply({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: 'outrider-secrets' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'outrider-secrets' },
    subjects: [{ kind: 'Group', name: 'outrider', apiGroup: 'rbac.authorization.k8s.io' }],
  });
  await namespace(own, false);
  for (const name of ['shop', 'bank', 'squat']) await namespace(name, true);
  await secret(own, 'agent', { k: 'b25l', more: 'eA==' });

  const ledger = new Ledger({ client, ownNamespace: own, instance: 'outrider' });
  let paused = false;
  const credentials = new ClusterCredentials({
    client,
    clock: systemClock,
    ownNamespace: own,
    guard: new CopyGuard({ ledger, paused: () => Promise.resolve(paused) }),
    log,
  });
  const engineWith = (text: string) =>
    engineOf(text, { secretState: credentials.secretState, credentials: credentials.ahead, known });
  let engine = engineWith(policy());
  let namespaces = new Map([
    ['shop', { on: 'yes' }],
    ['squat', { on: 'yes' }],
  ]);
  const copy = engine.rules.byPolicy.get('p')?.mirror?.copy ?? '?';
  const sweep = new CredentialsSweep({
    client,
    credentials,
    mirrors: true,
    view: () => ({ rules: engine.rules, namespaces, excluded: new Set([own]) }),
    ownNamespace: own,
    instance: 'outrider',
    log,
    metrics: { setMirroredSecrets: () => undefined },
    clock: systemClock,
    random: () => 0,
    sleep: (ms, stop) => sleepByTimer(ms / 20, stop),
  });
  await secret('squat', copy, { k: 'bWluZQ==' });
  const doors = await serveDoors(api, () => engine);
  t.teardown(() => doors.stop());
  const stop = new AbortController();
  const leading = sweep.run(stop.signal);

  await t.test('mirrored by the leader; a planted Secret stays as it is', async (t) => {
    await until('the copy', async () => (await dataOf('shop', copy)) !== undefined);
    t.same(await dataOf('shop', copy), { k: 'b25l' });
    await until('a report', () => Promise.resolve(sweep.reports()[0]?.blocked[0] === 'squat'));
    t.same(await dataOf('squat', copy), { k: 'bWluZQ==' });
  });

  await t.test('made in the call where a namespace has none yet, but on no dry run', async (t) => {
    const create = (name: string, ...more: readonly string[]) =>
      api.kubectl(['create', '-n', 'bank', '-f', '-', '-o', 'json', ...more], JSON.stringify(pod(name)));
    await until('the webhooks', async () => {
      const { stdout } = await create('dry', '--dry-run=server');
      return stdout.includes('outrider.dev/status');
    });
    t.equal(await dataOf('bank', copy), undefined);
    const made = objectIn(await create('real'));
    t.same(await dataOf('bank', copy), { k: 'b25l' });
    const { annotations } = objectOf(made['metadata']) ?? {};
    const stamp = stringOf(objectOf(annotations)?.['outrider.dev/credentials']);
    const written = objectIn(await get('bank', copy));
    const source = stringOf(objectOf(objectOf(written['metadata'])?.['annotations'])?.['outrider.dev/mirror-source']);
    t.match(stamp, /^[0-9a-f]{12}$/);
    t.equal(stamp, source, 'the pod says which version it has');
    t.match(JSON.stringify(made['spec']), `"secretKeyRef":{"key":"k","name":"${copy}","optional":true}`);
  });

  await t.test(
    'a planted Secret: the pod goes without under Availability, and not at all under Security',
    async (t) => {
      const create = () => api.kubectl(['create', '-n', 'squat', '-f', '-'], JSON.stringify(pod(`p${Math.random()}`)));
      const { exitCode, stderr } = await create();
      t.equal(exitCode, 0);
      t.match(stderr, /not instrumented, credentials_blocked: Secret squat\/outrider-p-\w+ is not Outrider’s copy/);
      engine = engineWith(policy({ prefer: 'Security' }));
      const refused = await create();
      t.equal(refused.exitCode, 1);
      t.match(refused.stderr, 'does not let this pod run uninstrumented (credentials_blocked)');
      engine = engineWith(policy());
    },
  );

  await t.test('follows its source, is put right, and goes with the namespace’s match', async (t) => {
    await secret(own, 'agent', { k: 'dHdv' });
    await until('the new value', async () => (await dataOf('shop', copy))?.['k'] === 'dHdv');
    namespaces = new Map([
      ['bank', { on: 'yes' }],
      ['shop', { on: 'no' }],
      ['squat', { on: 'yes' }],
    ]);
    sweep.changed();
    await until('its removal', async () => (await dataOf('shop', copy)) === undefined);
    t.same(await dataOf('squat', copy), { k: 'bWluZQ==' });
  });

  const remade = async (data: JsonObject, more: JsonObject = {}): Promise<void> => {
    const { labels, annotations } = objectOf(objectIn(await get('bank', copy))['metadata']) ?? {};
    const metadata = { name: copy, namespace: 'bank', labels, annotations, ...objectOf(more['metadata']) };
    await api.kubectl(['delete', 'secret', copy, '-n', 'bank']);
    const object = { apiVersion: 'v1', kind: 'Secret', type: 'Opaque', ...more, metadata, data };
    const { exitCode, stderr } = await api.kubectl(['create', '-f', '-'], JSON.stringify(object));
    if (exitCode !== 0) throw new Error(stderr);
  };
  const mirror = () => {
    const found = engine.rules.byPolicy.get('p')?.mirror;
    if (found === undefined) throw new Error('no mirror');
    return found;
  };

  await t.test('F29: a copy that a tenant remade with our marks is deleted by uid and made again', async (t) => {
    for (const [data, more] of [
      [{ k: 'bWluZQ==' }, { immutable: true }],
      [{ username: 'bWluZQ==', k: 'bWluZQ==' }, { type: 'kubernetes.io/basic-auth' }],
    ] as const) {
      await remade(data, more);
      t.match(await credentials.copier.ensure('bank', mirror()), { state: 'current', repaired: true });
      const made = objectIn(await get('bank', copy));
      t.match(made, { type: 'Opaque', data: { k: 'dHdv' } });
      t.equal(made['immutable'], undefined);
    }
  });

  await t.test('F29, F33: one that a finalizer holds is blocked, and denies where nobody may opt out', async (t) => {
    await remade({ k: 'bWluZQ==' }, { immutable: true, metadata: { finalizers: ['example.com/mine'] } });
    credentials.learn('bank', mirror(), await credentials.copier.ensure('bank', mirror()));
    const create = () => api.kubectl(['create', '-n', 'bank', '-f', '-'], JSON.stringify(pod(`p${Math.random()}`)));
    const allowed = await create();
    t.equal(allowed.exitCode, 0);
    t.match(allowed.stderr, /credentials_blocked: Secret bank\/outrider-p-\w+ differs from its source/);
    engine = engineWith(policy({ optOut: 'Forbidden' }));
    const refused = await create();
    t.equal(refused.exitCode, 1);
    t.match(refused.stderr, 'credentials_blocked');
    const planted = await api.kubectl(['create', '-n', 'squat', '-f', '-'], JSON.stringify(pod('q')));
    t.equal(planted.exitCode, 1, 'and so does a Secret of the copy’s name');
    engine = engineWith(policy());
    await api.kubectl(['patch', 'secret', copy, '-n', 'bank', '-p', '{"metadata":{"finalizers":null}}']);
    await until('the copy', async () => {
      credentials.learn('bank', mirror(), await credentials.copier.ensure('bank', mirror()));
      return (await dataOf('bank', copy))?.['k'] === 'dHdv';
    });
  });

  await t.test(
    'F28: a copy made on demand by a replica that has not heard is found, and none is made paused',
    async (t) => {
      const stale = mirroredSecret('gone', { name: 'agent', key: 'k' });
      t.match(await credentials.copier.ensure('shop', stale), { state: 'current', wrote: true });
      const listed = objectIn(await api.kubectl(['get', 'configmap', 'outrider-mirrored', '-n', own, '-o', 'json']));
      t.match(listed['data'], { [copy]: 'p', [stale.copy]: 'gone' });
      await until('its removal', async () => (await dataOf('shop', stale.copy)) === undefined);
      paused = true;
      t.match(await credentials.copier.ensure('shop', stale), { state: 'failed', detail: /Outrider is paused$/ });
      t.equal(await dataOf('shop', stale.copy), undefined);
      paused = false;
    },
  );

  await t.test('E43: at the end every copy is gone, and nothing else', async (t) => {
    stop.abort();
    await leading;
    t.same(await removeMirroredSecrets(client, own, 'outrider'), { removed: [`bank/${copy}`], failed: [] });
    t.equal(await dataOf('bank', copy), undefined);
    t.same(await dataOf('squat', copy), { k: 'bWluZQ==' });
    t.same(await dataOf(own, 'agent'), { k: 'dHdv' });
    const { stdout } = await api.kubectl(['get', 'configmap', '-n', own, '-o', 'name']);
    t.notMatch(stdout, 'outrider-mirrored');
  });

  await t.test('pull secrets and facts', async (t) => {
    await apply({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'regcred', namespace: 'shop' },
      type: 'kubernetes.io/dockerconfigjson',
      data: { '.dockerconfigjson': Buffer.from('{"auths":{}}').toString('base64') },
    });
    await api.kubectl([
      'patch',
      'serviceaccount',
      'default',
      '-n',
      'shop',
      '-p',
      '{"imagePullSecrets":[{"name":"regcred"}]}',
    ]);
    const source = createSecretSource({ client, clock: systemClock });
    t.same(await source.pullSecretsOf('shop', 'default', signal), ['regcred']);
    t.equal(
      Buffer.from((await source.secret('shop', 'regcred', signal))?.data['.dockerconfigjson'] ?? []).toString(),
      '{"auths":{}}',
    );
    t.equal(await source.secret('shop', 'none', signal), undefined);
    const nobody = clientOf((await api.certificateFor('jane', [])).kubeconfig);
    const refused = createSecretSource({ client: nobody, clock: systemClock });
    await t.rejects(refused.secret('shop', 'regcred', signal), { message: /may not be read; let Outrider/ });

    const facts = new ClusterFactsReader({ client, log, random: Math.random, sleep: sleepByTimer, clock: systemClock });
    t.equal(await facts.refresh(signal), true);
    // Without a node, an API server of 1.32 or newer says enough.
    const nativeSidecars = (await minorOf(api)) >= 32;
    t.same(facts.seen(), { nativeSidecars, imageVolumes: false, openShift: false }, 'a server, and no node');
    t.equal(facts.report().nodes, 0);
    const blind = new ClusterFactsReader({
      client: nobody,
      log,
      random: Math.random,
      sleep: sleepByTimer,
      clock: systemClock,
    });
    await blind.refresh(signal);
    t.equal(blind.report().nodes, undefined);
    t.equal(blind.seen().nativeSidecars, nativeSidecars, 'by the server’s version');
    await nobody.close();
    const listing: unknown = await client.list('/api/v1/secrets').catch((error: unknown) => error);
    t.ok(isApiError(listing, 'Forbidden'), 'all of it without a right to list Secrets');
  });
});
