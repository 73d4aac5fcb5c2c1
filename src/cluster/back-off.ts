import type { Random } from '../time/sleep.js';
import { ApiError } from './client/api-error.js';

const longestAskedMs = 5 * 60_000;

/**
 * How long to wait before the next try. The wait doubles with each failure up to a maximum, is shortened at random by up to
 * a half, and is never shorter than the API server asks for.
 * @param failures in a row, from 1
 * @param limits by default 0.5 s, and 30 s
 */
export function backOffMs(
  failures: number,
  random: Random,
  error?: unknown,
  { firstMs = 500, longestMs = 30_000 }: { readonly firstMs?: number; readonly longestMs?: number } = {},
): number {
  const fullMs = Math.min(longestMs, firstMs * 2 ** Math.min(16, Math.max(0, failures - 1)));
  const askedMs = error instanceof ApiError ? (error.retryAfterSeconds ?? 0) * 1000 : 0;
  return Math.max(fullMs * (1 - random() / 2), Math.min(longestAskedMs, askedMs));
}
