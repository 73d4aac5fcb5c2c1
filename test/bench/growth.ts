/** What some work took at one size of its input. */
export interface WorkAtSize {
  readonly size: number;
  readonly cpuMs: number;
}

/**
 * The power of the size that the work grows by between its smallest and its largest: 1 for linear, 2 for quadratic work.
 *
 * @param fixedMs what the work takes whatever its size
 */
export function growthOf(works: readonly WorkAtSize[], fixedMs: number): number {
  const sorted = [...works].sort((one, other) => one.size - other.size);
  const [smallest, largest] = [sorted[0], sorted.at(-1)];
  if (smallest === undefined || largest === undefined || smallest.size === largest.size) return 0;
  const grown = Math.max(1, largest.cpuMs - fixedMs) / Math.max(1, smallest.cpuMs - fixedMs);
  return Math.log(grown) / Math.log(largest.size / smallest.size);
}
