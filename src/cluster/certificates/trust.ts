import type { Clock } from '../../time/clock.js';
import { certificatesIn } from '../../tls/bundle.js';

/** For how long the webhook configurations have had which authorities. */
export interface Trust {
  /** Looks at what is confirmed now. To be called often: what it does not see, did not happen. */
  sample(): void;
  /** Milliseconds since an authority was first seen to be trusted, without a break; `undefined`: it is not. */
  forMs(id: string): number | undefined;
}

/**
 * Measures by our own monotonic clock, from when we saw it ourselves: neither a jump of the date nor another replica's
 * word can make the time too short. A new leader counts anew.
 * @param confirmed the bundle that is known to stand in the webhook configurations, PEM
 */
export function createTrust(confirmed: () => string | undefined, clock: Pick<Clock, 'monotonicMs'>): Trust {
  const since = new Map<string, number>();
  let seen: string | undefined;
  return {
    sample: () => {
      const bundle = confirmed() ?? '';
      if (bundle === seen) return;
      seen = bundle;
      const ids = new Set(certificatesIn(bundle).map(({ fingerprint256 }) => fingerprint256));
      for (const id of [...since.keys()]) if (!ids.has(id)) since.delete(id);
      for (const id of ids) if (!since.has(id)) since.set(id, clock.monotonicMs());
    },
    forMs: (id) => {
      const fromMs = since.get(id);
      return fromMs === undefined ? undefined : clock.monotonicMs() - fromMs;
    },
  };
}
