import t from 'tap';
import { readClockSkew } from '../../src/cluster/overview/clock-skew.js';
import { ClusterMetrics } from '../../src/observe/cluster-metrics.js';
import { Registry } from '../../src/observe/metrics.js';

t.test('F27: how far the clock is off is told once it is known, as outrider status reads it', async (t) => {
  const registry = new Registry();
  const metrics = new ClusterMetrics(registry);
  const told = async (): Promise<number | undefined> => readClockSkew(await registry.metrics());
  t.equal(await told(), undefined, 'what nobody knows is not said to be nothing');
  for (const skewMs of [8 * 3_600_000, -250, 0]) {
    metrics.watchClockSkew(() => skewMs);
    t.equal(await told(), skewMs / 1000);
  }
  metrics.watchClockSkew(() => undefined);
  t.equal(await told(), undefined);
});
