/** A time as in Leases and Events: RFC 3339 with microseconds. */
export function microTime(wallMs: number): string {
  return new Date(wallMs).toISOString().replace('Z', '000Z');
}
