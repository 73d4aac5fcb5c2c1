import type { X509Certificate } from 'node:crypto';
import type { Clock } from '../../time/clock.js';
import type { JsonObject } from '../../model/json.js';
import type { Logger } from '../../observe/logger.js';
import { bundleOf, certificatesIn, isIssuedBy } from '../../tls/bundle.js';
import type { TlsPair } from '../../tls/pair.js';
import { contentsOf, unique, type Held } from './contents.js';

// A certificate's dates have whole seconds.
const precisionMs = 1_000;

/**
 * How a replica reads the Secret. It ignores unusable contents: a pair whose authority is not in the bundle, a pair that has
 * expired or is not valid yet, or a deleted Secret do not change what is served. The leader fixes the Secret. An authority
 * that is not valid yet is not trusted yet.
 */
export class CertificateReader {
  readonly #clock: Pick<Clock, 'wallMs'>;
  readonly #log: Logger;
  readonly #pairListeners: ((pair: TlsPair) => void)[] = [];
  readonly #bundleListeners: (() => void)[] = [];
  #held: Held | undefined;
  #bundle = '';
  #early = '';
  #waits = false;

  /** @param options.clock has the date by which certificates are judged */
  constructor({ clock, log }: { readonly clock: Pick<Clock, 'wallMs'>; readonly log: Logger }) {
    this.#clock = clock;
    this.#log = log;
  }

  /** What is served; `undefined` until the Secret has held a pair. */
  held(): Held | undefined {
    return this.#held;
  }

  /** What the API server should trust, PEM; empty until it is known. */
  bundle(): string {
    return this.#bundle;
  }

  /** Calls the listener with each pair from now on. */
  onPair(listener: (pair: TlsPair) => void): void {
    this.#pairListeners.push(listener);
  }

  /** Calls the listener after each change of the bundle. */
  onBundle(listener: () => void): void {
    this.#bundleListeners.push(listener);
  }

  /** Whether the Secret held something that was not valid yet. Take it again later. */
  get waits(): boolean {
    return this.#waits;
  }

  /** Takes over what the Secret holds; `undefined` if it does not exist. */
  take(secret: JsonObject | undefined): void {
    this.#waits = false;
    if (secret === undefined) {
      if (this.#held !== undefined) this.#log.warn('the certificate’s Secret is gone; what it held is served on');
      return;
    }
    const { authorities: all, leaf } = contentsOf(secret);
    const authorities = all.filter((authority) => this.#hasBegun(authority));
    const adopted = leaf !== undefined && this.#isNew(leaf) && this.#isUsable(leaf, authorities) ? leaf : undefined;
    // What is served must stay trusted until something replaces it.
    const trusted = adopted === undefined ? unique([...authorities, ...this.#issuersOfServed()]) : authorities;
    const pair = adopted ?? this.#held?.pair;
    if (pair !== undefined) this.#held = { pair, authorities: trusted };
    const next = bundleOf(trusted);
    const changed = next !== '' && next !== this.#bundle;
    if (changed) this.#bundle = next;
    if (adopted !== undefined) for (const listener of this.#pairListeners) listener(adopted);
    if (changed) for (const listener of this.#bundleListeners) listener();
  }

  #isNew({ fingerprint }: TlsPair): boolean {
    return fingerprint !== this.#held?.pair.fingerprint;
  }

  #isUsable({ certPem }: TlsPair, authorities: Held['authorities']): boolean {
    const [offered] = certificatesIn(certPem);
    return (
      offered !== undefined &&
      this.#hasBegun(offered) &&
      authorities.some((authority) => isIssuedBy(offered, authority)) &&
      Date.parse(offered.validTo) > this.#clock.wallMs()
    );
  }

  /** A pair that is not valid yet is logged once, and makes this wait. */
  #hasBegun({ validFrom, fingerprint256 }: X509Certificate): boolean {
    const nowMs = this.#clock.wallMs();
    if (Date.parse(validFrom) <= nowMs + precisionMs) return true;
    this.#waits = true;
    if (this.#early !== fingerprint256) {
      const about = { notBefore: new Date(validFrom), now: new Date(nowMs) };
      this.#log.error(about, 'a certificate that has not begun is left alone: the clock that it was made by is wrong');
    }
    this.#early = fingerprint256;
    return false;
  }

  #issuersOfServed(): Held['authorities'] {
    const [served] = certificatesIn(this.#held?.pair.certPem ?? '');
    if (served === undefined) return [];
    return this.#held?.authorities.filter((authority) => isIssuedBy(served, authority)) ?? [];
  }
}
