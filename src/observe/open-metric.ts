import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { MetricRow } from './metric-table.js';

/**
 * Registers a counter of the table.
 * @param fill called before each scrape, for what is counted elsewhere
 */
export function openCounter<Label extends string>(
  registry: Registry,
  { name, help, labels }: MetricRow<'counter', Label>,
  fill?: (counter: Counter<Label>) => void,
): Counter<Label> {
  return new Counter<Label>({
    name,
    help,
    labelNames: labels,
    registers: [registry],
    collect() {
      fill?.(this);
    },
  });
}

/**
 * Registers a gauge of the table.
 * @param fill called before each scrape, for what is known elsewhere
 */
export function openGauge<Label extends string>(
  registry: Registry,
  { name, help, labels }: MetricRow<'gauge', Label>,
  fill?: (gauge: Gauge<Label>) => void,
): Gauge<Label> {
  return new Gauge<Label>({
    name,
    help,
    labelNames: labels,
    registers: [registry],
    collect() {
      fill?.(this);
    },
  });
}

/**
 * Registers a histogram of the table.
 * @param fill called before each scrape, for what was gathered meanwhile
 */
export function openHistogram<Label extends string>(
  registry: Registry,
  { name, help, labels, buckets = [] }: MetricRow<'histogram', Label>,
  fill?: (histogram: Histogram<Label>) => void,
): Histogram<Label> {
  return new Histogram<Label>({
    name,
    help,
    labelNames: labels,
    buckets: [...buckets],
    registers: [registry],
    collect() {
      fill?.(this);
    },
  });
}
