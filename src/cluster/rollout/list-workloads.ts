import { objectOf, stringOf, type JsonObject } from '../../model/json.js';
import { isRestartable } from '../../model/restart-advice.js';
import { allWorkloadKinds, workloadKinds } from '../../model/workload-kinds.js';
import type { ApiClient } from '../client/api-client.js';
import { isApiError } from '../client/api-error.js';
import { apiVersionOf, pathOf } from '../client/resources.js';
import { refused } from '../live/refusal.js';
import type { NamedWorkload } from '../live/workload-kinds.js';

/** A workload that was read. */
export interface FoundWorkload extends NamedWorkload {
  readonly namespace: string;
  readonly object: JsonObject;
}

/** The workloads of a namespace that can be restarted. */
export interface WorkloadsThere {
  readonly found: readonly FoundWorkload[];
  /** Plurals of the kinds that cannot be listed, so that objects of them may exist. Only kinds of extensions. */
  readonly unseen: readonly string[];
}

const restartable = allWorkloadKinds.filter(isRestartable);

/**
 * Lists the workloads of a namespace that can be restarted, by kind and then name.
 *
 * @param labelSelector only those with these labels
 * @throws OutriderError `cluster_unavailable`
 */
export async function listWorkloads(
  client: ApiClient,
  namespace: string,
  labelSelector?: string,
): Promise<WorkloadsThere> {
  const found: FoundWorkload[] = [];
  const unseen: string[] = [];
  for (const resource of restartable) {
    try {
      const { items } = await client.list(pathOf(resource, { namespace }), { query: { labelSelector } });
      for (const item of items) {
        const name = stringOf(objectOf(item['metadata'])?.['name']);
        if (name === undefined) continue;
        // The items of a list do not say what they are.
        const object = { ...item, apiVersion: apiVersionOf(resource), kind: resource.kind };
        found.push({ resource, name, namespace, object });
      }
    } catch (error) {
      const isExtension = resource === workloadKinds.rollouts;
      if (isExtension && isApiError(error, 'NotFound')) continue;
      // A caller that may list everything gets a 404 for a missing resource, any other caller this.
      if (isExtension && isApiError(error, 'Forbidden')) {
        unseen.push(`${resource.plural}.${resource.group}`);
        continue;
      }
      const remedy = `ask for the right to list ${resource.plural} there`;
      throw refused(error, client.server, `${resource.plural} in namespace ${namespace}`, remedy);
    }
  }
  return { found, unseen };
}
