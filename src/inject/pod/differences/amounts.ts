import { objectOf, type JsonObject, type JsonValue } from '../../../model/json.js';
import { parseQuantity, sameQuantity } from '../../../model/quantity.js';
import type { Terms } from './difference.js';

/**
 * Amounts that others set on our containers. Anybody may set requests (the Vertical Pod Autoscaler, GKE Autopilot), but
 * limits must not be below what the part needs. An agent without resources sees nothing, and a copy step without resources
 * ends in the stub.
 */

/** Resources for which others may set amounts if none is planned. Devices are not among them. */
const known: ReadonlySet<string> = new Set(['cpu', 'memory', 'ephemeral-storage']);
/** Our steps write little outside the volume. With a limit below that, the kubelet would evict the whole pod. */
const leastStorage = '64Mi';

/** Whether a container's resources are as planned, or as others may set them. Reports each place that is neither. */
export function compareAmounts(
  actual: JsonValue | undefined,
  planned: JsonValue | undefined,
  terms: Terms,
  report: (place: readonly string[], value: JsonValue | undefined) => void,
): void {
  const found = objectOf(actual);
  const wanted = objectOf(planned);
  for (const field in found) {
    const value = found[field];
    if (field === 'requests' || field === 'limits' || isNone(value)) continue;
    report(['resources', field], value);
  }
  const requests = objectOf(found?.['requests']);
  const wantedRequests = objectOf(wanted?.['requests']);
  for (const name in requests) {
    const value = requests[name];
    if (known.has(name) || sameQuantity(value, wantedRequests?.[name])) continue;
    report(['resources', 'requests', name], value);
  }
  const limits = objectOf(found?.['limits']);
  const wantedLimits = objectOf(wanted?.['limits']);
  for (const name in wantedLimits) {
    if (limits?.[name] === undefined && terms.ownLimits()?.[name] !== undefined)
      report(['resources', 'limits', name], undefined);
  }
  for (const name in limits) {
    const value = limits[name];
    if (value === wantedLimits?.[name] || sameQuantity(value, wantedLimits?.[name])) continue;
    if (
      isEnough(
        value,
        known.has(name) ? leastLimit(name, wantedLimits, wantedRequests, terms.minimumLimits()) : undefined,
      )
    )
      continue;
    report(['resources', 'limits', name], value);
  }
}

function isNone(value: JsonValue | undefined): boolean {
  return value === undefined || value === null || (Array.isArray(value) && value.length === 0);
}

/**
 * The smallest limit that a part may have: the profile's, otherwise the planned one; if no limit is planned, the part's
 * request. Planned means before fitting to a namespace, so that replicas with different knowledge of the namespace's limits
 * accept each other's pods.
 */
export function leastLimit(
  name: string,
  limits: JsonObject | undefined,
  requests: JsonObject | undefined,
  minimumLimits: Readonly<Record<string, string>> | undefined,
): JsonValue | undefined {
  const planned = limits?.[name];
  const named = name === 'ephemeral-storage' ? leastStorage : minimumLimits?.[name];
  if (named === undefined) return planned ?? requests?.[name];
  if (planned === undefined) return named;
  return isEnough(planned, named) ? named : planned;
}

function isEnough(value: JsonValue | undefined, least: JsonValue | undefined): boolean {
  const amount = parseQuantity(value);
  const wanted = parseQuantity(least);
  return amount !== undefined && wanted !== undefined && amount >= wanted;
}
