import type { JsonObject } from '../../model/json.js';
import type { Logger } from '../../observe/logger.js';
import type { TlsPair } from '../../tls/pair.js';
import type { ApiClient } from '../client/api-client.js';
import { resources } from '../client/resources.js';
import type { Timing } from '../../time/sleep.js';
import { startReflector } from '../watch/reflector.js';
import { createCertificateKeeper } from './keeper.js';
import { createCertificateReader } from './reader.js';
import type { Rules } from './rotation.js';

/** What a self-managed certificate is opened with. */
export interface ManagedCertificateOptions extends Timing {
  readonly client: ApiClient;
  /** Of the Secret. */
  readonly namespace: string;
  /** Name of the installation: the Secret is called `<instance>-certificate`. */
  readonly instance: string;
  /** DNS names and addresses of the certificate: see `certificateNames`. */
  readonly names: readonly string[];
  readonly rules: Rules;
  /**
   * The bundle that is known to stand in the webhook configurations, PEM; `undefined` while none is. Asked often. Only
   * the leader's answer counts.
   */
  readonly confirmedBundle: () => string | undefined;
  readonly relistMs: number;
  readonly log: Logger;
  /** Ends the watch of the Secret. */
  readonly signal: AbortSignal;
  /** Told of each list or watch that failed and is tried again. */
  readonly onFailure?: (error: unknown) => void;
}

/** A certificate that is kept in a Secret and renews itself. */
export interface ManagedCertificate {
  /**
   * The first pair, as soon as the Secret holds one that is valid, however long that takes.
   * @throws what the signal aborts with
   */
  first(): Promise<TlsPair>;
  /** What is to be served now; `undefined` until the Secret held a pair. */
  current(): TlsPair | undefined;
  /** Calls the listener with each pair from now on. */
  onPair(listener: (pair: TlsPair) => void): void;
  /** What the API server is to trust, PEM; empty until it is known. */
  bundle(): string;
  /** Calls the listener after each change of the bundle. */
  onBundle(listener: () => void): void;
  /** What the leader does: keeps the Secret, until the signal aborts. */
  lead(signal: AbortSignal): Promise<void>;
  /** When the API server last said anything about the Secret, on the monotonic clock. */
  readonly lastContactMs: number | undefined;
}

/** Follows the Secret from now on. Nothing is written except by `lead`. */
export function openManagedCertificate(options: ManagedCertificateOptions): ManagedCertificate {
  const { namespace, instance, signal } = options;
  const name = `${instance}-certificate`;
  const reader = createCertificateReader(options);
  const listeners: (() => void)[] = [];
  const reflector = startReflector<JsonObject>({
    ...options,
    resource: resources.secrets,
    name,
    pick: (secret) => secret,
    onChange: () => {
      reader.take(reflector.get(`${namespace}/${name}`));
      for (const listener of listeners) listener();
    },
  });
  const keep = createCertificateKeeper({
    ...options,
    secret: { namespace, name },
    held: () => reader.held(),
    onChange: (listener) => void listeners.push(listener),
  });
  return {
    first: () => {
      const held = reader.held();
      if (held !== undefined) return Promise.resolve(held.pair);
      return new Promise((resolve, reject) => {
        reader.onPair(resolve);
        const abort = (): void => reject(signal.reason instanceof Error ? signal.reason : new Error('aborted'));
        if (signal.aborted) abort();
        signal.addEventListener('abort', abort, { once: true });
      });
    },
    current: () => reader.held()?.pair,
    onPair: (listener) => reader.onPair(listener),
    bundle: () => reader.bundle(),
    onBundle: (listener) => reader.onBundle(listener),
    lead: async (term) => {
      // What this replica serves has to be known before anything is decided.
      await Promise.race([reflector.synced, aborted(term)]);
      if (!term.aborted) await keep(term);
    },
    get lastContactMs() {
      return reflector.lastContactMs;
    },
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
