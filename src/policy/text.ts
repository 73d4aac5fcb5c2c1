/** Names and values up to this length are shown in full: the limit of label values and container names. */
const shownLength = 63;
/** How many items of a list are shown. */
const shownItems = 5;

/** A text from a pod for a message: quoted, control characters escaped, shortened. */
export function quoted(text: string): string {
  return JSON.stringify(clipped(text));
}

/**
 * A container's name for a message: as it is where it is a valid one, else quoted. Mutating webhooks are called before
 * the API server validates names, so it can be any text.
 */
export function nameText(name: string): string {
  return /^[a-z0-9-]{1,63}$/.test(name) ? name : quoted(name);
}

/** Items as one phrase: `web, worker`, and from the sixth on only the number of the rest. */
export function listed(items: readonly string[], separator = ', '): string {
  const shown = items.slice(0, shownItems).join(separator);
  return items.length > shownItems ? `${shown}${separator}and ${items.length - shownItems} more` : shown;
}

/** The names of containers as one phrase, each as `nameText` has it. */
export function listedNames(containers: readonly { readonly name: string }[]): string {
  if (containers.length > shownItems) return listed(containers.map(({ name }) => nameText(name)));
  let text = '';
  for (const { name } of containers) text += text === '' ? nameText(name) : `, ${nameText(name)}`;
  return text;
}

function clipped(text: string): string {
  return text.length > shownLength ? `${text.slice(0, shownLength)}…` : text;
}
