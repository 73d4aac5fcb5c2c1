const unitMs: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
};
const part = /(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/y;

/**
 * Reads a positive duration as Go writes it (`time.ParseDuration`): `10s`, `1m30s`, `500ms`. The API server sends its
 * own time-out for a webhook in this form.
 * @returns milliseconds; `undefined` when the text is no duration or not above zero
 */
export function parseGoDuration(text: string): number | undefined {
  if (text.length > 64) return undefined;
  let totalMs = 0;
  let end = 0;
  while (end < text.length) {
    part.lastIndex = end;
    const match = part.exec(text);
    if (match === null) return undefined;
    totalMs += Number(match[1]) * (unitMs[match[2] ?? ''] ?? Number.NaN);
    end = part.lastIndex;
  }
  return totalMs > 0 && Number.isFinite(totalMs) ? totalMs : undefined;
}
