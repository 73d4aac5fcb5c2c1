import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { namespaceOf, podOf, policyOf } from '../lookup/documents.js';
import { envelope } from '../review.js';
import { startServing, type Serving } from '../serving.js';
import { startLoad } from './load.js';

const parent = mkdtempSync(join(tmpdir(), 'outrider-faults-'));
t.teardown(() => rmSync(parent, { recursive: true, force: true }));
t.setTimeout(900_000);

const body = envelope(podOf('web', 'acme/app:1', { command: ['/app'] }));
const clients = 8;

async function replica(graceMs: number): Promise<Serving> {
  return startServing({
    parent,
    documents: [namespaceOf('web'), policyOf('web', {})],
    flags: [`--drain-grace-ms=${graceMs}`],
  });
}

/** Two replicas behind what stands for a Service: new calls go to the ones in turn that count as ready. */
async function behindService(graceMs: number) {
  const replicas = [await replica(graceMs), await replica(graceMs)];
  let ready: readonly Serving[] = replicas;
  let next = 0;
  const load = startLoad({
    path: '/mutate/pods',
    body: () => body,
    clients,
    choose: () => {
      const chosen = ready[next++ % ready.length];
      if (chosen === undefined) throw new Error('no replica is ready');
      return chosen;
    },
  });
  const [first, second] = replicas;
  if (first === undefined || second === undefined) throw new Error('two replicas');
  return { first, second, load, only: (serving: Serving) => void (ready = [serving]) };
}

t.test('SIGTERM under load: no review fails', async (t) => {
  const { first, second, load, only } = await behindService(3_000);
  await load.more(300);
  first.kill('SIGTERM');
  // For a while the API server's connections, and new ones, still go there: that is what the grace is for.
  await sleep(1_500);
  only(second);
  t.equal(await first.exited, 0);
  await load.more(300);
  await load.stop();
  t.strictSame(load.failures, []);
  t.strictSame([...load.verdicts.keys()], ['inject/injected'], 'and none is left uninstrumented');
  t.comment(`${load.answered} reviews, ${load.retried} of them on a second try`);
  await second.stop();
});

t.test('SIGTERM without a grace: what comes after it is told to try again elsewhere', async (t) => {
  const { first, second, load, only } = await behindService(0);
  await load.more(300);
  only(second);
  first.kill('SIGTERM');
  t.equal(await first.exited, 0);
  await load.more(300);
  await load.stop();
  t.strictSame(load.failures, []);
  await second.stop();
});

t.test('SIGKILL under load: only the calls in flight are lost, and they are counted', async (t) => {
  const { first, second, load, only } = await behindService(0);
  await load.more(300);
  first.kill('SIGKILL');
  only(second);
  await first.exited;
  await load.more(300);
  await load.stop();
  t.ok(load.failures.length <= clients, `${load.failures.length} of ${clients} clients lost a review`);
  t.comment(`${load.failures.length} reviews lost, ${load.answered} answered; lost: ${load.failures.join('; ')}`);
  t.strictSame([...load.verdicts.keys()], ['inject/injected']);
  await second.stop();
});
