import { objectOf, type JsonObject } from '../../../model/json.js';
import type { BoundedResource, NamespaceLimits } from '../../../model/namespace-limits.js';
import { parseQuantity } from '../../../model/quantity.js';
import type { PodContext } from '../context.js';
import { countsPod, needsNotBestEffort } from './quota-scopes.js';

/** Which amounts each container of a pod has to name. */
export interface Demands {
  readonly requests: ReadonlySet<BoundedResource>;
  readonly limits: ReadonlySet<BoundedResource>;
}

/**
 * What quotas demand of a pod's containers, and what the pod's own containers suggest.
 *
 * @param limitsCpu whether each of the pod's containers has a CPU limit: a policy may insist on that
 */
export function demandsOf({ quotas }: NamespaceLimits, { view }: PodContext, limitsCpu: boolean): Demands {
  const requests = new Set<BoundedResource>();
  const limits = new Set<BoundedResource>(limitsCpu ? ['cpu'] : []);
  for (const quota of quotas) {
    if (!countsPod(quota, view.spec)) continue;
    for (const resource of quota.requests) requests.add(resource);
    for (const resource of quota.limits) limits.add(resource);
  }
  return { requests, limits };
}

/**
 * A quota that counts a pod only because of our containers: those ask for resources, so that the pod is of the class
 * BestEffort no more, and then the quota demands amounts of the pod's own containers, which name none.
 */
export function unfitQuota({ quotas }: NamespaceLimits, { view, workload }: PodContext): string | undefined {
  const quota = quotas.find((each) => needsNotBestEffort(each) && countsPod(each, view.spec));
  if (quota === undefined || !isBestEffort(view.spec) || workload.some(({ value }) => !isBestEffort(value))) {
    return undefined;
  }
  const demanded = [
    ...quota.requests.map((name) => `requests.${name}`),
    ...quota.limits.map((name) => `limits.${name}`),
  ];
  return `with the agent the pod is not BestEffort any more, and quota ${quota.name} then demands ${demanded.join(', ')} of its own containers`;
}

/** Whether a container, or a pod by its own resources, asks for neither cpu nor memory. */
function isBestEffort(owner: JsonObject): boolean {
  const resources = objectOf(owner['resources']);
  for (const kind of ['requests', 'limits']) {
    const amounts = objectOf(resources?.[kind]);
    for (const name of ['cpu', 'memory']) if ((parseQuantity(amounts?.[name]) ?? 0n) > 0n) return false;
  }
  return true;
}
