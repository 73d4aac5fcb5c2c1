import { names } from '../../model/names.js';
import type { NamespaceMatches } from '../../engine/matched-namespaces.js';
import { pathOf, resources } from '../client/resources.js';

/** One list of running pods that a sweep reads, page by page. */
export interface PodList {
  readonly path: string;
  readonly labelSelector: string;
  /** `whole`: each pod is judged by what is in it; `record`: by its metadata. */
  readonly read: 'whole' | 'record';
}

/** Above this many namespaces, one list over all of them is less work than one for each. */
const mostSingleLists = 20;

/** Leaves out pods that have ended. A Job's would otherwise be in every list as long as the Job exists. */
export const fieldSelector = 'status.phase!=Succeeded,status.phase!=Failed';
/** Objects per page. Whole pods are several times as large as their metadata. */
export const pageSizes = { whole: 250, record: 500 } as const;

const unlabelled = `!${names.status}`;
const labelled = names.status;

/**
 * Chooses lists that together show every pod that a policy may win, each pod once. A pod without our label is read whole. A
 * pod with it is judged by its record, or read whole if a policy prefers Security.
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

/** Names of the namespaces whose pods with a record are read whole. A list over all namespaces leaves these out. */
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
