import type { Registry } from 'prom-client';
import type { ImageStats } from '../model/image-stats.js';
import { metricTable } from './metric-table.js';
import { openCounter, openGauge, openHistogram } from './open-metric.js';

/** What is measured of image look-ups. */
export interface ImageMetrics {
  /** Says where counts and sizes are read. */
  watchCache(read: () => ImageStats): void;
  /** Records one look-up that was not answered at once. `result` is `found`, or one of the closed list of reasons. */
  observeLookup(result: string, seconds: number): void;
  /** Counts one request to a registry or token server; no status for one that got no answer. */
  countRequest(purpose: 'manifest' | 'head' | 'blob' | 'token', status: number | undefined): void;
}

/** Registers the metrics of image look-ups in a registry. */
export function createImageMetrics(registry: Registry): ImageMetrics {
  let read: (() => ImageStats) | undefined;
  // The resolver counts; a scrape takes its counts over.
  openCounter(registry, metricTable.cacheRequests, (counter) => {
    const stats = read?.();
    counter.reset();
    counter.inc({ result: 'hit' }, stats?.hits ?? 0);
    counter.inc({ result: 'miss' }, stats?.misses ?? 0);
    counter.inc({ result: 'stale' }, stats?.stale ?? 0);
    counter.inc({ result: 'negative' }, stats?.negatives ?? 0);
    counter.inc({ result: 'joined' }, stats?.joined ?? 0);
  });
  openCounter(registry, metricTable.cacheEvictions, (counter) => {
    counter.reset();
    counter.inc(read?.().evictions ?? 0);
  });
  openGauge(registry, metricTable.cacheEntries, (gauge) => gauge.set(read?.().entries ?? 0));
  openGauge(registry, metricTable.cacheBytes, (gauge) => gauge.set(read?.().bytes ?? 0));
  openGauge(registry, metricTable.lookupsInFlight, (gauge) => gauge.set(read?.().inFlight ?? 0));
  const duration = openHistogram(registry, metricTable.lookupDuration);
  const requests = openCounter(registry, metricTable.registryRequests);
  return {
    watchCache: (from) => {
      read = from;
    },
    observeLookup: (result, seconds) => {
      duration.observe({ result }, seconds);
    },
    countRequest: (purpose, status) => {
      requests.inc({ purpose, code: codeOf(status) });
    },
  };
}

/** The codes that alerts tell apart, else the class: a registry could answer with any number. */
function codeOf(status: number | undefined): string {
  if (status === undefined) return 'none';
  if (status === 401 || status === 403 || status === 404 || status === 429) return String(status);
  return status >= 200 && status < 600 ? `${Math.floor(status / 100)}xx` : 'other';
}
