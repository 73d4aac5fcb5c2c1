import { formatQuantity, parseQuantity } from './quantity.js';

/** Amounts by resource, in billionths. They may be negative: a change. */
export type Sums = ReadonlyMap<string, bigint>;

/** Adds amounts to sums, as often as there are pods. */
export function addAmounts(sums: Map<string, bigint>, amounts: Readonly<Record<string, string>>, times: number): void {
  for (const [name, amount] of Object.entries(amounts)) {
    const one = parseQuantity(amount) ?? 0n;
    sums.set(name, (sums.get(name) ?? 0n) + one * BigInt(times));
  }
}

/** What one has more than the other, without what is the same. */
export function difference(more: Sums, less: Sums): Sums {
  const names = new Set([...more.keys(), ...less.keys()]);
  const found = new Map<string, bigint>();
  for (const name of names) {
    const change = (more.get(name) ?? 0n) - (less.get(name) ?? 0n);
    if (change !== 0n) found.set(name, change);
  }
  return found;
}

/** Whether people write a resource's amounts in Mi and Gi. */
export function isInBytes(resource: string): boolean {
  return /(^|\.)(memory|ephemeral-storage)$/.test(resource);
}

/** An amount in billionths, as a quantity. */
export function amountText(billionths: bigint, resource: string): string {
  const size = billionths < 0n ? -billionths : billionths;
  return `${billionths < 0n ? '-' : ''}${formatQuantity(size, isInBytes(resource))}`;
}
