import { setTimeout as sleep } from 'node:timers/promises';
import { mostWithStatusBytes } from '../model/bounds.js';
import type { Settings } from '../settings/table.js';
import type { Logger } from '../observe/logger.js';
import type { Metrics } from '../observe/metrics.js';
import { watchForStalls } from '../observe/stall.js';
import { unlessAborted, WaitEnded } from '../time/abort.js';
import { openAuthoritiesFile, type AuthoritiesFile } from './authorities-file.js';
import { createHealthServer, type HealthServer } from './health.js';
import { provenByCertificate, type CallerProof } from './proof.js';
import { Readiness } from './readiness.js';
import type { CertificateSource, HandlerSource, OpenedCertificate, SourceSettings } from './sources.js';
import { WebhookServer } from './webhook.js';

// The API server may give up on a review that takes this long.
const longestStallMs = 500;

// A client that still opens connections after the grace has not heard that this server is going: the control plane is
// slow, or large. The drain then waits for a tenth of the grace without a new connection, for up to half of the
// time-out.
const quietPart = 1 / 10;
const latePart = 1 / 2;

/** The settings of a service: ports, clients, limits, the drain, and those of its sources. */
export type ServiceSettings = SourceSettings &
  Pick<
    Settings,
    | 'listenHost'
    | 'listenPort'
    | 'plainPort'
    | 'clientCa'
    | 'clientNames'
    | 'maxBodyBytes'
    | 'maxInFlight'
    | 'maxPendingBytes'
    | 'defaultTimeoutMs'
    | 'timeoutMarginMs'
    | 'drainGraceMs'
    | 'drainTimeoutMs'
  >;

/** What a service is made of. */
export interface ServiceOptions {
  readonly settings: ServiceSettings;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly certificates: CertificateSource;
  readonly handlers: HandlerSource;
  /** Recognises the API server by a token in the path. Absent: no token is required. */
  readonly proof?: CallerProof;
  /** Called when the drain begins: for what must be handed over at once. */
  readonly onDrain?: () => void;
  /** Called when both ports are closed, also when starting failed: for what the handlers work with. */
  readonly closeLast?: () => Promise<void>;
}

/** Thrown by `startService` if it was told to stop before it had started. */
export class StartAborted extends Error {
  override readonly name = 'StartAborted';
}

/**
 * Starts the service: health, then the certificate, the webhook's port and the handlers. The health port is open while
 * the certificate is waited for, and both are while the handlers are; until then reviews are answered with 503 and
 * `/readyz` says why.
 * @throws OutriderError `certificate_invalid`, `file_unreadable`, `file_unwritable`, `listen_failed`, or what the
 *   sources throw; nothing is left running then
 * @param abort gives up starting, whatever is waited for
 * @throws StartAborted when that happens
 */
export async function startService(
  options: ServiceOptions,
  abort: AbortSignal = new AbortController().signal,
): Promise<Service> {
  const service = new Service(options);
  try {
    await service.start(abort);
    return service;
  } catch (error) {
    await service.close(0);
    throw error instanceof WaitEnded && abort.aborted ? new StartAborted('told to end while starting') : error;
  }
}

/** A service: the webhook, and health and metrics besides it. */
export class Service {
  readonly #options: ServiceOptions;
  readonly #ended = new AbortController();
  readonly #readiness = new Readiness();
  readonly #health: HealthServer;
  #webhook: WebhookServer | undefined;
  #ports = { webhook: 0, plain: 0 };
  #caBundle: string | undefined;
  #drained: Promise<void> | undefined;

  constructor(options: ServiceOptions) {
    const { logger, metrics } = options;
    this.#options = options;
    this.#health = createHealthServer({ readiness: this.#readiness, registry: metrics.registry });
    const { signal } = this.#ended;
    watchForStalls({ logger, longestMs: longestStallMs, nowMs: () => performance.now(), signal });
  }

  get webhookPort(): number {
    return this.#ports.webhook;
  }

  get plainPort(): number {
    return this.#ports.plain;
  }

  /** For a webhook configuration, base64; only with development certificates. */
  get caBundle(): string | undefined {
    return this.#caBundle;
  }

  /** Opens one part after the other, as `startService` says. @throws WaitEnded when the signal aborts */
  async start(abort: AbortSignal): Promise<void> {
    const { settings, logger, metrics, certificates, handlers } = this.#options;
    const context = { settings, logger, metrics, signal: this.#ended.signal };
    const address = { host: settings.listenHost, port: settings.plainPort };
    this.#ports.plain = await unlessAborted(this.#health.listen(address), abort);
    const clientFile =
      settings.clientCa === '' ? undefined : await openAuthoritiesFile(settings.clientCa, '--client-ca', context);
    const certificate = await unlessAborted(certificates(context), abort);
    this.#caBundle = certificate.caBundle;
    const server = await this.#openWebhook(certificate, clientFile, abort);
    await unlessAborted(
      handlers(context, (next) => server.setHandlers(next)),
      abort,
    );
    this.#readiness.met('configuration');
    logger.info('ready');
  }

  async #openWebhook(
    certificate: OpenedCertificate,
    clientFile: AuthoritiesFile | undefined,
    abort: AbortSignal,
  ): Promise<WebhookServer> {
    const { settings, logger, metrics } = this.#options;
    const { clientNames, listenHost, listenPort } = settings;
    const { pair } = certificate;
    const clients = clientFile === undefined ? undefined : { authorities: clientFile.pem, names: clientNames };
    const limits = { ...settings, maxWithStatusBytes: mostWithStatusBytes };
    // The configurations may hold tokens all the same.
    const proof =
      this.#options.proof !== undefined && clients !== undefined ? provenByCertificate : this.#options.proof;
    const server = new WebhookServer({ pair, limits, logger, metrics, clients, proof });
    this.#webhook = server;
    metrics.setCertificateExpiry(pair.notAfter);
    this.#readiness.met('certificate');
    this.#ports.webhook = await unlessAborted(server.listen({ host: listenHost, port: listenPort }), abort);
    const { webhook: webhookPort, plain: plainPort } = this.#ports;
    logger.info({ webhookPort, plainPort, names: pair.names }, 'listening');
    await certificate.watch((next) => {
      server.setPair(next);
      metrics.setCertificateExpiry(next.notAfter);
    });
    await clientFile?.watch((authorities) => server.setClientAuthorities(authorities));
    return server;
  }

  /**
   * Ends the service without losing a review: not ready from now on, answering on for the grace, then closed.
   * Resolves when both ports are closed. A second call waits for the first.
   */
  drain(): Promise<void> {
    return (this.#drained ??= this.#drain());
  }

  async #drain(): Promise<void> {
    const { logger, settings, onDrain } = this.#options;
    const { drainGraceMs: graceMs, drainTimeoutMs: timeoutMs } = settings;
    this.#readiness.unmet('serving', 'shutting down');
    this.#webhook?.startDraining();
    onDrain?.();
    logger.info({ graceMs }, 'shutting down: answering on for the grace');
    await sleep(graceMs);
    const lateMs = await this.#waitForLate(graceMs * quietPart, timeoutMs * latePart);
    await this.close(timeoutMs - lateMs);
    logger.info('shut down');
  }

  /** Waits for clients that still open connections. @returns how long it may have taken */
  async #waitForLate(quietMs: number, atMostMs: number): Promise<number> {
    const connections = this.#webhook?.connections;
    await connections?.settled();
    if (connections?.hasNew(quietMs) !== true) return 0;
    this.#options.logger.warn({ atMostMs }, 'clients still open connections: answering on');
    await connections.quiet(quietMs, atMostMs);
    return atMostMs;
  }

  /** Closes what is open. Reviews in progress have so long to end. */
  async close(timeoutMs: number): Promise<void> {
    this.#ended.abort();
    await this.#webhook?.close(timeoutMs);
    await this.#health.close();
    await this.#options.closeLast?.();
  }
}
