const maxRetryAfterMs = 24 * 60 * 60 * 1000;

/**
 * How long a Retry-After header asks to wait (RFC 9110, section 10.2.3): seconds, or a date.
 *
 * @param nowMs The time now, milliseconds since 1970.
 * @returns Milliseconds, at most a day; `undefined` when there is no header or it is neither.
 */
export function retryAfterMs(header: string | undefined, nowMs: number): number | undefined {
  const text = header?.trim() ?? '';
  if (/^\d{1,10}$/.test(text)) return Math.min(Number(text) * 1000, maxRetryAfterMs);
  // The three forms of HTTP dates all start with the day's name; Date.parse alone would take nearly anything.
  if (!/^[A-Z][a-z]{2,8},? /.test(text)) return undefined;
  const dateMs = Date.parse(text);
  return Number.isNaN(dateMs) ? undefined : Math.min(Math.max(dateMs - nowMs, 0), maxRetryAfterMs);
}
