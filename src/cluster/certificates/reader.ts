import type { Clock } from '../../time/clock.js';
import type { JsonObject } from '../../model/json.js';
import type { Logger } from '../../observe/logger.js';
import { bundleOf, certificatesIn, isIssuedBy } from '../../tls/bundle.js';
import type { TlsPair } from '../../tls/pair.js';
import { contentsOf, unique, type Held } from './contents.js';

/**
 * What a replica makes of the Secret. What cannot be used is left where it is: a pair whose authority is not in the bundle,
 * one that has ended, or a Secret that was deleted take nothing away from what is served; it is for the leader to fix the
 * Secret.
 */
export class CertificateReader {
  readonly #clock: Pick<Clock, 'wallMs'>;
  readonly #log: Logger;
  readonly #pairListeners: ((pair: TlsPair) => void)[] = [];
  readonly #bundleListeners: (() => void)[] = [];
  #held: Held | undefined;
  #bundle = '';

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

  /** Takes over what the Secret holds; `undefined`: it is not there. */
  take(secret: JsonObject | undefined): void {
    if (secret === undefined) {
      if (this.#held !== undefined) this.#log.warn('the certificate’s Secret is gone; what it held is served on');
      return;
    }
    const { authorities, leaf } = contentsOf(secret);
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
      authorities.some((authority) => isIssuedBy(offered, authority)) &&
      Date.parse(offered.validTo) > this.#clock.wallMs()
    );
  }

  #issuersOfServed(): Held['authorities'] {
    const [served] = certificatesIn(this.#held?.pair.certPem ?? '');
    if (served === undefined) return [];
    return this.#held?.authorities.filter((authority) => isIssuedBy(served, authority)) ?? [];
  }
}
