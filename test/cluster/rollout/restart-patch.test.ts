import t from 'tap';
import type { JsonObject } from '../../../src/model/json.js';
import { isRestartedBy, restartOf, restartPatch } from '../../../src/cluster/rollout/restart-patch.js';

const at = '2026-11-29T01:00:00Z';
const annotation = 'kubectl.kubernetes.io/restartedAt';
const deployment = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web', resourceVersion: '7' } };
const rollout = {
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'Rollout',
  metadata: { name: 'web', resourceVersion: '7' },
};

t.test('the change is kubectl’s own, an Argo Rollout’s its field, and only of the object as it was read', (t) => {
  t.same(restartPatch(deployment, at), {
    metadata: { resourceVersion: '7' },
    spec: { template: { metadata: { annotations: { [annotation]: at } } } },
  });
  t.same(restartPatch(rollout, at), { metadata: { resourceVersion: '7' }, spec: { restartAt: at } });
  t.same(restartPatch({ ...rollout, metadata: {} }, at), { spec: { restartAt: at } });
  t.end();
});

t.test('a restart is read from where it was written', (t) => {
  t.equal(restartOf(deployment), undefined);
  t.equal(restartOf({ ...deployment, ...restartPatch(deployment, at) }), at);
  t.equal(restartOf({ ...rollout, ...restartPatch(rollout, at) }), at);
  t.equal(restartOf({ ...rollout, spec: restartPatch(deployment, at)['spec'] ?? null }), undefined);
  t.end();
});

t.test('whose restart it is stands in the managed fields', (t) => {
  const fields = (manager: string, fieldsV1: JsonObject): JsonObject => ({ managedFields: [{ manager, fieldsV1 }] });
  const inTemplate = { 'f:spec': { 'f:template': { 'f:metadata': { 'f:annotations': { [`f:${annotation}`]: {} } } } } };
  const written = { ...deployment, ...restartPatch(deployment, at) };
  const by = (manager: string, fieldsV1: JsonObject = inTemplate) =>
    isRestartedBy({ ...written, metadata: fields(manager, fieldsV1) }, ['ours']);
  t.ok(by('ours'));
  t.notOk(by('kubectl-rollout'));
  t.notOk(by('ours', { 'f:spec': { 'f:replicas': {} } }));
  t.notOk(isRestartedBy({ ...deployment, metadata: fields('ours', inTemplate) }, ['ours']), 'it was taken off again');
  const argo = { ...rollout, metadata: fields('ours', { 'f:spec': { 'f:restartAt': {} } }), spec: { restartAt: at } };
  t.ok(isRestartedBy(argo, ['ours']));
  t.end();
});
