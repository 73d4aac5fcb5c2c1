import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import t, { type Test } from 'tap';
import type { PageOptions } from '../../../src/cluster/client/api-client.js';
import { listOf, objectOf, type JsonObject } from '../../../src/model/json.js';
import { pagedObjects } from '../../cluster/paged-objects.js';
import { deployment, inNamespaces, keyIn, namespaceOf, policyObject, runDiff } from './run-preview.js';

t.setTimeout(240_000);

setFlagsFromString('--expose-gc');
const collect: unknown = runInNewContext('gc');
function liveBytes(): number {
  if (typeof collect !== 'function') throw new Error('no garbage can be collected');
  Reflect.apply(collect, undefined, []);
  return process.memoryUsage().heapUsed;
}

const namespaces = 40;
const mega = (bytes: number): string => (bytes / 1e6).toFixed(1);
// As large as manifests of real workloads are.
const filler = Object.fromEntries(
  Array.from({ length: 40 }, (_, index) => [`example.com/note-${index}`, 'x'.repeat(100)]),
);

function workload(index: number, templates: number): JsonObject {
  const name = `app-${index}`;
  const spec = {
    containers: [{ name: 'app', image: `acme/app:${index % templates}`, command: ['/app'] }],
  };
  const made = deployment(`team-${index % namespaces}`, name, 2, spec);
  const metadata = { ...objectOf(made['metadata']), uid: `uid-${index}`, annotations: filler };
  return { ...made, metadata };
}

/** Previews a cluster whose pages are made when they are asked for. @returns the most that it held while a page was there */
async function heldBy(t: Test, workloads: number, templates: number): Promise<number> {
  const cluster = pagedObjects(
    Array.from({ length: namespaces }, (_, index) => `team-${index}`).flatMap((name) => [
      namespaceOf(name, { team: 'yes' }),
      keyIn(name),
    ]),
    { '/apis/apps/v1/deployments': { count: workloads, make: (index) => workload(index, templates) } },
  );
  const base = liveBytes();
  let most = 0;
  const client = {
    ...cluster.client,
    page: async (path: string, options?: PageOptions) => {
      const read = await cluster.client.page(path, options);
      most = Math.max(most, liveBytes() - base);
      return read;
    },
  };
  const policy = JSON.stringify(policyObject('all', inNamespaces({ team: 'yes' })));
  const ran = await runDiff(t, { ...cluster, client }, ['--policy', 'policy.yaml', '-A', '-o', 'json'], {
    'policy.yaml': policy,
  });
  t.equal(ran.code, 1);
  t.equal(listOf(objectOf(JSON.parse(ran.stdout))?.['workloads']).length, workloads);
  t.comment(`${workloads} workloads, ${templates} templates: at most ${mega(most)} MB more`);
  return most;
}

t.test('5,000 workloads are looked at in bounded memory: a row for each, and no object', async (t) => {
  const few = await heldBy(t, 500, 50);
  const many = await heldBy(t, 5_000, 50);
  const perWorkload = (many - few) / 4_500;
  t.comment(`${Math.round(perWorkload)} bytes a workload`);
  t.ok(perWorkload < 1_500, `${Math.round(perWorkload)} bytes a workload, of objects of more than 4 KB`);
  const distinct = await heldBy(t, 5_000, 5_000);
  t.ok(distinct < 32e6, `${mega(distinct)} MB where every template is another one`);
});
