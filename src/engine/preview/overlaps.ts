import type { Sides } from './side.js';

/** Two policies that match the same pods. */
export interface Overlap {
  readonly winner: string;
  readonly other: string;
  readonly workloads: number;
  readonly namespaces: number;
  /** Whether it is there now, for some of them. */
  readonly already: boolean;
}

/** Says of the new policies which match the same workloads, and which of them wins. */
export function overlapsIn(
  workloads: Iterable<{ readonly namespace: string; readonly sides: Sides }>,
): readonly Overlap[] {
  const found = new Map<
    string,
    { winner: string; other: string; workloads: number; namespaces: Set<string>; already: boolean }
  >();
  for (const { namespace, sides } of workloads) {
    const [winner, ...others] = sides.then.matching;
    if (winner === undefined) continue;
    for (const other of others) {
      const key = JSON.stringify([winner, other]);
      const known = found.get(key) ?? { winner, other, workloads: 0, namespaces: new Set(), already: false };
      known.workloads += 1;
      known.namespaces.add(namespace);
      known.already ||= sides.now.matching[0] === winner && sides.now.matching.includes(other);
      found.set(key, known);
    }
  }
  return [...found.values()].map((one) => ({ ...one, namespaces: one.namespaces.size }));
}
