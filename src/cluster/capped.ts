const most = 5;

/** The first few names of a list, and how many more there are. */
export function capped(names: readonly string[]): string {
  const shown = names.slice(0, most).join(', ');
  return names.length > most ? `${shown} and ${names.length - most} more` : shown;
}
