import { performance } from 'node:perf_hooks';
import { LRUCache } from 'lru-cache';
import { errors, type Dispatcher } from 'undici';
import type { RegistryError } from '../types.js';
import type { Answer } from './answer.js';
import { readBody } from './body.js';
import type { Dispatchers } from './dispatchers.js';
import { connectionError, systemCode } from './failure.js';
import type { HostSettings } from './hosts.js';
import { Semaphore } from './semaphore.js';

/** What a request is for, as metrics and `outrider image` name it. */
export type Purpose = 'manifest' | 'head' | 'blob' | 'token';

/** One HTTP request. */
export interface Question {
  readonly purpose: Purpose;
  readonly method: 'GET' | 'HEAD' | 'POST';
  readonly url: URL;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** The longest body of a success. */
  readonly limitBytes: number;
  readonly settings: HostSettings;
}

/** How one request went: for metrics, for timings, and, with the body's start of a failure, for our own log. */
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

export interface Transport {
  /**
   * One request and its whole answer; nothing is followed or retried but a GET or HEAD on a kept connection that the
   * other side had closed.
   *
   * @throws {RegistryError} `registry_unreachable`, `registry_denied`, `lookup_timeout`, or `image_config_invalid` for a
   *   body that is longer than it may be.
   */
  exchange(question: Question, signal: AbortSignal): Promise<Answer>;
}

/** The whole body may take so many times as long as may pass between two pieces of it. */
const bodyTimeouts = 3;
const maxComplaintBytes = 64 * 1024;
const closedByPeer: ReadonlySet<string> = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE']);

export function createTransport(dispatchers: Dispatchers, report: (exchange: ExchangeReport) => void): Transport {
  const semaphore = new Semaphore();
  /** Origins that have answered lately, so that a connection to them may be a kept one. */
  const answered = new LRUCache<string, true>({ max: 500 });

  async function request(question: Question, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
    const dispatcher = await dispatchers.dispatcherFor(question.url, question.settings, signal);
    const send = (): Promise<Dispatcher.ResponseData> =>
      dispatcher.request({
        origin: question.url.origin,
        path: question.url.pathname + question.url.search,
        method: question.method,
        headers: { 'user-agent': 'outrider', 'accept-encoding': 'identity', ...question.headers },
        body: question.body ?? null,
        signal,
        headersTimeout: question.settings.headersTimeoutMs,
        bodyTimeout: question.settings.bodyTimeoutMs,
      });
    try {
      return await send();
    } catch (error) {
      const mayBeStale = question.method !== 'POST' && answered.has(question.url.origin) && !signal.aborted;
      if (!mayBeStale || !closedByPeer.has(systemCode(error) ?? '')) throw error;
      answered.delete(question.url.origin);
      return send();
    }
  }

  async function run(question: Question, signal: AbortSignal): Promise<Answer> {
    const { url } = question;
    const { statusCode: status, headers, body } = await request(question, signal);
    answered.set(url.origin, true);
    // The length that an answer to HEAD states is that of the body it does not have.
    const isWhole = status >= 200 && status < 300 && question.method !== 'HEAD';
    // One who sends a byte now and then keeps every other time limit.
    const longestMs = bodyTimeouts * question.settings.bodyTimeoutMs;
    const timer = setTimeout(() => body.destroy(new errors.BodyTimeoutError('the body takes too long')), longestMs);
    try {
      const bytes = isWhole
        ? await readBody(body, headers, question.limitBytes, 'refuse')
        : await readBody(body, headers, maxComplaintBytes, 'cut');
      return { url, status, headers, body: bytes };
    } finally {
      clearTimeout(timer);
    }
  }

  return {
    async exchange(question, signal) {
      const startMs = performance.now();
      let answer: Answer | undefined;
      let failure: RegistryError | undefined;
      try {
        const release = await semaphore.acquire(question.url.host, question.settings.concurrency, signal);
        try {
          answer = await run(question, signal);
        } finally {
          release();
        }
        return answer;
      } catch (error) {
        failure = connectionError(question.url.host, error, signal);
        throw failure;
      } finally {
        report({
          purpose: question.purpose,
          method: question.method,
          url: question.url.origin + question.url.pathname,
          status: answer?.status,
          durationMs: performance.now() - startMs,
          bytes: answer?.body.length ?? 0,
          complaint: answer === undefined || answer.status < 400 ? undefined : complaint(answer.body),
          error: failure,
        });
      }
    },
  };
}

function complaint(body: Uint8Array): string {
  return new TextDecoder().decode(body.subarray(0, 4000)).slice(0, 1000);
}
