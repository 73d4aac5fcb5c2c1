import type { Socket } from 'node:net';
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import type { Server } from 'node:tls';

// Turns of the event loop in which a server may take in what clients have sent; one turn accepts one connection.
const mostTurns = 10_000;

/** The open connections of a server, to close it under nobody's call. */
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
   * Resolves behind a turn of the event loop that brought no new one: every connection that the kernel held is accepted
   * then, and every request that it held is read. Timers run before either when the process has stood still; what they
   * close, they would close under calls that wait.
   */
  async settled(): Promise<void> {
    let before: number;
    let turns = 0;
    do {
      before = this.#count;
      await turn();
    } while (this.#count !== before && ++turns < mostTurns);
  }

  /** Ends those on which nothing was ever asked, but for those opened within the last `spareMs`. */
  endUnused(spareMs: number): void {
    const latestMs = performance.now() - spareMs;
    for (const [socket, openedMs] of this.#open) {
      if (isUnused(socket) && openedMs <= latestMs) socket.end();
    }
  }
}

/** Whether nothing was ever asked on a connection, not even in part. */
export function isUnused(socket: Socket): boolean {
  return socket.bytesRead === 0;
}
