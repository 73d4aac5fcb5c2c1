import { Registry } from 'prom-client';
import t from 'tap';
import { ImageMetrics } from '../../src/observe/image-metrics.js';

t.test('look-ups are counted from the resolver’s own numbers, with bounded labels', async (t) => {
  const registry = new Registry();
  const metrics = new ImageMetrics(registry);
  t.match(await registry.metrics(), 'outrider_image_cache_requests_total{result="hit"} 0', 'there before the first');
  const stats = {
    hits: 5,
    misses: 2,
    stale: 1,
    negatives: 3,
    joined: 4,
    evictions: 6,
    inFlight: 7,
    entries: 8,
    bytes: 9,
  };
  metrics.watchCache(() => stats);
  metrics.observeLookup('found', 0.2);
  metrics.observeLookup('image_not_found', 0.2);
  for (const status of [200, 206, 307, 401, 404, 418, 429, 503, 799, undefined]) metrics.countRequest('head', status);
  await registry.metrics();
  const page = await registry.metrics();
  for (const line of [
    'outrider_image_cache_requests_total{result="hit"} 5',
    'outrider_image_cache_requests_total{result="miss"} 2',
    'outrider_image_cache_requests_total{result="stale"} 1',
    'outrider_image_cache_requests_total{result="negative"} 3',
    'outrider_image_cache_requests_total{result="joined"} 4',
    'outrider_image_cache_evictions_total 6',
    'outrider_image_lookups_in_flight 7',
    'outrider_image_cache_entries 8',
    'outrider_image_cache_bytes 9',
    'outrider_image_lookup_duration_seconds_count{result="image_not_found"} 1',
    'outrider_registry_requests_total{purpose="head",code="2xx"} 2',
    'outrider_registry_requests_total{purpose="head",code="404"} 1',
    'outrider_registry_requests_total{purpose="head",code="4xx"} 1',
    'outrider_registry_requests_total{purpose="head",code="other"} 1',
    'outrider_registry_requests_total{purpose="head",code="none"} 1',
  ]) {
    t.ok(page.split('\n').includes(line), line);
  }
});
