const name = 'outrider_clock_skew_seconds';

/**
 * Reads from a replica's metrics how many seconds its clock is ahead of the API server's; `undefined` if the replica does
 * not know, or its version does not report it.
 *
 * @param text the Prometheus text format
 */
export function readClockSkew(text: string): number | undefined {
  const line = text.split('\n').find((each) => each.startsWith(`${name} `));
  const seconds = Number(line?.slice(name.length) ?? NaN);
  return Number.isFinite(seconds) ? seconds : undefined;
}
