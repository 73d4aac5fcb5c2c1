import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { pathOf, resources } from '../../../src/cluster/client/resources.js';
import { until } from './guarded-process.js';
import { clientOf } from './in-cluster.js';
import { install } from './installation.js';
import { wrapper } from './instrumented.js';
import { accessKey, namespace, policy } from './objects.js';
import { pod } from './pods.js';

// What a node short of CPU time does to a replica that is being replaced: it stands still just when it ends.

t.setTimeout(900_000);

const secure = { tier: 'secure' };
const graceMs = 2_000;
const stillMs = 400;
/** So many that the API server opens more connections than it needs from then on. */
const atOnce = 60;
const replacements = 3;

const here = await install({ flags: [`--drain-grace-ms=${graceMs}`] });
t.teardown(() => here.stop());
let replica = await here.addReplica('first');
await here.apply([namespace('secure', secure), accessKey('secure'), policy('secure', secure, { prefer: 'Security' })]);
const client = clientOf(here.api.kubeconfig);
t.teardown(() => client.close());

let asked = 0;
const refusals: string[] = [];

/** Creates pods at the same time; dry runs, since nobody would take them away. */
async function create(count: number): Promise<void> {
  const path = pathOf(resources.pods, { namespace: 'secure' });
  const one = (): Promise<void> =>
    client.create(path, pod(`web-${asked++}`), { query: { dryRun: 'All' } }).then(
      () => undefined,
      (error: unknown) => void refusals.push(String(error)),
    );
  await Promise.all(Array.from({ length: count }, one));
}

t.test('a replica that stands still when its grace ends refuses no pod under Security', async (t) => {
  await until('the webhook configurations', async () => {
    const { containers } = await here.created('secure', pod('probe'), '--dry-run=server');
    return containers[0]?.argv[0] === wrapper;
  });
  for (let round = 1; round <= replacements; round++) {
    const next = await here.addReplica(`replica-${round}`);
    const old = replica;
    replica = next;
    // On the connections of this burst, which are idle from then on, the next one comes.
    await create(atOnce);
    old.process.signal('TERM');
    await sleep(graceMs - stillMs / 2);
    old.process.signal('STOP');
    const burst = create(atOnce);
    await sleep(stillMs);
    old.process.signal('CONT');
    await burst;
    t.equal(await old.process.ended, 0);
  }
  t.same(refusals, []);
  t.equal(asked, 2 * atOnce * replacements);
});
