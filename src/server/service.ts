import { setTimeout as sleep } from 'node:timers/promises';
import type { Settings } from '../config.js';
import type { Logger } from '../observe/logger.js';
import type { Metrics } from '../observe/metrics.js';
import { ensureDevelopmentCertificates } from '../tls/development.js';
import type { PairFiles, TlsPair } from '../tls/pair.js';
import { readPair, watchPair } from './certificates.js';
import { watchConfiguration, type LoadConfiguration } from './configuration.js';
import { createHealthServer } from './health.js';
import { createReadiness } from './readiness.js';
import { createWebhookServer } from './webhook.js';

/** What a service is made of. */
export interface ServiceOptions {
  readonly settings: Settings;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly loadConfiguration: LoadConfiguration;
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

/**
 * Starts the service: certificates, both ports, the configuration, and the watches on files. The ports are open while
 * the configuration is loading; until it is, reviews are answered with 503 and `/readyz` says why.
 * @throws OutriderError `certificate_invalid`, `file_unreadable`, `file_unwritable`, `listen_failed`, or what
 *   `loadConfiguration` throws; nothing is left running then
 */
export async function startService(options: ServiceOptions): Promise<Service> {
  const { settings, logger, metrics, loadConfiguration } = options;
  const stop = new AbortController();
  const watching = { intervalMs: settings.reloadIntervalMs, signal: stop.signal, logger, metrics };
  const readiness = createReadiness();
  const certificate = await certificateOf(settings, logger);
  const webhook = createWebhookServer({ pair: certificate.pair, limits: settings, logger, metrics });
  const health = createHealthServer({ readiness, registry: metrics.registry });
  metrics.setCertificateExpiry(certificate.pair.notAfter);
  readiness.met('certificate');

  const closeAll = async (timeoutMs: number): Promise<void> => {
    stop.abort();
    await webhook.close(timeoutMs);
    await health.close();
    await options.closeLast?.();
  };
  try {
    const host = settings.listenHost;
    const plainPort = await health.listen({ host, port: settings.plainPort });
    const webhookPort = await webhook.listen({ host, port: settings.listenPort });
    logger.info({ webhookPort, plainPort, names: certificate.pair.names }, 'listening');
    await watchPair(
      certificate.files,
      certificate.pair,
      (pair) => {
        webhook.setPair(pair);
        metrics.setCertificateExpiry(pair.notAfter);
      },
      watching,
    );
    await watchConfiguration(settings.config, loadConfiguration, (next) => webhook.setHandlers(next), watching);
    readiness.met('configuration');
    logger.info('ready');

    const drain = async (): Promise<void> => {
      readiness.unmet('serving', 'shutting down');
      webhook.startDraining();
      logger.info({ graceMs: settings.drainGraceMs }, 'shutting down: answering on for the grace');
      await sleep(settings.drainGraceMs);
      await closeAll(settings.drainTimeoutMs);
      logger.info('shut down');
    };
    let drained: Promise<void> | undefined;
    return { webhookPort, plainPort, caBundle: certificate.caBundle, drain: () => (drained ??= drain()) };
  } catch (error) {
    await closeAll(0);
    throw error;
  }
}

async function certificateOf(
  settings: Settings,
  logger: Logger,
): Promise<{ readonly files: PairFiles; readonly pair: TlsPair; readonly caBundle: string | undefined }> {
  if (settings.tlsCert !== '') {
    const files = { certFile: settings.tlsCert, keyFile: settings.tlsKey };
    return { files, pair: await readPair(files), caBundle: undefined };
  }
  const made = await ensureDevelopmentCertificates({
    dir: settings.certsDir,
    dnsNames: settings.dnsNames,
    nowMs: Date.now(),
  });
  logger.info({ dir: settings.certsDir, names: made.pair.names, made: made.made }, 'development certificates are used');
  return { files: made, pair: made.pair, caBundle: made.caBundle };
}
