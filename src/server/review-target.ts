import type { Door } from '../model/decision.js';
import { parseGoDuration } from './go-duration.js';

// The API server never waits longer for a webhook.
const longestTimeoutMs = 30_000;

// The API server asks for one or two; anybody else may make up as many as they like.
const mostKept = 16;

const paths: ReadonlyMap<string, Pick<ReviewTarget, 'door' | 'of'>> = new Map([
  ['/mutate/pods', { door: 'mutate', of: 'pods' }],
  ['/validate/pods', { door: 'validate', of: 'pods' }],
  ['/mutate/self-test', { door: 'mutate', of: 'selfTest' }],
  ['/validate/self-test', { door: 'validate', of: 'selfTest' }],
]);

/** Where reviews are posted to. */
export const reviewPaths: readonly string[] = [...paths.keys()];

/** How long a review may take where its request does not say, and how much earlier it is to be answered. */
export interface TimeoutLimits {
  readonly defaultTimeoutMs: number;
  readonly timeoutMarginMs: number;
}

/** What the URL of a review says. */
export interface ReviewTarget {
  readonly door: Door;
  readonly of: 'pods' | 'selfTest';
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
  const known = paths.get(queryAt === -1 ? url : url.slice(0, queryAt));
  if (known === undefined) return undefined;
  const query = queryAt === -1 ? '' : url.slice(queryAt + 1);
  return { ...known, timeoutMs: timeoutOf(new URLSearchParams(query).getAll('timeout'), limits) };
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
