import type { X509Certificate } from 'node:crypto';
import type { Clock } from '../../time/clock.js';
import type { JsonObject } from '../../model/json.js';
import type { Logger } from '../../observe/logger.js';
import { bundleOf, certificatesIn, isIssuedBy } from '../../tls/bundle.js';
import type { TlsPair } from '../../tls/pair.js';
import { contentsOf, unique, type Held } from './contents.js';

// A certificate's dates are whole seconds.
const precisionMs = 1_000;

/**
 * What a replica makes of the Secret. What cannot be used is left where it is: a pair whose authority is not in the bundle,
 * one that has ended or not begun, or a Secret that was deleted take nothing away from what is served; it is for the leader to
 * fix the Secret. An authority that has not begun is not trusted yet.
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

  /** @param options.clock has the date of whoever judges the certificates */
  constructor({ clock, log }: { readonly clock: Pick<Clock, 'wallMs'>; readonly log: Logger }) {
    this.#clock = clock;
    this.#log = log;
  }

  /** What is served; `undefined` until the Secret held a pair. */
  held(): Held | undefined {
    return this.#held;
  }

  /** What the API server is to trust, PEM; empty until it is known. */
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

  /** Whether the Secret held what has not begun: it is to be taken again. */
  get waits(): boolean {
    return this.#waits;
  }

  /** Takes over what the Secret holds; `undefined`: it is not there. */
  take(secret: JsonObject | undefined): void {
    this.#waits = false;
    if (secret === undefined) {
      if (this.#held !== undefined) this.#log.warn('the certificate’s Secret is gone; what it held is served on');
      return;
    }
    const { authorities: all, leaf } = contentsOf(secret);
    const authorities = all.filter((authority) => this.#hasBegun(authority));
    const adopted = leaf !== undefined && this.#isNew(leaf) && this.#isUsable(leaf, authorities) ? leaf : undefined;
    // What is served has to stay trusted while nothing takes its place.
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

  /** One that has not is said once, and makes this wait. */
  #hasBegun({ validFrom, fingerprint256 }: X509Certificate): boolean {
    const nowMs = this.#clock.wallMs();
    if (Date.parse(validFrom) <= nowMs + precisionMs) return true;
    this.#waits = true;
    if (this.#early !== fingerprint256) {
      const about = { notBefore: new Date(validFrom), now: new Date(nowMs) };
      this.#log.error(about, 'a certificate that has not begun is left alone: the clock of whoever made it is wrong');
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
