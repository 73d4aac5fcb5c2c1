import { isDeepStrictEqual } from 'node:util';
import type { JsonValue } from '../../model/json.js';
import { readDocument } from '../manifest/split.js';
import { SyntaxProblem, type ScalarNode, type SyntaxNode } from '../manifest/syntax.js';
import { refuseAliasBomb, valueOf } from '../manifest/value.js';

/** A document's value in which big integers are marked strings, so that two are equal only when every digit is (E30). */
export function exactValueOf(root: SyntaxNode): JsonValue {
  return valueOf(root, exactScalar);
}

/** Whether a text is one good document with this value, as {@link exactValueOf} gives it. */
export function readsAs(text: string, wanted: JsonValue): boolean {
  try {
    const { root } = readDocument(text);
    if (root === undefined) return false;
    refuseAliasBomb(root);
    return isDeepStrictEqual(exactValueOf(root), wanted);
  } catch (error) {
    if (error instanceof SyntaxProblem) return false;
    throw error;
  }
}

function exactScalar({ value, exact }: ScalarNode): JsonValue {
  return exact === undefined ? value : `\u0000${exact}`;
}
