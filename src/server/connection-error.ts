import type { Socket } from 'node:net';
import { responseOf, type RejectCause } from './rejection.js';

/**
 * Answers what the HTTP parser refused, on the bare socket, and closes it.
 * @returns the cause, for the metric; `undefined` when the client has gone or was answered already
 */
export function answerConnectionError(error: NodeJS.ErrnoException, socket: Socket): RejectCause | undefined {
  // What is written before the handshake is done waits for it, and keeps the connection open: forever, if it never is
  // done.
  if (!socket.writable || /^ERR_(?:TLS|SSL)_/.test(error.code ?? '')) {
    socket.destroy();
    return undefined;
  }
  const cause = causeOf(error.code);
  socket.end(responseOf(cause));
  return cause;
}

function causeOf(code: string | undefined): RejectCause {
  if (code === 'HPE_HEADER_OVERFLOW') return 'headers_too_large';
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return 'request_timeout';
  return 'request_malformed';
}
