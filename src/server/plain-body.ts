import type { IncomingMessage } from 'node:http';

const jsonTypes: ReadonlySet<string | undefined> = new Set(['application/json', 'application/json; charset=utf-8']);

/**
 * Reads the body of a request as the API server sends it: JSON of a given length. What else HTTP has to offer, and what is to
 * be refused, is left to who knows more of it.
 *
 * @param mostBytes the longest body that is read
 * @param onBody told of the whole body; never called when the connection breaks within it
 * @returns false when the request is another, and nothing was read of it
 */
export function readPlainBody(request: IncomingMessage, mostBytes: number, onBody: (body: Buffer) => void): boolean {
  const { headers } = request;
  const length = Number(headers['content-length']);
  if (!(length > 0 && length <= mostBytes)) return false;
  if (!jsonTypes.has(headers['content-type']) || headers['content-encoding'] !== undefined) return false;
  let first: Buffer | undefined;
  let all: Buffer[] | undefined;
  request.on('data', (chunk: Buffer) => {
    if (first === undefined) first = chunk;
    else if (all === undefined) all = [first, chunk];
    else all.push(chunk);
  });
  request.on('end', () => {
    if (first !== undefined) onBody(all === undefined ? first : Buffer.concat(all, length));
  });
  return true;
}
