import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Rejection } from './rejection.js';

const lingerMs = 1_000;

/**
 * Answers a request whose body is not read to its end, and closes the connection. What still comes is thrown away for
 * up to a second first: a socket that is closed with unread bytes is reset, and the client may then lose the answer.
 */
export function answerAndLinger(
  request: IncomingMessage,
  response: ServerResponse,
  { status, body }: Rejection,
  fields: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, {
    ...fields,
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    connection: 'close',
  });
  response.write(body);
  const end = (): void => {
    clearTimeout(timer);
    response.end();
  };
  const timer = setTimeout(end, lingerMs);
  request.once('end', end);
  request.once('close', end);
  request.resume();
}
