import type { Settings } from '../settings/table.js';
import type { Logger } from '../observe/logger.js';
import type { Metrics } from '../observe/metrics.js';
import type { TlsPair } from '../tls/pair.js';
import type { ReviewHandlers } from './review-context.js';

/** The settings that sources read: what the certificate and the handlers come from, and how often files are looked at. */
export type SourceSettings = Pick<
  Settings,
  'config' | 'tlsCert' | 'tlsKey' | 'certsDir' | 'dnsNames' | 'caBundle' | 'reloadIntervalMs'
>;

/** What a source needs, and a part of one with the settings that it reads. */
export interface SourceContext<Key extends keyof SourceSettings = keyof SourceSettings> {
  readonly settings: Pick<SourceSettings, Key>;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Aborts when the service ends: every timer and watch of the source ends with it. */
  readonly signal: AbortSignal;
}

/** A certificate to start with, and how to hear of later ones. */
export interface OpenedCertificate {
  readonly pair: TlsPair;
  /** For a webhook configuration, base64; only where a person has to write it there. */
  readonly caBundle: string | undefined;
  /**
   * Calls `onPair` with each later pair until the signal of the context aborts. Resolves once the watch is established.
   */
  watch(onPair: (pair: TlsPair) => void): Promise<void>;
}

/**
 * Where the served certificate comes from. Resolves when there is one to serve with, however long that takes; until
 * then the service is live and not ready.
 * @throws OutriderError when there can be none
 */
export type CertificateSource = (context: SourceContext) => Promise<OpenedCertificate>;

/**
 * Where the doors' handlers come from. Calls `onHandlers` with the first ones before it resolves, and with every later
 * ones until the signal of the context aborts.
 * @throws OutriderError when there can be none
 */
export type HandlerSource = (context: SourceContext, onHandlers: (handlers: ReviewHandlers) => void) => Promise<void>;
