import type { Socket } from 'node:net';
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import type { Server } from 'node:tls';

// How long to wait for the client to close a connection after its last answer.
const lingerMs = 5_000;

// How long a server takes in what clients have sent. One turn of the event loop accepts one connection, so that a full
// queue of the kernel's takes some hundred; clients that open one in each turn would be waited for forever.
const mostTakeInMs = 2_000;

/** The open connections of a server, to close it without breaking a call. */
export class Connections {
  // With when they were opened.
  readonly #open = new Map<Socket, number>();
  #count = 0;
  #lastMs = -Infinity;

  constructor(server: Server) {
    server.on('connection', () => {
      this.#count++;
      this.#lastMs = performance.now();
    });
    server.on('secureConnection', (socket) => {
      this.#open.set(socket, performance.now());
      socket.on('close', () => this.#open.delete(socket));
    });
  }

  /** Whether one was opened within the last `withinMs`. */
  hasNew(withinMs: number): boolean {
    return performance.now() - this.#lastMs < withinMs;
  }

  /** Resolves once none has been opened for `quietMs`, at the latest after `timeoutMs`. */
  async quiet(quietMs: number, timeoutMs: number): Promise<void> {
    const endMs = performance.now() + timeoutMs;
    for (;;) {
      const waitMs = Math.min(this.#lastMs + quietMs, endMs) - performance.now();
      if (waitMs <= 0) return;
      await sleep(Math.ceil(waitMs));
    }
  }

  /**
   * Resolves after a turn of the event loop that brought no new one: every connection that the kernel held is accepted
   * then, and every request that it held is read. Timers run before either when the process has stood still; what they
   * close, they would close under calls that wait. At the latest after `atMostMs`: under load each turn may bring one.
   */
  async settled(atMostMs = mostTakeInMs): Promise<void> {
    const endMs = performance.now() + atMostMs;
    let before: number;
    do {
      before = this.#count;
      await turn();
    } while (this.#count !== before && performance.now() < endMs);
  }

  /**
   * Ends those on which nobody waits for an answer, each after a last one that nobody has asked for. The API server
   * does not repeat a call that met a closed connection, so a call that is on its way at this moment would be lost; as
   * it is, that client reads `answer` as the answer to it. A client that has no call in progress closes the connection,
   * and may log an unsolicited answer.
   *
   * Resolves when the clients have closed them, at the latest after five seconds, when they are cut.
   *
   * @param answer a whole HTTP response
   * @param isAwaited whether an answer is being made on a connection; those are left alone
   * @param spareMs those on which nothing was asked are left alone when they are younger: their client has yet to ask
   */
  async dismiss(answer: string, isAwaited: (socket: Socket) => boolean, spareMs: number): Promise<void> {
    const latestMs = performance.now() - spareMs;
    const allClosed = new AbortController();
    const told = new Set<Socket>();
    for (const [socket, openedMs] of this.#open) {
      if (!socket.writable || isAwaited(socket) || (isUnused(socket) && openedMs > latestMs)) continue;
      told.add(socket);
      socket.once('close', () => {
        told.delete(socket);
        if (told.size === 0) allClosed.abort();
      });
      // Not after an answer that the client has yet to read: that one is its last.
      if (socket.writableLength === 0) socket.end(answer, 'latin1');
      else socket.end();
    }
    if (told.size === 0) return;
    await sleep(lingerMs, undefined, { signal: allClosed.signal }).catch(() => undefined);
    for (const socket of told) socket.destroy();
  }
}

/** Whether nothing was ever asked on a connection, not even in part. */
export function isUnused(socket: Socket): boolean {
  return socket.bytesRead === 0;
}
