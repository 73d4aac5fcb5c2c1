import type { Clock } from '../../image/clock.js';
import { ApiError } from '../client/api-error.js';
import type { Random, Sleep } from '../pace.js';

/** Time, chance and patience, passed in. */
export interface Timing {
  readonly clock: Clock;
  readonly random: Random;
  readonly sleep: Sleep;
}

const firstMs = 500;
const longestMs = 30_000;
const longestAskedMs = 5 * 60_000;

/**
 * How long to wait before the next try: 0.5 s doubled up to 30 s, of which chance takes up to a half off, and never less
 * than the API server asks for.
 * @param failures in a row, from 1
 */
export function backOffMs(failures: number, random: Random, error?: unknown): number {
  const fullMs = Math.min(longestMs, firstMs * 2 ** Math.min(16, Math.max(0, failures - 1)));
  const askedMs = error instanceof ApiError ? (error.retryAfterSeconds ?? 0) * 1000 : 0;
  return Math.max(fullMs * (1 - random() / 2), Math.min(longestAskedMs, askedMs));
}
