import { constants } from 'node:crypto';
import type { Socket } from 'node:net';
import type { SecureContextOptions } from 'node:tls';
import { fastify } from 'fastify';
import { allDoors, subjects } from '../model/doors.js';
import type { Logger } from '../observe/logger.js';
import type { Metrics } from '../observe/metrics.js';
import type { TlsPair } from '../tls/pair.js';
import { Answers } from './answers.js';
import { Connections, isUnused } from './connections.js';
import { BodyBuffers } from './body-buffers.js';
import { createBodyParser } from './body-parser.js';
import { createClientCheck, type ClientCheck } from './client-check.js';
import { answerConnectionError } from './connection-error.js';
import { listenOn, type Address } from './listen.js';
import { RequestRejected, type RejectCause } from './rejection.js';
import type { ReviewHandlers } from './review-context.js';
import type { TimeoutLimits } from './review-timeout.js';
import { Reviews } from './reviews.js';

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

/** Makes the webhook's server. HTTP/1.1 only: the API server speaks nothing else to a Service. */
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
  const reviews = new Reviews({ answers, limits, logger, metrics });
  const buffers = new BodyBuffers(spareBodyBytes);
  const isAllowed = clients === undefined ? undefined : createClientCheck(clients.names);
  metrics.watchInFlight(() => reviews.inFlight);

  const tls = {
    ...secureContext(options.pair, clients?.authorities),
    // Answer clients without a certificate with 403; a failed handshake would not tell them why.
    ...(clients === undefined ? {} : { requestCert: true, rejectUnauthorized: false }),
    handshakeTimeout: 10_000,
  };
  // The API server keeps idle connections for 90 s and does not repeat a POST that met a closed one.
  const keepAliveTimeout = limits.keepAliveMs ?? 120_000;
  const app = fastify({
    https: {
      ...tls,
      headersTimeout: limits.headersTimeoutMs ?? 15_000,
      connectionsCheckingInterval: limits.timeoutCheckMs ?? 5_000,
    },
    requestTimeout: limits.requestTimeoutMs ?? 30_000,
    keepAliveTimeout,
    // Who comes then is told to try again elsewhere, which Fastify's own answer does not say.
    return503OnClosing: false,
    clientErrorHandler: (error, socket) => {
      if (answered.has(socket)) {
        socket.destroy();
        return;
      }
      // The API server opens more connections than it needs and keeps them for its next calls. To Node, they are slow.
      if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT' && isUnused(socket)) {
        socket.setTimeout(keepAliveTimeout);
        return;
      }
      const cause = answerConnectionError(error, socket);
      if (cause !== undefined) metrics.countRejected(cause);
    },
    frameworkErrors: (_error, _request, reply) => answers.reject(reply, 'path_unknown'),
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
      if (isAllowed(request.raw.socket)) done();
      else answers.reject(reply, 'client_unauthorized');
    });
  }
  app.removeAllContentTypeParsers();
  app.setNotFoundHandler((request, reply) => {
    const [path = ''] = request.url.split('?', 1);
    answers.reject(reply, allDoors.some((door) => door.path === path) ? 'method_not_allowed' : 'path_unknown');
  });
  app.setErrorHandler((error, request, reply) => {
    const cause = causeOf(error);
    if (cause === 'body_too_large') {
      answered.add(request.raw.socket);
      answers.rejectUnread(reply, cause);
      return;
    }
    if (cause === 'internal') logger.error({ err: error }, 'the server failed to answer a request');
    answers.reject(reply, cause);
  });
  for (const subject of subjects) {
    void app.register((doors, _options, done) => {
      const mostBytes = Math.min(limits.maxBodyBytes, subject.maxBodyBytes);
      doors.addContentTypeParser('application/json', createBodyParser(mostBytes, buffers));
      for (const door of allDoors.filter((one) => one.subject === subject)) {
        doors.post(door.path, (request, reply) => reviews.answer(door, request, reply));
      }
      done();
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
  if (error instanceof RequestRejected) return error.rejectCause;
  const isOfType = error instanceof Error && 'code' in error && error.code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE';
  return isOfType ? 'content_type_unsupported' : 'internal';
}
