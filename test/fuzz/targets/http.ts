import { once } from 'node:events';
import { connect } from 'node:tls';
import { createDoor } from '../../../src/admission/handler.js';
import { createLogger } from '../../../src/observe/logger.js';
import { Metrics, Registry } from '../../../src/observe/metrics.js';
import { rejectCauses, rejection } from '../../../src/server/rejection.js';
import { WebhookServer } from '../../../src/server/webhook.js';
import { issueAuthority, issueServer } from '../../../src/tls/issue.js';
import { loadPair } from '../../../src/tls/pair.js';
import { engineFor, reviewOf } from '../../support/engine.js';
import { podOf } from '../../support/pods.js';
import { must, type Target } from '../target.js';

// 417 is Node's own, to an Expect that nobody knows.
const statuses: ReadonlySet<number> = new Set([200, 100, 417, ...rejectCauses.map((cause) => rejection(cause).status)]);
const body = JSON.stringify(reviewOf(podOf()));

function post(path: string, headers: readonly string[], content: string): string {
  return [`POST ${path} HTTP/1.1`, 'Host: x', ...headers, '', content].join('\r\n');
}

const json = 'Content-Type: application/json';
const length = `Content-Length: ${body.length}`;
const requests: readonly string[] = [
  post('/mutate/pods?timeout=10s', [json, length], body),
  post(
    '/validate/pods?timeout=1m1.5s',
    [json, length, 'traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'],
    body,
  ),
  post('/mutate/pods', [json, 'Transfer-Encoding: chunked'], `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`),
  post('/mutate/pods', [json, length, 'Expect: 100-continue'], body),
  post('/mutate/pods', [json, 'Content-Length: 2'], '{}') + post('/validate/pods', [json, length], body),
  'GET /mutate/pods HTTP/1.1\r\nHost: x\r\n\r\n',
  post('/mutate/pods', [json, 'Content-Length: 99999999'], body),
  post('/mutate/pods', [json, length, 'Content-Encoding: gzip', 'Connection: close'], body),
];

/** Bytes to the webhook's port: every answer is one of the closed list, and the server serves on. */
export async function http(): Promise<Target> {
  const about = { days: 30, nowMs: Date.now() };
  const authority = await issueAuthority({ commonName: 'fuzz', ...about });
  const { certPem, keyPem } = await issueServer({ authority, names: ['localhost'], ...about });
  const logger = await createLogger({ level: 'silent', format: 'json' });
  const metrics = new Metrics({ registry: new Registry(), version: '0', nodeVersion: 'v0', rejectCauses });
  const server = new WebhookServer({
    pair: loadPair(certPem, keyPem, { certFile: 'tls.crt', keyFile: 'tls.key' }),
    limits: {
      maxBodyBytes: 1_000_000,
      maxInFlight: 100,
      defaultTimeoutMs: 10_000,
      timeoutMarginMs: 500,
      requestTimeoutMs: 200,
      headersTimeoutMs: 150,
      timeoutCheckMs: 50,
    },
    logger,
    metrics,
  });
  const failures: unknown[] = [];
  const engine = engineFor();
  const options = {
    engine: () => engine,
    namespaceLabels: () => ({}),
    onReviewed: () => undefined,
    onFailure: (error: unknown) => void failures.push(error),
  };
  server.setHandlers({ pods: { mutate: createDoor('mutate', options), validate: createDoor('validate', options) } });
  const port = await server.listen({ host: '127.0.0.1', port: 0 });

  async function send(bytes: Uint8Array): Promise<string> {
    const socket = connect({ host: '127.0.0.1', port, servername: 'localhost', ca: authority.certPem });
    socket.on('error', () => undefined);
    const closed = once(socket, 'close');
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    await once(socket, 'secureConnect');
    socket.end(bytes);
    await closed;
    return Buffer.concat(chunks).toString('latin1');
  }

  return {
    name: 'http',
    form: 'bytes',
    seeds: () => requests.map((request) => new TextEncoder().encode(request)),
    async check(input) {
      failures.length = 0;
      const seen = statusesIn(await send(input));
      must(failures.length === 0, `an error nobody expected: ${String(failures[0])}`);
      must(
        seen.every((status) => statuses.has(status) && status !== 500),
        `answered with ${seen.join(' ')}`,
      );
      must(server.inFlight === 0, 'a review stays under way');
      return seen.length === 0 ? 'closed' : seen.join(' ');
    },
    close: () => server.close(0),
  };
}

function statusesIn(text: string): readonly number[] {
  return [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map((found) => Number(found[1]));
}
