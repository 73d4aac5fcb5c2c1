import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { ImageStats } from '../model/image-stats.js';

/** What is measured of image look-ups. */
export interface ImageMetrics {
  /** Says where counts and sizes are read. */
  watchCache(read: () => ImageStats): void;
  /** Records one look-up that was not answered at once. `result` is `found`, or one of the closed list of reasons. */
  observeLookup(result: string, seconds: number): void;
  /** Counts one request to a registry or token server; no status for one that got no answer. */
  countRequest(purpose: 'manifest' | 'head' | 'blob' | 'token', status: number | undefined): void;
}

const lookupBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** Registers the metrics of image look-ups in a registry. */
export function createImageMetrics(registry: Registry): ImageMetrics {
  const registers = [registry];
  let read: (() => ImageStats) | undefined;
  // The resolver counts; a scrape takes its counts over.
  new Counter({
    name: 'outrider_image_cache_requests_total',
    help: 'Questions to the image cache, by how they were answered.',
    labelNames: ['result'] as const,
    registers,
    collect() {
      const stats = read?.();
      this.reset();
      this.inc({ result: 'hit' }, stats?.hits ?? 0);
      this.inc({ result: 'miss' }, stats?.misses ?? 0);
      this.inc({ result: 'stale' }, stats?.stale ?? 0);
      this.inc({ result: 'negative' }, stats?.negatives ?? 0);
      this.inc({ result: 'joined' }, stats?.joined ?? 0);
    },
  });
  new Counter({
    name: 'outrider_image_cache_evictions_total',
    help: 'Entries of the image cache dropped for room.',
    registers,
    collect() {
      this.reset();
      this.inc(read?.().evictions ?? 0);
    },
  });
  const gauge = (name: string, help: string, value: (stats: ImageStats) => number): void => {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        const stats = read?.();
        this.set(stats === undefined ? 0 : value(stats));
      },
    });
  };
  gauge('outrider_image_cache_entries', 'Images and indexes in the cache.', ({ entries }) => entries);
  gauge('outrider_image_cache_bytes', 'Bytes that the cached images take, about.', ({ bytes }) => bytes);
  gauge('outrider_image_lookups_in_flight', 'Image look-ups under way.', ({ inFlight }) => inFlight);
  const duration = new Histogram({
    name: 'outrider_image_lookup_duration_seconds',
    help: 'Time of image look-ups that were not answered at once.',
    labelNames: ['result'] as const,
    buckets: lookupBuckets,
    registers,
  });
  const requests = new Counter({
    name: 'outrider_registry_requests_total',
    help: 'Requests to registries and token servers, by purpose and class of the answer.',
    labelNames: ['purpose', 'code'] as const,
    registers,
  });
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
