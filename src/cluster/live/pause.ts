/**
 * Reads the pause annotation of the installation's ConfigMap.
 *
 * @returns until when it is paused, RFC 3339 or `forever`; `undefined` when it is not, or not any more. A value that is
 *   no time holds like `forever`: somebody meant to pause.
 */
export function pausedUntil(annotation: string | undefined, nowMs: number): string | undefined {
  if (annotation === undefined || annotation === '') return undefined;
  const untilMs = Date.parse(annotation);
  if (Number.isNaN(untilMs)) return 'forever';
  return untilMs > nowMs ? annotation : undefined;
}
