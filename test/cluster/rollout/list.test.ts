import t from 'tap';
import type { ApiClient, ListOptions } from '../../../src/cluster/client/api-client.js';
import { ApiError } from '../../../src/cluster/client/api-error.js';
import { listPodsOf } from '../../../src/cluster/rollout/list-pods.js';
import { listWorkloads } from '../../../src/cluster/rollout/list-workloads.js';
import type { JsonObject } from '../../../src/model/json.js';
import { storedObjects } from '../stored-objects.js';

const api = (status: number, reason: string): ApiError => new ApiError(`LIST: ${reason}`, { status, reason });

/** A client whose lists are answered one after another. */
function lists(answers: readonly (readonly JsonObject[] | ApiError)[]) {
  const asked: { readonly path: string; readonly options: ListOptions | undefined }[] = [];
  const client: ApiClient = {
    ...storedObjects().client,
    list: (path, options) => {
      const answer = answers[asked.push({ path, options }) - 1] ?? [];
      if (answer instanceof ApiError) return Promise.reject(answer);
      return Promise.resolve({ items: answer, resourceVersion: '1' });
    },
  };
  return { client, asked };
}

const web = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web' },
  spec: { selector: { matchLabels: { app: 'web' } } },
};

function pod(name: string, owner: string, more: JsonObject = {}): JsonObject {
  const labels = { 'pod-template-hash': '7d9' };
  const ownerReferences = [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: owner, uid: '1', controller: true }];
  return { metadata: { name, labels, ownerReferences, ...more } };
}

t.test('a workload’s pods are those that say that they are its own, and do not end', async (t) => {
  const pods = [
    pod('web-7d9-a', 'web-7d9'),
    pod('other-7d9-a', 'other-7d9'),
    pod('web-7d9-b', 'web-7d9', { deletionTimestamp: '2026-11-29T00:00:00Z' }),
    { metadata: { name: 'bare' } },
  ];
  const { client, asked } = lists([pods]);
  t.same(await listPodsOf(client, web, 'shop'), [pods[0]]);
  t.match(asked, [
    {
      path: '/api/v1/namespaces/shop/pods',
      options: { query: { labelSelector: 'app=web', fieldSelector: 'status.phase!=Succeeded,status.phase!=Failed' } },
    },
  ]);
  t.same(await listPodsOf(client, { ...web, spec: {} }, 'shop'), [], 'without a selector it has none');
});

t.test('a list whose beginning the API server forgot is begun anew, a few times', async (t) => {
  const gone = api(410, 'Expired');
  const { client, asked } = lists([gone, gone, [pod('web-7d9-a', 'web-7d9')]]);
  t.equal((await listPodsOf(client, web, 'shop')).length, 1);
  t.equal(asked.length, 3);
  await t.rejects(listPodsOf(lists([gone, gone, gone, []]).client, web, 'shop'), { code: 'cluster_unavailable' });
  await t.rejects(listPodsOf(lists([api(403, 'Forbidden')]).client, web, 'shop'), {
    code: 'cluster_unavailable',
    message: /forbids its user to read pods in namespace shop \(403\); ask for the right to list pods there/,
  });
});

t.test('the workloads of a namespace that can be restarted, by kind', async (t) => {
  const named = (name: string) => ({ metadata: { name } });
  const { client, asked } = lists([[named('web')], [named('db'), {}], [], api(404, 'NotFound')]);
  const { found, unseen } = await listWorkloads(client, 'shop');
  t.same(
    found.map(({ name, object }) => [object['kind'], name, object['apiVersion']]),
    [
      ['Deployment', 'web', 'apps/v1'],
      ['StatefulSet', 'db', 'apps/v1'],
    ],
  );
  t.same(unseen, []);
  t.equal(asked.length, 4);
});

t.test('a kind of an extension that may not be listed is said; one of Kubernetes’ own ends it', async (t) => {
  const { unseen } = await listWorkloads(lists([[], [], [], api(403, 'Forbidden')]).client, 'shop');
  t.same(unseen, ['rollouts.argoproj.io']);
  await t.rejects(listWorkloads(lists([[], api(403, 'Forbidden')]).client, 'shop'), {
    message: /statefulsets in namespace shop/,
  });
  await t.rejects(listWorkloads(lists([[], [], [], api(0, 'NoAnswer')]).client, 'shop'), {
    code: 'cluster_unavailable',
  });
});
