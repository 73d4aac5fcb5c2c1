/** Replaces the characters from `start` up to `end` by `text`. */
export interface Splice {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** A change that cannot be made by splicing text: the caller falls back to something that can. */
export class Unspliceable extends Error {
  override readonly name = 'Unspliceable';
}

/**
 * Applies splices to a text. Those at one offset are applied in the order given, insertions before deletions.
 *
 * @throws Unspliceable when two of them overlap that are not both deletions
 */
export function applySplices(text: string, splices: readonly Splice[]): string {
  const ordered = splices
    .map((splice, order) => ({ splice, order, insertion: splice.start === splice.end ? 0 : 1 }))
    .sort((a, b) => a.splice.start - b.splice.start || a.insertion - b.insertion || a.order - b.order);
  const parts: string[] = [];
  let at = 0;
  let deleting = false;
  for (const { splice } of ordered) {
    const deletion = splice.text === '' && splice.end > splice.start;
    if (splice.start < at && deletion && deleting) {
      at = Math.max(at, splice.end);
      continue;
    }
    deleting = deletion;
    if (splice.start < at) throw new Unspliceable(`two changes meet at offset ${splice.start}`);
    parts.push(text.slice(at, splice.start), splice.text);
    at = splice.end;
  }
  parts.push(text.slice(at));
  return parts.join('');
}
