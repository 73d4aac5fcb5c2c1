import type { Counter, Registry } from 'prom-client';
import { metricTable } from './metric-table.js';
import { openCounter } from './open-metric.js';

/** Who instruments pods. */
export type InjectedBy = 'api-server' | 'webhook';

/** Counts who instruments pods, where the API server may do so by itself. */
export class InjectionMetrics {
  readonly #injections: Counter<'by'>;

  /** Registers the metric. */
  constructor(registry: Registry) {
    this.#injections = openCounter(registry, metricTable.injectionsBy);
    for (const by of ['api-server', 'webhook'] as const) this.#injections.inc({ by }, 0);
  }

  count(by: InjectedBy): void {
    this.#injections.inc({ by });
  }
}
