import { OutriderError } from '../../model/error.js';
import { objectOf, stringOf, type JsonValue } from '../../model/json.js';
import { readPointer } from '../../model/json-pointer.js';
import type { TaskTemplate } from '../../model/task.js';
import { splitDocuments, type Piece } from './split.js';
import { effectiveMembers, dereference, refuseAliasBomb, valueOf } from './value.js';
import { SyntaxProblem, withOffset, type SyntaxNode } from './syntax.js';
import { findPodTemplates, type PodTemplate, type TemplateProblem } from './templates.js';
import { findTasks, tasksExpandedLater } from './task-templates.js';
import type { TemplatePath } from './template-path.js';
import { isHelmTemplate, renderFirst, unfinishedTemplate } from './unfinished.js';
import { findUnseen } from './unseen.js';
import type { Unseen } from './objects.js';

/** One document of a manifest file. */
export interface ManifestDocument {
  /** Its source, byte for byte: separator, comments and line breaks included. */
  readonly text: string;
  readonly format: 'yaml' | 'json';
  /** Line of the file it starts on, from 1. */
  readonly line: number;
  /**
   * The document as JSON; `null` for an empty one. An integer past 2^53 reads as its nearest double here, and stays
   * exact in `text` and under `editDocument` (E30).
   */
  readonly value: JsonValue;
  readonly apiVersion: string | undefined;
  readonly kind: string | undefined;
  /** The pods and pod templates in it; none for kinds that make no pods. */
  readonly templates: readonly PodTemplate[];
  /** The tasks in it: of an ECS task definition, a CloudFormation template or a Dockerrun file. */
  readonly tasks: readonly TaskTemplate[];
  /** What seems to hold containers but is neither; empty for most documents. */
  readonly unseen: readonly Unseen[];
}

/**
 * Reads a file of YAML or JSON documents. The texts of the documents joined are the file's text, byte for byte.
 *
 * @param text the file's text; a byte order mark and CRLF line breaks are fine
 * @param file its name, for messages; `-` for standard input
 * @param added where pod templates are in kinds that the table of workloads does not have
 * @throws OutriderError `manifest_invalid` naming file, line, column, path and remedy: broken syntax, a key twice,
 *   aliases without anchor or without end, nesting past 200 levels, a pod template of the wrong shape
 */
export function readManifests(
  text: string,
  file: string,
  added: readonly TemplatePath[] = [],
): readonly ManifestDocument[] {
  const lines = new LineIndex(text);
  try {
    return splitDocuments(text).map((piece) => documentOf(piece, lines, { file, added }));
  } catch (error) {
    if (!(error instanceof SyntaxProblem)) throw error;
    if (isHelmTemplate(text)) {
      const problem = new SyntaxProblem('it is a Helm template, no manifest', error.offset);
      throw invalid(problem, lines, file, renderFirst);
    }
    throw invalid(error, lines, file, 'Fix the file there; nothing of it was changed.');
  }
}

function documentOf(
  piece: Piece,
  lines: LineIndex,
  { file, added }: { readonly file: string; readonly added: readonly TemplatePath[] },
): ManifestDocument {
  const { root } = piece;
  const { line } = lines.at(piece.offset);
  const about = { text: piece.text, format: piece.format, line };
  if (root === undefined)
    return { ...about, value: null, apiVersion: undefined, kind: undefined, templates: [], tasks: [], unseen: [] };
  withOffset(piece.offset, () => refuseAliasBomb(root));
  const value = valueOf(root);
  const found = findPodTemplates(value, added);
  if ('message' in found) {
    const remedy = 'Give it the shape that `kubectl explain pod.spec` shows.';
    throw invalid(problemAt(found, root, piece.offset), lines, file, remedy);
  }
  const tasks = findTasks(value);
  if ('message' in tasks) {
    throw invalid(problemAt(tasks, root, piece.offset), lines, file, 'Nothing of the file was changed.');
  }
  const object = objectOf(value);
  const unfinished = found.flatMap((template) => unfinishedTemplate(template) ?? []);
  const at = new Set(unfinished.map(({ path }) => path));
  const later = tasksExpandedLater(value);
  const seen = [...found, ...tasks, ...later].map(({ path }) => path);
  return {
    ...about,
    value,
    apiVersion: stringOf(object?.['apiVersion']),
    kind: stringOf(object?.['kind']),
    templates: found.filter(({ path }) => !at.has(`${path}/spec/containers`)),
    tasks,
    unseen: [...unfinished, ...later.map(({ unseen }) => unseen), ...findUnseen(value, seen)],
  };
}

function problemAt({ path, message }: TemplateProblem, root: SyntaxNode, offset: number): SyntaxProblem {
  return new SyntaxProblem(message, offset + locate(root, path).start, path);
}

/** The node a pointer leads to, or the nearest one above it. */
function locate(root: SyntaxNode, path: string): SyntaxNode {
  let node = root;
  for (const token of readPointer(path)) {
    const inside = dereference(node);
    if (inside.kind === 'scalar') return node;
    const members = inside.kind === 'map' ? effectiveMembers(inside) : inside.members;
    const next = members.find(({ key }, index) => (inside.kind === 'map' ? key : `${index}`) === token);
    if (next === undefined) return node;
    node = next.value;
  }
  return node;
}

function invalid(problem: SyntaxProblem, lines: LineIndex, file: string, remedy: string): OutriderError {
  const { line, column } = lines.at(problem.offset);
  const path = problem.path === undefined || problem.path === '' ? '' : ` at ${problem.path}`;
  const field = problem.path === undefined ? {} : { field: problem.path };
  const message = `${file}:${line}:${column}:${path === '' ? '' : `${path}:`} ${problem.message}. ${remedy}`;
  return new OutriderError('manifest_invalid', message, { file, ...field, cause: problem });
}

/** Turns offsets into lines and columns, both from 1. */
class LineIndex {
  readonly #starts: readonly number[];

  constructor(text: string) {
    const starts = [0];
    for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
    this.#starts = starts;
  }

  at(offset: number): { readonly line: number; readonly column: number } {
    let low = 0;
    let high = this.#starts.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.#starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - (this.#starts[low] ?? 0) + 1 };
  }
}
