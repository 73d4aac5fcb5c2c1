import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyReply } from 'fastify';
import type { Metrics } from '../observe/metrics.js';
import type { HeavyWork } from './heavy-work.js';
import { answerAndLinger } from './linger.js';
import { isRetryable, rejection, type RejectCause } from './rejection.js';
import { writeInPieces } from './write-in-pieces.js';

const json = 'application/json; charset=utf-8';

// Up to this size, an unread answer costs less than the connection itself.
const lightBytes = 16 * 1024;

// With its head, less than the smallest mark at which a connection's buffer counts as full.
const mostAtOnceBytes = 15 * 1024;

/** What answers are written with. */
export interface AnswersOptions {
  readonly metrics: Metrics;
  /** Counts large answers until they are taken. */
  readonly work: HeavyWork;
  /** A client that has not read a large answer by then loses its connection. */
  readonly longestTakeMs: number;
}

/** Writes what the webhook answers, and counts what it refuses. */
export class Answers {
  readonly #metrics: Metrics;
  readonly #work: HeavyWork;
  readonly #longestTakeMs: number;
  // By connection, how many answers are not written to their end. A client may ask before it has its answer.
  readonly #halfAnswered = new WeakMap<Socket, number>();
  // By connection, what ends the count of its answers.
  readonly #untaken = new WeakMap<Socket, Set<() => void>>();
  #closing = false;

  constructor({ metrics, work, longestTakeMs }: AnswersOptions) {
    this.#metrics = metrics;
    this.#work = work;
    this.#longestTakeMs = longestTakeMs;
  }

  /** From now on, asks each client to close its connection after the answer. */
  startClosing(): void {
    this.#closing = true;
  }

  /** Whether the rest of an answer is still to be written to a connection. */
  isAnswering(socket: Socket): boolean {
    return (this.#halfAnswered.get(socket) ?? 0) > 0;
  }

  /**
   * Sends the answer to a review, as `reply.send` would except for a look at what it may be.
   * @param body JSON in ASCII, whose length is that of its bytes
   */
  send(reply: FastifyReply, body: string): void {
    reply.hijack();
    // Whoever asked has gone, and nothing would say so again.
    if (reply.request.raw.socket.destroyed) return;
    const fields = ['content-type', json, 'content-length', `${body.length}`];
    if (this.#closing) fields.push('connection', 'close');
    reply.raw.writeHead(200, fields);
    if (body.length > mostAtOnceBytes) this.#sendLarge(reply, body);
    else reply.raw.end(body, 'latin1');
  }

  /** @param message what to say in place of the cause's own sentence */
  reject(reply: FastifyReply, cause: RejectCause, message?: string): void {
    this.#metrics.countRejected(cause);
    const { status, body } = rejection(cause, message);
    reply.code(status).header('content-type', json);
    if (cause === 'method_not_allowed') reply.header('allow', 'POST');
    if (isRetryable(cause)) reply.header('retry-after', '1');
    if (isRetryable(cause) || this.#closing) reply.header('connection', 'close');
    reply.send(body);
  }

  /** Refuses a request whose body is not read to its end. */
  rejectUnread(reply: FastifyReply, cause: RejectCause): void {
    this.#metrics.countRejected(cause);
    // Half of the answer goes out now and the rest a moment later, which Fastify itself never does.
    reply.hijack();
    const fields = isRetryable(cause) ? { 'retry-after': '1' } : {};
    answerAndLinger(reply.request.raw, reply.raw, rejection(cause), fields);
  }

  #sendLarge(reply: FastifyReply, body: string): void {
    const { socket } = reply.request.raw;
    if (body.length > lightBytes) this.#countUntilTaken(reply.raw, socket, body.length);
    this.#countHalfAnswered(socket, 1);
    writeInPieces(reply.raw, body, () => this.#countHalfAnswered(socket, -1));
  }

  #countHalfAnswered(socket: Socket, more: number): void {
    this.#halfAnswered.set(socket, (this.#halfAnswered.get(socket) ?? 0) + more);
  }

  #countUntilTaken(response: ServerResponse, socket: Socket, bytes: number): void {
    const giveBack = this.#work.take(bytes);
    const cut = setTimeout(() => response.destroy(), this.#longestTakeMs);
    const untaken = this.#untakenOf(socket);
    const end = (): void => {
      clearTimeout(cut);
      untaken.delete(end);
      giveBack();
    };
    untaken.add(end);
    response.once('close', end);
  }

  /** An answer that waits behind another is told by nobody that its client has gone, so the connection is asked. */
  #untakenOf(socket: Socket): Set<() => void> {
    const known = this.#untaken.get(socket);
    if (known !== undefined) return known;
    const ends = new Set<() => void>();
    this.#untaken.set(socket, ends);
    socket.once('close', () => {
      for (const end of [...ends]) end();
    });
    return ends;
  }
}
