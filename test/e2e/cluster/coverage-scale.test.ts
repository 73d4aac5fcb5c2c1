/*
 * A sweep of many pods on a real API server: counts that are exact, and what it costs. The usual size is small; all of it,
 * 10,000 pods of 500 workloads in 50 namespaces, is asked for with OUTRIDER_SCALE_PODS=10000, as docs/testing.md says.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import t, { type Test } from 'tap';
import type { PodClient } from '../../../src/cluster/coverage/paced-client.js';
import { sweepPods, type Swept } from '../../../src/cluster/coverage/sweep.js';
import { countsText, noCounts } from '../../../src/model/coverage.js';
import { systemClock } from '../../../src/time/clock.js';
import { sleepByTimer } from '../../../src/time/sleep.js';
import { startApiServer } from './api-server.js';
import { countedWay, engineNow, fill, namespacesOf, wantedOf, type Scale } from './coverage-scale-scene.js';
import { clientOf } from './in-cluster.js';

const pods = Number(process.env['OUTRIDER_SCALE_PODS'] ?? 600);

t.setTimeout(600_000 + pods * 120);

setFlagsFromString('--expose-gc');
const collect: unknown = runInNewContext('gc');
function liveBytes(): number {
  if (typeof collect !== 'function') throw new Error('no garbage can be collected');
  Reflect.apply(collect, undefined, []);
  return process.memoryUsage().heapUsed;
}

const mega = (bytes: number): string => (bytes / 1e6).toFixed(1);

/** A client of a cluster with these pods, and a sweep that is checked to count each of them. */
async function swept(t: Test, scale: Scale) {
  const api = await startApiServer({ controllerManager: false });
  t.teardown(() => api.stop());
  await fill(api, scale);
  const way = await countedWay(api);
  const client = clientOf(way.kubeconfig);
  t.teardown(async () => {
    await client.close();
    way.stop();
  });
  const sweep = (of: PodClient): Promise<Swept> =>
    sweepPods({
      client: of,
      clock: systemClock,
      random: Math.random,
      sleep: sleepByTimer,
      engine: engineNow,
      earlier: [],
      calledFor: () => ({ sinceMs: undefined, unreached: [] }),
      namespaces: namespacesOf(scale),
      everyMs: 0,
      sampled: 40,
      signal: new AbortController().signal,
    });
  const startBytes = way.bytes();
  const startMs = performance.now();
  const { tally, requests } = await sweep(client);
  const seconds = (performance.now() - startMs) / 1000;
  const bytes = way.bytes() - startBytes;
  const counts = { ...noCounts };
  for (const found of tally.policies(20).values()) {
    for (const state of ['instrumented', 'stale', 'missed', 'forged'] as const) counts[state] += found.counts[state];
  }
  t.equal(countsText(counts), countsText(wantedOf(scale)));
  t.equal(tally.workloads().length, scale.workloads);
  t.comment(
    `${scale.workloads * scale.perWorkload} pods, ${scale.workloads} workloads, ${scale.namespaces} namespaces: ${requests} requests, ${mega(bytes)} MB, ${seconds.toFixed(1)} s`,
  );
  return { client, sweep, requests };
}

t.test('a sweep of many pods counts each, keeps nothing, and costs what docs say', async (t) => {
  const namespaces = 50;
  const workloads = Math.max(namespaces, Math.round(pods / 20));
  const perWorkload = Math.round(pods / workloads);
  const { client, sweep } = await swept(t, { namespaces, secureNamespaces: 10, workloads, perWorkload });

  // Once more, with a forced collection while each page is held.
  const base = liveBytes();
  let most = 0;
  await sweep({
    page: async (path, options) => {
      const page = await client.page(path, options);
      most = Math.max(most, liveBytes() - base);
      return page;
    },
  });
  const kept = liveBytes() - base;
  t.comment(`heap +${mega(most)} MB while sweeping, +${mega(kept)} MB behind it`);
  t.ok(most < 15e6, `${mega(most)} MB more while sweeping`);
  t.ok(kept < 3e6, `${mega(kept)} MB behind it`);
});

t.test('a thousand namespaces are looked at by lists over all of them, and each pod is counted', async (t) => {
  const scale = { namespaces: 1000, secureNamespaces: 10, workloads: 1000, perWorkload: 1 };
  const { requests } = await swept(t, scale);
  // One page without a record, two with one, one for each namespace under Security, and 40 pods drawn.
  t.equal(requests, 1 + 2 + 10 + 40);
});
