import { countsPod } from '../../inject/pod/fit/quota-scopes.js';
import { addAmounts, difference, type Sums } from '../../model/amounts.js';
import { objectOf, stringOf, type JsonObject } from '../../model/json.js';
import { scopesOf } from '../../model/namespace-limits.js';
import { parseQuantity } from '../../model/quantity.js';
import type { Side, Sides } from './side.js';

/** Pods of one workload, as sums count them. */
export interface CountedPods extends Sides {
  readonly replicas: number | undefined;
  /** What of the pod's spec decides which quotas count it. */
  readonly counted: JsonObject;
}

/** What all pods of a namespace grow by. */
export interface NamespaceSums {
  /** Of the workloads that grow, now or then. */
  readonly pods: number;
  /** Workloads that grow, and do not say how many pods they have: they are in no sum. */
  readonly uncounted: number;
  /** `requests.cpu`, `limits.memory`, … */
  readonly now: Sums;
  readonly then: Sums;
  /** The difference of both. */
  readonly change: Sums;
}

/** One resource of a ResourceQuota, beside what its pods would ask for. */
export interface QuotaRow {
  readonly quota: string;
  /** As the quota names it: `requests.cpu`, `memory`. */
  readonly resource: string;
  readonly hard: bigint;
  /** What the API server counts at the moment. */
  readonly used: bigint;
  /** What the pods that the quota counts would ask for in addition. */
  readonly change: bigint;
  readonly fits: boolean;
}

/** Adds up what the pods of a namespace grow by, each times its replicas. */
export function namespaceSums(pods: readonly CountedPods[]): NamespaceSums {
  const now = new Map<string, bigint>();
  const then = new Map<string, bigint>();
  let count = 0;
  let uncounted = 0;
  for (const one of pods) {
    if (!grows(one.now) && !grows(one.then)) continue;
    if (one.replicas === undefined) uncounted += 1;
    const times = one.replicas ?? 0;
    count += times;
    addSide(now, one.now, times);
    addSide(then, one.then, times);
  }
  return { pods: count, uncounted, now, then, change: difference(then, now) };
}

/**
 * Compares a namespace's quotas with what its pods would ask for in addition, for each resource that changes. A quota with a
 * scope counts the pods of the scope.
 */
export function quotaRows(quotas: readonly JsonObject[], pods: readonly CountedPods[]): readonly QuotaRow[] {
  return quotas.flatMap((quota) => {
    const scopes = scopesOf(quota);
    const { change } = namespaceSums(pods.filter(({ counted }) => countsPod({ scopes }, counted)));
    const name = stringOf(objectOf(quota['metadata'])?.['name']) ?? '';
    const status = objectOf(quota['status']);
    const hard = { ...objectOf(objectOf(quota['spec'])?.['hard']), ...objectOf(status?.['hard']) };
    return Object.entries(hard).flatMap(([resource, limit]): readonly QuotaRow[] => {
      const most = parseQuantity(limit);
      const more = change.get(longName(resource));
      if (most === undefined || more === undefined) return [];
      const used = parseQuantity(objectOf(status?.['used'])?.[resource]) ?? 0n;
      return [{ quota: name, resource, hard: most, used, change: more, fits: more <= 0n || used + more <= most }];
    });
  });
}

/** A quota's `cpu` and `memory` mean requests. */
function longName(resource: string): string {
  return /^(requests|limits)\./.test(resource) ? resource : `requests.${resource}`;
}

function addSide(sums: Map<string, bigint>, { growth }: Side, times: number): void {
  for (const kind of ['requests', 'limits'] as const) {
    const named = Object.entries(growth[kind]).map(([name, amount]) => [`${kind}.${name}`, amount] as const);
    addAmounts(sums, Object.fromEntries(named), times);
  }
}

function grows({ growth }: Side): boolean {
  return Object.keys(growth.requests).length + Object.keys(growth.limits).length > 0;
}
