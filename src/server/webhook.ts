import { constants } from 'node:crypto';
import type { Server } from 'node:https';
import type { Socket } from 'node:net';
import type { SecureContextOptions } from 'node:tls';
import { fastify, type FastifyInstance } from 'fastify';
import { defaultPendingBytes } from '../model/bounds.js';
import { allDoors, subjects, type ServedDoor } from '../model/doors.js';
import { isObjectHash } from '../model/object-hash.js';
import type { Logger } from '../observe/logger.js';
import type { Metrics } from '../observe/metrics.js';
import type { TlsPair } from '../tls/pair.js';
import { Answers } from './answers.js';
import { Connections, isUnused } from './connections.js';
import { BodyBuffers } from './body-buffers.js';
import { createBodyParser } from './body-parser.js';
import { AllowedClients, type ClientCheck } from './client-check.js';
import { answerConnectionError } from './connection-error.js';
import { listenOn, type Address } from './listen.js';
import type { CallerProof } from './proof.js';
import { RequestRejected, responseOf, type RejectCause } from './rejection.js';
import type { Caller, ReviewHandlers } from './review-context.js';
import type { TimeoutLimits } from './review-timeout.js';
import { ReviewMemory } from './review-memory.js';
import { Reviews } from './reviews.js';

// Five bodies of the largest pods that etcd takes.
const spareBodyBytes = 8 * 1024 * 1024;

const defaultRequestTimeoutMs = 30_000;

// A client that sends nothing on a new connection for this long loses it.
const youngMs = 1_000;

const proven: Caller = { isProven: true };
const unproven: Caller = { isProven: false };

/** Limits on what a client may use. */
export interface WebhookLimits extends TimeoutLimits {
  readonly maxBodyBytes: number;
  readonly maxInFlight: number;
  /** The largest body that is read without its pod's status, where that is more than `maxBodyBytes`. */
  readonly maxWithStatusBytes?: number;
  /** Bytes of reviews that may be held at a time. */
  readonly maxPendingBytes?: number;
  /** Time for a whole request to arrive. */
  readonly requestTimeoutMs?: number;
  /** Time for a request's header fields to arrive. */
  readonly headersTimeoutMs?: number;
  /** How often both are looked at. */
  readonly timeoutCheckMs?: number;
  /** How long a connection is kept on which nothing is asked. */
  readonly keepAliveMs?: number;
}

/** TLS options that must be given again with each change of the certificate: `setSecureContext` forgets them. */
function secureContext(pair: TlsPair, authorities: string | undefined): SecureContextOptions {
  const served: SecureContextOptions = { cert: pair.certPem, key: pair.keyPem, minVersion: 'TLSv1.2' };
  if (authorities === undefined) return served;
  // A resumed session would be trusted like its first handshake, even if the authorities have changed since.
  return { ...served, ca: authorities, secureOptions: constants.SSL_OP_NO_TICKET };
}

/** What a webhook's server is made of. */
export interface WebhookServerOptions {
  readonly pair: TlsPair;
  readonly limits: WebhookLimits;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Absent: reviews are answered for any caller. */
  readonly clients?: ClientCheck | undefined;
  /**
   * Recognises the API server by a token after a door's path. Absent: there are no such paths, and no token is
   * required.
   */
  readonly proof?: CallerProof | undefined;
}

/**
 * The webhook's HTTPS server: a route for each door of the table. Its handlers decide what it answers. HTTP/1.1 only:
 * the API server speaks nothing else to a Service.
 */
export class WebhookServer {
  /** Connections as clients open them. */
  readonly connections: Connections;
  readonly #logger: Logger;
  readonly #metrics: Metrics;
  readonly #limits: WebhookLimits;
  readonly #keepAliveMs: number;
  readonly #memory: ReviewMemory;
  readonly #answers: Answers;
  readonly #reviews: Reviews;
  readonly #proof: CallerProof | undefined;
  readonly #app: FastifyInstance<Server>;
  // Connections that have their last answer while the rest of a body still comes.
  readonly #answered = new WeakSet<Socket>();
  #served: { readonly pair: TlsPair; readonly authorities: string | undefined };

  constructor({ pair, limits, logger, metrics, clients, proof }: WebhookServerOptions) {
    this.#proof = proof;
    this.#logger = logger;
    this.#metrics = metrics;
    this.#limits = limits;
    // The API server keeps idle connections for 90 s and does not repeat a POST that met a closed one.
    this.#keepAliveMs = limits.keepAliveMs ?? 120_000;
    this.#served = { pair, authorities: clients?.authorities };
    this.#memory = new ReviewMemory(limits.maxPendingBytes ?? defaultPendingBytes);
    const { work } = this.#memory;
    this.#answers = new Answers({ metrics, work, longestTakeMs: limits.requestTimeoutMs ?? defaultRequestTimeoutMs });
    this.#reviews = new Reviews({ answers: this.#answers, work, limits, logger, metrics });
    this.#app = this.#openApp();
    this.connections = new Connections(this.#app.server);
    this.#watchConnections();
    if (clients !== undefined) this.#checkClients(clients.names);
    this.#refuseTheRest();
    this.#openDoors();
    metrics.watchInFlight(() => this.inFlight);
    metrics.watchPendingBytes(() => this.#memory.takenBytes);
  }

  /** Reviews in progress. */
  get inFlight(): number {
    return this.#reviews.inFlight;
  }

  /**
   * Starts to listen.
   * @returns the port, which matters if 0 was asked for
   * @throws OutriderError `listen_failed`
   */
  listen(address: Address): Promise<number> {
    return listenOn(this.#app, address, '--listen-port');
  }

  /** Puts handlers in place, for every request from now on. Before the first call requests are answered with 503. */
  setHandlers(handlers: ReviewHandlers): void {
    this.#reviews.setHandlers(handlers);
  }

  /** Verifies the client certificates of new connections by other authorities, PEM. Only where clients are checked. */
  setClientAuthorities(authorities: string): void {
    if (this.#served.authorities !== undefined) this.#serve({ ...this.#served, authorities });
  }

  /** Presents another certificate to new connections; those that are open stay as they are. */
  setPair(pair: TlsPair): void {
    this.#serve({ ...this.#served, pair });
  }

  /** Goes on answering, and asks each client to close its connection after the answer. */
  startDraining(): void {
    this.#answers.startClosing();
  }

  /**
   * Stops accepting, once what clients have sent by now is taken in, and answers what still comes on open connections
   * with 503. Resolves when every connection is closed; those still open after `timeoutMs` are cut.
   */
  async close(timeoutMs: number): Promise<void> {
    this.#answers.startClosing();
    const cut = setTimeout(() => this.#app.server.closeAllConnections(), timeoutMs);
    const endYoung = setTimeout(() => void this.#dismiss(0), youngMs);
    await this.#app.close();
    clearTimeout(cut);
    clearTimeout(endYoung);
  }

  #serve(next: { readonly pair: TlsPair; readonly authorities: string | undefined }): void {
    this.#app.server.setSecureContext(secureContext(next.pair, next.authorities));
    this.#served = next;
  }

  #openApp(): FastifyInstance<Server> {
    const { pair, authorities } = this.#served;
    const limits = this.#limits;
    return fastify({
      https: {
        ...secureContext(pair, authorities),
        // Answer clients without a certificate with 403; a failed handshake would not tell them why.
        ...(authorities === undefined ? {} : { requestCert: true, rejectUnauthorized: false }),
        handshakeTimeout: 10_000,
        headersTimeout: limits.headersTimeoutMs ?? 15_000,
        connectionsCheckingInterval: limits.timeoutCheckMs ?? 5_000,
      },
      requestTimeout: limits.requestTimeoutMs ?? defaultRequestTimeoutMs,
      keepAliveTimeout: this.#keepAliveMs,
      // The work before closing takes seconds. Fastify would throw after ten, which ends the process.
      pluginTimeout: 0,
      // Clients that come then are told to try elsewhere, which Fastify's own answer does not say.
      return503OnClosing: false,
      clientErrorHandler: (error, socket) => this.#refuseConnection(error, socket),
      frameworkErrors: (_error, _request, reply) => this.#answers.reject(reply, 'path_unknown'),
    });
  }

  #watchConnections(): void {
    this.#app.server.on('tlsClientError', (error) => this.#logger.debug({ err: error }, 'a TLS handshake failed'));
    // As close as possible to the closing of idle connections: a request that arrives in between finds its connection
    // broken.
    this.#app.addHook('preClose', async () => {
      await this.connections.settled();
      this.#reviews.close();
      await this.#dismiss(youngMs);
      // What came meanwhile is accepted first: a connection that the kernel still holds would be reset.
      await this.connections.settled();
    });
  }

  #dismiss(spareMs: number): Promise<void> {
    const isAwaited = (socket: Socket): boolean =>
      this.#answered.has(socket) || this.#reviews.isAwaited(socket) || this.#answers.isAnswering(socket);
    return this.connections.dismiss(responseOf('draining'), isAwaited, spareMs);
  }

  #refuseConnection(error: NodeJS.ErrnoException, socket: Socket): void {
    if (this.#answered.has(socket)) {
      socket.destroy();
      return;
    }
    // The API server opens more connections than it needs and keeps them for its next calls. To Node, they look slow.
    if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT' && isUnused(socket)) {
      socket.setTimeout(this.#keepAliveMs);
      return;
    }
    const cause = answerConnectionError(error, socket);
    if (cause !== undefined) this.#metrics.countRejected(cause);
  }

  #checkClients(names: readonly string[]): void {
    const clients = new AllowedClients(names);
    this.#app.addHook('onRequest', (request, reply, done) => {
      if (clients.has(request.raw.socket)) done();
      else this.#answers.reject(reply, 'client_unauthorized');
    });
  }

  #openDoors(): void {
    const buffers = new BodyBuffers(spareBodyBytes);
    for (const subject of subjects) {
      void this.#app.register((scope, _options, done) => {
        const mostBytes = Math.min(this.#limits.maxBodyBytes, subject.maxBodyBytes);
        const mostWithStatusBytes = Math.min(this.#limits.maxWithStatusBytes ?? 0, subject.maxBodyBytes);
        const options = { mostBytes, mostWithStatusBytes, buffers, memory: this.#memory };
        scope.addContentTypeParser('application/json', createBodyParser(options));
        for (const door of allDoors.filter((one) => one.subject === subject)) {
          scope.post(door.path, (request, reply) => {
            this.#reviews.answer(door, request, reply, this.#callerOf(door, undefined));
          });
          if (this.#proof !== undefined) this.#openBehind(door, scope);
        }
        done();
      });
    }
  }

  /** The paths after a door's own: with a token, with the hash of the configuration that is called by, or with both. */
  #openBehind(door: ServedDoor, scope: Pick<FastifyInstance, 'post'>): void {
    const { namesConfiguration } = door.subject;
    scope.post<{ Params: { readonly behind: string } }>(`${door.path}/:behind`, (request, reply) => {
      const { behind } = request.params;
      const isHash = namesConfiguration && isObjectHash(behind);
      const caller = isHash ? this.#callerOf(door, undefined, behind) : this.#callerOf(door, behind);
      this.#reviews.answer(door, request, reply, caller);
    });
    if (!namesConfiguration) return;
    scope.post<{ Params: { readonly token: string; readonly hash: string } }>(
      `${door.path}/:token/:hash`,
      (request, reply) => {
        const { token, hash } = request.params;
        this.#reviews.answer(door, request, reply, this.#callerOf(door, token, isObjectHash(hash) ? hash : undefined));
      },
    );
  }

  #callerOf({ name }: ServedDoor, token: string | undefined, objectHash?: string): Caller {
    const isProven = this.#proof === undefined || this.#proof.isProven(name, token);
    if (objectHash !== undefined) return { isProven, objectHash };
    return isProven ? proven : unproven;
  }

  /** Answers requests that are for no door, and errors that occur before a door is reached. */
  #refuseTheRest(): void {
    this.#app.removeAllContentTypeParsers();
    this.#app.setNotFoundHandler((request, reply) => {
      const [path = ''] = request.url.split('?', 1);
      const isDoor = allDoors.some((door) => door.path === path);
      this.#answers.reject(reply, isDoor ? 'method_not_allowed' : 'path_unknown');
    });
    this.#app.setErrorHandler((error, request, reply) => {
      const cause = causeOf(error);
      const isUnread = !request.raw.readableEnded && (cause === 'body_too_large' || cause === 'over_budget');
      if (isUnread) {
        this.#answered.add(request.raw.socket);
        this.#answers.rejectUnread(reply, cause);
        return;
      }
      if (cause === 'internal') this.#logger.error({ err: error }, 'the server failed to answer a request');
      this.#answers.reject(reply, cause);
    });
  }
}

function causeOf(error: unknown): RejectCause {
  if (error instanceof RequestRejected) return error.rejectCause;
  const isOfType = error instanceof Error && 'code' in error && error.code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE';
  return isOfType ? 'content_type_unsupported' : 'internal';
}
