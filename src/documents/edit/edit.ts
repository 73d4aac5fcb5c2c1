import jsonpatch from 'fast-json-patch';
import { OutriderError } from '../../model/error.js';
import type { JsonValue } from '../../model/json.js';
import { cloneOperation, type Operation } from '../../model/patch.js';
import { readDocument, type Piece } from '../manifest/split.js';
import { SyntaxProblem, type SyntaxNode } from '../manifest/syntax.js';
import { DraftEditor } from './draft.js';
import { Emitter } from './emit.js';
import { exactValueOf, readsAs } from './reads-as.js';
import { applySplices, Unspliceable } from './splice.js';
import { rewriteDocument } from './rewrite.js';
import { styleOf } from './style.js';

/**
 * Applies a JSON patch to the text of one YAML or JSON document. Only what the patch touches changes: comments, order,
 * quoting, indentation, block or flow style and line breaks of the rest stay byte for byte, and big integers exact
 * (E30). What is new is written as its surroundings are. An alias whose anchor is edited, or that is edited itself, is
 * written out, so that nothing changes in another place.
 *
 * @param documentText the text of one document, as `readManifests` gives it
 * @param operations RFC 6902; pointers start at the document's root
 * @throws OutriderError `manifest_invalid` when the text is not one good document; `internal` when the operations do
 *   not fit it, or the result would not read back as the patched value
 */
export function editDocument(documentText: string, operations: readonly Operation[]): string {
  if (operations.length === 0) return documentText;
  // A later operation may change what an earlier one adds. Work on a copy, because the values belong to the caller.
  return edited(documentText, operations.map(cloneOperation));
}

function edited(documentText: string, operations: readonly Operation[]): string {
  const piece = read(documentText);
  const { root } = piece;
  if (root === undefined) throw new OutriderError('internal', 'an empty document cannot be patched');
  const wanted = patchedValue(root, operations);
  const spliced = trySplicing(piece, root, operations);
  if (spliced !== undefined && readsAs(spliced, wanted)) return spliced;
  if (piece.format === 'yaml') {
    const rewritten = rewriteDocument(documentText, operations);
    if (readsAs(rewritten, wanted)) return rewritten;
  }
  throw new OutriderError(
    'internal',
    'the patched document does not read back as what it should be; it was not written',
  );
}

function read(text: string): Piece {
  try {
    return readDocument(text);
  } catch (error) {
    if (!(error instanceof SyntaxProblem)) throw error;
    throw new OutriderError('manifest_invalid', error.message, { cause: error });
  }
}

function patchedValue(root: SyntaxNode, operations: readonly Operation[]): JsonValue {
  // Tests were made by the draft, on values as callers see them. The library goes on to change the values it is given.
  const changes = operations.filter(({ op }) => op !== 'test').map(cloneOperation);
  try {
    return jsonpatch.applyPatch<JsonValue>(exactValueOf(root), changes, true, false).newDocument;
  } catch (error) {
    throw new OutriderError('internal', 'the patch does not fit the document', { cause: error });
  }
}

function trySplicing(piece: Piece, root: SyntaxNode, operations: readonly Operation[]): string | undefined {
  const editor = new DraftEditor(root);
  for (const operation of operations) editor.apply(operation);
  try {
    const emitter = new Emitter(piece.text, styleOf(piece.text, root, piece.format));
    return applySplices(piece.text, emitter.splices(root, editor.finish()));
  } catch (error) {
    if (error instanceof Unspliceable) return undefined;
    throw error;
  }
}
