import type { Clock } from '../../time/clock.js';
import type { JsonObject } from '../../model/json.js';
import type { Logger } from '../../observe/logger.js';
import { bundleOf, certificatesIn, isIssuedBy } from '../../tls/bundle.js';
import type { TlsPair } from '../../tls/pair.js';
import { contentsOf, unique, type Held } from './contents.js';

/** What a replica makes of the Secret. */
export interface CertificateReader {
  /** Takes over what the Secret holds; `undefined`: it is not there. */
  take(secret: JsonObject | undefined): void;
  /** What is served; `undefined` until the Secret held a pair. */
  held(): Held | undefined;
  /** Calls the listener with each pair from now on. */
  onPair(listener: (pair: TlsPair) => void): void;
  /** What the API server is to trust, PEM; empty until it is known. */
  bundle(): string;
  /** Calls the listener after each change of the bundle. */
  onBundle(listener: () => void): void;
}

/**
 * Makes a reader. What cannot be used is left where it is: a pair whose authority is not in the bundle, one that has
 * ended, or a Secret that was deleted take nothing away from what is served; it is for the leader to mend the Secret.
 */
export function createCertificateReader(options: {
  readonly clock: Pick<Clock, 'wallMs'>;
  readonly log: Logger;
}): CertificateReader {
  const { clock, log } = options;
  const pairListeners: ((pair: TlsPair) => void)[] = [];
  const bundleListeners: (() => void)[] = [];
  let held: Held | undefined;
  let bundle = '';
  return {
    take: (secret) => {
      if (secret === undefined) {
        if (held !== undefined) log.warn('the certificate’s Secret is gone; what it held is served on');
        return;
      }
      const { authorities, leaf } = contentsOf(secret);
      const [served] = certificatesIn(held?.pair.certPem ?? '');
      const issuers = (held?.authorities ?? []).filter(
        (authority) => served !== undefined && isIssuedBy(served, authority),
      );
      const [offered] = certificatesIn(leaf?.certPem ?? '');
      const isNew = leaf !== undefined && leaf.fingerprint !== held?.pair.fingerprint;
      const usable =
        offered !== undefined &&
        authorities.some((authority) => isIssuedBy(offered, authority)) &&
        Date.parse(offered.validTo) > clock.wallMs();
      const adopted = isNew && usable;
      // What is served has to stay trusted while nothing takes its place.
      const trusted = adopted ? authorities : unique([...authorities, ...issuers]);
      if (adopted) held = { pair: leaf, authorities: trusted };
      else if (held !== undefined) held = { pair: held.pair, authorities: trusted };
      const next = bundleOf(trusted);
      const changed = next !== '' && next !== bundle;
      if (changed) bundle = next;
      if (adopted) for (const listener of pairListeners) listener(leaf);
      if (changed) for (const listener of bundleListeners) listener();
    },
    held: () => held,
    onPair: (listener) => void pairListeners.push(listener),
    bundle: () => bundle,
    onBundle: (listener) => void bundleListeners.push(listener),
  };
}
