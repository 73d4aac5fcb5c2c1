import { parseGoDuration } from '../../time/go-duration.js';

const dayHours = 24;

/**
 * Reads a duration as people write it: `30m`, `1h30m`, and also days and weeks, which Go does not have: `1d`, `1w2d`.
 *
 * @returns milliseconds; `undefined` when the text is no duration or not above zero
 */
export function parseDuration(text: string): number | undefined {
  const hours = text.replaceAll(/(\d+(?:\.\d+)?)([dw])/g, (_, count: string, unit: string) => {
    return `${Number(count) * dayHours * (unit === 'w' ? 7 : 1)}h`;
  });
  return parseGoDuration(hours);
}
