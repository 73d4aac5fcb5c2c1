import { namedWorkloads } from '../../cluster/live/workload-kinds.js';
import { pathOf, resources, type Resource } from '../../cluster/client/resources.js';
import type { ClusterChoice } from '../../cluster/client/kube-config.js';
import type { OpenCluster } from '../../cluster/live/open-cluster.js';
import { objectOf, stringOf } from '../../model/json.js';
import { allWorkloadKinds } from '../../model/workload-kinds.js';
import { nothing, words, type Candidates } from './candidate.js';

// Short, because a person waits for the completion.
const timeoutMs = 2_000;

/** The part of a cluster's API that completion uses. */
export interface NamingCluster {
  readonly client: Pick<OpenCluster['client'], 'page' | 'close'>;
  readonly namespace: string;
}

/** Opens a cluster to ask it for names. */
export type NamingOpener = (choice: ClusterChoice) => Promise<NamingCluster>;

/** Asks a cluster for something; `undefined` where it cannot be asked. */
export type Asking = <T>(ask: (cluster: NamingCluster) => Promise<T>) => Promise<T | undefined>;

/** Names of the cluster's namespaces. */
export async function namespaceNames(asking: Asking): Promise<Candidates> {
  return words((await asking(({ client }) => namesIn(client, pathOf(resources.namespaces)))) ?? []);
}

/**
 * Workloads as a command line names them: first the kind, then the names of objects of that kind.
 *
 * @param before the objects that are on the line already
 * @param current the word that is being written
 */
export async function workloadNames(
  before: readonly string[],
  current: string,
  namespace: string | undefined,
  asking: Asking,
): Promise<Candidates> {
  const [first] = before;
  const kind = first !== undefined && !first.includes('/') ? first : /^([^/]+)\//.exec(current)?.[1];
  if (kind === undefined) {
    const kinds = allWorkloadKinds.filter(({ ownsPods, templates }) => ownsPods && templates.length > 0);
    return { ...words(kinds.map(({ called }) => `${called}/`)), goesOn: true };
  }
  const resource = kindOf(kind);
  if (resource === undefined) return nothing;
  const names = await asking((cluster) =>
    namesIn(cluster.client, pathOf(resource, { namespace: namespace ?? cluster.namespace })),
  );
  return words((names ?? []).map((name) => (first === kind ? name : `${kind}/${name}`)));
}

function kindOf(word: string): Resource | undefined {
  try {
    return namedWorkloads([`${word}/x`])[0]?.resource;
  } catch {
    return undefined;
  }
}

/** One page, and names alone: a namespace with ten thousand pods costs no more than one with five hundred. */
async function namesIn(client: NamingCluster['client'], path: string): Promise<readonly string[]> {
  const { items } = await client.page(path, { metadataOnly: true, timeoutMs });
  return items.flatMap((item) => stringOf(objectOf(item['metadata'])?.['name']) ?? []);
}
