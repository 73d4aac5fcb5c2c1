import type { FastifyReply } from 'fastify';
import type { Metrics } from '../observe/metrics.js';
import { answerAndLinger } from './linger.js';
import { isRetryable, rejection, type RejectCause } from './rejection.js';

const json = 'application/json; charset=utf-8';

/** Writes what the webhook answers, and counts what it refuses. */
export class Answers {
  readonly #metrics: Metrics;
  #closing = false;

  constructor(metrics: Metrics) {
    this.#metrics = metrics;
  }

  /** From now on, asks each client to close its connection behind the answer. */
  startClosing(): void {
    this.#closing = true;
  }

  /** @param body JSON */
  send(reply: FastifyReply, body: string): void {
    reply.header('content-type', json);
    if (this.#closing) reply.header('connection', 'close');
    reply.send(body);
  }

  /** @param message what to say in place of the cause's own sentence */
  reject(reply: FastifyReply, cause: RejectCause, message?: string): void {
    this.#metrics.countRejected(cause);
    const { status, body } = rejection(cause, message);
    reply.code(status);
    if (cause === 'method_not_allowed') reply.header('allow', 'POST');
    if (isRetryable(cause)) reply.header('retry-after', '1').header('connection', 'close');
    this.send(reply, body);
  }

  /** Refuses a request whose body is not read to its end. */
  rejectUnread(reply: FastifyReply, cause: RejectCause): void {
    this.#metrics.countRejected(cause);
    // Half of the answer goes out now and the end a moment later, which is none of what Fastify sends.
    reply.hijack();
    answerAndLinger(reply.request.raw, reply.raw, rejection(cause));
  }
}
