// Flux and Argo CD keep rewriting the objects that they own, so it is worth knowing in advance how they react to a restart.
import { isObject, listOf, objectOf, stringMembersOf, stringOf, type JsonObject } from '../../model/json.js';

/** A tool that keeps an object as it is in a repository. */
export type GitOpsTool = 'Flux' | 'Argo CD';

/**
 * The tool that owns an object, according to its labels, annotations and managed fields. Anyone can write those, so this is
 * only used for a remark.
 */
export function gitOpsToolOf({ metadata }: JsonObject): GitOpsTool | undefined {
  const about = objectOf(metadata);
  const labels = stringMembersOf(about?.['labels']);
  const annotations = stringMembersOf(about?.['annotations']);
  const managers = listOf(about?.['managedFields'])
    .filter(isObject)
    .map(({ manager }) => stringOf(manager) ?? '');
  const has = (names: readonly string[]): boolean => names.some((name) => managers.includes(name));
  if (fluxLabels.some((label) => label in labels) || has(['kustomize-controller', 'helm-controller'])) return 'Flux';
  const isTracked = 'argocd.argoproj.io/tracking-id' in annotations || 'argocd.argoproj.io/instance' in labels;
  return isTracked || has(['argocd-controller', 'argocd-application-controller']) ? 'Argo CD' : undefined;
}

const fluxLabels = ['kustomize.toolkit.fluxcd.io/name', 'helm.toolkit.fluxcd.io/name'];

/**
 * What the tool does about a restart of the object.
 *
 * @param fieldManager under which the restart is written
 */
export function gitOpsRemark(object: JsonObject, fieldManager: string): string | undefined {
  const tool = gitOpsToolOf(object);
  if (tool === undefined) return undefined;
  if (tool === 'Flux') {
    return isUndoneByFlux(object, fieldManager)
      ? `Flux takes what the field manager ${fieldManager} writes off at its next reconciliation, which restarts the pods once more: leave --field-manager out`
      : `Flux owns it, and leaves the restart alone: it takes off what kubectl’s field managers write, and this one is ${fieldManager}`;
  }
  return isReplacedByArgo(object)
    ? 'Argo CD replaces it at each sync (Replace=true), which restarts the pods once more: its own action Restart is no better'
    : 'Argo CD owns it, and leaves the restart alone: the annotation is that of its own action Restart';
}

/** By the name's beginning; `before-first-apply` is server-side apply's name for earlier writers. */
function isUndoneByFlux({ metadata }: JsonObject, fieldManager: string): boolean {
  const about = objectOf(metadata);
  const ssa = 'kustomize.toolkit.fluxcd.io/ssa';
  const isMerged = [about?.['labels'], about?.['annotations']].some(
    (members) => stringMembersOf(members)[ssa]?.toLowerCase() === 'merge',
  );
  return !isMerged && /^(kubectl|before-first-apply|kustomize-controller)/.test(fieldManager);
}

function isReplacedByArgo({ metadata }: JsonObject): boolean {
  const options = stringMembersOf(objectOf(metadata)?.['annotations'])['argocd.argoproj.io/sync-options'] ?? '';
  return options.split(',').some((option) => option.trim() === 'Replace=true');
}

/** The default field manager of a restart: one that Flux promises to leave alone. */
export function fieldManagerFor(object: JsonObject): string {
  return gitOpsToolOf(object) === 'Flux' ? fluxFieldManager : ownFieldManager;
}

/** The field manager that marks a restart as ours in an object's managed fields. */
export const ownFieldManager = 'outrider-restart';
const fluxFieldManager = 'flux-client-side-apply';

/** The field managers that identify a restart of ours. */
export function ownManagers(given: string | undefined): readonly string[] {
  return given === undefined ? [ownFieldManager, fluxFieldManager] : [given];
}
