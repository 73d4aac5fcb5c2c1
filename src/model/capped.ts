/**
 * The first few names of a list, and how many more there are.
 * @param most how many are named
 */
export function capped(names: readonly string[], most = 5): string {
  const shown = names.slice(0, most).join(', ');
  return names.length > most ? `${shown} and ${names.length - most} more` : shown;
}
