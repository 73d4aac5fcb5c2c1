import { LRUCache } from 'lru-cache';
import type { Clock } from '../../time/clock.js';

/** How long a pod counts as new: what fails later has worked before. */
export const youngMs = 60 * 60_000;
const most = 5_000;

/**
 * Names of the namespaces in which pods were instrumented within the last hour, as far as this replica learns of it: by its own
 * reviews, by the sweep of running pods, and by pods that are seen before they run.
 */
export class YoungNamespaces {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #untilMs = new LRUCache<string, number>({ max: most });

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock;
  }

  /** @param ageMs of the pod that was instrumented there */
  readonly note = (namespace: string, ageMs = 0): void => {
    if (ageMs >= youngMs) return;
    const untilMs = this.#clock.monotonicMs() + youngMs - Math.max(0, ageMs);
    if (untilMs > (this.#untilMs.get(namespace) ?? -Infinity)) this.#untilMs.set(namespace, untilMs);
  };

  /** Those that are still young. */
  names(): ReadonlySet<string> {
    const nowMs = this.#clock.monotonicMs();
    return new Set([...this.#untilMs.entries()].filter(([, untilMs]) => untilMs > nowMs).map(([name]) => name));
  }
}
