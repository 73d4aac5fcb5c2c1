import t from 'tap';
import { ApiError } from '../../../src/cluster/client/api-error.js';
import { recordsOf, unlessForbidden } from '../../../src/cli/live/records.js';
import { OutriderError } from '../../../src/model/error.js';
import type { JsonObject } from '../../../src/model/json.js';
import { names } from '../../../src/model/names.js';

const owner = (apiVersion: string, kind: string, name: string) => [{ apiVersion, kind, name, controller: true }];

function pod(name: string, about: { readonly labels?: object; readonly ownerReferences?: readonly object[] } = {}) {
  const { labels = {}, ownerReferences = [] } = about;
  const annotations = { [names.policy]: 'payments', [names.reason]: 'injected' };
  const marked = { ...labels, [names.status]: 'injected' };
  return { name, namespace: 'shop', labels: marked, annotations, ownerReferences } as unknown as JsonObject;
}

const web = { labels: { 'pod-template-hash': 'abc' }, ownerReferences: owner('apps/v1', 'ReplicaSet', 'web-abc') };
const pods = [
  pod('web-abc-1', web),
  pod('web-abc-2', web),
  { ...pod('web-abc-3', web), labels: web.labels, annotations: {} } as JsonObject,
  pod('report-123-x', { ownerReferences: owner('batch/v1', 'Job', 'report-123') }),
  pod('alone'),
];
const recorded = { status: 'injected', policy: 'payments', reason: 'injected' };

t.test('what pods carry is grouped by workload and record', (t) => {
  t.same(recordsOf(pods), [
    { namespace: 'shop', kind: 'Deployment', name: 'web', ...recorded, pods: 2 },
    { namespace: 'shop', kind: 'Deployment', name: 'web', pods: 1 },
    { namespace: 'shop', kind: 'Job', name: 'report-123', ...recorded, pods: 1 },
    { namespace: 'shop', kind: 'Pod', name: 'alone', ...recorded, pods: 1 },
  ]);
  t.same(recordsOf([{ name: '-' }]), [{ namespace: '', kind: 'Pod', name: '', pods: 1 }], 'whatever a pod says');
  t.end();
});

t.test('of what is asked for alone', (t) => {
  const asked = (kind: string, name: string) => recordsOf(pods, [{ kind, name }]).map(({ pods }) => pods);
  t.same(asked('Deployment', 'web'), [2, 1]);
  t.same(asked('Pod', 'web-abc-2'), [1]);
  t.same(asked('CronJob', 'report'), [1]);
  t.same(asked('CronJob', 'rep'), []);
  t.same(asked('StatefulSet', 'web'), []);
  t.end();
});

t.test('only a refusal by rights is a value', (t) => {
  const refusal = (status: number, reason: string) =>
    new OutriderError('cluster_unavailable', 'no', { cause: new ApiError('GET /x: no', { status, reason }) });
  t.equal(unlessForbidden(refusal(403, 'Forbidden')).code, 'cluster_unavailable');
  t.throws(() => unlessForbidden(refusal(0, 'NoAnswer')), { code: 'cluster_unavailable' });
  t.throws(() => unlessForbidden(new Error('other')), /other/);
  t.end();
});
