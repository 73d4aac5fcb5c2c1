import type { ServerResponse } from 'node:http';

// The status line and the header fields go out with the first piece.
const headBytes = 1024;

/**
 * Ends a response with a body, a piece at a time where it is large, so that the connection's buffer never counts as full.
 *
 * Node stops a connection's HTTP parser when a request comes while an earlier answer still fills that buffer, and a TLS
 * connection hands the parser what it has decrypted all the same: the parser then fails with `HPE_PAUSED` in the middle of
 * that request. An API server that sends large pods one after the other met this whenever an answer was larger than the
 * buffer's mark (16 KiB on Node.js 20, 64 KiB on newer ones).
 *
 * @param body Latin-1, whose length is that of its bytes; the response says so in `content-length` already
 * @param onEnd called once the last piece is handed to the connection, or the client has gone
 */
export function writeInPieces(response: ServerResponse, body: string, onEnd: () => void): void {
  // A response that waits behind another has no connection of its own yet.
  const markBytes = response.req.socket.writableHighWaterMark;
  const pieceBytes = Math.max(markBytes - headBytes, headBytes);
  let at = 0;
  const writeNext = (error?: Error | null): void => {
    if (error !== undefined && error !== null) {
      onEnd();
      return;
    }
    const piece = body.slice(at, at + pieceBytes);
    at += pieceBytes;
    if (at < body.length) {
      response.write(piece, 'latin1', writeNext);
      return;
    }
    response.end(piece, 'latin1');
    onEnd();
  };
  writeNext();
}
