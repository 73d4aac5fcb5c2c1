import type { DiffHunk, DiffLine } from '../text/diff.js';
import type { ManifestDocument } from '../../documents/manifest/manifest.js';
import { isArray, isObject, type JsonValue } from '../../model/json.js';

/**
 * Removes the lines of Secrets from the context around changes, because diffs are pasted into reviews and build logs. What
 * remains keeps as many lines of context before its changes as after them, because tools that apply a diff take a shorter
 * end for the end of the file.
 *
 * @param documents those of the file before the change
 */
export function shieldSecrets(hunks: readonly DiffHunk[], documents: readonly ManifestDocument[]): readonly DiffHunk[] {
  const secrets = documents.flatMap(({ value, line, text }) =>
    holdsSecret(value) ? [{ from: line, to: line + text.replace(/\n$/, '').split('\n').length }] : [],
  );
  if (secrets.length === 0) return hunks;
  return hunks.flatMap((hunk) => split(hunk, (line) => secrets.some(({ from, to }) => line >= from && line < to)));
}

/** A Secret, or a list with one in it. */
function holdsSecret(value: JsonValue | undefined): boolean {
  if (!isObject(value)) return false;
  return value['kind'] === 'Secret' || (isArray(value['items']) && value['items'].some(holdsSecret));
}

/** Cuts a hunk where lines must be removed. Parts without a change are removed too. */
function split(hunk: DiffHunk, isSecret: (oldLine: number) => boolean): readonly DiffHunk[] {
  const parts: DiffHunk[] = [];
  let lines: DiffLine[] = [];
  let [oldLine, newLine] = [hunk.oldStart, hunk.newStart];
  let cut = false;
  const close = (): void => {
    if (lines.some(({ kind }) => kind !== 'same')) parts.push(hunkOf(lines, oldLine, newLine));
    lines = [];
  };
  for (const line of hunk.lines) {
    if (line.kind === 'same' && isSecret(oldLine)) {
      cut = true;
      close();
    } else lines.push(line);
    if (line.kind !== 'added') oldLine += 1;
    if (line.kind !== 'removed') newLine += 1;
  }
  if (!cut) return [hunk];
  close();
  return parts;
}

/** @param oldEnd the line after the last one, on each side */
function hunkOf(lines: readonly DiffLine[], oldEnd: number, newEnd: number): DiffHunk {
  const first = lines.findIndex(({ kind }) => kind !== 'same');
  const behind = lines.length - 1 - lines.findLastIndex(({ kind }) => kind !== 'same');
  const context = Math.min(first, behind);
  const kept = lines.slice(first - context, lines.length - (behind - context));
  const oldLines = kept.filter(({ kind }) => kind !== 'added').length;
  const newLines = kept.filter(({ kind }) => kind !== 'removed').length;
  const dropped = behind - context;
  return {
    // A side without lines is numbered by the line before it.
    oldStart: oldEnd - dropped - oldLines - (oldLines === 0 ? 1 : 0),
    oldLines,
    newStart: newEnd - dropped - newLines - (newLines === 0 ? 1 : 0),
    newLines,
    lines: kept,
  };
}
