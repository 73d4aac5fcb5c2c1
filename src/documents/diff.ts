/** One line of a hunk. */
export interface DiffLine {
  readonly kind: 'same' | 'removed' | 'added';
  /** Without its line break. */
  readonly text: string;
}

/** Neighbouring changes with the lines around them. Line numbers are from 1; 0 where that side has no lines. */
export interface DiffHunk {
  readonly oldStart: number;
  readonly oldLines: number;
  readonly newStart: number;
  readonly newLines: number;
  readonly lines: readonly DiffLine[];
}

/** Past this many differing lines on the shortest way, what is between common head and tail is shown as replaced. */
const maxEdits = 2_000;

/**
 * Compares two texts line by line (Myers, "An O(ND) Difference Algorithm", 1986); time grows with the length of the
 * texts times the number of differences.
 *
 * @param context lines shown around a change
 * @returns no hunks when the texts are equal
 */
export function diffTexts(before: string, after: string, context = 3): readonly DiffHunk[] {
  if (before === after) return [];
  return hunksOf(editScript(linesOf(before), linesOf(after)), context);
}

/** How a diff is written. */
export interface DiffRendering {
  readonly oldName: string;
  readonly newName: string;
  /** With ANSI colours. */
  readonly colour?: boolean;
}

/** The unified format, as `diff -u` and `git diff` have it; empty when there are no hunks. */
export function renderDiff(hunks: readonly DiffHunk[], { oldName, newName, colour = false }: DiffRendering): string {
  if (hunks.length === 0) return '';
  const paint = (code: number, text: string): string => (colour ? `\u001b[${code}m${text}\u001b[0m` : text);
  const out = [paint(1, `--- ${oldName}`), paint(1, `+++ ${newName}`)];
  for (const hunk of hunks) {
    const range = `-${span(hunk.oldStart, hunk.oldLines)} +${span(hunk.newStart, hunk.newLines)}`;
    out.push(paint(36, `@@ ${range} @@`));
    for (const { kind, text } of hunk.lines) {
      if (kind === 'same') out.push(` ${text}`);
      else out.push(kind === 'added' ? paint(32, `+${text}`) : paint(31, `-${text}`));
    }
  }
  return `${out.join('\n')}\n`;
}

function span(start: number, lines: number): string {
  return lines === 1 ? `${start}` : `${start},${lines}`;
}

function linesOf(text: string): readonly string[] {
  if (text === '') return [];
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  else lines.push(`${lines.pop() ?? ''}\n\\ No newline at end of file`);
  return lines;
}

function editScript(before: readonly string[], after: readonly string[]): readonly DiffLine[] {
  let head = 0;
  while (head < before.length && head < after.length && before[head] === after[head]) head += 1;
  let tail = 0;
  const most = Math.min(before.length, after.length) - head;
  while (tail < most && before[before.length - 1 - tail] === after[after.length - 1 - tail]) tail += 1;
  const same = (lines: readonly string[]): readonly DiffLine[] => lines.map((text) => ({ kind: 'same', text }));
  return [
    ...same(before.slice(0, head)),
    ...shortestScript(before.slice(head, before.length - tail), after.slice(head, after.length - tail)),
    ...same(before.slice(before.length - tail)),
  ];
}

function shortestScript(before: readonly string[], after: readonly string[]): readonly DiffLine[] {
  const rounds: ReadonlyMap<number, number>[] = [];
  const furthest = new Map<number, number>([[1, 0]]);
  for (let edits = 0; edits <= Math.min(before.length + after.length, maxEdits); edits += 1) {
    const round = new Map<number, number>();
    rounds.push(round);
    for (let diagonal = -edits; diagonal <= edits; diagonal += 2) {
      const down = furthest.get(diagonal + 1) ?? -1;
      const right = (furthest.get(diagonal - 1) ?? -2) + 1;
      let x = diagonal === -edits || (diagonal !== edits && right <= down) ? down : right;
      while (x < before.length && x - diagonal < after.length && before[x] === after[x - diagonal]) x += 1;
      furthest.set(diagonal, x);
      round.set(diagonal, x);
      if (x >= before.length && x - diagonal >= after.length) return walkBack(before, after, rounds);
    }
  }
  return [
    ...before.map((text): DiffLine => ({ kind: 'removed', text })),
    ...after.map((text): DiffLine => ({ kind: 'added', text })),
  ];
}

function walkBack(
  before: readonly string[],
  after: readonly string[],
  rounds: readonly ReadonlyMap<number, number>[],
): readonly DiffLine[] {
  const lines: DiffLine[] = [];
  let x = before.length;
  let y = after.length;
  for (let edits = rounds.length - 1; edits >= 0; edits -= 1) {
    const previous = rounds[edits - 1];
    const down = previous?.get(x - y + 1) ?? -1;
    const right = previous?.get(x - y - 1) ?? -2;
    const added = x - y === -edits || (x - y !== edits && right + 1 <= down);
    const startX = previous === undefined ? 0 : added ? down : right;
    const startY = previous === undefined ? 0 : added ? down - (x - y + 1) : right - (x - y - 1);
    const afterEditX = previous === undefined || added ? startX : startX + 1;
    for (; x > afterEditX; x -= 1, y -= 1) lines.push({ kind: 'same', text: before[x - 1] ?? '' });
    if (previous === undefined) break;
    lines.push(added ? { kind: 'added', text: after[startY] ?? '' } : { kind: 'removed', text: before[startX] ?? '' });
    x = startX;
    y = startY;
  }
  return lines.reverse();
}

function hunksOf(lines: readonly DiffLine[], context: number): readonly DiffHunk[] {
  const hunks: DiffHunk[] = [];
  const changes = lines.flatMap(({ kind }, index) => (kind === 'same' ? [] : [index]));
  let oldLine = 0;
  let newLine = 0;
  let at = 0;
  for (let first = 0; first < changes.length;) {
    let last = first;
    while (last + 1 < changes.length && (changes[last + 1] ?? 0) - (changes[last] ?? 0) <= 2 * context + 1) last += 1;
    const from = Math.max(at, (changes[first] ?? 0) - context);
    const to = Math.min(lines.length, (changes[last] ?? 0) + context + 1);
    // What is skipped between two hunks is the same on both sides.
    oldLine += from - at;
    newLine += from - at;
    const part = lines.slice(from, to);
    const oldLines = part.filter(({ kind }) => kind !== 'added').length;
    const newLines = part.filter(({ kind }) => kind !== 'removed').length;
    const oldStart = oldLines === 0 ? oldLine : oldLine + 1;
    const newStart = newLines === 0 ? newLine : newLine + 1;
    hunks.push({ oldStart, oldLines, newStart, newLines, lines: part });
    oldLine += oldLines;
    newLine += newLines;
    at = to;
    first = last + 1;
  }
  return hunks;
}
