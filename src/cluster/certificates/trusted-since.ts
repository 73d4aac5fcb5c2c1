import type { Clock } from '../../time/clock.js';
import { certificatesIn } from '../../tls/bundle.js';

/**
 * How long the webhook configurations have contained each authority. It is measured by our own monotonic clock, from when we
 * saw it ourselves, so neither a jump of the date nor another replica's claim can make the time too short. A new leader
 * starts counting again.
 */
export class TrustedSince {
  readonly #confirmed: () => string | undefined;
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #sinceMs = new Map<string, number>();
  #seen: string | undefined;

  /** @param confirmed the bundle that is known to be in the webhook configurations, PEM */
  constructor(confirmed: () => string | undefined, clock: Pick<Clock, 'monotonicMs'>) {
    this.#confirmed = confirmed;
    this.#clock = clock;
  }

  /** Looks at what is confirmed now. Call it often, because it knows only what it has seen. */
  sample(): void {
    const bundle = this.#confirmed() ?? '';
    if (bundle === this.#seen) return;
    this.#seen = bundle;
    const ids = new Set(certificatesIn(bundle).map(({ fingerprint256 }) => fingerprint256));
    for (const id of [...this.#sinceMs.keys()]) if (!ids.has(id)) this.#sinceMs.delete(id);
    for (const id of ids) if (!this.#sinceMs.has(id)) this.#sinceMs.set(id, this.#clock.monotonicMs());
  }

  /** Milliseconds since an authority was first seen to be trusted, without a break; `undefined` if it is not trusted. */
  forMs(id: string): number | undefined {
    const fromMs = this.#sinceMs.get(id);
    return fromMs === undefined ? undefined : this.#clock.monotonicMs() - fromMs;
  }
}
