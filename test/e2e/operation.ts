import type { JsonValue } from '../../src/model/json.js';
import { isObject } from '../../src/model/json.js';
import type { Operation } from '../../src/model/patch.js';

export type { Operation } from '../../src/model/patch.js';

/** Whether a value off the wire is an operation of the kinds that the webhook writes. */
export function isOperation(value: JsonValue): value is JsonValue & Operation {
  if (!isObject(value) || typeof value['path'] !== 'string') return false;
  const { op } = value;
  return op === 'remove' || ((op === 'add' || op === 'replace' || op === 'test') && value['value'] !== undefined);
}
