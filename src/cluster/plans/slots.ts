/*
 * The names of the API server's policies. A right to change or delete objects can be limited to exact names, but not to a
 * prefix. So there is a fixed number of names, and each of our policies that the API server carries out has one of them.
 */

/** The most policies that the API server carries out by itself. */
export const mostSlots = 16;

/** All names that an installation's policies in the API server can have. */
export function slotNames(instance: string): readonly string[] {
  return Array.from({ length: mostSlots }, (_, index) => `${instance}-${index + 1}`);
}

/** The name of the probe, the policy that shows what the API server has loaded. */
export function probeName(instance: string): string {
  return `${instance}-probe`;
}

/**
 * Gives each policy a name: the one that it has, otherwise the first free one.
 * @param the policies that need a name. If there are too many, the first ones get one
 * @param taken policies by their current name
 */
export function assignSlots(
  names: readonly string[],
  taken: ReadonlyMap<string, string>,
  instance: string,
): ReadonlyMap<string, string> {
  const slots = new Map<string, string>();
  for (const [slot, policy] of taken) if (names.includes(policy) && !slots.has(policy)) slots.set(policy, slot);
  const free = slotNames(instance).filter((slot) => !taken.has(slot));
  for (const name of names) {
    if (slots.has(name)) continue;
    const slot = free.shift();
    if (slot !== undefined) slots.set(name, slot);
  }
  return slots;
}

/** The chart's ClusterRole that owns these objects. It exists only if the chart's value enables it. */
export function ownerName(instance: string): string {
  return `${instance}-api-server-policies`;
}
