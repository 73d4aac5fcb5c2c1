import { isArray, quotedText, type JsonValue } from '../model/json.js';
import { KeptOperation, type Operation } from '../model/patch.js';

const blank = 0x20;
const scratchBytes = 64 * 1024;
const end = Buffer.from(']').toString('base64');

/** How many runs with the same first operation are kept. */
const mostRuns = 16;
/** The longest run that is kept, in operations: as many as 64 containers have. */
const longestRun = 256;

/** Consecutive operations that are the same for pod after pod, and their encoded form. */
interface Run {
  readonly before: string;
  readonly operations: readonly Operation[];
  readonly base64: string;
}

/**
 * Writes patches as the base64 of their JSON, as an AdmissionReview carries them. Most operations of a patch are the
 * same for pod after pod, in the same order: the encoded form of such a run is kept. Base64 takes three bytes at a
 * time, so spaces, which mean nothing between JSON tokens, pad each piece.
 */
export class PatchEncoder {
  readonly #runs = new WeakMap<Operation, Run[]>();
  readonly #scratch = Buffer.allocUnsafe(scratchBytes);

  /** The base64 of a JSON text that means the patch. */
  encode(patch: readonly Operation[]): string {
    let encoded = '';
    let text = '';
    let before = '[';
    for (let index = 0; index < patch.length; index++) {
      const operation = patch[index];
      if (operation instanceof KeptOperation) {
        if (text !== '') encoded += this.#filledUp(text);
        text = '';
        const run = this.#run(patch, index, operation, before);
        encoded += run.base64;
        index += run.operations.length - 1;
      } else if (operation !== undefined) {
        text += before + textOf(operation);
      }
      before = ',';
    }
    if (before === '[') return this.#filledUp('[]');
    if (text !== '') encoded += this.#filledUp(text);
    return encoded + end;
  }

  /** The run that begins with an operation, at an index of the patch. */
  #run(patch: readonly Operation[], start: number, first: KeptOperation, before: string): Run {
    let runs = this.#runs.get(first);
    if (runs === undefined) {
      runs = [];
      this.#runs.set(first, runs);
    }
    let stop = start + 1;
    while (patch[stop] instanceof KeptOperation) stop++;
    for (const run of runs) if (run.before === before && isAt(patch, start, stop, run.operations)) return run;
    const operations = patch.slice(start, stop);
    const base64 = this.#filledUp(before + JSON.stringify(operations).slice(1, -1));
    const made: Run = { before, operations, base64 };
    if (operations.length > longestRun) return made;
    if (runs.length === mostRuns) runs.shift();
    runs.push(made);
    return made;
  }

  /** The base64 of a text, padded with blanks to a multiple of three bytes. */
  #filledUp(text: string): string {
    const mostBytes = text.length * 3 + 2;
    const buffer = mostBytes <= scratchBytes ? this.#scratch : Buffer.allocUnsafe(mostBytes);
    let length = buffer.write(text, 0, 'utf8');
    while (length % 3 !== 0) buffer[length++] = blank;
    return buffer.toString('base64', 0, length);
  }
}

function isAt(patch: readonly Operation[], start: number, stop: number, run: readonly Operation[]): boolean {
  if (run.length !== stop - start) return false;
  for (let index = 0; index < run.length; index++) if (run[index] !== patch[start + index]) return false;
  return true;
}

/** JSON of an operation of the pod's own: what a container starts, nearly always. */
function textOf(operation: Operation): string {
  if (operation.op === 'remove') return JSON.stringify(operation);
  const { op, path, value } = operation;
  return `{"op":"${op}","path":${quotedText(path)},"value":${valueText(value)}}`;
}

function valueText(value: JsonValue): string {
  if (typeof value === 'string') return quotedText(value);
  if (!isArray(value)) return JSON.stringify(value);
  let text = '[';
  for (const item of value) {
    if (text.length > 1) text += ',';
    text += typeof item === 'string' ? quotedText(item) : JSON.stringify(item);
  }
  return `${text}]`;
}
