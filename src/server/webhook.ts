import { constants } from 'node:crypto';
import type { Server } from 'node:https';
import type { Socket } from 'node:net';
import type { SecureContextOptions } from 'node:tls';
import { fastify, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Door } from '../model/decision.js';
import { OutriderError } from '../model/error.js';
import type { Logger } from '../observe/logger.js';
import type { Metrics } from '../observe/metrics.js';
import type { TlsPair } from '../tls/pair.js';
import { createClientCheck, type ClientCheck } from './client-check.js';
import { answerConnectionError } from './connection-error.js';
import { answerAndLinger } from './linger.js';
import { listenOn, type Address } from './listen.js';
import { isRetryable, rejection, type RejectCause } from './rejection.js';
import { RequestContext, type ReviewHandlers } from './review-context.js';
import { createTimeouts, type TimeoutLimits } from './review-timeout.js';

interface Path {
  readonly door: Door;
  readonly of: 'pods' | 'selfTest';
}

const paths: Readonly<Record<string, Path>> = {
  '/mutate/pods': { door: 'mutate', of: 'pods' },
  '/validate/pods': { door: 'validate', of: 'pods' },
  '/mutate/self-test': { door: 'mutate', of: 'selfTest' },
  '/validate/self-test': { door: 'validate', of: 'selfTest' },
};
function noSchemas(): never {
  throw new Error('no route has a schema');
}

const json = 'application/json; charset=utf-8';

/** Bounds on what a client may take. */
export interface WebhookLimits extends TimeoutLimits {
  readonly maxBodyBytes: number;
  readonly maxInFlight: number;
  /** Time for a whole request to arrive. */
  readonly requestTimeoutMs?: number;
  /** Time for a request's header fields to arrive. */
  readonly headersTimeoutMs?: number;
  /** How often both are looked at. */
  readonly timeoutCheckMs?: number;
}

/** The webhook's HTTPS server. What it answers is up to its handlers. */
export interface WebhookServer {
  /** Reviews under way. */
  readonly inFlight: number;
  /**
   * Starts to listen.
   * @returns the port, which is of interest when 0 was asked for
   * @throws OutriderError `listen_failed`
   */
  listen(address: Address): Promise<number>;
  /** Puts handlers in place, for every request from now on. Before the first call requests are answered with 503. */
  setHandlers(handlers: ReviewHandlers): void;
  /** Verifies the client certificates of new connections by other authorities, PEM. Only where clients are checked. */
  setClientAuthorities(authorities: string): void;
  /** Presents another certificate to new connections; those that are open stay as they are. */
  setPair(pair: TlsPair): void;
  /** Goes on answering, and asks each client to close its connection behind the answer. */
  startDraining(): void;
  /**
   * Stops accepting and answers what still comes on open connections with 503. Resolves when every connection is
   * closed; those still open after `timeoutMs` are cut.
   */
  close(timeoutMs: number): Promise<void>;
}

interface ReviewRequest {
  readonly Body: unknown;
  readonly Querystring: { readonly timeout?: unknown };
}

/** TLS options that must be given again with each change of the certificate: `setSecureContext` forgets them. */
function secureContext(pair: TlsPair, authorities: string | undefined): SecureContextOptions {
  const served: SecureContextOptions = { cert: pair.certPem, key: pair.keyPem, minVersion: 'TLSv1.2' };
  if (authorities === undefined) return served;
  // A resumed session would be as good as its first handshake, whatever became of the authorities since.
  return { ...served, ca: authorities, secureOptions: constants.SSL_OP_NO_TICKET };
}

/**
 * Makes the webhook's server. HTTP/1.1 only: the API server speaks nothing else to a Service. An error in a handler
 * is answered with 500 and logged; `review_invalid` is answered with 400 and its message.
 */
export function createWebhookServer(options: {
  readonly pair: TlsPair;
  readonly limits: WebhookLimits;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Absent: anybody's reviews are answered. */
  readonly clients?: ClientCheck | undefined;
}): WebhookServer {
  const { limits, logger, metrics, clients } = options;
  let served = { pair: options.pair, authorities: clients?.authorities };
  let handlers: ReviewHandlers | undefined;
  let phase: 'serving' | 'draining' | 'closed' = 'serving';
  let inFlight = 0;
  // Connections that have their last answer while the rest of a body still comes.
  const answered = new WeakSet<Socket>();
  const timeoutFor = createTimeouts(limits);
  metrics.watchInFlight(() => inFlight);

  const app = fastify<Server>({
    https: {
      ...secureContext(options.pair, clients?.authorities),
      // Who has none is answered, with 403: a broken handshake would tell nobody why.
      ...(clients === undefined ? {} : { requestCert: true, rejectUnauthorized: false }),
      handshakeTimeout: 10_000,
      headersTimeout: limits.headersTimeoutMs ?? 15_000,
      connectionsCheckingInterval: limits.timeoutCheckMs ?? 5_000,
    },
    logger: false,
    bodyLimit: limits.maxBodyBytes,
    // The API server keeps idle connections for 90 s and does not repeat a POST that met a closed one.
    keepAliveTimeout: 120_000,
    requestTimeout: limits.requestTimeoutMs ?? 30_000,
    return503OnClosing: false,
    exposeHeadRoutes: false,
    requestIdHeader: false,
    // No route has a schema: without these, the compilers for them would be loaded, and held in memory.
    schemaController: { compilersFactory: { buildValidator: noSchemas, buildSerializer: noSchemas } },
    clientErrorHandler: (error, socket) => {
      if (answered.has(socket)) {
        socket.destroy();
        return;
      }
      const cause = answerConnectionError(error, socket);
      if (cause !== undefined) metrics.countRejected(cause);
    },
    frameworkErrors: (_error, _request, reply) => {
      reject(reply, 'path_unknown');
    },
  });
  app.server.on('tlsClientError', (error) => logger.debug({ err: error }, 'a TLS handshake failed'));
  if (clients !== undefined) {
    const isAllowed = createClientCheck(clients.names);
    app.addHook('onRequest', (request, reply, done) => {
      if (isAllowed(request.raw.socket)) done();
      else reject(reply, 'client_unauthorized');
    });
  }
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  app.setNotFoundHandler((request, reply) => {
    if (paths[request.url.split('?', 1)[0] ?? ''] === undefined) return reject(reply, 'path_unknown');
    reply.header('allow', 'POST');
    return reject(reply, 'method_not_allowed');
  });
  app.setErrorHandler((error, request, reply) => {
    // The connection broke within the body: nobody is there to be answered.
    if (request.raw.destroyed && !request.raw.complete) return reply.hijack();
    const cause = causeOf(error);
    if (cause === 'body_too_large') {
      metrics.countRejected(cause);
      reply.hijack();
      answered.add(request.raw.socket);
      answerAndLinger(request.raw, reply.raw, rejection(cause));
      return reply;
    }
    if (cause === 'internal') logger.error({ err: error }, 'the server failed to answer a request');
    return reject(reply, cause);
  });

  function present(next: typeof served): void {
    app.server.setSecureContext(secureContext(next.pair, next.authorities));
    served = next;
  }

  function reject(reply: FastifyReply, cause: RejectCause, message?: string): FastifyReply {
    metrics.countRejected(cause);
    const { status, body } = rejection(cause, message);
    if (isRetryable(cause)) reply.header('retry-after', '1').header('connection', 'close');
    return send(reply.code(status), body);
  }

  function send(reply: FastifyReply, body: Buffer | string): FastifyReply {
    if (phase !== 'serving') reply.header('connection', 'close');
    return reply.header('content-type', json).send(body);
  }

  /** Writes the answer to a review itself: it knows what `reply.send` would have to find out, the length for one. */
  function respond(reply: FastifyReply, body: string): void {
    reply.hijack();
    const fields = ['content-type', json, 'content-length', `${body.length}`];
    if (phase !== 'serving') fields.push('connection', 'close');
    reply.raw.writeHead(200, fields).end(body, 'latin1');
  }

  function fail(reply: FastifyReply, door: Door, error: unknown): void {
    if (error instanceof OutriderError && error.code === 'review_invalid') {
      logger.debug({ door, err: error }, 'a review was refused');
      reject(reply, 'review_invalid', error.message);
      return;
    }
    logger.error({ door, err: error }, 'a handler failed');
    reject(reply, 'internal');
  }

  function review({ door, of }: Path, request: FastifyRequest<ReviewRequest, Server>, reply: FastifyReply): void {
    if (phase === 'closed') return void reject(reply, 'draining');
    if (handlers === undefined) return void reject(reply, 'not_loaded');
    const handler = of === 'pods' ? handlers[door] : handlers.selfTest;
    if (handler === undefined) return void reject(reply, 'path_unknown');
    if (inFlight >= limits.maxInFlight) return void reject(reply, 'overloaded');
    if (request.headers['content-encoding'] !== undefined) return void reject(reply, 'content_type_unsupported');
    const body = request.body;
    if (!Buffer.isBuffer(body) || body.length === 0) return void reject(reply, 'body_empty');
    const timeoutMs = timeoutFor(request.query.timeout);
    if (timeoutMs === undefined) return void reject(reply, 'timeout_invalid');

    const startMs = performance.now();
    const context = new RequestContext(door, startMs + timeoutMs, reply.raw);
    inFlight++;
    const end = (): void => {
      inFlight--;
      context.end();
      if (of === 'pods') metrics.observeDuration(door, (performance.now() - startMs) / 1000);
    };
    try {
      const answer = handler(body, context);
      if (answer instanceof Promise) {
        answer.then(
          (later) => {
            end();
            respond(reply, later);
          },
          (error: unknown) => {
            end();
            fail(reply, door, error);
          },
        );
        return;
      }
      end();
      respond(reply, answer);
    } catch (error) {
      end();
      fail(reply, door, error);
    }
  }

  for (const [url, path] of Object.entries(paths)) {
    app.post<ReviewRequest>(url, (request, reply) => {
      review(path, request, reply);
    });
  }

  return {
    get inFlight() {
      return inFlight;
    },
    listen: (address) => listenOn(app, address, '--listen-port'),
    setHandlers: (next) => {
      handlers = next;
    },
    setPair: (pair) => present({ ...served, pair }),
    setClientAuthorities: (authorities) => {
      if (clients !== undefined) present({ ...served, authorities });
    },
    startDraining: () => {
      if (phase === 'serving') phase = 'draining';
    },
    close: async (timeoutMs) => {
      phase = 'closed';
      const cut = setTimeout(() => app.server.closeAllConnections(), timeoutMs);
      await app.close();
      clearTimeout(cut);
    },
  };
}

function causeOf(error: unknown): RejectCause {
  switch (error instanceof Error && 'code' in error && error.code) {
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return 'content_type_unsupported';
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return 'body_too_large';
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
      return 'request_malformed';
    default:
      return 'internal';
  }
}
