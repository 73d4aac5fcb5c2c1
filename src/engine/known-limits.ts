import type { Door } from '../model/decision.js';
import type { NamespaceLimits } from '../model/namespace-limits.js';

/** What a cluster knows of its namespaces' LimitRanges and ResourceQuotas. */
export interface KnownLimits {
  /** What is known, however old; no I/O. `undefined`: nothing. */
  of(namespace: string): NamespaceLimits | undefined;
  /** Why nothing is known, for people; no I/O. */
  trouble(namespace: string): string | undefined;
  /**
   * Reads a namespace's limits before a pod there is decided on. Never rejects, and ends within half a second.
   *
   * @param signal ends the wait before that; absent where nothing else does
   * @returns `undefined` when there is nothing to wait for, as is usual
   */
  prepare(namespace: string, door: Door, signal: (() => AbortSignal) | undefined): Promise<void> | undefined;
}
