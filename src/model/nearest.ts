/**
 * The candidate that a person most likely meant: equal except for case and punctuation, or at most a third of its
 * letters away (optimal string alignment distance). `undefined` when nothing is near.
 */
export function nearest(written: string, candidates: Iterable<string>): string | undefined {
  const wanted = plain(written);
  let best: string | undefined;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    const text = plain(candidate);
    const longest = Math.max(wanted.length, text.length);
    if (longest > maxLength) continue;
    const distance = alignmentDistance(wanted, text);
    if (distance < bestDistance && distance * 3 <= longest) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** `; did you mean X?` for the nearest candidate, or nothing. */
export function didYouMean(written: string, candidates: Iterable<string>): string {
  const near = nearest(written, candidates);
  return near === undefined || near === written ? '' : `; did you mean ${near}?`;
}

const maxLength = 128;

function plain(text: string): string {
  return text.toLowerCase().replaceAll(/[-_.\s]/g, '');
}

/** Edits (insert, delete, replace, swap of neighbours) from one text to the other. */
function alignmentDistance(from: string, to: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const differ = from[row - 1] === to[column - 1] ? 0 : 1;
      let distance = Math.min(at(last, column) + 1, at(current, column - 1) + 1, at(last, column - 1) + differ);
      if (row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1]) {
        distance = Math.min(distance, at(beforeLast, column - 2) + 1);
      }
      current.push(distance);
    }
    beforeLast = last;
    last = current;
  }
  return at(last, to.length);
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Number.POSITIVE_INFINITY;
}
