import type { Counter, Gauge, Registry } from 'prom-client';
import type { Clock } from '../time/clock.js';
import { metricTable } from './metric-table.js';
import { openCounter, openGauge } from './open-metric.js';

/** What a workload's state is counted as. */
export const takenBackStates = ['left_alone', 'trying', 'insisted', 'beyond'] as const;

/** How many workloads of a policy are in each state. */
export type TakenBackCounts = Readonly<Record<(typeof takenBackStates)[number], number>>;

/** Metrics of workloads that instrumentation was taken back from. Only the leading replica has the gauges. */
export class TakeBackMetrics {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #workloads: Gauge<'policy' | 'state'>;
  readonly #tries: Counter<'result'>;
  readonly #seconds: Gauge;
  #throughMs: number | undefined;

  /** Registers the metrics. */
  constructor(registry: Registry, clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock;
    this.#workloads = openGauge(registry, metricTable.takenBackWorkloads);
    this.#tries = openCounter(registry, metricTable.takeBackTries);
    this.#seconds = openGauge(registry, metricTable.takeBackDuration);
    openGauge(registry, metricTable.takeBackAge, (gauge) => {
      if (this.#throughMs === undefined) gauge.remove();
      else gauge.set((this.#clock.monotonicMs() - this.#throughMs) / 1000);
    });
    this.clear();
  }

  /** Says that looks begin. */
  begin(): void {
    this.#throughMs = this.#clock.monotonicMs();
  }

  /** Records a look that came through. @param counts of every policy */
  looked(counts: ReadonlyMap<string, TakenBackCounts>, durationMs: number): void {
    this.#throughMs = this.#clock.monotonicMs();
    this.#seconds.set(durationMs / 1000);
    this.#workloads.reset();
    for (const [policy, of] of counts) {
      for (const state of takenBackStates) this.#workloads.set({ policy, state }, of[state]);
    }
  }

  /** Counts tries that ended. */
  countTries(result: 'success' | 'failure', count: number): void {
    if (count > 0) this.#tries.inc({ result }, count);
  }

  /** Forgets the state: another replica leads. */
  clear(): void {
    this.#throughMs = undefined;
    this.#workloads.reset();
    this.#seconds.remove();
  }
}
