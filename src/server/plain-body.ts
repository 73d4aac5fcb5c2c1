import type { IncomingMessage } from 'node:http';
import type { BodyBuffers } from './body-buffers.js';

const jsonTypes: ReadonlySet<string | undefined> = new Set(['application/json', 'application/json; charset=utf-8']);

// Room for a whole body is made when so much of it has come: a client's word alone is not worth its memory.
const trustedBytes = 64 * 1024;

/**
 * Reads the body of a request as the API server sends it: JSON of a given length. What else HTTP has to offer, and what is to
 * be refused, is left to who knows more of it.
 *
 * @param mostBytes the longest body that is read
 * @param onBody told of the whole body, which is theirs until they return; never called when the connection breaks within it
 * @returns false when the request is another, and nothing was read of it
 */
export function readPlainBody(
  request: IncomingMessage,
  mostBytes: number,
  buffers: BodyBuffers,
  onBody: (body: Buffer) => void,
): boolean {
  const { headers } = request;
  const length = Number(headers['content-length']);
  if (!(length > 0 && length <= mostBytes)) return false;
  if (!jsonTypes.has(headers['content-type']) || headers['content-encoding'] !== undefined) return false;
  let chunks: Buffer[] = [];
  let room: Buffer | undefined;
  let received = 0;
  request.on('data', (chunk: Buffer) => {
    if (room === undefined) chunks.push(chunk);
    else chunk.copy(room, received);
    received += chunk.length;
    if (room !== undefined || received < trustedBytes) return;
    room = buffers.take(length);
    let at = 0;
    for (const one of chunks) at += one.copy(room, at);
    chunks = [];
  });
  request.on('end', () => {
    if (room !== undefined) {
      // Every byte of it was written: the parser of HTTP sees to it that as many come as the client said.
      onBody(room.subarray(0, length));
      buffers.giveBack(room);
      return;
    }
    const [only] = chunks;
    onBody(only !== undefined && chunks.length === 1 ? only : Buffer.concat(chunks, length));
  });
  return true;
}
