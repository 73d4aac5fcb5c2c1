import { parse } from 'yaml';

/** CPU time of one reading on the machine that the limits were set on, ms. */
const usualMs = 50;
const times = 5;
const text = Array.from({ length: 1_000 }, (_, index) => `key${index}: {name: "v${index}", list: [a, b, c]}`).join(
  '\n',
);

/**
 * How many times slower this process is at the moment than it would be on the machine that the limits were set on; at least 1.
 * Machines differ, and a core that is shared gives less in the same CPU time.
 */
export function slowness(): number {
  let leastMs = Infinity;
  for (let time = 0; time < times; time++) {
    const before = process.cpuUsage();
    parse(text);
    const { user, system } = process.cpuUsage(before);
    leastMs = Math.min(leastMs, (user + system) / 1_000);
  }
  return Math.max(1, leastMs / usualMs);
}
