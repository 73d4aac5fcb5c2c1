import type { IncomingMessage, ServerResponse } from 'node:http';
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

  /** @param body JSON in ASCII, whose length is that of its bytes */
  send(response: ServerResponse, body: string): void {
    const fields = ['content-type', json, 'content-length', `${body.length}`];
    if (this.#closing) fields.push('connection', 'close');
    response.writeHead(200, fields).end(body, 'latin1');
  }

  /** @param message what to say in place of the cause's own sentence */
  reject(response: ServerResponse, cause: RejectCause, message?: string): void {
    this.#metrics.countRejected(cause);
    const { status, body } = rejection(cause, message);
    const fields = ['content-type', json, 'content-length', `${Buffer.byteLength(body)}`];
    if (cause === 'method_not_allowed') fields.push('allow', 'POST');
    if (isRetryable(cause)) fields.push('retry-after', '1');
    if (isRetryable(cause) || this.#closing) fields.push('connection', 'close');
    response.writeHead(status, fields).end(body);
  }

  /** Refuses a request whose body is not read to its end. */
  rejectUnread(request: IncomingMessage, response: ServerResponse, cause: RejectCause): void {
    this.#metrics.countRejected(cause);
    answerAndLinger(request, response, rejection(cause));
  }
}
