import type { Socket } from 'node:net';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ServedDoor } from '../model/doors.js';
import { OutriderError } from '../model/error.js';
import type { Logger } from '../observe/logger.js';
import type { Metrics } from '../observe/metrics.js';
import type { Answers } from './answers.js';
import type { HeavyWork } from './heavy-work.js';
import type { RejectCause } from './rejection.js';
import { RequestContext, type Caller, type ReviewHandler, type ReviewHandlers } from './review-context.js';
import { ReviewTimeouts, type TimeoutLimits } from './review-timeout.js';

const noBody = Buffer.alloc(0);

/** Dispatches reviews to their handlers, limits how many run at once, and makes sure that each gets an answer. */
export class Reviews {
  readonly #answers: Answers;
  readonly #work: HeavyWork;
  readonly #maxInFlight: number;
  readonly #logger: Logger;
  readonly #metrics: Metrics;
  readonly #timeouts: ReviewTimeouts;
  // Connections whose answers come later.
  readonly #awaited = new Set<Socket>();
  #handlers: ReviewHandlers | undefined;
  #inFlight = 0;
  #closed = false;

  constructor(options: {
    readonly answers: Answers;
    readonly work: HeavyWork;
    readonly limits: TimeoutLimits & { readonly maxInFlight: number };
    readonly logger: Logger;
    readonly metrics: Metrics;
  }) {
    this.#answers = options.answers;
    this.#work = options.work;
    this.#maxInFlight = options.limits.maxInFlight;
    this.#timeouts = new ReviewTimeouts(options.limits);
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

  /** Whether a review that came on this connection is still being handled. */
  isAwaited(socket: Socket): boolean {
    return this.#awaited.has(socket);
  }

  /**
   * Answers one review, at once when its handler does. An error in the handler is answered with 500 and logged;
   * `review_invalid` with 400 and its message.
   * @param caller whether it is the API server, as far as that can be told, and which configuration it called by
   */
  answer(door: ServedDoor, request: FastifyRequest, reply: FastifyReply, caller: Caller): void {
    const timeoutMs = this.#timeouts.of(request.query);
    const body = Buffer.isBuffer(request.body) ? request.body : noBody;
    const handler = this.#handlerFor(door, request, body, timeoutMs);
    if (typeof handler === 'string') {
      this.#answers.reject(reply, handler);
      return;
    }
    const context = new RequestContext(door, timeoutMs, reply.raw, caller);
    this.#inFlight++;
    let answer: string | Promise<string>;
    try {
      answer = handler(body, context);
    } catch (error) {
      this.#fail(context, reply, error);
      return;
    }
    if (typeof answer === 'string') this.#send(context, reply, answer);
    else {
      void this.#sendLater(context, reply, answer);
    }
  }

  /** @returns the cause of a rejection when the review is not to be answered */
  #handlerFor(
    door: ServedDoor,
    { headers }: FastifyRequest,
    body: Buffer,
    timeoutMs: number,
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

  #send(context: RequestContext, reply: FastifyReply, answer: string): void {
    this.#end(context);
    this.#answers.send(reply, answer);
  }

  #sendLater(context: RequestContext, reply: FastifyReply, answer: Promise<string>): Promise<void> {
    const { socket } = reply.request.raw;
    this.#awaited.add(socket);
    const giveBack = this.#work.keep();
    return answer
      .then(
        (later) => this.#send(context, reply, later),
        (error: unknown) => this.#fail(context, reply, error),
      )
      .finally(() => {
        this.#awaited.delete(socket);
        giveBack();
      });
  }

  #fail(context: RequestContext, reply: FastifyReply, error: unknown): void {
    this.#end(context);
    const { name } = context.served;
    if (error instanceof OutriderError && error.code === 'review_invalid') {
      this.#logger.debug({ door: name, err: error }, 'a review was refused');
      this.#answers.reject(reply, 'review_invalid', error.message);
      return;
    }
    this.#logger.error({ door: name, err: error }, 'a handler failed');
    this.#answers.reject(reply, 'internal');
  }

  #end(context: RequestContext): void {
    this.#inFlight--;
    context.end();
    const { name, subject } = context.served;
    if (subject.isMeasured) this.#metrics.observeDuration(name, (performance.now() - context.startMs) / 1000);
  }
}
