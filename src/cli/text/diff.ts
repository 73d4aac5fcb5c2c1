import { structuredPatch, type StructuredPatchHunk } from 'diff';

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

/**
 * If the shortest diff has more changed lines than this, everything between the common head and tail is shown as replaced.
 */
const maxEdits = 2_000;
const noNewline = '\n\\ No newline at end of file';

/**
 * Compares two texts line by line; the time grows with the length of the texts times the number of differences, which is
 * limited.
 *
 * @param context lines shown around a change
 * @returns no hunks when the texts are equal
 */
export function diffTexts(before: string, after: string, context = 3): readonly DiffHunk[] {
  if (before === after) return [];
  const patch = structuredPatch('', '', before, after, '', '', { context, maxEditLength: maxEdits });
  return patch === undefined ? [replaced(linesOf(before), linesOf(after), context)] : patch.hunks.map(hunkOf);
}

function hunkOf({ oldStart, oldLines, newStart, newLines, lines }: StructuredPatchHunk): DiffHunk {
  const read: DiffLine[] = [];
  for (const line of lines) {
    const text = line.slice(1);
    // The note about a missing line break belongs to its line.
    const ended = line.startsWith('\\') ? read.pop() : undefined;
    if (ended !== undefined) read.push({ kind: ended.kind, text: `${ended.text}${noNewline}` });
    else read.push({ kind: line.startsWith('+') ? 'added' : line.startsWith('-') ? 'removed' : 'same', text });
  }
  return {
    // A side without lines is numbered by the line before it.
    oldStart: oldLines === 0 ? oldStart - 1 : oldStart,
    oldLines,
    newStart: newLines === 0 ? newStart - 1 : newStart,
    newLines,
    lines: read,
  };
}

/** One hunk that replaces everything between the common head and tail. */
function replaced(before: readonly string[], after: readonly string[], context: number): DiffHunk {
  const most = Math.min(before.length, after.length);
  let head = 0;
  while (head < most && before[head] === after[head]) head += 1;
  let tail = 0;
  while (tail < most - head && before[before.length - 1 - tail] === after[after.length - 1 - tail]) tail += 1;
  const from = Math.max(head - context, 0);
  const behind = Math.min(tail, context);
  const of = (kind: DiffLine['kind'], lines: readonly string[]) => lines.map((text): DiffLine => ({ kind, text }));
  const removed = of('removed', before.slice(head, before.length - tail));
  const added = of('added', after.slice(head, after.length - tail));
  const around = head - from + behind;
  return {
    oldStart: removed.length + around === 0 ? from : from + 1,
    oldLines: removed.length + around,
    newStart: added.length + around === 0 ? from : from + 1,
    newLines: added.length + around,
    lines: [
      ...of('same', before.slice(from, head)),
      ...removed,
      ...added,
      ...of('same', before.slice(before.length - tail, before.length - tail + behind)),
    ],
  };
}

function linesOf(text: string): readonly string[] {
  const lines = text.split('\n');
  const last = lines.pop() ?? '';
  return last === '' ? lines : [...lines, `${last}${noNewline}`];
}

/** How to write a diff. */
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
