/** Counters of the image cache since the start, and sizes now; for metrics. */
export interface ImageStats {
  /** Look-ups answered from the cache. */
  readonly hits: number;
  /** Look-ups that had to ask a registry. */
  readonly misses: number;
  /** Look-ups answered past an answer's time, because the registry could not be asked. */
  readonly stale: number;
  /** Requests to a registry that were saved because its refusal is remembered. */
  readonly negatives: number;
  /** Look-ups that waited for one that was in progress. */
  readonly joined: number;
  /** Entries dropped for room. */
  readonly evictions: number;
  /** Look-ups in progress. */
  readonly inFlight: number;
  /** Images and indexes held. */
  readonly entries: number;
  /** Bytes they take, about. */
  readonly bytes: number;
}
