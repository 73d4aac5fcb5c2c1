import type { ServerResponse } from 'node:http';
import type { FastifyReply } from 'fastify';
import type { Metrics } from '../observe/metrics.js';
import type { HeavyWork } from './heavy-work.js';
import { answerAndLinger } from './linger.js';
import { isRetryable, rejection, type RejectCause } from './rejection.js';

const json = 'application/json; charset=utf-8';

// What a connection may hold unread costs less than the connection.
const lightBytes = 16 * 1024;

/** What answers are written with. */
export interface AnswersOptions {
  readonly metrics: Metrics;
  /** Counts large answers until they are taken. */
  readonly work: HeavyWork;
  /** Who has not taken a large answer by then loses the connection. */
  readonly longestTakeMs: number;
}

/** Writes what the webhook answers, and counts what it refuses. */
export class Answers {
  readonly #metrics: Metrics;
  readonly #work: HeavyWork;
  readonly #longestTakeMs: number;
  #closing = false;

  constructor({ metrics, work, longestTakeMs }: AnswersOptions) {
    this.#metrics = metrics;
    this.#work = work;
    this.#longestTakeMs = longestTakeMs;
  }

  /** From now on, asks each client to close its connection behind the answer. */
  startClosing(): void {
    this.#closing = true;
  }

  /**
   * Sends the answer to a review, as `reply.send` would but for a look at what it may be.
   * @param body JSON in ASCII, whose length is that of its bytes
   */
  send(reply: FastifyReply, body: string): void {
    reply.hijack();
    const fields = ['content-type', json, 'content-length', `${body.length}`];
    if (this.#closing) fields.push('connection', 'close');
    if (body.length > lightBytes) this.#countUntilTaken(reply.raw, body.length);
    reply.raw.writeHead(200, fields).end(body, 'latin1');
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

  #countUntilTaken(response: ServerResponse, bytes: number): void {
    const giveBack = this.#work.take(bytes);
    const cut = setTimeout(() => response.destroy(), this.#longestTakeMs);
    response.once('close', () => {
      clearTimeout(cut);
      giveBack();
    });
  }
}
