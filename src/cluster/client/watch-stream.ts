import { isObject, objectOf, stringOf, type JsonObject } from '../../model/json.js';
import { refusalOf } from './api-error.js';

/** One change, or a bookmark, which only has a new `metadata.resourceVersion`. */
export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';
  readonly object: JsonObject;
}

const types = new Set<string>(['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK']);
const newline = 0x0a;
// The API server stores nothing larger than etcd's limit, which is far lower.
const longestLineBytes = 64 * 1024 * 1024;

/**
 * Reads a watch's lines, one JSON event each.
 * @throws ApiError for an `ERROR` event, with its own reason (`Expired`: list again)
 * @throws Error for a line that is not an event, or too long
 */
export async function* readWatch(what: string, body: AsyncIterable<Buffer>): AsyncGenerator<WatchEvent> {
  let pending: Buffer[] = [];
  let length = 0;
  for await (const part of body) {
    let start = 0;
    for (let end = part.indexOf(newline); end >= 0; end = part.indexOf(newline, start)) {
      pending.push(part.subarray(start, end));
      const line = Buffer.concat(pending);
      pending = [];
      length = 0;
      start = end + 1;
      if (line.length > 0) yield eventOf(what, line);
    }
    const rest = part.subarray(start);
    length += rest.length;
    if (length > longestLineBytes) throw new Error(`a line is longer than ${longestLineBytes} bytes`);
    if (rest.length > 0) pending.push(rest);
  }
}

function eventOf(what: string, line: Buffer): WatchEvent {
  const event: unknown = JSON.parse(line.toString('utf8'));
  const type = isObject(event) ? stringOf(event['type']) : undefined;
  const object = isObject(event) ? objectOf(event['object']) : undefined;
  if (type === undefined || object === undefined) throw new Error('a line is no watch event');
  if (type === 'ERROR') {
    const code = object['code'];
    throw refusalOf(what, typeof code === 'number' ? code : 500, object);
  }
  if (!isEventType(type)) throw new Error(`a watch event has the unknown type ${type}`);
  return { type, object };
}

function isEventType(type: string): type is WatchEvent['type'] {
  return types.has(type);
}
