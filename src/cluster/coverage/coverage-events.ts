import { LRUCache } from 'lru-cache';
import { countsText, type PolicyCoverage, type WorkloadCoverage } from '../../model/coverage.js';
import { restartAdvice } from '../../model/restart-advice.js';
import type { Clock } from '../../time/clock.js';
import type { EventRecorder } from '../events/recorder.js';

/** What is needed to write the Events. */
export interface CoverageEventsOptions {
  readonly tell: EventRecorder['tell'];
  readonly clock: Pick<Clock, 'monotonicMs'>;
  /** Whether a policy asks for Events that name the command that fixes a workload. */
  readonly advises: (policy: string) => boolean;
}

/** By default, the API server keeps an Event for an hour. */
const againMs = 60 * 60_000;
const mostKnown = 5_000;

const reasons = { forged: 'pods_forged', missed: 'pods_missed', stale: 'pods_stale' } as const;

/**
 * Tells the owners of the worst workloads that their pods run uninstrumented. If the policy gives advice, it also tells them
 * that pods run by an earlier plan, with the command that helps. Each workload gets one Event an hour, so that not every
 * look repeats what is known.
 */
export class CoverageEvents {
  readonly #options: CoverageEventsOptions;
  readonly #toldMs = new LRUCache<string, number>({ max: mostKnown });

  constructor(options: CoverageEventsOptions) {
    this.#options = options;
  }

  /** Reports what a sweep has found. */
  swept(policies: ReadonlyMap<string, PolicyCoverage>): void {
    for (const { worst } of policies.values()) for (const one of worst) this.#tell(one);
  }

  #tell(one: WorkloadCoverage): void {
    const { state, policy, namespace, workload, counts, pods, detail, maker } = one;
    const isAdvised = this.#options.advises(policy) && (state === 'missed' || state === 'stale');
    if (state !== 'forged' && state !== 'missed' && !(state === 'stale' && isAdvised)) return;
    const key = `${policy} ${state} ${namespace} ${workload.apiVersion} ${workload.kind} ${workload.name}`;
    const nowMs = this.#options.clock.monotonicMs();
    if (nowMs - (this.#toldMs.get(key) ?? -Infinity) < againMs) return;
    this.#toldMs.set(key, nowMs);
    const { uid, ...owner } = maker;
    const help = isAdvised ? ` What helps: ${restartAdvice({ workload, namespace }).text}.` : '';
    const of = pods === 1 ? 'One pod' : `${pods} pods`;
    this.#options.tell(
      { ...owner, namespace, ...(uid === undefined ? {} : { uid }) },
      {
        action: 'Audit',
        reason: reasons[state],
        note: `${of} under policy ${policy}: ${countsText(counts)}. ${one.pod}: ${detail}. See outrider coverage -n ${namespace}.${help}`,
      },
    );
  }
}
