import type { IncomingMessage } from 'node:http';
import type { BodyBuffers } from './body-buffers.js';
import { RequestRejected } from './rejection.js';

// Room for a whole body is made when so much of it has come: a client's word alone is not worth its memory.
const trustedBytes = 64 * 1024;

/** Reads the body of a request, for Fastify's `addContentTypeParser`. */
export type BodyParser = (
  request: unknown,
  payload: IncomingMessage,
  done: (error: Error | null, body?: Buffer) => void,
) => void;

/**
 * Makes what reads bodies. A large one is gathered in a buffer that is used again: the body is the route's until its
 * handler returns, which it does, with no hook in between that waits, before `done` does.
 *
 * @param mostBytes the longest body that is read; a longer one is the error RequestRejected `body_too_large`
 */
export function createBodyParser(mostBytes: number, buffers: BodyBuffers): BodyParser {
  return (_request, payload, done) => {
    const given = payload.headers['content-length'];
    // Not a number of a body in chunks.
    const length = Number(given);
    if (length > mostBytes) {
      done(new RequestRejected('body_too_large'));
      return;
    }
    let chunks: Buffer[] = [];
    let room: Buffer | undefined;
    let received = 0;
    const onData = (chunk: Buffer): void => {
      if (room === undefined) chunks.push(chunk);
      else chunk.copy(room, received);
      received += chunk.length;
      if (received > mostBytes) {
        payload.off('data', onData).off('end', onEnd);
        done(new RequestRejected('body_too_large'));
        return;
      }
      if (room !== undefined || received < trustedBytes || given === undefined) return;
      room = buffers.take(length);
      let at = 0;
      for (const one of chunks) at += one.copy(room, at);
      chunks = [];
    };
    const onEnd = (): void => {
      if (room !== undefined) {
        // Every byte of it was written: the parser of HTTP sees to it that as many come as the client said.
        done(null, room.subarray(0, length));
        buffers.giveBack(room);
        return;
      }
      const [only] = chunks;
      done(null, only !== undefined && chunks.length === 1 ? only : Buffer.concat(chunks, received));
    };
    payload.on('data', onData).on('end', onEnd);
  };
}
