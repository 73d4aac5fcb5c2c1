import type { IncomingMessage } from 'node:http';
import type { BodyBuffers } from './body-buffers.js';
import type { LargeBody } from './large-bodies.js';
import { RequestRejected, type RejectCause } from './rejection.js';
import type { ReviewMemory } from './review-memory.js';
import { mostWeightBytes, weightOf } from './review-weight.js';
import { StatusFilter } from './status-filter.js';
import type { SmallBody } from './small-bodies.js';

// Room for a whole body is reserved once this much of it has arrived: a client's announcement alone is not worth the
// memory.
const trustedBytes = 64 * 1024;

// Smaller reviews are not weighed: as many as may be in progress take little memory, whatever is in them.
const lightBytes = 16 * 1024;

/** Reads the body of a request, for Fastify's `addContentTypeParser`. */
export type BodyParser = (
  request: unknown,
  payload: IncomingMessage,
  done: (error: Error | null, body?: Buffer) => void,
) => void;

/** What bodies are read with. */
export interface BodyParserOptions {
  /** The longest body that is read; a longer one is the error RequestRejected `body_too_large`. */
  readonly mostBytes: number;
  /** The longest body that is read without the status of its pod, where that is more. */
  readonly mostWithStatusBytes?: number;
  readonly buffers: BodyBuffers;
  /** A body for which there is no room is the error RequestRejected `over_budget`. */
  readonly memory: ReviewMemory;
}

/**
 * Makes what reads bodies. A large one is gathered in a buffer that is used again: the body is the route's until its
 * handler returns, which it does, with no hook in between that waits, before `done` does.
 */
export function createBodyParser(options: BodyParserOptions): BodyParser {
  return (_request, payload, done) => new BodyReader(options, payload, done).start();
}

/** Reads one body. Most come in one piece, for which nothing is counted. */
class BodyReader {
  readonly #options: BodyParserOptions;
  readonly #payload: IncomingMessage;
  readonly #done: Parameters<BodyParser>[2];
  /** Not a number if the body comes in chunks. */
  readonly #length: number;
  #chunks: Buffer[] = [];
  #room: Buffer | undefined;
  #received = 0;
  #small: SmallBody | undefined;
  #large: LargeBody | undefined;
  // For a body that is too long unless most of it is its pod's status.
  #filter: StatusFilter | undefined;
  readonly #isFiltered: boolean;

  constructor(options: BodyParserOptions, payload: IncomingMessage, done: Parameters<BodyParser>[2]) {
    this.#options = options;
    this.#payload = payload;
    this.#done = done;
    this.#length = Number(payload.headers['content-length']);
    this.#isFiltered = this.#length > options.mostBytes && this.#length <= (options.mostWithStatusBytes ?? 0);
  }

  start(): void {
    const isTooLong = this.#length > this.#options.mostBytes && !this.#isFiltered;
    if (isTooLong) this.#done(new RequestRejected('body_too_large'));
    else this.#payload.on('data', this.#onData).on('end', this.#onEnd);
  }

  readonly #onData = (chunk: Buffer): void => {
    const isTaken = this.#take(chunk);
    this.#received += chunk.length;
    if (this.#large !== undefined) this.#large.receivedBytes = this.#received;
    if (!isTaken || (!this.#isFiltered && this.#received > this.#options.mostBytes)) this.#stop('body_too_large');
    else if (this.#large === undefined && this.#received !== this.#length) this.#count(chunk.length);
  };

  /** @returns false when there is no room for it */
  #take(chunk: Buffer): boolean {
    if (this.#filter !== undefined) return this.#filter.push(chunk);
    if (this.#room === undefined) this.#chunks.push(chunk);
    else chunk.copy(this.#room, this.#received);
    return true;
  }

  /** Counts a piece of a body that is not whole yet, and asks for room for the whole of a large one. */
  #count(bytes: number): void {
    const { small, large } = this.#options.memory;
    if (this.#small === undefined) {
      this.#small = { refuse: () => this.#stop('over_budget') };
      this.#payload.on('close', this.#leave);
    }
    small.add(this.#small, bytes);
    // There are none when this very body was refused.
    if (this.#received < trustedBytes || this.#chunks.length === 0) return;
    this.#large = {
      bytes: this.#isFiltered || Number.isNaN(this.#length) ? this.#options.mostBytes : this.#length,
      isWhole: false,
      receivedBytes: this.#received,
      enter: () => this.#makeRoom(),
      refuse: () => this.#stop('over_budget'),
    };
    this.#payload.pause();
    large.add(this.#large);
  }

  #makeRoom(): void {
    const { memory, buffers, mostBytes } = this.#options;
    const chunks = this.#chunks;
    if (this.#isFiltered) {
      this.#room = buffers.take(mostBytes);
      const filter = new StatusFilter(this.#room.subarray(0, mostBytes));
      this.#filter = filter;
      this.#chunks = [];
      if (!chunks.every((chunk) => filter.push(chunk))) {
        this.#stop('body_too_large');
        return;
      }
    } else if (!Number.isNaN(this.#length)) {
      this.#room = buffers.take(this.#length);
      let at = 0;
      for (const one of chunks) at += one.copy(this.#room, at);
      this.#chunks = [];
    }
    if (this.#small !== undefined) memory.small.leave(this.#small);
    this.#payload.resume();
  }

  readonly #onEnd = (): void => {
    if (this.#small !== undefined) this.#payload.off('close', this.#leave);
    if (this.#large !== undefined) this.#large.isWhole = true;
    const body = this.#body();
    if (body.length <= lightBytes) {
      this.#hand(body);
      return;
    }
    const weightBytes = weightOf(body);
    if (weightBytes > mostWeightBytes) {
      this.#refuse('too_many_values');
      return;
    }
    const { work } = this.#options.memory;
    const refuse = (): void => this.#refuse('over_budget');
    const start = (): void => {
      // Answering a client that has gone meanwhile does no harm and costs little.
      if (this.#payload.socket.destroyed) refuse();
      else this.#hand(body);
    };
    if (this.#large !== undefined) work.runInTurn(weightBytes, start, refuse);
    else if (!work.run(weightBytes, start)) refuse();
  };

  #body(): Buffer {
    // Every byte of the room was written: the HTTP parser makes sure that as many come as the client announced.
    if (this.#room !== undefined) return this.#room.subarray(0, this.#filter?.length ?? this.#length);
    const [only] = this.#chunks;
    return only !== undefined && this.#chunks.length === 1 ? only : Buffer.concat(this.#chunks, this.#received);
  }

  #hand(body: Buffer): void {
    this.#done(null, body);
    this.#leave();
  }

  /** Ends the reading of a body before it is whole. */
  #stop(cause: RejectCause): void {
    this.#payload.off('data', this.#onData).off('end', this.#onEnd).off('close', this.#leave);
    this.#refuse(cause);
  }

  #refuse(cause: RejectCause): void {
    this.#leave();
    this.#done(new RequestRejected(cause));
  }

  /** Gives back what the body had. */
  readonly #leave = (): void => {
    const { memory, buffers } = this.#options;
    if (this.#small !== undefined) memory.small.leave(this.#small);
    if (this.#large !== undefined) memory.large.leave(this.#large);
    if (this.#room !== undefined) buffers.giveBack(this.#room);
    this.#room = undefined;
    this.#chunks = [];
  };
}
