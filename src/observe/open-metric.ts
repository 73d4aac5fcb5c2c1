import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { MetricRow } from './metric-table.js';

/**
 * Registers a counter of the table.
 * @param fill called before each scrape, for what is counted elsewhere
 */
export function openCounter<Label extends string>(
  registry: Registry,
  row: MetricRow<'counter', Label>,
  fill?: (counter: Counter<Label>) => void,
): Counter<Label> {
  return new Counter<Label>(configurationOf(registry, row, fill));
}

/**
 * Registers a gauge of the table.
 * @param fill called before each scrape, for what is known elsewhere
 */
export function openGauge<Label extends string>(
  registry: Registry,
  row: MetricRow<'gauge', Label>,
  fill?: (gauge: Gauge<Label>) => void,
): Gauge<Label> {
  return new Gauge<Label>(configurationOf(registry, row, fill));
}

/**
 * Registers a histogram of the table.
 * @param fill called before each scrape, for what was gathered meanwhile
 */
export function openHistogram<Label extends string>(
  registry: Registry,
  row: MetricRow<'histogram', Label>,
  fill?: (histogram: Histogram<Label>) => void,
): Histogram<Label> {
  return new Histogram<Label>({ ...configurationOf(registry, row, fill), buckets: [...(row.buckets ?? [])] });
}

function configurationOf<Label extends string, Metric>(
  registry: Registry,
  { name, help, labels }: MetricRow<string, Label>,
  fill: ((metric: Metric) => void) | undefined,
) {
  return {
    name,
    help,
    labelNames: labels,
    registers: [registry],
    collect(this: Metric) {
      fill?.(this);
    },
  };
}
