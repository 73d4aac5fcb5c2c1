import { isCollection, isMap, isScalar, isSeq, Pair, parseDocument, Scalar, type Document, type Node } from 'yaml';
import { OutriderError } from '../../model/error.js';
import type { JsonValue } from '../../model/json.js';
import { readPointer } from '../../model/json-pointer.js';
import type { Operation } from '../../model/patch.js';
import { renderFlow } from './render.js';
import { styleOf } from './style.js';

const options = { version: '1.1', schema: 'failsafe', merge: false, uniqueKeys: false } as const;

/**
 * Applies operations through the YAML library's document model, for the few texts that splicing does not know. It keeps
 * every comment and value, but not every space.
 *
 * @throws OutriderError `internal` where the model has no such place
 */
export function rewriteDocument(text: string, operations: readonly Operation[]): string {
  const document = parseDocument(text, options);
  for (const operation of operations) if (operation.op !== 'test') applyOne(document, operation);
  return document.toString({ lineWidth: 0 });
}

function applyOne(document: Document.Parsed, operation: Exclude<Operation, { op: 'test' }>): void {
  const path = [...readPointer(operation.path)];
  const last = path.pop();
  if (last === undefined) {
    throw new OutriderError('internal', 'the root of the document cannot be rewritten');
  }
  const parent = path.length === 0 ? document.contents : document.getIn(path, true);
  if (isSeq(parent)) {
    const index = last === '-' ? parent.items.length : Number(last);
    const added = operation.op === 'remove' ? [] : [nodeOf(operation.value)];
    parent.items.splice(index, operation.op === 'add' ? 0 : 1, ...added);
  } else if (isMap(parent)) {
    const index = parent.items.findIndex(({ key }) => isScalar(key) && key.value === last);
    if (operation.op === 'remove') parent.items.splice(index, 1);
    else if (index === -1) parent.items.push(new Pair(keyOf(last), nodeOf(operation.value)));
    else parent.items.splice(index, 1, new Pair(parent.items[index]?.key, nodeOf(operation.value)));
  } else throw new OutriderError('internal', 'the patch does not fit the document', { field: operation.path });
}

/** Scalars of this schema are all strings, so a new value is rendered first and then read as source. */
function nodeOf(value: JsonValue): Node | null {
  const node = parseDocument(
    renderFlow(value, { indentation: undefined, quoteAlways: true }, plainStyle),
    options,
  ).contents;
  if (isCollection(node)) node.flow = false;
  return node;
}

function keyOf(key: string): Scalar {
  const scalar = new Scalar(key);
  scalar.type = 'QUOTE_DOUBLE';
  return scalar;
}

const plainStyle = styleOf(
  '',
  {
    kind: 'scalar',
    start: 0,
    end: 0,
    anchor: undefined,
    intrinsic: undefined,
    style: 'empty',
    value: null,
    exact: undefined,
  },
  'yaml',
);
