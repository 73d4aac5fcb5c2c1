import type { Counter, Histogram, Registry } from 'prom-client';
import type { ImageStats } from '../model/image-stats.js';
import { metricTable } from './metric-table.js';
import { openCounter, openGauge, openHistogram } from './open-metric.js';

/** Metrics of image look-ups. */
export class ImageMetrics {
  readonly #duration: Histogram<'result'>;
  readonly #requests: Counter<'purpose' | 'code'>;
  #read: (() => ImageStats) | undefined;

  /** Registers the metrics. The resolver counts; a scrape takes its counts over. */
  constructor(registry: Registry) {
    openCounter(registry, metricTable.cacheRequests, (counter) => {
      const stats = this.#read?.();
      counter.reset();
      counter.inc({ result: 'hit' }, stats?.hits ?? 0);
      counter.inc({ result: 'miss' }, stats?.misses ?? 0);
      counter.inc({ result: 'stale' }, stats?.stale ?? 0);
      counter.inc({ result: 'negative' }, stats?.negatives ?? 0);
      counter.inc({ result: 'joined' }, stats?.joined ?? 0);
    });
    openCounter(registry, metricTable.cacheEvictions, (counter) => {
      counter.reset();
      counter.inc(this.#read?.().evictions ?? 0);
    });
    openGauge(registry, metricTable.cacheEntries, (gauge) => gauge.set(this.#read?.().entries ?? 0));
    openGauge(registry, metricTable.cacheBytes, (gauge) => gauge.set(this.#read?.().bytes ?? 0));
    openGauge(registry, metricTable.lookupsInFlight, (gauge) => gauge.set(this.#read?.().inFlight ?? 0));
    this.#duration = openHistogram(registry, metricTable.lookupDuration);
    this.#requests = openCounter(registry, metricTable.registryRequests);
  }

  /** Sets how counts and sizes are read. */
  watchCache(read: () => ImageStats): void {
    this.#read = read;
  }

  /** Records one look-up that was not answered at once. `result` is `found`, or one of the closed list of reasons. */
  observeLookup(result: string, seconds: number): void {
    this.#duration.observe({ result }, seconds);
  }

  /** Counts one request to a registry or token server; no status for one that got no answer. */
  countRequest(purpose: 'manifest' | 'head' | 'blob' | 'token', status: number | undefined): void {
    this.#requests.inc({ purpose, code: codeOf(status) });
  }
}

/** The codes that alerts tell apart, else the class: a registry could answer with any number. */
function codeOf(status: number | undefined): string {
  if (status === undefined) return 'none';
  if (status === 401 || status === 403 || status === 404 || status === 429) return String(status);
  return status >= 200 && status < 600 ? `${Math.floor(status / 100)}xx` : 'other';
}
