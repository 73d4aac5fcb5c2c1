import { setTimeout as sleep } from 'node:timers/promises';
import type { Settings } from '../settings/table.js';
import type { Logger } from '../observe/logger.js';
import type { Metrics } from '../observe/metrics.js';
import { watchForStalls } from '../observe/stall.js';
import { openAuthoritiesFile } from './authorities-file.js';
import { createHealthServer } from './health.js';
import { Readiness } from './readiness.js';
import type { CertificateSource, HandlerSource, SourceSettings } from './sources.js';
import { WebhookServer } from './webhook.js';

// A review that takes as long by itself is one that the API server may give up.
const longestStallMs = 500;

// Who still opens connections behind the grace has not heard that this server is going: a control plane that is slow, or
// large. It is waited for, a tenth of the grace without a connection at a time, for up to half of the time-out.
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
  /** Called when the drain begins: for what must be handed over at once. */
  readonly onDrain?: () => void;
  /** Called when both ports are closed, also when starting failed: for what the handlers work with. */
  readonly closeLast?: () => Promise<void>;
}

/** A running service: the webhook, and health and metrics beside it. */
export interface Service {
  readonly webhookPort: number;
  readonly plainPort: number;
  /** For a webhook configuration, base64; only with development certificates. */
  readonly caBundle: string | undefined;
  /**
   * Ends the service without losing a review: not ready from now on, answering on for the grace, then closed.
   * Resolves when both ports are closed. A second call waits for the first.
   */
  drain(): Promise<void>;
}

/** What `startService` throws when it was told to end before it had started. */
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
export async function startService(options: ServiceOptions, abort?: AbortSignal): Promise<Service> {
  const { settings, logger, metrics } = options;
  const stop = new AbortController();
  const context = { settings, logger, metrics, signal: stop.signal };
  watchForStalls({ logger, longestMs: longestStallMs, nowMs: () => performance.now(), signal: stop.signal });
  const readiness = new Readiness();
  const health = createHealthServer({ readiness, registry: metrics.registry });
  let webhook: WebhookServer | undefined;

  const closeAll = async (timeoutMs: number): Promise<void> => {
    stop.abort();
    await webhook?.close(timeoutMs);
    await health.close();
    await options.closeLast?.();
  };
  const aborted = new Promise<never>((_resolve, reject) => {
    const give = (): void => reject(new StartAborted('told to end while starting'));
    if (abort?.aborted === true) give();
    abort?.addEventListener('abort', give, { once: true });
  });
  aborted.catch(() => undefined);
  const orAborted = <T>(work: Promise<T>): Promise<T> => Promise.race([work, aborted]);
  try {
    const host = settings.listenHost;
    const plainPort = await orAborted(health.listen({ host, port: settings.plainPort }));
    const clientFile =
      settings.clientCa === '' ? undefined : await openAuthoritiesFile(settings.clientCa, '--client-ca', context);
    const certificate = await orAborted(options.certificates(context));
    const clients = clientFile === undefined ? undefined : { authorities: clientFile.pem, names: settings.clientNames };
    const server = new WebhookServer({ pair: certificate.pair, limits: settings, logger, metrics, clients });
    webhook = server;
    metrics.setCertificateExpiry(certificate.pair.notAfter);
    readiness.met('certificate');
    const webhookPort = await orAborted(server.listen({ host, port: settings.listenPort }));
    logger.info({ webhookPort, plainPort, names: certificate.pair.names }, 'listening');
    await certificate.watch((pair) => {
      server.setPair(pair);
      metrics.setCertificateExpiry(pair.notAfter);
    });
    await clientFile?.watch((authorities) => server.setClientAuthorities(authorities));
    await orAborted(options.handlers(context, (next) => server.setHandlers(next)));
    readiness.met('configuration');
    logger.info('ready');

    const drain = async (): Promise<void> => {
      const { drainGraceMs: graceMs, drainTimeoutMs: timeoutMs } = settings;
      readiness.unmet('serving', 'shutting down');
      server.startDraining();
      options.onDrain?.();
      logger.info({ graceMs }, 'shutting down: answering on for the grace');
      await sleep(graceMs);
      await server.connections.settled();
      const late = server.connections.hasNew(graceMs * quietPart);
      const lateMs = late ? timeoutMs * latePart : 0;
      if (late) {
        logger.warn({ atMostMs: lateMs }, 'clients still open connections: answering on');
        await server.connections.quiet(graceMs * quietPart, lateMs);
      }
      await closeAll(timeoutMs - lateMs);
      logger.info('shut down');
    };
    let drained: Promise<void> | undefined;
    return { webhookPort, plainPort, caBundle: certificate.caBundle, drain: () => (drained ??= drain()) };
  } catch (error) {
    await closeAll(0);
    throw error;
  }
}
