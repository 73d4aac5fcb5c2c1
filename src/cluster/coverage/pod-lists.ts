import { names } from '../../model/names.js';
import type { NamespaceMatches } from '../../engine/matched-namespaces.js';
import { pathOf, resources } from '../client/resources.js';

/** One list of running pods that a sweep reads, page by page. */
export interface PodList {
  readonly path: string;
  readonly labelSelector: string;
  /** `whole`: each pod is judged by what stands in it; `record`: by its metadata. */
  readonly read: 'whole' | 'record';
}

/** Above so many namespaces, one list over all of them is less work than one of each. */
const mostSingleLists = 20;

/** Pods that have ended are in every list of a Job's, for as long as the Job is there. */
export const fieldSelector = 'status.phase!=Succeeded,status.phase!=Failed';
/** Objects a page; whole pods are several times as large as their metadata. */
export const pageSizes = { whole: 250, record: 500 } as const;

const unlabelled = `!${names.status}`;
const labelled = names.status;

/**
 * Says which lists show every pod that a policy may win, each pod once. A pod without our label is read whole; one with it
 * by its record, or whole where a policy prefers Security.
 */
export function podLists({ namespaces }: Pick<NamespaceMatches, 'namespaces'>): readonly PodList[] {
  const looked = namespaces.filter(({ policies }) => policies.some(({ stop }) => !isLeftOut(stop?.reason)));
  const strict = looked.filter(({ policies }) => policies.some(({ policy }) => policy.spec.prefer === 'Security'));
  if (looked.length === 0) return [];
  const everywhere = looked.length > mostSingleLists;
  const strictEverywhere = strict.length > mostSingleLists;
  const listsOf = (
    of: readonly { readonly name: string }[],
    wide: boolean,
    labelSelector: string,
    read: PodList['read'],
  ): readonly PodList[] =>
    of.length === 0
      ? []
      : wide
        ? [{ path: pathOf(resources.pods), labelSelector, read }]
        : of.map(({ name }) => ({ path: pathOf(resources.pods, { namespace: name }), labelSelector, read }));
  const trusting = looked.filter((one) => !strict.includes(one));
  return [
    ...listsOf(looked, everywhere, unlabelled, 'whole'),
    ...listsOf(strict, strictEverywhere, labelled, 'whole'),
    ...(strictEverywhere ? [] : listsOf(trusting, everywhere, labelled, 'record')),
  ];
}

/** Names of the namespaces whose pods with a record are read whole, so that a list over all of them leaves theirs out. */
export function strictNamespaces({ namespaces }: Pick<NamespaceMatches, 'namespaces'>): ReadonlySet<string> {
  return new Set(
    namespaces.flatMap(({ name, policies }) =>
      policies.some(({ policy }) => policy.spec.prefer === 'Security') ? [name] : [],
    ),
  );
}

function isLeftOut(reason: string | undefined): boolean {
  return reason === 'policy_off' || reason === 'namespace_excluded';
}
