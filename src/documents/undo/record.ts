import { OutriderError } from '../../model/error.js';
import { isArray, isObject, listOf, type JsonValue } from '../../model/json.js';
import { names } from '../../model/names.js';
import type { Step } from './rehearse.js';
import { boundedSources, type Source } from './source.js';

const formatVersion = 1;

/** What a record says. */
export interface UndoRecord {
  /** How to restore the data. */
  readonly steps: readonly Step[];
  /** The parts that restored data would write in another form. */
  readonly sources: readonly Source[];
}

/** File and field of a record, for messages. */
export interface UndoPlace {
  readonly file?: string;
  readonly field?: string;
}

type Compact =
  readonly ['t' | 'a' | 'r', string, JsonValue] | readonly ['h', string, string, string?] | readonly ['d', string];

/** The text of a record: JSON of `{"v": 1, "undo": [steps], "src": [sources]}`. */
export function writeRecord({ steps, sources }: UndoRecord): string {
  const src = boundedSources(sources).map(({ path, at, length, hash, text }) => [path, at, length, hash, text]);
  return JSON.stringify({ v: formatVersion, undo: steps.map(compact), ...(src.length === 0 ? {} : { src }) });
}

/**
 * Reads the text of a record.
 *
 * @param called what it is, for messages
 * @throws OutriderError `undo_stale` if it is not a record
 */
export function readRecord(text: JsonValue, where: UndoPlace, called: 'annotation' | 'record' = 'record'): UndoRecord {
  const stale = (why: string, cause?: unknown): OutriderError => {
    const message = `the ${called} ${names.undo} ${why}. Go back to the manifest's source, or remove the instrumentation by hand.`;
    return new OutriderError('undo_stale', message, { ...where, cause });
  };
  let record: unknown;
  try {
    record = JSON.parse(typeof text === 'string' ? text : '');
  } catch (error) {
    throw stale('is not JSON', error);
  }
  if (!isObject(record) || !isArray(record['undo'])) throw stale('has not the form that `outrider inject` writes');
  if (record['v'] !== formatVersion) throw stale('was written by another version of Outrider');
  const steps = record['undo'].map((entry) => {
    const step = expand(entry);
    if (step === undefined) throw stale('holds an operation that is none');
    return step;
  });
  // A source that is none takes nothing from the data.
  return { steps, sources: boundedSources(listOf(record['src']).flatMap((entry) => expandSource(entry) ?? [])) };
}

function compact(operation: Step): Compact {
  if (operation.op === 'remove') return ['d', operation.path];
  if (operation.op === 'hash') {
    const { path, hash, authors } = operation;
    return authors === undefined ? ['h', path, hash] : ['h', path, hash, authors];
  }
  const letters = { test: 't', add: 'a', replace: 'r' } as const;
  return [letters[operation.op], operation.path, operation.value];
}

function expand(entry: JsonValue): Step | undefined {
  if (!isArray(entry)) return undefined;
  const [letter, path, value, authors] = entry;
  if (!isPointer(path)) return undefined;
  if (letter === 'd') return { op: 'remove', path };
  if (value === undefined) return undefined;
  if (letter === 'h') {
    if (typeof value !== 'string') return undefined;
    return { op: 'hash', path, hash: value, ...(typeof authors === 'string' ? { authors } : {}) };
  }
  if (letter === 't') return { op: 'test', path, value };
  if (letter === 'a') return { op: 'add', path, value };
  return letter === 'r' ? { op: 'replace', path, value } : undefined;
}

function expandSource(entry: JsonValue): Source | undefined {
  if (!isArray(entry)) return undefined;
  const [path, at, length, hash, text] = entry;
  if (!isPointer(path) || typeof hash !== 'string' || typeof text !== 'string') return undefined;
  return isOffset(at) && isOffset(length) ? { path, at, length, hash, text } : undefined;
}

function isPointer(value: JsonValue | undefined): value is string {
  return typeof value === 'string' && (value === '' || value.startsWith('/'));
}

function isOffset(value: JsonValue | undefined): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
