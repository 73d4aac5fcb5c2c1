import type { IncomingMessage, ServerResponse } from 'node:http';
import type { DoorName } from '../model/doors.js';
import { OutriderError } from '../model/error.js';
import type { Logger } from '../observe/logger.js';
import type { Metrics } from '../observe/metrics.js';
import type { Answers } from './answers.js';
import type { RejectCause } from './rejection.js';
import { RequestContext, type ReviewHandler, type ReviewHandlers } from './review-context.js';
import type { ReviewTarget } from './review-target.js';

/** Puts reviews before their handlers, as many at a time as allowed, and sees to it that each is answered. */
export class Reviews {
  readonly #answers: Answers;
  readonly #maxInFlight: number;
  readonly #logger: Logger;
  readonly #metrics: Metrics;
  #handlers: ReviewHandlers | undefined;
  #inFlight = 0;
  #closed = false;

  constructor(options: {
    readonly answers: Answers;
    readonly maxInFlight: number;
    readonly logger: Logger;
    readonly metrics: Metrics;
  }) {
    this.#answers = options.answers;
    this.#maxInFlight = options.maxInFlight;
    this.#logger = options.logger;
    this.#metrics = options.metrics;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** Puts handlers in place, for every review from now on. Before the first call reviews are answered with 503. */
  setHandlers(handlers: ReviewHandlers): void {
    this.#handlers = handlers;
  }

  /** Answers every review from now on with 503. */
  close(): void {
    this.#closed = true;
  }

  /** Answers one review. An error in its handler is answered with 500 and logged; `review_invalid` with 400 and its message. */
  answer(target: ReviewTarget, request: IncomingMessage, body: Buffer, response: ServerResponse): void {
    const answers = this.#answers;
    const handler = this.#handlerFor(target, request, body);
    if (typeof handler === 'string') {
      answers.reject(response, handler);
      return;
    }
    const { door, timeoutMs } = target;
    const startMs = performance.now();
    const context = new RequestContext(door.verb, startMs + timeoutMs, response);
    this.#inFlight++;
    let answer: string | Promise<string>;
    try {
      answer = handler(body, context);
    } catch (error) {
      this.#end(target, context, startMs);
      this.#fail(door.name, response, error);
      return;
    }
    if (typeof answer === 'string') {
      this.#end(target, context, startMs);
      answers.send(response, answer);
      return;
    }
    answer.then(
      (later) => {
        this.#end(target, context, startMs);
        answers.send(response, later);
      },
      (error: unknown) => {
        this.#end(target, context, startMs);
        this.#fail(door.name, response, error);
      },
    );
  }

  /** @returns the cause of a rejection when the review is not to be answered */
  #handlerFor(
    { door, timeoutMs }: ReviewTarget,
    { headers }: IncomingMessage,
    body: Buffer,
  ): ReviewHandler | RejectCause {
    if (this.#closed) return 'draining';
    if (this.#handlers === undefined) return 'not_loaded';
    const handler = this.#handlers[door.subject.key]?.[door.verb];
    if (handler === undefined) return 'path_unknown';
    if (this.#inFlight >= this.#maxInFlight) return 'overloaded';
    if (headers['content-encoding'] !== undefined) return 'content_type_unsupported';
    if (body.length === 0) return 'body_empty';
    return Number.isNaN(timeoutMs) ? 'timeout_invalid' : handler;
  }

  #end({ door }: ReviewTarget, context: RequestContext, startMs: number): void {
    this.#inFlight--;
    context.end();
    if (door.subject.isMeasured) this.#metrics.observeDuration(door.name, (performance.now() - startMs) / 1000);
  }

  #fail(door: DoorName, response: ServerResponse, error: unknown): void {
    if (error instanceof OutriderError && error.code === 'review_invalid') {
      this.#logger.debug({ door, err: error }, 'a review was refused');
      this.#answers.reject(response, 'review_invalid', error.message);
      return;
    }
    this.#logger.error({ door, err: error }, 'a handler failed');
    this.#answers.reject(response, 'internal');
  }
}
