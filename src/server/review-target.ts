import { allDoors, type ServedDoor } from '../model/doors.js';
import { parseGoDuration } from './go-duration.js';

// The API server never waits longer for a webhook.
const longestTimeoutMs = 30_000;

// The API server asks for one or two; anybody else may make up as many as they like.
const mostKept = 16;

const doorAt: ReadonlyMap<string, ServedDoor> = new Map(allDoors.map((door) => [door.path, door]));

/** How long a review may take where its request does not say, and how much earlier it is to be answered. */
export interface TimeoutLimits {
  readonly defaultTimeoutMs: number;
  readonly timeoutMarginMs: number;
}

/** What the URL of a review says. */
export interface ReviewTarget {
  readonly door: ServedDoor;
  /** How long a handler has; `NaN` when the time-out in the URL is not valid. */
  readonly timeoutMs: number;
}

/** Makes what reads the URL of a request; `undefined` for a path that no reviews are posted to. */
export function createTargets(limits: TimeoutLimits): (url: string) => ReviewTarget | undefined {
  const kept = new Map<string, ReviewTarget>();
  return (url) => {
    const before = kept.get(url);
    if (before !== undefined) return before;
    const target = targetOf(url, limits);
    if (target !== undefined && kept.size < mostKept) kept.set(url, target);
    return target;
  };
}

function targetOf(url: string, limits: TimeoutLimits): ReviewTarget | undefined {
  const queryAt = url.indexOf('?');
  const door = doorAt.get(queryAt === -1 ? url : url.slice(0, queryAt));
  if (door === undefined) return undefined;
  const query = queryAt === -1 ? '' : url.slice(queryAt + 1);
  return { door, timeoutMs: timeoutOf(new URLSearchParams(query).getAll('timeout'), limits) };
}

function timeoutOf([given, ...more]: readonly string[], limits: TimeoutLimits): number {
  let timeoutMs = limits.defaultTimeoutMs;
  if (given !== undefined) {
    const parsed = more.length === 0 ? parseGoDuration(given) : undefined;
    if (parsed === undefined) return Number.NaN;
    timeoutMs = Math.min(parsed, longestTimeoutMs);
  }
  return timeoutMs - Math.min(limits.timeoutMarginMs, timeoutMs / 2);
}
