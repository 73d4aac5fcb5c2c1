import type { DiffHunk } from '../documents/diff.js';
import type { ManifestDocument } from '../documents/manifest.js';

/**
 * Takes the lines of neighbouring Secrets out of the context around changes: a diff is pasted into reviews and build
 * logs. Context is shortened on both sides alike, because tools that apply a diff take a shorter one for an end of file.
 *
 * @param documents those of the file before the change
 */
export function shieldSecrets(hunks: readonly DiffHunk[], documents: readonly ManifestDocument[]): readonly DiffHunk[] {
  const secrets = documents.flatMap(({ kind, line, text }) =>
    kind === 'Secret' ? [{ from: line, to: line + text.replace(/\n$/, '').split('\n').length }] : [],
  );
  if (secrets.length === 0) return hunks;
  const isSecret = (line: number): boolean => secrets.some(({ from, to }) => line >= from && line < to);
  return hunks.map((hunk) => shorten(hunk, isSecret));
}

function shorten(hunk: DiffHunk, isSecret: (line: number) => boolean): DiffHunk {
  const first = hunk.lines.findIndex(({ kind }) => kind !== 'same');
  const last = hunk.lines.findLastIndex(({ kind }) => kind !== 'same');
  const head = hunk.lines.slice(0, first);
  const tail = hunk.lines.slice(last + 1);
  const oldEnd = hunk.oldStart + hunk.oldLines;
  const headKept = head.length - 1 - head.findLastIndex((_, index) => isSecret(hunk.oldStart + index));
  const tailSecret = tail.findIndex((_, index) => isSecret(oldEnd - tail.length + index));
  const tailKept = tailSecret === -1 ? tail.length : tailSecret;
  if (headKept === head.length && tailKept === tail.length) return hunk;
  const kept = Math.min(headKept, tailKept);
  const cutHead = head.length - Math.min(kept, head.length);
  const cutTail = tail.length - Math.min(kept, tail.length);
  return {
    oldStart: hunk.oldStart + cutHead,
    oldLines: hunk.oldLines - cutHead - cutTail,
    newStart: hunk.newStart + cutHead,
    newLines: hunk.newLines - cutHead - cutTail,
    lines: hunk.lines.slice(cutHead, hunk.lines.length - cutTail),
  };
}
