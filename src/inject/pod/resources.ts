import { isObject, objectOf, type JsonObject, type JsonValue } from '../../model/json.js';
import { parseQuantity, sameQuantity } from '../../model/quantity.js';
import type { Growth } from './plan.js';
import type { ContainerView } from './view.js';

/**
 * Whether the pod has the class Guaranteed: limits for cpu and memory, and requests equal to them (Kubernetes docs,
 * "Pod Quality of Service Classes"). Where the pod has resources of its own, they alone decide; else those of every
 * container. A missing request is the limit.
 */
export function isGuaranteed(spec: JsonObject, workload: readonly ContainerView[]): boolean {
  const ofPod = objectOf(spec['resources']);
  if (holdsAmounts(ofPod?.['requests']) || holdsAmounts(ofPod?.['limits'])) return limitsAreRequests(ofPod);
  return workload.every(({ value }) => limitsAreRequests(objectOf(value['resources'])));
}

function holdsAmounts(value: JsonValue | undefined): boolean {
  return Object.keys(objectOf(value) ?? {}).length > 0;
}

/** The resources that the class depends on. */
const decisive = ['cpu', 'memory'] as const;

function limitsAreRequests(resources: JsonObject | undefined): boolean {
  const limits = objectOf(resources?.['limits']);
  const requests = objectOf(resources?.['requests']);
  if (limits === undefined) return false;
  for (const name of decisive) {
    const limit = limits[name];
    const request = requests?.[name];
    if (limit === undefined || !isPositive(limit)) return false;
    if (request !== undefined && request !== limit && !sameQuantity(request, limit)) return false;
  }
  return true;
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

const noGrowth: Growth = { requests: {}, limits: {}, text: '' };

/** By how much a pod grows with this agent next to it; by nothing without one. */
export function growthBy(agent: JsonObject | undefined): Growth {
  const resources = agent?.['resources'];
  if (!isObject(resources)) return noGrowth;
  const requests = quantities(resources['requests']);
  const limits = quantities(resources['limits']);
  return { requests, limits, text: [...listed(requests, 'requests'), ...listed(limits, 'limits')].join('; ') };
}

function listed(amounts: Growth['requests'], kind: string): readonly string[] {
  const texts = Object.entries(amounts).map(([name, amount]) => `${name} ${amount}`);
  return texts.length === 0 ? [] : [`${kind} ${texts.join(', ')}`];
}

function quantities(value: unknown): Readonly<Record<string, string>> {
  const amounts: Record<string, string> = {};
  if (isObject(value))
    for (const name in value) {
      const amount = value[name];
      if (typeof amount === 'string') amounts[name] = amount;
    }
  return amounts;
}
