import { allWorkloadKinds, workloadKinds, type WorkloadKind } from '../../model/workload-kinds.js';
import { pathOf } from '../client/resources.js';

/** One list that is read page by page. */
export interface WorkloadList {
  readonly resource: WorkloadKind;
  readonly path: string;
  /** Absent for a list over all namespaces. */
  readonly namespace?: string;
}

/** Above this many namespaces, one list over all of them is less work than one for each. */
const mostSingleLists = 20;

/** A Knative Service's pods come from a Deployment, which is listed itself. */
const elsewhere: readonly WorkloadKind[] = [workloadKinds.knativeServices];

/** The kinds that pods come from, without those that only make objects of another one here. */
const listed: readonly WorkloadKind[] = allWorkloadKinds.filter(
  (kind) => kind.ownsPods && kind.templates.length > 0 && !elsewhere.includes(kind),
);

/**
 * The kinds whose objects another object usually makes: a list of them has each workload many times over, so their metadata
 * is read first.
 */
const usuallyMade: ReadonlySet<WorkloadKind> = new Set([
  workloadKinds.pods,
  workloadKinds.replicaSets,
  workloadKinds.replicationControllers,
  workloadKinds.jobs,
]);

/** Whether the metadata of a kind's objects is read first. */
export function isUsuallyMade(kind: WorkloadKind): boolean {
  return usuallyMade.has(kind);
}

/** Whether objects of a kind are listed, so that what they make need not be. */
export function isListed(kind: WorkloadKind | undefined): boolean {
  return kind !== undefined && listed.includes(kind);
}

/** The kinds to list, of those that a cluster serves. @param groups the API groups it serves; `undefined`: not known */
export function kindsToList(groups: ReadonlySet<string> | undefined): readonly WorkloadKind[] {
  return listed.filter(({ group }) => groups?.has(group) ?? true);
}

/** The lists that together have every object of a kind in some namespaces. */
export function listsOf(resource: WorkloadKind, namespaces: ReadonlySet<string>): readonly WorkloadList[] {
  if (namespaces.size > mostSingleLists) return [{ resource, path: pathOf(resource) }];
  return singleLists(resource, namespaces);
}

/** The same, one list for each namespace. */
export function singleLists(resource: WorkloadKind, namespaces: ReadonlySet<string>): readonly WorkloadList[] {
  return [...namespaces].map((namespace) => ({ resource, path: pathOf(resource, { namespace }), namespace }));
}
