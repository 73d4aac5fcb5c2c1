import { objectOf } from '../model/json.js';
import type { JsonValue } from '../model/json.js';
import { parseQuantity, sameQuantity } from './quantity.js';
import type { ContainerView } from './view.js';

/**
 * Whether the pod is of the class Guaranteed: every container has limits for cpu and memory, and requests equal to them
 * (Kubernetes docs, "Pod Quality of Service Classes"). A missing request is the limit.
 */
export function isGuaranteed(workload: readonly ContainerView[]): boolean {
  return workload.every(({ value }) => {
    const resources = objectOf(value['resources']);
    const limits = objectOf(resources?.['limits']);
    const requests = objectOf(resources?.['requests']);
    return ['cpu', 'memory'].every((name) => {
      const limit = limits?.[name];
      return isPositive(limit) && (requests?.[name] === undefined || sameQuantity(requests[name], limit));
    });
  });
}

/** Whether a container of the workload limits ephemeral storage, into which an emptyDir of ours would eat. */
export function limitsEphemeralStorage(workload: readonly ContainerView[]): boolean {
  return workload.some(
    ({ value }) => objectOf(objectOf(value['resources'])?.['limits'])?.['ephemeral-storage'] !== undefined,
  );
}

function isPositive(quantity: JsonValue | undefined): boolean {
  const amount = parseQuantity(quantity);
  return amount !== undefined && amount > 0n;
}
