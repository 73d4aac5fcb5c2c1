import { isPending, type Outcome } from '../engine/outcome.js';
import type { Engine } from '../engine/engine.js';
import { objectOf, type JsonObject } from '../model/json.js';
import { names } from '../model/names.js';

/**
 * The versions that the other door may have used in another replica: replicas do not all learn of a changed policy,
 * profile or node at the same moment.
 */
export interface OtherVersions {
  /** Engines with the rules that were in force until recently; the latest first. */
  earlier(): Iterable<Engine>;
  /**
   * Reads live what this replica may not have heard of yet. Rejects when it cannot be read, and when the signal aborts.
   */
  catchUp(signal: AbortSignal): Promise<unknown>;
}

/**
 * Whether a pod that this replica's version denies may have been instrumented by another version: it carries our
 * record. The pod's author can write the record too, so it only makes a second look worth its cost.
 */
export function mayBeOfAnother({ decision }: Outcome, pod: JsonObject): boolean {
  if (decision.decision !== 'deny') return false;
  const annotations = objectOf(objectOf(pod['metadata'])?.['annotations']);
  return typeof annotations?.[names.plan] === 'string';
}

/** The outcome of the first earlier version by which the pod is instrumented as it has to be. */
export function byEarlier(
  versions: OtherVersions,
  decideBy: (engine: Engine) => Outcome | Promise<Outcome>,
): Outcome | undefined {
  for (const engine of versions.earlier()) {
    const outcome = decideBy(engine);
    if (isPending(outcome)) continue;
    const { decision } = outcome.decision;
    if (decision === 'inject' || decision === 'partial') return outcome;
  }
  return undefined;
}
