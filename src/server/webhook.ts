import { constants } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { Socket } from 'node:net';
import type { SecureContextOptions } from 'node:tls';
import { fastify } from 'fastify';
import type { Logger } from '../observe/logger.js';
import type { Metrics } from '../observe/metrics.js';
import type { TlsPair } from '../tls/pair.js';
import { Answers } from './answers.js';
import { Connections, isUnused } from './connections.js';
import { BodyBuffers } from './body-buffers.js';
import { createClientCheck, type ClientCheck } from './client-check.js';
import { answerConnectionError } from './connection-error.js';
import { listenOn, type Address } from './listen.js';
import { readPlainBody } from './plain-body.js';
import type { RejectCause } from './rejection.js';
import type { ReviewHandlers } from './review-context.js';
import { allDoors } from '../model/doors.js';
import { createTargets, type TimeoutLimits } from './review-target.js';
import { Reviews } from './reviews.js';

function noSchemas(): never {
  throw new Error('no route has a schema');
}

const noBody = Buffer.alloc(0);

// Five bodies of the largest pods that etcd takes.
const spareBodyBytes = 8 * 1024 * 1024;

// Somebody who has opened a connection asks on it within that time, or has opened it in vain.
const youngMs = 1_000;

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
  /** How long a connection is kept on which nothing is asked. */
  readonly keepAliveMs?: number;
}

/** The webhook's HTTPS server. What it answers is up to its handlers. */
export interface WebhookServer {
  /** Reviews under way. */
  readonly inFlight: number;
  /** Connections as clients open them. */
  readonly connections: Connections;
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
   * Stops accepting, once what clients have sent by now is taken in, and answers what still comes on open connections
   * with 503. Resolves when every connection is closed; those still open after `timeoutMs` are cut.
   */
  close(timeoutMs: number): Promise<void>;
}

/** TLS options that must be given again with each change of the certificate: `setSecureContext` forgets them. */
function secureContext(pair: TlsPair, authorities: string | undefined): SecureContextOptions {
  const served: SecureContextOptions = { cert: pair.certPem, key: pair.keyPem, minVersion: 'TLSv1.2' };
  if (authorities === undefined) return served;
  // A resumed session would be as good as its first handshake, whatever became of the authorities since.
  return { ...served, ca: authorities, secureOptions: constants.SSL_OP_NO_TICKET };
}

/**
 * Makes the webhook's server. HTTP/1.1 only: the API server speaks nothing else to a Service.
 *
 * A review as the API server sends it is read and answered in front of Fastify: its way through costs 2 to 11 % of a small
 * one. Whatever else a client may send is Fastify's: other paths and methods, bodies in chunks, too large or of another type,
 * clients that may not ask.
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
  // Connections that have their last answer while the rest of a body still comes.
  const answered = new WeakSet<Socket>();
  const answers = new Answers(metrics);
  const reviews = new Reviews({ answers, maxInFlight: limits.maxInFlight, logger, metrics });
  const targetOf = createTargets(limits);
  const buffers = new BodyBuffers(spareBodyBytes);
  const isAllowed = clients === undefined ? undefined : createClientCheck(clients.names);
  metrics.watchInFlight(() => reviews.inFlight);

  function takesPlainReview(request: IncomingMessage, response: ServerResponse): boolean {
    if (request.method !== 'POST' || isAllowed?.(request.socket) === false) return false;
    const target = targetOf(request.url ?? '');
    if (target === undefined) return false;
    return readPlainBody(request, limits.maxBodyBytes, buffers, (body) => {
      reviews.answer(target, request, body, response);
    });
  }

  const tls = {
    ...secureContext(options.pair, clients?.authorities),
    // Who has none is answered, with 403: a broken handshake would tell nobody why.
    ...(clients === undefined ? {} : { requestCert: true, rejectUnauthorized: false }),
    handshakeTimeout: 10_000,
  };
  const times = {
    headersTimeout: limits.headersTimeoutMs ?? 15_000,
    requestTimeout: limits.requestTimeoutMs ?? 30_000,
    connectionsCheckingInterval: limits.timeoutCheckMs ?? 5_000,
    // The API server keeps idle connections for 90 s and does not repeat a POST that met a closed one.
    keepAliveTimeout: limits.keepAliveMs ?? 120_000,
  };
  const app = fastify<Server>({
    serverFactory: (toFastify) =>
      createServer({ ...tls, ...times }, (request, response) => {
        if (!takesPlainReview(request, response)) toFastify(request, response);
      }),
    logger: false,
    bodyLimit: limits.maxBodyBytes,
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
      // The API server opens more connections than it needs and keeps them for its next calls. To Node, they are slow.
      if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT' && isUnused(socket)) {
        socket.setTimeout(times.keepAliveTimeout);
        return;
      }
      const cause = answerConnectionError(error, socket);
      if (cause !== undefined) metrics.countRejected(cause);
    },
    frameworkErrors: (_error, _request, reply) => {
      reply.hijack();
      answers.reject(reply.raw, 'path_unknown');
    },
  });
  const connections = new Connections(app.server);
  // As near to the closing of idle connections as can be: what arrives in between finds its connection broken.
  app.addHook('preClose', async () => {
    await connections.settled();
    reviews.close();
    connections.endUnused(youngMs);
  });
  app.server.on('tlsClientError', (error) => logger.debug({ err: error }, 'a TLS handshake failed'));
  if (isAllowed !== undefined) {
    app.addHook('onRequest', (request, reply, done) => {
      if (isAllowed(request.raw.socket)) {
        done();
        return;
      }
      reply.hijack();
      answers.reject(reply.raw, 'client_unauthorized');
    });
  }
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  app.setNotFoundHandler((request, reply) => {
    reply.hijack();
    answers.reject(reply.raw, targetOf(request.url) === undefined ? 'path_unknown' : 'method_not_allowed');
  });
  app.setErrorHandler((error, request, reply) => {
    reply.hijack();
    // The connection broke within the body: nobody is there to be answered.
    if (request.raw.destroyed && !request.raw.complete) return;
    const cause = causeOf(error);
    if (cause === 'body_too_large') {
      answered.add(request.raw.socket);
      answers.rejectUnread(request.raw, reply.raw, cause);
      return;
    }
    if (cause === 'internal') logger.error({ err: error }, 'the server failed to answer a request');
    answers.reject(reply.raw, cause);
  });
  for (const { path } of allDoors) {
    app.post(path, ({ url, body, raw }, reply) => {
      reply.hijack();
      // The path may be written in other ways, with percent signs.
      const queryAt = url.indexOf('?');
      const target = targetOf(queryAt === -1 ? path : path + url.slice(queryAt));
      if (target === undefined) answers.reject(reply.raw, 'path_unknown');
      else reviews.answer(target, raw, Buffer.isBuffer(body) ? body : noBody, reply.raw);
    });
  }

  function present(next: typeof served): void {
    app.server.setSecureContext(secureContext(next.pair, next.authorities));
    served = next;
  }

  return {
    get inFlight() {
      return reviews.inFlight;
    },
    connections,
    listen: (address) => listenOn(app, address, '--listen-port'),
    setHandlers: (next) => reviews.setHandlers(next),
    setPair: (pair) => present({ ...served, pair }),
    setClientAuthorities: (authorities) => {
      if (clients !== undefined) present({ ...served, authorities });
    },
    startDraining: () => answers.startClosing(),
    close: async (timeoutMs) => {
      answers.startClosing();
      const cut = setTimeout(() => app.server.closeAllConnections(), timeoutMs);
      const endYoung = setTimeout(() => connections.endUnused(0), youngMs);
      await app.close();
      clearTimeout(cut);
      clearTimeout(endYoung);
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
