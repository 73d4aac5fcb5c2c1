import { Agent, request } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { reviewedOf, type Reviewed } from '../review.js';

/** A server that reviews go to. */
export interface Backend {
  readonly port: number;
  /** Authorities that its certificate may come from, PEM. */
  readonly ca: string | readonly string[];
  /** Name in its certificate: `localhost` unless given. */
  readonly serverName?: string;
}

/** What happened to the reviews of a load. */
export interface Load {
  readonly answered: number;
  /** Reviews that got an answer on a second try or later, as the API server tries again. */
  readonly retried: number;
  /** Why reviews failed for good: what the failure policy would have decided on. */
  readonly failures: readonly string[];
  /** Verdicts with how often they were given. */
  readonly verdicts: ReadonlyMap<string, number>;
  /** Reviews in progress now. */
  readonly inFlight: number;
  /** Resolves once so many more reviews were answered. */
  more(count: number): Promise<void>;
  /** Stops asking, and resolves when the last answer is in. */
  stop(): Promise<void>;
}

const timeoutMs = 10_000;
const mostTries = 10;

/**
 * Asks for reviews all the time, as the API server does (HTTP/1.1, connections kept and used again): an answer of 5xx or
 * 429 with an integer `Retry-After` is asked again on another connection within the time-out, and nothing else is.
 *
 * @param options.choose the backend of the next connection; kept connections go on to the one they are to
 */
export function startLoad(options: {
  readonly path: string;
  readonly body: () => string;
  readonly clients: number;
  readonly choose: () => Backend;
  readonly onReviewed?: (reviewed: Reviewed) => void;
}): Load {
  const failures: string[] = [];
  const verdicts = new Map<string, number>();
  let answered = 0;
  let retried = 0;
  let inFlight = 0;
  let stopped = false;
  const ended = (): boolean => stopped;

  async function review(agents: Map<number, Agent>): Promise<void> {
    const deadlineMs = performance.now() + timeoutMs;
    for (let attempt = 1; ; attempt++) {
      const answer = await post(agents, options.choose(), options.path, options.body());
      const mayTryAgain = answer.retryAfter !== undefined && (answer.status >= 500 || answer.status === 429);
      if (!mayTryAgain || attempt === mostTries || performance.now() + answer.retryAfter * 1_000 > deadlineMs) {
        if (answer.status !== 200) throw new Error(`HTTP ${answer.status}: ${answer.text}`);
        const reviewed = reviewedOf(answer.text, 0);
        verdicts.set(reviewed.verdict, (verdicts.get(reviewed.verdict) ?? 0) + 1);
        answered++;
        if (attempt > 1) retried++;
        options.onReviewed?.(reviewed);
        return;
      }
      await sleep(answer.retryAfter * 1_000);
    }
  }

  async function client(): Promise<void> {
    const agents = new Map<number, Agent>();
    while (!ended()) {
      inFlight++;
      try {
        await review(agents);
      } catch (error) {
        failures.push(String(error));
        // A client that is refused at once would do nothing but fail.
        await sleep(20);
      }
      inFlight--;
    }
    for (const agent of agents.values()) agent.destroy();
  }

  const clients = Promise.all(Array.from({ length: options.clients }, client));
  return {
    get answered() {
      return answered;
    },
    get retried() {
      return retried;
    },
    get inFlight() {
      return inFlight;
    },
    failures,
    verdicts,
    async more(count) {
      const goal = answered + count;
      while (answered < goal && !ended()) await sleep(5);
    },
    async stop() {
      stopped = true;
      await clients;
    },
  };
}

interface Answer {
  readonly status: number;
  readonly retryAfter: number | undefined;
  readonly text: string;
}

function post(agents: Map<number, Agent>, backend: Backend, path: string, body: string): Promise<Answer> {
  const { port, ca, serverName = 'localhost' } = backend;
  const agent = agents.get(port) ?? new Agent({ keepAlive: true, maxSockets: 1, servername: serverName });
  agents.set(port, agent);
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const authorities = typeof ca === 'string' ? ca : [...ca];
    const call = request({
      agent,
      ca: authorities,
      host: '127.0.0.1',
      port,
      path,
      method: 'POST',
      headers,
      timeout: timeoutMs,
    });
    call.on('response', (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('error', reject);
      answer.on('end', () => {
        const after = answer.headers['retry-after'];
        resolve({
          status: answer.statusCode ?? 0,
          retryAfter: after !== undefined && /^\d+$/.test(after) ? Number(after) : undefined,
          text: Buffer.concat(chunks).toString(),
        });
      });
    });
    call.on('timeout', () => call.destroy(new Error('no answer in time')));
    call.on('error', reject);
    call.end(body);
  });
}
