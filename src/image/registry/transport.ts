import { performance } from 'node:perf_hooks';
import { LRUCache } from 'lru-cache';
import { errors, type Dispatcher } from 'undici';
import type { RegistryError } from '../types.js';
import { readBody, type RegistryAnswer } from './answer.js';
import type { Dispatchers } from './dispatchers.js';
import { connectionError, systemCode } from './failure.js';
import type { HostSettings } from './hosts.js';
import { Semaphore } from '../../time/semaphore.js';

/** What a request is for, as metrics and `outrider image` name it. */
export type Purpose = 'manifest' | 'head' | 'blob' | 'token';

/** One HTTP request. */
export interface RegistryRequest {
  readonly purpose: Purpose;
  readonly method: 'GET' | 'HEAD' | 'POST';
  readonly url: URL;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** The longest body of a success. */
  readonly limitBytes: number;
  readonly settings: HostSettings;
  /** The registry whose challenge or redirect has named the URL. */
  readonly ledBy?: URL;
}

/** The result of one request, for metrics and timings and, with the start of a failure's body, for our own log. */
export interface ExchangeReport {
  readonly purpose: Purpose;
  readonly method: string;
  /** Without the query, which carries signatures. */
  readonly url: string;
  readonly status: number | undefined;
  readonly durationMs: number;
  readonly bytes: number;
  /** At most 1,000 characters of what a failing host said. Never for a pod's author. */
  readonly complaint: string | undefined;
  readonly error: unknown;
}

/** The whole body may take this many times the limit between two pieces of it. */
const bodyTimeouts = 3;
const maxComplaintBytes = 64 * 1024;
const closedByPeer: ReadonlySet<string> = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE']);

/** Sends requests, a limited number for each host at a time. */
export class Transport {
  readonly #dispatchers: Dispatchers;
  readonly #report: (exchange: ExchangeReport) => void;
  readonly #places = new Semaphore();
  /** Origins that have answered lately, so that a connection to them may be a kept one. */
  readonly #answered = new LRUCache<string, true>({ max: 500 });

  /** @param report called for every request */
  constructor(dispatchers: Dispatchers, report: (exchange: ExchangeReport) => void) {
    this.#dispatchers = dispatchers;
    this.#report = report;
  }

  /**
   * One request and its whole answer; nothing is followed or retried but a GET or HEAD on a kept connection that the
   * other side had closed.
   *
   * @throws {RegistryError} `registry_unreachable`, `registry_denied`, `lookup_timeout`, or `image_config_invalid` for a
   *   body that is longer than it may be.
   */
  async exchange(request: RegistryRequest, signal: AbortSignal): Promise<RegistryAnswer> {
    const startMs = performance.now();
    let answer: RegistryAnswer | undefined;
    let failure: RegistryError | undefined;
    try {
      answer = await this.#inTurn(request, signal);
      return answer;
    } catch (error) {
      failure = connectionError(request.url.host, error, signal);
      throw failure;
    } finally {
      this.#report(reportOf(request, answer, failure, performance.now() - startMs));
    }
  }

  /** Asks when a place of the host is free. */
  async #inTurn(request: RegistryRequest, signal: AbortSignal): Promise<RegistryAnswer> {
    const release = await this.#places.acquire(request.url.host, request.settings.concurrency, signal);
    try {
      const response = await this.#send(request, signal);
      this.#answered.set(request.url.origin, true);
      return await answerIn(response, request);
    } finally {
      release();
    }
  }

  /** Sends the request, and repeats it if a kept connection turns out to be closed. */
  async #send(request: RegistryRequest, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
    const dispatcher = await this.#dispatchers.dispatcherFor(request.url, request.settings, signal, request.ledBy);
    const options = optionsOf(request, signal);
    try {
      return await dispatcher.request(options);
    } catch (error) {
      const mayBeStale = request.method !== 'POST' && this.#answered.has(request.url.origin) && !signal.aborted;
      if (!mayBeStale || !closedByPeer.has(systemCode(error) ?? '')) throw error;
      this.#answered.delete(request.url.origin);
      return dispatcher.request(options);
    }
  }
}

function optionsOf(
  { url, method, headers, body, settings }: RegistryRequest,
  signal: AbortSignal,
): Dispatcher.RequestOptions {
  return {
    origin: url.origin,
    path: url.pathname + url.search,
    method,
    headers: { 'user-agent': 'outrider', 'accept-encoding': 'identity', ...headers },
    body: body ?? null,
    signal,
    headersTimeout: settings.headersTimeoutMs,
    bodyTimeout: settings.bodyTimeoutMs,
  };
}

async function answerIn(
  { statusCode: status, headers, body }: Dispatcher.ResponseData,
  { url, method, limitBytes, settings }: RegistryRequest,
): Promise<RegistryAnswer> {
  // The length that an answer to HEAD states is that of the body it does not have.
  const isWhole = status >= 200 && status < 300 && method !== 'HEAD';
  // A host that sends single bytes slowly would stay within every other time limit.
  const longestMs = bodyTimeouts * settings.bodyTimeoutMs;
  const timer = setTimeout(() => body.destroy(new errors.BodyTimeoutError('the body takes too long')), longestMs);
  try {
    const bytes = isWhole
      ? await readBody(body, headers, limitBytes, 'refuse')
      : await readBody(body, headers, maxComplaintBytes, 'cut');
    return { url, status, headers, body: bytes };
  } finally {
    clearTimeout(timer);
  }
}

function reportOf(
  { purpose, method, url }: RegistryRequest,
  answer: RegistryAnswer | undefined,
  error: RegistryError | undefined,
  durationMs: number,
): ExchangeReport {
  return {
    purpose,
    method,
    url: url.origin + url.pathname,
    status: answer?.status,
    durationMs,
    bytes: answer?.body.length ?? 0,
    complaint: answer === undefined || answer.status < 400 ? undefined : complaint(answer.body),
    error,
  };
}

function complaint(body: Uint8Array): string {
  return new TextDecoder().decode(body.subarray(0, 4000)).slice(0, 1000);
}
