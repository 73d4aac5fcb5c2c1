import type { Gauge, Registry } from 'prom-client';
import { coverageStates, type PolicyCoverage } from '../model/coverage.js';
import type { Prefer } from '../model/policy.js';
import type { Clock } from '../time/clock.js';
import { metricTable } from './metric-table.js';
import { openGauge } from './open-metric.js';

/** Metrics of running pods. Only the leading replica has them. */
export class CoverageMetrics {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #pods: Gauge<'policy' | 'prefer' | 'state'>;
  readonly #byApiServer: Gauge<'policy'>;
  readonly #seconds: Gauge;
  #throughMs: number | undefined;

  /** Registers the metrics. */
  constructor(registry: Registry, clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock;
    this.#pods = openGauge(registry, metricTable.coveragePods);
    this.#byApiServer = openGauge(registry, metricTable.coverageByApiServer);
    this.#seconds = openGauge(registry, metricTable.coverageDuration);
    openGauge(registry, metricTable.coverageAge, (gauge) => {
      if (this.#throughMs === undefined) gauge.remove();
      else gauge.set((this.#clock.monotonicMs() - this.#throughMs) / 1000);
    });
    this.clear();
  }

  /** Says that sweeps begin. */
  begin(): void {
    this.#throughMs = this.#clock.monotonicMs();
  }

  /**
   * Records a sweep that came through.
   * @param prefer of every policy: one without pods has zeros
   */
  swept(policies: ReadonlyMap<string, PolicyCoverage>, prefer: ReadonlyMap<string, Prefer>, durationMs: number): void {
    this.#throughMs = this.#clock.monotonicMs();
    this.#seconds.set(durationMs / 1000);
    this.#pods.reset();
    this.#byApiServer.reset();
    for (const [policy, preferred] of prefer) {
      const { counts: found, byApiServer = 0 } = policies.get(policy) ?? {};
      this.#byApiServer.set({ policy }, byApiServer);
      for (const state of coverageStates) this.#pods.set({ policy, prefer: preferred, state }, found?.[state] ?? 0);
    }
  }

  /** Forgets everything: another replica leads. */
  clear(): void {
    this.#throughMs = undefined;
    this.#pods.reset();
    this.#byApiServer.reset();
    this.#seconds.remove();
  }
}
