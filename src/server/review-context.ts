import type { ServerResponse } from 'node:http';
import type { Door } from '../model/decision.js';
import type { ServedDoor, Subject } from '../model/doors.js';

/** What a handler knows about a request, besides its body. */
export interface ReviewContext {
  readonly door: Door;
  /** The time until which an answer is useful, by `performance.now()`. */
  readonly deadlineMs: number;
  /**
   * Aborts at the deadline and when the client has gone; is aborted once the answer is made. It costs a timer and listeners, so it is made when it is
   * first asked for: a review that needs no look-up has none.
   */
  readonly signal: AbortSignal;
  /** W3C trace context of the caller, if it sent one. */
  readonly traceparent: string | undefined;
  /** Whether the caller is the API server, as far as that can be told; true if no proof is required. */
  readonly isProven: boolean;
  /** Hash of the webhook configuration that caused the call, if the path names one. */
  readonly objectHash?: string | undefined;
}

/**
 * Answers one review: the body of an HTTP 200, JSON in ASCII. The request's body is the handler's until it returns; what it
 * needs after that, when it returns a promise, it has to have read by then.
 */
export type ReviewHandler = (body: Buffer, context: ReviewContext) => string | Promise<string>;

/** The handler of each door. A door without one does not exist. */
export type ReviewHandlers = { readonly [Of in Subject]?: { readonly [Verb in Door]?: ReviewHandler } };

/** The caller, as far as the path tells. */
export type Caller = Pick<ReviewContext, 'isProven' | 'objectHash'>;

/** The context of one request. `end` must be called when the answer is made. */
export class RequestContext implements ReviewContext {
  readonly served: ServedDoor;
  readonly startMs = performance.now();
  readonly deadlineMs: number;
  readonly isProven: boolean;
  readonly objectHash: string | undefined;
  readonly #response: ServerResponse;
  #controller: AbortController | undefined;
  #timer: NodeJS.Timeout | undefined;
  #ended = false;

  constructor(served: ServedDoor, timeoutMs: number, response: ServerResponse, caller: Caller) {
    this.served = served;
    this.deadlineMs = this.startMs + timeoutMs;
    this.isProven = caller.isProven;
    this.objectHash = caller.objectHash;
    this.#response = response;
  }

  get door(): Door {
    return this.served.verb;
  }

  get traceparent(): string | undefined {
    const value = this.#response.req.headers['traceparent'];
    return typeof value === 'string' ? value : undefined;
  }

  get signal(): AbortSignal {
    return (this.#controller ?? this.#start()).signal;
  }

  end(): void {
    this.#ended = true;
    if (this.#controller === undefined) return;
    clearTimeout(this.#timer);
    this.#response.off('close', this.#clientGone);
  }

  #start(): AbortController {
    const controller = new AbortController();
    this.#controller = controller;
    if (this.#ended || this.#response.destroyed) {
      this.#clientGone();
      return controller;
    }
    this.#response.once('close', this.#clientGone);
    const leftMs = Math.max(0, this.deadlineMs - performance.now());
    this.#timer = setTimeout(
      () => controller.abort(new DOMException('The deadline has passed.', 'TimeoutError')),
      leftMs,
    );
    return controller;
  }

  readonly #clientGone = (): void => {
    this.#controller?.abort(new DOMException('The client has gone or has its answer.', 'AbortError'));
  };
}
