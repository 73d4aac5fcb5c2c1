import { LRUCache } from 'lru-cache';
import type { TroubledWorkload } from '../../engine/take-back/next-state.js';
import { restartAdvice } from '../../model/restart-advice.js';
import { evidenceText, takenBackKey } from '../../model/taken-back.js';
import type { Clock } from '../../time/clock.js';
import type { EventRecorder } from '../events/recorder.js';

/** What is needed to write the Events. */
export interface TakeBackEventsOptions {
  readonly tell: EventRecorder['tell'];
  readonly clock: Pick<Clock, 'monotonicMs'>;
}

/** By default, the API server keeps an Event for an hour. */
const againMs = 60 * 60_000;
const mostWaiting = 1_000;
const mostKnown = 2_000;
/** As many at once as the recorder writes at once. */
const mostAtOnce = 100;

interface Waiting {
  readonly troubled: TroubledWorkload;
  readonly isLeftAlone: boolean;
}

/**
 * Tells the owners of workloads what of ours keeps their pods from running, and what helps. Each gets one Event an hour, and
 * each look causes a limited number; the others wait for the next.
 */
export class TakeBackEvents {
  readonly #options: TakeBackEventsOptions;
  readonly #toldMs = new LRUCache<string, number>({ max: mostKnown });
  readonly #waiting = new Map<string, Waiting>();

  constructor(options: TakeBackEventsOptions) {
    this.#options = options;
  }

  /** Reports what a look has found. */
  looked(leftAlone: readonly TroubledWorkload[], insisted: readonly TroubledWorkload[]): void {
    for (const troubled of leftAlone) this.#await(troubled, true);
    for (const troubled of insisted) this.#await(troubled, false);
    for (const [key, { troubled, isLeftAlone }] of [...this.#waiting].slice(0, mostAtOnce)) {
      this.#waiting.delete(key);
      this.#tell(troubled, isLeftAlone);
    }
  }

  #await(troubled: TroubledWorkload, isLeftAlone: boolean): void {
    const key = `${isLeftAlone ? 'left' : 'kept'} ${takenBackKey(troubled.look.workload)} ${troubled.look.plan}`;
    const nowMs = this.#options.clock.monotonicMs();
    if (nowMs - (this.#toldMs.get(key) ?? -Infinity) < againMs || this.#waiting.size >= mostWaiting) return;
    this.#toldMs.set(key, nowMs);
    this.#waiting.set(key, { troubled, isLeftAlone });
  }

  #tell({ look, evidence }: TroubledWorkload, isLeftAlone: boolean): void {
    const { workload, maker, policy } = look;
    const { uid, ...owner } = maker;
    const { namespace } = workload;
    const { kind, text } = restartAdvice({ workload, namespace });
    // Without the flag a restart leaves alone what nothing is missing of.
    const help = kind === 'command' ? `${text} --taken-back` : text;
    const then = isLeftAlone
      ? `New pods run without it, and it is tried again by itself. What helps the pods that hang: ${help}.`
      : `Policy ${policy} insists on it, so new pods have it all the same. Fix what is named here.`;
    this.#options.tell(
      { ...owner, namespace, ...(uid === undefined ? {} : { uid }) },
      {
        action: isLeftAlone ? 'TakeBack' : 'Insist',
        reason: isLeftAlone ? 'taken_back' : 'parts_fail',
        note: `The instrumentation by policy ${policy} keeps pods from running: ${evidenceText(evidence)}. ${then}`,
      },
    );
  }
}
