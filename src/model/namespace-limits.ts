import { isObject, listOf, objectOf, stringOf, stringsOf, type JsonObject, type JsonValue } from './json.js';
import { parseQuantity } from './quantity.js';

/**
 * What a namespace's LimitRanges and ResourceQuotas ask of the amounts in its pods' containers. How much of a quota is
 * left is not looked at: otherwise using up a quota would be a way to run untraced.
 */
export interface NamespaceLimits {
  /** Of each container, by resource. */
  readonly container: ReadonlyMap<BoundedResource, ContainerBounds>;
  /** Of the pod as a whole, by resource. */
  readonly pod: ReadonlyMap<BoundedResource, Bounds>;
  /** Which amounts each container has to name. */
  readonly quotas: readonly QuotaDemand[];
}

/** The resources that containers are fitted in. */
export const boundedResources = ['cpu', 'memory', 'ephemeral-storage'] as const;
export type BoundedResource = (typeof boundedResources)[number];

/** What LimitRanges allow of one resource, in billionths; of several LimitRanges the narrowest. */
export interface Bounds {
  /** Lower bound of request and limit; a request is then required. */
  readonly min?: bigint;
  /** Upper bound of both; a limit is then required. */
  readonly max?: bigint;
  /** How many times its request a limit may be, in billionths; both are there. */
  readonly ratio?: bigint;
}

/** The same for containers, with the defaults that the API server fills in. */
export interface ContainerBounds extends Bounds {
  readonly defaultLimit?: bigint;
  readonly defaultRequest?: bigint;
}

/** What a ResourceQuota counts of cpu and memory, each container has to name. It does so for the pods of its scopes. */
export interface QuotaDemand {
  readonly name: string;
  readonly requests: readonly BoundedResource[];
  readonly limits: readonly BoundedResource[];
  readonly scopes: readonly QuotaScope[];
}

/** One of the conditions that a pod meets where a quota counts it. */
export interface QuotaScope {
  readonly name: string;
  readonly operator: string;
  readonly values: readonly string[];
}

/** Those of a namespace that has neither. One object, so that it can be recognised by identity. */
export const noLimits: NamespaceLimits = { container: new Map(), pod: new Map(), quotas: [] };

/** Whether a namespace asks for nothing. */
export function asksForNothing({ container, pod, quotas }: NamespaceLimits): boolean {
  return container.size === 0 && pod.size === 0 && quotas.length === 0;
}

/** Quotas beyond these are left out: a namespace has a handful. */
const mostQuotas = 64;

/** Puts together what LimitRanges and ResourceQuotas of one namespace say. Unreadable parts are ignored. */
export function namespaceLimits(ranges: readonly JsonObject[], quotas: readonly JsonObject[]): NamespaceLimits {
  const container = new Map<BoundedResource, ContainerBounds>();
  const pod = new Map<BoundedResource, Bounds>();
  for (const range of ranges) {
    for (const item of listOf(objectOf(range['spec'])?.['limits'])) {
      if (!isObject(item)) continue;
      if (item['type'] === 'Container') addItem(container, item, true);
      else if (item['type'] === 'Pod') addItem(pod, item, false);
    }
  }
  const demands: QuotaDemand[] = [];
  for (const quota of quotas) {
    const demand = demandOf(quota);
    if (demand !== undefined && demands.length < mostQuotas) demands.push(demand);
  }
  const limits = { container, pod, quotas: demands };
  return asksForNothing(limits) ? noLimits : limits;
}

function addItem(bounds: Map<BoundedResource, ContainerBounds>, item: JsonObject, withDefaults: boolean): void {
  for (const resource of boundedResources) {
    const known = bounds.get(resource);
    const of = (field: string): bigint | undefined => parseQuantity(objectOf(item[field])?.[resource]);
    const min = greater(known?.min, of('min'));
    const max = lesser(known?.max, of('max'));
    const ratio = lesser(known?.ratio, of('maxLimitRequestRatio'));
    // The first LimitRange with a default fills it in; the next one finds it set.
    const defaultLimit = known?.defaultLimit ?? (withDefaults ? of('default') : undefined);
    const defaultRequest = known?.defaultRequest ?? (withDefaults ? of('defaultRequest') : undefined);
    const all = [min, max, ratio, defaultLimit, defaultRequest];
    if (all.every((amount) => amount === undefined)) continue;
    bounds.set(resource, {
      ...(min === undefined ? {} : { min }),
      ...(max === undefined ? {} : { max }),
      ...(ratio === undefined ? {} : { ratio }),
      ...(defaultLimit === undefined ? {} : { defaultLimit }),
      ...(defaultRequest === undefined ? {} : { defaultRequest }),
    });
  }
}

function greater(a: bigint | undefined, b: bigint | undefined): bigint | undefined {
  return a === undefined || (b !== undefined && b > a) ? b : a;
}

function lesser(a: bigint | undefined, b: bigint | undefined): bigint | undefined {
  return a === undefined || (b !== undefined && b < a) ? b : a;
}

/**
 * What a quota demands: `cpu` and `memory` mean requests. Of no other resource does the API server demand that each
 * container names it (pkg/quota/v1/evaluator/core/pods.go, `validationSet`). It goes by the status; the spec is what the
 * status becomes a moment later.
 */
function demandOf(quota: JsonObject): QuotaDemand | undefined {
  const spec = objectOf(quota['spec']);
  const hard = { ...objectOf(spec?.['hard']), ...objectOf(objectOf(quota['status'])?.['hard']) };
  const demanded = ['cpu', 'memory'] as const;
  const requests = demanded.filter((name) => name in hard || `requests.${name}` in hard);
  const limits = demanded.filter((name) => `limits.${name}` in hard);
  if (requests.length === 0 && limits.length === 0) return undefined;
  return { name: stringOf(objectOf(quota['metadata'])?.['name']) ?? '', requests, limits, scopes: scopesOf(quota) };
}

/** The conditions that a pod meets where a ResourceQuota counts it. */
export function scopesOf(quota: JsonObject): readonly QuotaScope[] {
  const spec = objectOf(quota['spec']);
  const named = stringsOf(spec?.['scopes']) ?? [];
  const selected = listOf(objectOf(spec?.['scopeSelector'])?.['matchExpressions']);
  return [...named.map((name) => ({ name, operator: 'Exists', values: [] })), ...selected.map(scopeOf)];
}

function scopeOf(expression: JsonValue): QuotaScope {
  const of = objectOf(expression);
  return {
    name: stringOf(of?.['scopeName']) ?? '',
    operator: stringOf(of?.['operator']) ?? '',
    values: stringsOf(of?.['values']) ?? [],
  };
}
