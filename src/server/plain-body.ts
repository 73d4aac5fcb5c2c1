import type { IncomingMessage } from 'node:http';

const jsonTypes: ReadonlySet<string | undefined> = new Set(['application/json', 'application/json; charset=utf-8']);

// Room for a whole body is made when so much of it has come: a client's word alone is not worth its memory.
const trustedBytes = 64 * 1024;

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
  let chunks: Buffer[] = [];
  let whole: Buffer | undefined;
  let received = 0;
  request.on('data', (chunk: Buffer) => {
    if (whole === undefined) chunks.push(chunk);
    else chunk.copy(whole, received);
    received += chunk.length;
    if (whole !== undefined || received < trustedBytes) return;
    // Every byte of it is written: the parser of HTTP sees to it that as many come.
    whole = Buffer.allocUnsafeSlow(length);
    let at = 0;
    for (const one of chunks) at += one.copy(whole, at);
    chunks = [];
  });
  request.on('end', () => {
    const [only] = chunks;
    onBody(whole ?? (only !== undefined && chunks.length === 1 ? only : Buffer.concat(chunks, length)));
  });
  return true;
}
