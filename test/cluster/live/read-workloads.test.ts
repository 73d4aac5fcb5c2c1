import t from 'tap';
import type { ApiClient } from '../../../src/cluster/client/api-client.js';
import { readWorkloads, type UnreadKind } from '../../../src/cluster/live/read-workloads.js';
import { objectOf, stringOf, type JsonObject } from '../../../src/model/json.js';
import { refusal } from '../fake-api.js';
import { pagedObjects, type PagedObjects } from '../paged-objects.js';

const shop = new Set(['shop']);

function object(apiVersion: string, kind: string, name: string, more: JsonObject = {}): JsonObject {
  const { namespace = 'shop', owner, ...rest } = more;
  const owners = owner === undefined ? {} : { ownerReferences: [{ ...objectOf(owner), controller: true }] };
  return { apiVersion, kind, metadata: { name, namespace, uid: `${kind}-${name}`, ...owners }, spec: {}, ...rest };
}

const ownedBy = (apiVersion: string, kind: string, name: string) => ({ owner: { apiVersion, kind, name } });

async function read(cluster: PagedObjects, namespaces: ReadonlySet<string> = shop, labelSelector?: string) {
  const unread: UnreadKind[] = [];
  const found: string[] = [];
  const pages = readWorkloads(cluster.client, {
    namespaces,
    sleep: () => Promise.resolve(),
    onUnread: (one) => unread.push(one),
    ...(labelSelector === undefined ? {} : { labelSelector }),
  });
  for await (const page of pages) {
    for (const { kind, apiVersion, metadata } of page) {
      found.push([apiVersion, kind, objectOf(metadata)?.['name']].map((word) => stringOf(word) ?? '').join(' '));
    }
  }
  return { found: found.sort(), unread };
}

t.test('what another listed object makes is left out, and so is what has ended', async (t) => {
  const cluster = pagedObjects([
    object('apps/v1', 'Deployment', 'web'),
    object('apps/v1', 'ReplicaSet', 'web-1', ownedBy('apps/v1', 'Deployment', 'web')),
    object('v1', 'Pod', 'web-1-a', ownedBy('apps/v1', 'ReplicaSet', 'web-1')),
    object('v1', 'Pod', 'task-a', ownedBy('tekton.dev/v1', 'TaskRun', 'task')),
    object('v1', 'Pod', 'alone'),
    object('v1', 'Pod', 'done', { status: { phase: 'Succeeded' } }),
    object('batch/v1', 'CronJob', 'report'),
    object('batch/v1', 'Job', 'report-1', ownedBy('batch/v1', 'CronJob', 'report')),
    object('batch/v1', 'Job', 'seed'),
    object('batch/v1', 'Job', 'over', { status: { conditions: [{ type: 'Complete', status: 'True' }] } }),
    object('apps/v1', 'Deployment', 'elsewhere', { namespace: 'bank' }),
  ]);
  const { found, unread } = await read(cluster);
  t.same(found, [
    'apps/v1 Deployment web',
    'batch/v1 CronJob report',
    'batch/v1 Job seed',
    'v1 Pod alone',
    'v1 Pod task-a',
  ]);
  t.same(unread, []);
  t.notOk(
    cluster.asked.some((what) => /pods whole$/.test(what) && !what.includes('namespaces')),
    'pods are read whole only where they are wanted',
  );
  t.notOk(
    cluster.asked.some((what) => what.includes('rollouts')),
    'a kind that the cluster does not serve is not asked for',
  );
});

t.test(
  'many namespaces are read by one list of each kind, and by one for each namespace where that is forbidden',
  async (t) => {
    const names = Array.from({ length: 30 }, (_, index) => `team-${index}`);
    const cluster = pagedObjects(
      names.map((namespace) =>
        object('apps/v1', 'Deployment', 'web', { namespace, metadata: { name: 'web', namespace, uid: namespace } }),
      ),
    );
    const wide = await read(cluster, new Set(names));
    t.equal(wide.found.length, 30);
    t.equal(cluster.asked.filter((what) => what.includes('deployments')).length, 1);
    cluster.forbidden.add('/apis/apps/v1/deployments');
    cluster.forbidden.add('/apis/apps/v1/namespaces/team-7/deployments');
    const narrow = await read(cluster, new Set(names));
    t.equal(narrow.found.length, 29);
    t.same(narrow.unread, [{ kind: 'deployments.apps', namespace: 'team-7' }]);
  },
);

t.test('a page of many pods without a maker is read whole at once', async (t) => {
  const pods = Array.from({ length: 20 }, (_, index) => object('v1', 'Pod', `pod-${index}`));
  const cluster = pagedObjects(pods);
  t.equal((await read(cluster)).found.length, 20);
  t.equal(cluster.asked.filter((what) => what.includes('/pods')).length, 2);
});

t.test('a list that expires in the middle starts again, and nothing comes twice', async (t) => {
  const all = Array.from({ length: 600 }, (_, index) => object('apps/v1', 'Deployment', `web-${index}`));
  const cluster = pagedObjects(all);
  const what = 'PAGE /apis/apps/v1/namespaces/shop/deployments whole';
  let asked = 0;
  const client = {
    ...cluster.client,
    page: (...words: Parameters<ApiClient['page']>) => {
      if (words[0].endsWith('/deployments') && ++asked === 2) return Promise.reject(refusal(410, 'Expired'));
      return cluster.client.page(...words);
    },
  };
  const { found } = await read({ ...cluster, client });
  t.equal(found.length, 600);
  t.equal(new Set(found).size, 600);
  cluster.faults.set(
    what,
    Array.from({ length: 4 }, () => refusal(410, 'Expired')),
  );
  await t.rejects(read(cluster), { code: 'cluster_unavailable' }, 'but not for ever');
});

t.test('an API server that is too busy is asked again, one that does not answer is not', async (t) => {
  const cluster = pagedObjects([object('apps/v1', 'Deployment', 'web')]);
  const what = 'PAGE /apis/apps/v1/namespaces/shop/deployments whole';
  cluster.faults.set(what, [refusal(429, 'TooManyRequests', 1), refusal(503, 'ServiceUnavailable')]);
  t.equal((await read(cluster)).found.length, 1);
  cluster.faults.set(what, [refusal(0, 'NoAnswer')]);
  await t.rejects(read(cluster), { code: 'cluster_unavailable', message: /does not answer/ });
});
