import type { BoundedResource, Bounds, ContainerBounds } from '../../../model/namespace-limits.js';
import { formatQuantity } from '../../../model/quantity.js';

/** Request and limit of one resource in one container, in billionths; `undefined` if the container does not name it. */
export interface Amount {
  readonly request: bigint | undefined;
  readonly limit: bigint | undefined;
}

/** One of our containers' needs of one resource. */
export interface Need {
  readonly planned: Amount;
  /** The limit below which it is of no use. */
  readonly least: bigint | undefined;
  /** The limit that it gets if it must have one and neither the plan nor the namespace gives one. */
  readonly standIn: bigint | undefined;
  /** Up to this amount, a higher request costs the pod nothing. */
  readonly freeRequest: bigint;
  /** Whether the pod has the class Guaranteed, so that request and limit stay equal. */
  readonly equal: boolean;
  /** Whether the request must be given. */
  readonly namesRequest: boolean;
  readonly namesLimit: boolean;
}

/** Why a container cannot have what it needs, for people. */
export interface Misfit {
  readonly misfit: string;
}

const one = 1_000_000_000n;

/** Amounts are whole thousandths of a core, or whole bytes. LimitRanger compares nothing finer. */
function unitOf(resource: BoundedResource): bigint {
  return resource === 'cpu' ? 1_000_000n : one;
}

/**
 * Fits one amount to what a namespace allows. It is named if it must be. It is raised to the minimum and lowered to the
 * maximum, but not below what the part needs. For a ratio, the request is raised as far as that is free, then the limit is
 * lowered as far as the part can do with less, then the request is raised. Follows plugin/pkg/admission/limitranger.
 */
export function fitAmount(resource: BoundedResource, need: Need, bounds: ContainerBounds = {}): Amount | Misfit {
  const { least, equal } = need;
  const { min, max, ratio } = bounds;
  const floor = greatest(min, least);
  if (max !== undefined && floor !== undefined && floor > max) {
    const what = min === floor ? 'another LimitRange asks for' : 'it needs';
    return { misfit: `may have ${told(resource, max)} of ${resource} at most, and ${what} ${told(resource, floor)}` };
  }
  let { request, limit } = named(need, bounds);
  request = request === undefined ? undefined : smallest(greatest(request, min), max);
  limit = limit === undefined ? undefined : smallest(greatest(limit, min, request), max);
  if (limit !== undefined && request !== undefined && ratio !== undefined) {
    ({ request, limit } = withinRatio(resource, { request, limit }, ratio, need, floor));
  }
  return equal && limit !== undefined ? { request: limit, limit } : { request, limit };
}

/** The amounts, including those that must be named. */
function named({ planned, least, standIn, namesRequest, namesLimit }: Need, bounds: ContainerBounds): Amount {
  const { min, max, ratio, defaultLimit, defaultRequest } = bounds;
  const limited = namesLimit || max !== undefined || ratio !== undefined || defaultLimit !== undefined;
  const usual = defaultLimit ?? standIn;
  const limit = planned.limit ?? (limited && usual !== undefined ? greatest(usual, least, planned.request) : undefined);
  const requested = namesRequest || min !== undefined || ratio !== undefined || defaultRequest !== undefined;
  const request = planned.request ?? (requested ? (smallest(defaultRequest ?? limit ?? min, limit) ?? min) : undefined);
  return { request, limit };
}

function withinRatio(
  resource: BoundedResource,
  amount: { readonly request: bigint; readonly limit: bigint },
  ratio: bigint,
  { freeRequest }: Need,
  floor: bigint | undefined,
): { readonly request: bigint; readonly limit: bigint } {
  let { request, limit } = amount;
  if (isWithinRatio(resource, request, limit, ratio)) return amount;
  const unit = unitOf(resource);
  const wanted = (): bigint => roundedUp((limit * one + ratio - 1n) / ratio, unit);
  request = greatest(request, smallest(wanted(), freeRequest, limit)) ?? request;
  if (isWithinRatio(resource, request, limit, ratio)) return { request, limit };
  const most = (request * ratio) / one;
  limit = greatest(most - (most % unit), floor, request) ?? limit;
  if (isWithinRatio(resource, request, limit, ratio)) return { request, limit };
  request = smallest(wanted(), limit) ?? limit;
  // LimitRanger divides in floating point, so an exact result may be slightly too high.
  return { request: isWithinRatio(resource, request, limit, ratio) ? request : limit, limit };
}

/** Whether the ratio of a limit to its request is within what a LimitRange allows, as LimitRanger computes it. */
export function isWithinRatio(resource: BoundedResource, request: bigint, limit: bigint, ratio: bigint): boolean {
  if (request <= 0n || limit <= 0n) return false;
  const unit = unitOf(resource);
  const times = Number(roundedUp(limit, unit) / unit) / Number(roundedUp(request, unit) / unit);
  return times * 1_000 <= Number(roundedUp(ratio, 1_000_000n) / 1_000_000n);
}

/** The container's bounds with the narrower of two ratios. */
export function withRatioOf(bounds: ContainerBounds | undefined, pod: Bounds | undefined): ContainerBounds | undefined {
  if (pod?.ratio === undefined) return bounds;
  const ratio = smallest(bounds?.ratio, pod.ratio);
  return ratio === undefined ? bounds : { ...bounds, ratio };
}

function roundedUp(amount: bigint, unit: bigint): bigint {
  return ((amount + unit - 1n) / unit) * unit;
}

/** An amount for people and for a container. */
export function told(resource: BoundedResource, amount: bigint): string {
  return formatQuantity(amount, resource !== 'cpu');
}

/** The greatest of the amounts that are given. */
export function greatest(...amounts: readonly (bigint | undefined)[]): bigint | undefined {
  let found: bigint | undefined;
  for (const amount of amounts) if (amount !== undefined && (found === undefined || amount > found)) found = amount;
  return found;
}

/** The smallest of the amounts that are given. */
export function smallest(...amounts: readonly (bigint | undefined)[]): bigint | undefined {
  let found: bigint | undefined;
  for (const amount of amounts) if (amount !== undefined && (found === undefined || amount < found)) found = amount;
  return found;
}
