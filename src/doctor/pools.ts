import { isObject, listOf, objectOf, type JsonObject } from '../model/json.js';

/**
 * Labels and annotations by which the pools of clouds and provisioners are known: Karpenter and EKS's Auto Mode, node
 * groups of EKS, pools of GKE, AKS and others, instance groups of kOps, machines of the Cluster API and of OpenShift.
 * No node says whether its pool grows by itself, so each pool counts as one that may.
 */
const poolNames: readonly RegExp[] = [
  /^karpenter\./,
  /^cluster-autoscaler\.kubernetes\.io\//,
  /^cluster\.x-k8s\.io\/machine$/,
  /^machine\.openshift\.io\/machine$/,
  /(?:^|[./-])(?:node-?pool|node-?group|agent-?pool|worker-?pool|instance-?group|pool)(?:-?(?:name|id))?$/i,
];

/** The cluster autoscaler's own, on a node that it is about to take away. */
const autoscalerTaint = /OfClusterAutoscaler$|ByClusterAutoscaler$/;

/** What shows that nodes like this one may come and go by themselves: a name on it; `undefined` for none. */
export function poolOf(node: JsonObject): string | undefined {
  const metadata = objectOf(node['metadata']);
  for (const names of [metadata?.['labels'], metadata?.['annotations']]) {
    for (const name in objectOf(names)) if (poolNames.some((pattern) => pattern.test(name))) return name;
  }
  for (const taint of listOf(objectOf(node['spec'])?.['taints'])) {
    const key = isObject(taint) ? taint['key'] : undefined;
    if (typeof key === 'string' && autoscalerTaint.test(key)) return key;
  }
  return undefined;
}
