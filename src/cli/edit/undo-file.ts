import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { sourcesInto } from '../../documents/undo/keep-sources.js';
import { joinUndo, undoOperationsOf, undoRecord } from '../../documents/undo/undo.js';
import { OutriderError } from '../../model/error.js';
import type { JsonObject } from '../../model/json.js';
import { isSystemError, systemReason } from '../../model/system-error.js';
import { unwritable } from './write-files.js';
import { type Invocation, textOf } from '../command.js';
import type { TemplateEdit } from '../../documents/edit/template-edit.js';
import type { EditedFile } from '../files/edited-file.js';

/** The file that `--undo-file` names. A Dockerrun file itself has no place for the record. */
export interface UndoFile {
  readonly name: string;
  readonly path: string;
  /** The record in it; `undefined` if the file does not exist. */
  readonly record: string | undefined;
}

/**
 * Reads the file that `--undo-file` names.
 *
 * @throws OutriderError `file_unreadable`
 */
export async function readUndoFile({ flags, io }: Pick<Invocation, 'flags' | 'io'>): Promise<UndoFile | undefined> {
  const name = textOf(flags['undoFile']);
  if (name === undefined) return undefined;
  const path = resolve(io.cwd, name);
  try {
    return { name, path, record: await readFile(path, 'utf8') };
  } catch (cause) {
    if (isSystemError(cause, 'ENOENT')) return { name, path, record: undefined };
    const message = `${name}: it cannot be read (${systemReason(cause)}).`;
    throw new OutriderError('file_unreadable', message, { file: name, cause });
  }
}

/**
 * The record of how to restore the Dockerrun file among these. An existing record is joined to it if it belongs to the file
 * as it is now; otherwise it is replaced.
 *
 * @returns `undefined` when no Dockerrun file changes
 * @throws OutriderError `usage` for more than one, since a record is for one file; `undo_stale` if the existing file holds
 * no record
 */
export function undoFileRecord(
  files: readonly EditedFile<TemplateEdit>[],
  file: UndoFile | undefined,
): string | undefined {
  const changed = files
    .flatMap(({ documents }) => documents)
    .flatMap(({ document: { text }, edits }) =>
      edits.flatMap(({ template, operations, record }) =>
        'format' in template && template.format === 'dockerrun' && operations.length > 0
          ? [{ text, edit: { template, operations }, whole: record }]
          : [],
      ),
    );
  const [first, second] = changed;
  if (first === undefined) return undefined;
  const { text, edit, whole } = first;
  const record = whole ?? undoRecord(edit.template.value, edit.operations);
  if (file === undefined) return record;
  if (second !== undefined) {
    throw new OutriderError('usage', '--undo-file is for one Dockerrun file; give one with -f at a time.');
  }
  if (file.record === undefined) return sourcesInto(record, text, edit);
  if (whole !== undefined) return sourcesInto(whole, text, edit, file.record);
  const joined = joinUndo(record, file.record);
  return belongsTo(edit.template.value, file.record)
    ? sourcesInto(joined, text, edit, file.record)
    : sourcesInto(record, text, edit);
}

function belongsTo(value: JsonObject, record: string): boolean {
  try {
    undoOperationsOf(value, record, undefined);
    return true;
  } catch (error) {
    if (error instanceof OutriderError && error.code === 'undo_stale') return false;
    throw error;
  }
}

/** Writes the record. Throws `file_unwritable`. */
export async function writeUndoFile({ name, path }: UndoFile, record: string): Promise<void> {
  try {
    await writeFile(path, `${record}\n`);
  } catch (cause) {
    throw unwritable(name, cause);
  }
}
