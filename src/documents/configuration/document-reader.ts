import {
  Composer,
  isAlias,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  Parser,
  visit,
  type CST,
  type Document,
} from 'yaml';
import { OutriderError, type ErrorCode } from '../../model/error.js';
import { isArray, isObject, type JsonValue } from '../../model/json.js';
import { overIndentedLine, tooDeepAt } from '../yaml-limits.js';
import type { Path } from '../schema/guide.js';

/** A file's name, as it is shown to people, and its text. */
export interface TextFile {
  readonly name: string;
  readonly text: string;
}

/** One document of a file, as data, with its line numbers. */
export interface ReadDocument {
  readonly file: string;
  /** Position in the file, from 1. */
  readonly number: number;
  readonly value: JsonValue;
  /** The line, from 1, of the deepest part of the path that is there. */
  lineOf(path: Path): number;
}

export interface ReadResult {
  readonly documents: readonly ReadDocument[];
  readonly problems: readonly OutriderError[];
}

/** Largest file, in bytes of UTF-8. */
const maxFileBytes = 4 * 1024 * 1024;
const maxDocuments = 10_000;
const maxDepth = 64;
const maxAliases = 100;

/**
 * Reads the documents of one YAML 1.2 or JSON file. Refused, each as a problem with file, line and remedy: what is not YAML,
 * more than 4 MiB, nesting beyond 64 levels, more than 100 aliases or what grows by them, keys given twice, keys that are
 * not plain text, the key `__proto__`, tags that YAML's core schema does not have. Empty documents are left out. A refused
 * document does not affect the others in the file.
 *
 * @param code what the problems are about
 */
export function readDocuments(file: TextFile, code: ErrorCode = 'document_invalid'): ReadResult {
  const refused = refusal(file.text);
  if (refused !== undefined) return { documents: [], problems: [problemAt(code, file.name, refused)] };
  const lines = new LineCounter();
  const lineAt = (offset: number): number => Math.max(1, lines.linePos(offset).line);
  const tokens = [...new Parser(lines.addNewLine).parse(file.text)];
  const composer = new Composer({
    version: '1.2',
    schema: 'core',
    merge: false,
    // Quadratic in the parser (50,000 keys take 15 s); checked here in one pass.
    uniqueKeys: false,
    prettyErrors: false,
    lineCounter: lines,
    logLevel: 'silent',
  });
  const documents: ReadDocument[] = [];
  const problems: OutriderError[] = [];
  const deep: (number | undefined)[] = [];
  for (const [index, document] of [...composer.compose(withoutDeep(tokens, deep))].entries()) {
    const offset = deep[index];
    if (offset !== undefined) {
      const place = `${file.name}:${lineAt(offset)} (document ${index + 1})`;
      problems.push(problemAt(code, place, `is nested deeper than ${maxDepth} levels; flatten it`, file.name));
      continue;
    }
    const fault = faultOf(document);
    if (fault !== undefined) {
      problems.push(
        problemAt(code, `${file.name}:${lineAt(fault.offset)} (document ${index + 1})`, fault.text, file.name),
      );
      continue;
    }
    const value: unknown = document.toJS({ maxAliasCount: -1 });
    if (value === null || value === undefined) continue;
    if (!isJson(value, maxDepth, { left: 1_000_000 })) {
      const place = `${file.name}:${lineAt(document.range[0])} (document ${index + 1})`;
      problems.push(
        problemAt(
          code,
          place,
          `is nested deeper than ${maxDepth} levels or grows by its aliases; flatten it`,
          file.name,
        ),
      );
      continue;
    }
    documents.push({
      file: file.name,
      number: index + 1,
      value,
      lineOf: (path) => lineAt(offsetOf(document, path)),
    });
  }
  return { documents, problems };
}

/** The tokens, without those in documents that are nested too deep. The places of such documents go to `deep`. */
function withoutDeep(tokens: readonly CST.Token[], deep: (number | undefined)[]): readonly CST.Token[] {
  return tokens.map((token) => {
    if (token.type !== 'document') return token;
    const offset = tooDeepAt(token, maxDepth);
    deep.push(offset);
    if (offset === undefined) return token;
    const { type, start, offset: from } = token;
    return { type, start, offset: from };
  });
}

/** A problem whose message begins with where it is. */
function problemAt(code: ErrorCode, place: string, text: string, file = place): OutriderError {
  return new OutriderError(code, `${place}: ${text}.`, { file });
}

/** Why the parser is not called at all. */
function refusal(text: string): string | undefined {
  if (Buffer.byteLength(text) > maxFileBytes) return `is larger than ${maxFileBytes / 1024 / 1024} MiB; split it`;
  const deep = overIndentedLine(text);
  if (deep !== undefined) return `${deep.text}; flatten it`;
  const documents = text.match(/^---/gm)?.length ?? 0;
  return documents > maxDocuments ? `has more than ${maxDocuments} documents; split it` : undefined;
}

interface Fault {
  readonly offset: number;
  readonly text: string;
}

function faultOf(document: Document.Parsed): Fault | undefined {
  const [error] = [...document.errors, ...document.warnings];
  if (error !== undefined) {
    const remedy = error.code === 'RESOURCE_EXHAUSTION' ? 'flatten it' : 'fix the syntax';
    return { offset: error.pos[0], text: `is not valid YAML: ${error.message.replace(/\.$/, '')}; ${remedy}` };
  }
  let fault: Fault | undefined;
  let aliases = 0;
  visit(document, {
    Alias: (_, node) => {
      aliases++;
      const offset = node.range?.[0] ?? 0;
      if (aliases > maxAliases) {
        fault = { offset, text: `has more than ${maxAliases} aliases; write the values out` };
        return visit.BREAK;
      }
      if (node.resolve(document) !== undefined) return undefined;
      fault = { offset, text: `has the alias *${node.source}, which nothing above it defines; fix its name` };
      return visit.BREAK;
    },
    Scalar: (_, node) => {
      if (typeof node.value !== 'number' || Number.isFinite(node.value)) return undefined;
      fault = { offset: node.range?.[0] ?? 0, text: 'has a number that is not finite; put it in quotes' };
      return visit.BREAK;
    },
    Map: (_, node) => {
      const seen = new Set<string>();
      for (const { key } of node.items) {
        const offset = isNode(key) ? (key.range?.[0] ?? 0) : 0;
        if (!isScalar(key)) {
          fault = { offset, text: 'has a key that is not plain text; quote it' };
          return visit.BREAK;
        }
        const name = String(key.value);
        if (name === '__proto__') {
          fault = { offset, text: 'has the key __proto__, which is never read; take it out' };
          return visit.BREAK;
        }
        if (seen.has(name)) {
          fault = { offset, text: `has the key ${JSON.stringify(name)} twice; take one out` };
          return visit.BREAK;
        }
        seen.add(name);
      }
      return undefined;
    },
  });
  return fault;
}

/** Whether a value is JSON of bounded depth and size, also where aliases repeat parts of it or lead in a circle. */
function isJson(value: unknown, depth: number, budget: { left: number }): value is JsonValue {
  if (--budget.left < 0) return false;
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true;
  if (typeof value === 'number') return Number.isFinite(value);
  if (depth === 0) return false;
  if (isArray(value)) return value.every((item) => isJson(item, depth - 1, budget));
  return isObject(value) && Object.values(value).every((item) => isJson(item, depth - 1, budget));
}

function offsetOf(document: Document.Parsed, path: Path): number {
  let node: unknown = document.contents;
  let offset = document.contents?.range[0] ?? document.range[0];
  for (const key of path) {
    if (isAlias(node)) node = node.resolve(document);
    if (isMap(node)) {
      const pair: unknown = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(key));
      if (!isPair(pair)) break;
      if (isNode(pair.key)) offset = pair.key.range?.[0] ?? offset;
      node = pair.value;
    } else if (isSeq(node) && typeof key === 'number') {
      node = node.items[key];
      if (isNode(node)) offset = node.range?.[0] ?? offset;
    } else break;
  }
  return offset;
}
