import t from 'tap';
import { retryCommand } from '../../../src/cli/retry/retry.js';
import { ApiError } from '../../../src/cluster/client/api-error.js';
import { readTakenBack, type TakenBackEntry } from '../../../src/model/taken-back.js';
import { takenBackAt, takenBackMap } from '../../cluster/live/taken-back-map.js';
import { forbidden, storedObjects, type StoredObjects } from '../../cluster/stored-objects.js';
import { openInMemory, runCommand, type RanCommand } from '../run-command.js';
import { entryOf } from '../../support/taken-back-entry.js';

/** Runs the command in a cluster in memory. */
function retry(argv: readonly string[], { client }: StoredObjects = storedObjects()): Promise<RanCommand> {
  return runCommand('retry', retryCommand(openInMemory(client)), argv);
}

function cluster(...entries: readonly TakenBackEntry[]): StoredObjects {
  const api = storedObjects();
  api.put(takenBackAt, takenBackMap(...entries));
  return api;
}

const marks = (api: StoredObjects) => readTakenBack(api.objects.get(takenBackAt)?.['data']).retries.size;

t.test('what does not go together is wrong usage', async (t) => {
  const table: readonly (readonly [readonly string[], RegExp])[] = [
    [[], /nothing is asked for; name workloads, such as deploy\/web, or give --policy NAME or -A/],
    [['deploy/web', '--policy', 'p'], /deploy\/web and --policy are two ways to ask/],
    [['deploy/web', '-A'], /-A is for all that were taken back/],
    [['-A', '-n', 'shop'], /-n and -A are two answers/],
    [['web'], /web does not say its kind/],
  ];
  for (const [argv, message] of table) {
    const { code, stderr } = await retry(argv);
    t.equal(code, 2, argv.join(' '));
    t.match(stderr, message);
  }
});

t.test('the workload that is named is marked, and another is not', async (t) => {
  const api = cluster(entryOf(), entryOf({ name: 'api' }));
  const { code, stdout, stderr } = await retry(['deploy/web', 'deploy/other'], api);
  t.equal(stderr, '');
  t.equal(code, 0);
  t.match(stdout, '✓ deploy/web -n shop  tried again: once the leader has seen it, its next new pod gets our parts');
  t.match(stdout, 'kubectl -n shop delete pod NAME');
  t.match(stdout, '· deploy/other  nothing to do: it was not taken back');
  t.equal(marks(api), 1);
});

t.test('all of a policy, and all there are; one that is being tried needs no new pod', async (t) => {
  const entries = [entryOf({ stage: 'Trying' }), entryOf({ namespace: 'bank', policy: 'payments', kind: 'CronJob' })];
  const ofPolicy = cluster(...entries);
  t.match(
    (await retry(['--policy', 'payments', '-A'], ofPolicy)).stdout,
    /cronjob\/web -n bank .*\n +to have a new pod: wait for its next run/,
  );
  t.equal(marks(ofPolicy), 1);
  const all = cluster(...entries);
  const { stdout } = await retry(['-A', '-o', 'json'], all);
  t.match(JSON.parse(stdout), { results: [{ workload: 'cronjob/web', namespace: 'bank' }, { outcome: 'asked' }] });
  t.equal(marks(all), 2);
  t.match((await retry(['deploy/web'], all)).stdout, 'that had begun before');
});

t.test('where nothing was taken back, nothing is written', async (t) => {
  const api = storedObjects();
  t.same(await retry(['--policy', 'default'], api), { code: 0, stdout: 'nothing was taken back there\n', stderr: '' });
  t.same(
    api.asked.map(({ method }) => method),
    ['GET'],
  );
});

t.test('who may not do it learns which right is missing, and what has the same effect', async (t) => {
  const api = cluster(entryOf());
  api.fault = forbidden;
  const reading = await retry(['deploy/web'], api);
  t.equal(reading.code, 2);
  t.match(
    reading.stderr,
    /forbids its user to get ConfigMap outrider-system\/outrider-taken-back \(403\).*pod template/s,
  );
  api.fault = (method) => (method === 'PATCH' ? forbidden() : undefined);
  t.match((await retry(['deploy/web'], api)).stderr, /forbids its user to patch ConfigMap/);
  api.fault = () => new ApiError('GET x: overloaded', { status: 503, reason: 'ServiceUnavailable' });
  t.match(await retry(['deploy/web'], api), { code: 2, stderr: /overloaded; try again later/ });
});
