import t from 'tap';
import {
  fieldManagerFor,
  gitOpsRemark,
  gitOpsToolOf,
  ownFieldManager,
  ownManagers,
} from '../../../src/cluster/rollout/gitops.js';
import type { JsonObject } from '../../../src/model/json.js';

const about = (metadata: JsonObject): JsonObject => ({ metadata });
const managed = (manager: string) => about({ managedFields: [{ manager, operation: 'Apply' }] });

t.test('who owns an object is told by labels, annotations and managed fields', (t) => {
  const table: readonly (readonly [JsonObject, string | undefined])[] = [
    [about({ labels: { 'kustomize.toolkit.fluxcd.io/name': 'apps' } }), 'Flux'],
    [about({ labels: { 'helm.toolkit.fluxcd.io/name': 'apps' } }), 'Flux'],
    [managed('kustomize-controller'), 'Flux'],
    [managed('helm-controller'), 'Flux'],
    [about({ annotations: { 'argocd.argoproj.io/tracking-id': 'shop:apps/Deployment:shop/web' } }), 'Argo CD'],
    [about({ labels: { 'argocd.argoproj.io/instance': 'shop' } }), 'Argo CD'],
    [managed('argocd-controller'), 'Argo CD'],
    // Helm writes this one too.
    [about({ labels: { 'app.kubernetes.io/instance': 'shop' } }), undefined],
    [managed('kubectl-client-side-apply'), undefined],
    [{}, undefined],
  ];
  for (const [object, tool] of table) t.equal(gitOpsToolOf(object), tool, JSON.stringify(object));
  t.end();
});

t.test('the field manager is one that Flux leaves alone, and our own elsewhere', (t) => {
  t.equal(fieldManagerFor(managed('kustomize-controller')), 'flux-client-side-apply');
  t.equal(fieldManagerFor(managed('argocd-controller')), ownFieldManager);
  t.equal(fieldManagerFor({}), ownFieldManager);
  t.notMatch(ownFieldManager, /^kubectl/, 'Flux takes off what managers write whose names begin so');
  t.same(ownManagers(undefined), [ownFieldManager, 'flux-client-side-apply']);
  t.same(ownManagers('me'), ['me']);
  t.end();
});

t.test('what Flux and Argo CD do about a restart is said', (t) => {
  const flux = managed('kustomize-controller');
  t.match(gitOpsRemark(flux, 'flux-client-side-apply'), /^Flux owns it, and leaves the restart alone/);
  for (const manager of ['kubectl', 'kubectl-rollout', 'before-first-apply', 'kustomize-controller']) {
    t.match(gitOpsRemark(flux, manager), /^Flux takes what the field manager .* writes off at its next/, manager);
  }
  const merged = about({
    labels: { 'kustomize.toolkit.fluxcd.io/name': 'a', 'kustomize.toolkit.fluxcd.io/ssa': 'Merge' },
  });
  t.match(gitOpsRemark(merged, 'kubectl'), /^Flux owns it, and leaves/);
  const argo = { 'argocd.argoproj.io/tracking-id': 'x' };
  t.match(gitOpsRemark(about({ annotations: argo }), 'me'), /^Argo CD owns it, and leaves the restart alone/);
  const replaced = { ...argo, 'argocd.argoproj.io/sync-options': 'Prune=false, Replace=true' };
  t.match(gitOpsRemark(about({ annotations: replaced }), 'me'), /^Argo CD replaces it at each sync/);
  t.equal(gitOpsRemark({}, 'me'), undefined);
  t.end();
});
