/** How many names to try before the base name counts as taken. */
export const mostSuffixes = 9;

/** The nth name to try for a part of ours, from 1: the name itself, then with `-2`, `-3` and so on. */
export function suffixedName(base: string, n: number): string {
  return n === 1 ? base : `${base}-${n}`;
}

/** The first of these names that is free; with a limit, `undefined` if that many are taken. */
export function freeName(base: string, isTaken: (name: string) => boolean): string;
export function freeName(base: string, isTaken: (name: string) => boolean, most: number): string | undefined;
export function freeName(base: string, isTaken: (name: string) => boolean, most = Infinity): string | undefined {
  for (let n = 1; n <= most; n++) {
    const name = suffixedName(base, n);
    if (!isTaken(name)) return name;
  }
  return undefined;
}
