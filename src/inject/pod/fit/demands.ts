import { objectOf, type JsonObject } from '../../../model/json.js';
import { boundedResources, type BoundedResource, type NamespaceLimits } from '../../../model/namespace-limits.js';
import { parseQuantity } from '../../../model/quantity.js';
import type { PodContext } from '../context.js';
import { countsPod, needsNotBestEffort } from './quota-scopes.js';

/** The amounts that each container of a pod must name, one bit each, so that two sets are compared as one number. */
export type Demands = number;

/** Whether an amount must be named. */
export function isDemanded(demands: Demands, kind: 'requests' | 'limits', resource: BoundedResource): boolean {
  return (demands & bitOf(kind, resource)) !== 0;
}

/**
 * What quotas demand of a pod's containers, and what the pod's own containers suggest.
 *
 * @param limitsCpu whether each of the pod's containers has a CPU limit, since an admission policy may insist on that
 */
export function demandsOf({ quotas }: NamespaceLimits, { view }: PodContext, limitsCpu: boolean): Demands {
  let demands = limitsCpu ? bitOf('limits', 'cpu') : 0;
  for (const quota of quotas) {
    if (!countsPod(quota, view.spec)) continue;
    for (const resource of quota.requests) demands |= bitOf('requests', resource);
    for (const resource of quota.limits) demands |= bitOf('limits', resource);
  }
  return demands;
}

function bitOf(kind: 'requests' | 'limits', resource: BoundedResource): number {
  return 1 << (boundedResources.indexOf(resource) + (kind === 'limits' ? boundedResources.length : 0));
}

/**
 * A quota that counts a pod only because of our containers. They request resources, so the pod is no longer BestEffort. Then
 * the quota demands amounts from the pod's own containers, which name none.
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

/** Whether a container, or a pod with its own resources, requests neither cpu nor memory. */
function isBestEffort(owner: JsonObject): boolean {
  const resources = objectOf(owner['resources']);
  for (const kind of ['requests', 'limits']) {
    const amounts = objectOf(resources?.[kind]);
    for (const name of ['cpu', 'memory']) if ((parseQuantity(amounts?.[name]) ?? 0n) > 0n) return false;
  }
  return true;
}
