/** placeholder until policy helper's */
export function globsMatch(globs: readonly string[], text: string): boolean {
  return globs.some(
    (glob) => glob === text || glob === '*' || (glob.endsWith('*') && text.startsWith(glob.slice(0, -1))),
  );
}
