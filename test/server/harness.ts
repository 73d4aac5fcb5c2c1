import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import type { Test } from 'tap';
import { createLogger, type Logger } from '../../src/observe/logger.js';
import { Metrics, Registry } from '../../src/observe/metrics.js';
import { rejectCauses } from '../../src/server/rejection.js';
import type { WebhookLimits } from '../../src/server/webhook.js';
import { issueAuthority, issueServer } from '../../src/tls/issue.js';
import { loadPair, type TlsPair } from '../../src/tls/pair.js';

/** Authority and pair for localhost, made once for a test file, by the date of today or another. */
export async function makePair(nowMs = Date.now()): Promise<{ readonly ca: string; readonly pair: TlsPair }> {
  const about = { days: 30, nowMs };
  const authority = await issueAuthority({ commonName: 'test', ...about });
  const { certPem, keyPem } = await issueServer({ authority, names: ['localhost', '127.0.0.1'], ...about });
  return { ca: authority.certPem, pair: loadPair(certPem, keyPem, { certFile: 'tls.crt', keyFile: 'tls.key' }) };
}

/** Limits that a test can wait for, and a client can exceed. */
export const smallLimits: WebhookLimits = {
  maxBodyBytes: 1024,
  maxInFlight: 2,
  defaultTimeoutMs: 10_000,
  timeoutMarginMs: 500,
  requestTimeoutMs: 300,
  headersTimeoutMs: 200,
  timeoutCheckMs: 20,
};

/** A logger that keeps its lines, and metrics in a registry of their own. */
export async function observers(): Promise<{
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly lines: () => readonly string[];
  readonly metric: (name: string, labels?: Readonly<Record<string, string>>) => Promise<number | undefined>;
}> {
  const lines: string[] = [];
  const logger = await createLogger({
    level: 'debug',
    format: 'json',
    destination: { write: (line) => void lines.push(line) },
  });
  const metrics = new Metrics({ registry: new Registry(), version: '0', nodeVersion: 'v0', rejectCauses });
  const metric = async (name: string, labels: Readonly<Record<string, string>> = {}): Promise<number | undefined> => {
    const found = (await metrics.registry.getMetricsAsJSON()).find((one) => one.name === name);
    return found?.values.find((value) => Object.entries(labels).every(([key, want]) => value.labels[key] === want))
      ?.value;
  };
  return { logger, metrics, lines: () => lines, metric };
}

/** A folder that is removed after the test. */
export function temporaryFolder(t: Test): string {
  const dir = mkdtempSync(join(tmpdir(), 'outrider-'));
  t.teardown(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** Waits until something holds; the test's own time-out is the limit. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 5));
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A TLS connection on which raw bytes are sent and HTTP answers are read. */
export interface Connection {
  readonly socket: TLSSocket;
  /** True when the server has closed it. */
  readonly closed: () => boolean;
  send(bytes: string | Buffer): void;
  /** The next answer; rejects when the connection ends without one. */
  next(): Promise<Answer>;
}

/** Opens a connection to a server on this machine. */
export async function open(port: number, options: ConnectionOptions): Promise<Connection> {
  const socket = connect({ host: '127.0.0.1', port, servername: 'localhost', ...options });
  let received: Buffer = Buffer.alloc(0);
  let closed = false;
  let wake = (): void => undefined;
  socket.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    wake();
  });
  socket.on('close', () => {
    closed = true;
    wake();
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('secureConnect', resolve);
    socket.once('error', reject);
  });
  socket.on('error', () => (closed = true));
  return {
    socket,
    closed: () => closed,
    send: (bytes) => void socket.write(bytes),
    next: async () => {
      for (;;) {
        const answer = take(received);
        if (answer !== undefined) {
          received = answer.rest;
          return answer.answer;
        }
        if (closed) throw new Error(`the connection ended with ${JSON.stringify(received.toString())}`);
        await new Promise<void>((resolve) => (wake = resolve));
      }
    },
  };
}

function take(received: Buffer): { readonly answer: Answer; readonly rest: Buffer } | undefined {
  const end = received.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const [first = '', ...fields] = received.subarray(0, end).toString().split('\r\n');
  const headers = Object.fromEntries(
    fields.map((field) => [
      field.slice(0, field.indexOf(':')).toLowerCase(),
      field.slice(field.indexOf(':') + 1).trim(),
    ]),
  );
  const length = Number(headers['content-length'] ?? 0);
  const status = Number(first.split(' ')[1]);
  if (status === 100) return take(received.subarray(end + 4));
  const bodyEnd = end + 4 + length;
  if (received.length < bodyEnd) return undefined;
  return {
    answer: { status, headers, body: received.subarray(end + 4, bodyEnd).toString() },
    rest: received.subarray(bodyEnd),
  };
}

/** A request as bytes: a POST of JSON to the mutating door, where nothing else is said. */
export function post(
  body: string,
  { path = '/mutate/pods', headers = {} }: { path?: string; headers?: Readonly<Record<string, string>> } = {},
): string {
  const all = {
    host: 'localhost',
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(body)),
    ...headers,
  };
  const fields = Object.entries(all).filter(([, value]) => value !== '');
  return `POST ${path} HTTP/1.1\r\n${fields.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`;
}
