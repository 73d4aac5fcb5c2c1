import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import { ClusterLimits } from '../../../src/cluster/limits/namespace-limits.js';
import type { Engine } from '../../../src/engine/engine.js';
import { objectOf, type JsonObject } from '../../../src/model/json.js';
import type { ReasonCode } from '../../../src/model/reasons.js';
import { systemClock } from '../../../src/time/clock.js';
import { engineOf, policyText } from '../../support/engine.js';
import { startApiServer } from './api-server.js';
import { until } from './guarded-process.js';
import { clientOf, serveDoors } from './in-cluster.js';
import { objectIn, type KubectlResult } from './kubectl.js';
import { pod, summaryOf } from './pods.js';

t.setTimeout(900_000);

const run = promisify(execFile);
const outrider = new URL('../../../outrider.js', import.meta.url).pathname;

type Profile = 'sysdig' | 'datadog';

/** What a namespace asks for, and what happens to a pod there. */
interface Case {
  /** Items of one LimitRange. */
  readonly items?: readonly JsonObject[];
  readonly quota?: JsonObject;
  /** Of the pod's only container. */
  readonly resources?: JsonObject;
  readonly spec?: JsonObject;
  /** The reason for which the pod is left alone; absent where it is instrumented. */
  readonly reason?: ReasonCode | Readonly<Partial<Record<Profile, ReasonCode>>>;
}

const container = (item: JsonObject): JsonObject => ({ type: 'Container', ...item });
const wholePod = (item: JsonObject): JsonObject => ({ type: 'Pod', ...item });
const some = { requests: { cpu: '100m', memory: '128Mi' }, limits: { cpu: '200m', memory: '256Mi' } };
const same = { limits: { cpu: '200m', memory: '256Mi' } };

const cases: Readonly<Record<string, Case>> = {
  nothing: { resources: some },
  'min-cpu': { items: [container({ min: { cpu: '50m' } })], resources: some },
  min: { items: [container({ min: { cpu: '100m', memory: '90Mi' } })], resources: some },
  'max-memory': { items: [container({ max: { memory: '256Mi' } })], resources: some },
  'ratio-4': { items: [container({ maxLimitRequestRatio: { cpu: '4' } })], resources: some },
  'ratio-both': { items: [container({ maxLimitRequestRatio: { cpu: '10', memory: '4' } })], resources: some },
  'ratio-1': { items: [container({ maxLimitRequestRatio: { cpu: '1', memory: '1' } })], resources: same },
  'ratio-odd': { items: [container({ maxLimitRequestRatio: { cpu: '2300m', memory: '1100m' } })], resources: same },
  'max-and-ratio': {
    items: [container({ max: { memory: '256Mi', cpu: '300m' }, maxLimitRequestRatio: { cpu: '4' } })],
    resources: some,
  },
  'max-too-small': {
    items: [container({ max: { memory: '255Mi' } })],
    resources: { limits: { memory: '128Mi' } },
    reason: 'resources_do_not_fit',
  },
  'default-too-small': {
    items: [container({ default: { cpu: '50m', memory: '64Mi' }, defaultRequest: { cpu: '10m', memory: '32Mi' } })],
  },
  defaults: { items: [container({ default: { cpu: '750m' }, defaultRequest: { cpu: '50m' } })] },
  'storage-max': { items: [container({ max: { 'ephemeral-storage': '2Gi' } })] },
  'storage-max-too-small': {
    items: [container({ max: { 'ephemeral-storage': '100Mi' } })],
    reason: 'resources_do_not_fit',
  },
  'storage-min': { items: [container({ min: { 'ephemeral-storage': '200Mi' } })] },
  'storage-ratio': {
    items: [container({ maxLimitRequestRatio: { 'ephemeral-storage': '2' } })],
    resources: { requests: { 'ephemeral-storage': '1Gi' }, limits: { 'ephemeral-storage': '2Gi' } },
  },
  guaranteed: { items: [container({ min: { cpu: '150m', memory: '200Mi' } })], resources: same },
  'pod-max': { items: [wholePod({ max: { cpu: '1', memory: '600Mi' } })], resources: some },
  'pod-max-too-small': {
    items: [wholePod({ max: { memory: '500Mi' } })],
    resources: some,
    reason: 'resources_do_not_fit',
  },
  'pod-min-without-limit': {
    items: [wholePod({ min: { memory: '1Gi' } })],
    resources: { requests: { memory: '1Gi', cpu: '100m' } },
  },
  'pod-ratio': {
    items: [wholePod({ maxLimitRequestRatio: { memory: '1500m', cpu: '2' } })],
    resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { cpu: '200m', memory: '160Mi' } },
  },
  'pod-max-steps': { items: [wholePod({ max: { cpu: '450m' } })], resources: some },
  'quota-limits-cpu': { quota: { hard: { 'limits.cpu': '20' } }, resources: some },
  'quota-all': {
    quota: {
      hard: { 'requests.cpu': '20', 'requests.memory': '40Gi', 'limits.cpu': '20', 'limits.memory': '40Gi' },
    },
    resources: some,
  },
  'quota-bare': { quota: { hard: { cpu: '20', memory: '40Gi' } }, resources: some },
  'quota-storage': {
    quota: { hard: { 'requests.ephemeral-storage': '40Gi', 'limits.ephemeral-storage': '40Gi' } },
    resources: some,
  },
  'quota-terminating': {
    quota: { hard: { 'limits.cpu': '20' }, scopes: ['Terminating'] },
    resources: some,
    spec: { activeDeadlineSeconds: 60 },
  },
  'quota-other-scope': { quota: { hard: { 'limits.cpu': '20' }, scopes: ['Terminating'] }, resources: {} },
  'quota-not-terminating': { quota: { hard: { 'limits.cpu': '20' }, scopes: ['NotTerminating'] }, resources: some },
  'quota-priority': {
    quota: {
      hard: { 'limits.cpu': '20' },
      scopeSelector: { matchExpressions: [{ scopeName: 'PriorityClass', operator: 'In', values: ['high'] }] },
    },
    resources: some,
    spec: { priorityClassName: 'high' },
  },
  'quota-affinity': {
    quota: { hard: { 'limits.cpu': '20' }, scopes: ['CrossNamespacePodAffinity'] },
    resources: some,
    spec: {
      affinity: {
        podAntiAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: [
            { topologyKey: 'zone', namespaces: ['other'], labelSelector: { matchLabels: { a: 'b' } } },
          ],
        },
      },
    },
  },
  'quota-not-best-effort': {
    quota: { hard: { 'limits.cpu': '20' }, scopes: ['NotBestEffort'] },
    resources: some,
  },
  'quota-best-effort-no-more': {
    quota: { hard: { 'requests.cpu': '20' }, scopes: ['NotBestEffort'] },
    reason: 'resources_do_not_fit',
  },
};

const profiles: Readonly<Record<Profile, JsonObject>> = {
  sysdig: { name: 'sysdig', settings: { region: 'us2' } },
  datadog: { name: 'datadog', settings: { site: 'datadoghq.com' } },
};
const known = { 'quay.io/sysdig/workload-agent:6.3.0': { entrypoint: ['/agent'], cmd: [] } };

t.test(
  'F21, W12: pods are created in every namespace with limits or quotas, or left alone with the reason',
  async (t) => {
    const api = await startApiServer({ controllerManager: false });
    t.teardown(() => api.stop());
    const client = clientOf(api.kubeconfig);
    t.teardown(() => client.close());
    const apply = async (objects: readonly JsonObject[]): Promise<void> => {
      const { exitCode, stderr } = await api.kubectl(
        ['apply', '-f', '-'],
        JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }),
      );
      if (exitCode !== 0) throw new Error(stderr);
    };
    const create = (namespace: string, object: JsonObject): Promise<KubectlResult> =>
      api.kubectl(['create', '-n', namespace, '-f', '-', '-o', 'json'], JSON.stringify(object));
    await prepare();

    const limits = new ClusterLimits({ client, clock: systemClock });
    const engineWith = (profile: Profile, spec: JsonObject): Engine =>
      engineOf(policyText('p', { profile: profiles[profile], ...spec }), { known, limits });
    let engine = engineWith('sysdig', {});
    const doors = await serveDoors(api, () => engine);
    t.teardown(() => doors.stop());
    await until('the webhooks', async () => {
      const { stdout } = await api.kubectl(
        ['create', '-n', 'with-nothing', '-f', '-', '-o', 'json', '--dry-run=server'],
        JSON.stringify(pod('probe')),
      );
      return stdout.includes('outrider.dev/status');
    });

    for (const profile of ['sysdig', 'datadog'] as const) {
      for (const prefer of ['Availability', 'Security'] as const) {
        await t.test(`${profile}, ${prefer}`, async (t) => {
          // The one is among the init containers, the other next to the pod's own.
          engine = engineWith(profile, { prefer, agent: { placement: profile === 'sysdig' ? 'Native' : 'Container' } });
          for (const [name, one] of Object.entries(cases)) await holds(t, name, one, profile, prefer);
        });
      }
    }

    await t.test('explain says what was fitted, and why a pod is left alone', async (t) => {
      const explain = async (name: string): Promise<string> => {
        const flags = [
          '--kubeconfig',
          api.kubeconfig,
          '--profile',
          'sysdig',
          '--set',
          'region=us2',
          '-n',
          `bare-${name}`,
        ];
        const { stdout, stderr } = await run(process.execPath, [
          outrider,
          'explain',
          'pod/sysdig-availability',
          ...flags,
        ]);
        return stdout + stderr;
      };
      t.match(await explain('max-memory'), /fitted to the namespace and the pod: .*"memory":"256Mi"/);
      t.match(await explain('max-too-small'), 'may have 255Mi of memory at most, and it needs 256Mi');
    });

    async function holds(t: Test, name: string, one: Case, profile: Profile, prefer: string): Promise<void> {
      const id = `${profile}-${prefer.toLowerCase()}`;
      const object = pod(id, { container: { resources: one.resources ?? {} }, spec: one.spec ?? {} });
      const bare = await create(`bare-${name}`, object);
      t.equal(bare.exitCode, 0, `${name}: without us it is created`);
      const { exitCode, stderr, stdout } = await create(`with-${name}`, object);
      const reason = typeof one.reason === 'string' ? one.reason : one.reason?.[profile];
      if (reason === undefined) {
        t.equal(exitCode, 0, `${name}: created\n${stderr}`);
        if (exitCode === 0)
          t.equal(summaryOf(objectIn({ exitCode, stderr, stdout })).status, 'injected', `${name}: ${stderr}`);
        return;
      }
      t.match(stderr, reason, `${name}: says why`);
      t.equal(exitCode, prefer === 'Security' ? 1 : 0, `${name}: ${stderr}`);
      if (exitCode === 0) t.equal(summaryOf(objectIn({ exitCode, stderr, stdout })).status, undefined, name);
    }

    async function prepare(): Promise<void> {
      const namespaces = Object.entries(cases).flatMap(([name, { items, quota }]) =>
        (['with', 'bare'] as const).map((kind) => ({ namespace: `${kind}-${name}`, kind, items, quota })),
      );
      await apply([
        ...namespaces.map(({ namespace, kind }) => ({
          apiVersion: 'v1',
          kind: 'Namespace',
          metadata: { name: namespace, labels: kind === 'with' ? { on: 'yes' } : {} },
        })),
        { apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass', metadata: { name: 'high' }, value: 7 },
      ]);
      const secret = { apiVersion: 'v1', kind: 'Secret', stringData: { 'access-key': 'k' } };
      for (const name of ['max-memory', 'max-too-small']) {
        await apply([{ ...secret, metadata: { name: 'sysdig-agent', namespace: `bare-${name}` } }]);
      }
      await apply(
        namespaces.flatMap(({ namespace, items, quota }): JsonObject[] => [
          { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace } },
          ...(items === undefined
            ? []
            : [{ apiVersion: 'v1', kind: 'LimitRange', metadata: { name: 'l', namespace }, spec: { limits: items } }]),
          ...(quota === undefined
            ? []
            : [{ apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'q', namespace }, spec: quota }]),
        ]),
      );
      // What the controller would write: the API server goes by a quota's status.
      for (const { namespace, quota } of namespaces) {
        if (quota === undefined) continue;
        const hard = objectOf(quota['hard']) ?? {};
        const used = Object.fromEntries(Object.keys(hard).map((name) => [name, '0']));
        const path = `/api/v1/namespaces/${namespace}/resourcequotas/q/status`;
        await client.patch(path, 'merge', { status: { hard, used } });
      }
    }
  },
);
