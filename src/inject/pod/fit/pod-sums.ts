import { objectOf, type JsonObject } from '../../../model/json.js';
import type { BoundedResource } from '../../../model/namespace-limits.js';
import { parseQuantity } from '../../../model/quantity.js';

/** A container as a pod's sum counts it. */
export interface Counted {
  readonly resources: JsonObject | undefined;
  /** An init container with `restartPolicy: Always`. */
  readonly native: boolean;
}

/** A pod's containers, in order. */
export interface CountedPod {
  readonly initContainers: readonly Counted[];
  readonly containers: readonly Counted[];
  /** `spec.resources` as they will be. */
  readonly ofPod: JsonObject | undefined;
}

/**
 * A pod's total for one resource, as LimitRanger sums it (`podRequests` and `podLimits` of
 * plugin/pkg/admission/limitranger/admission.go): containers and sidecars together, or an init container together with the
 * sidecars before it, if that is more. The pod's own amount replaces the sum.
 *
 * @returns `undefined` if no container names the resource
 */
export function podSum(
  { initContainers, containers, ofPod }: CountedPod,
  kind: 'requests' | 'limits',
  resource: BoundedResource,
): bigint | undefined {
  const own = resource === 'ephemeral-storage' ? undefined : amountIn(ofPod, kind, resource);
  if (own !== undefined) return own;
  let sum: bigint | undefined;
  let sidecars = 0n;
  let most: bigint | undefined;
  for (const { resources } of containers) sum = plus(sum, amountIn(resources, kind, resource));
  for (const { resources, native } of initContainers) {
    const amount = amountIn(resources, kind, resource);
    if (amount === undefined) continue;
    if (native) {
      sum = plus(sum, amount);
      sidecars += amount;
    }
    const beside = native ? sidecars : sidecars + amount;
    if (most === undefined || beside > most) most = beside;
  }
  return most === undefined || (sum !== undefined && sum > most) ? sum : most;
}

/** An amount that a container's resources name. */
export function amountIn(
  resources: JsonObject | undefined,
  kind: 'requests' | 'limits',
  resource: BoundedResource,
): bigint | undefined {
  return parseQuantity(objectOf(resources?.[kind])?.[resource]);
}

function plus(sum: bigint | undefined, amount: bigint | undefined): bigint | undefined {
  return amount === undefined ? sum : (sum ?? 0n) + amount;
}
