import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { stringOf } from '../../../src/model/json.js';
import { createSetClock } from '../../support/set-clock.js';
import { namespaceOf, podOf, policyOf } from '../lookup/documents.js';
import { envelope } from '../review.js';
import { startServing } from '../serving.js';
import { startLoad } from './load.js';

const parent = mkdtempSync(join(tmpdir(), 'outrider-faults-'));
t.teardown(() => rmSync(parent, { recursive: true, force: true }));
t.setTimeout(900_000);

const dayMs = 24 * 60 * 60 * 1000;
const jumps: readonly (readonly [string, number])[] = [
  ['+1d', dayMs],
  ['+0', 0],
  ['-1d', -dayMs],
  ['+1d', dayMs],
];

/** Starts a server whose clock is so far from the real one: `+0`, `-1d`. */
async function serveAt(t: Pick<Test, 'teardown'>, start: string) {
  const clock = createSetClock(parent, start);
  const serving = await startServing({
    parent,
    documents: [namespaceOf('web'), policyOf('web', {})],
    env: clock.env,
  });
  t.teardown(() => serving.stop());
  return { serving, setClock: clock.set };
}

t.test('the clock jumps by a day and more, both ways, and no review fails', async (t) => {
  const { serving, setClock } = await serveAt(t, '+0');
  const body = envelope(podOf('web', 'acme/app:1', { command: ['/app'] }));
  const choose = () => ({ port: serving.port, ca: serving.ca });
  const load = startLoad({ path: '/mutate/pods', body: () => body, clients: 4, choose });
  await load.more(200);
  for (const [text, expectedMs] of jumps) {
    setClock(text);
    const before = serving.logged('reviewed').length;
    await load.more(400);
    const last = Date.parse(stringOf(serving.logged('reviewed').at(-1)?.['time']) ?? '') - Date.now();
    t.ok(serving.logged('reviewed').length > before, 'reviews are logged');
    t.ok(Math.abs(last - expectedMs) < 60_000, `the log has the time that the clock shows: ${text}`);
  }
  await load.stop();
  t.strictSame(load.failures, []);
  t.strictSame([...load.verdicts.keys()], ['inject/injected']);
  t.equal(serving.logged('the process stood still: too little CPU time, or too much work').length, 0);
  const buckets = 'outrider_admission_duration_seconds';
  const [sum, count] = [await serving.metric(`${buckets}_sum{door="mutate"}`), load.answered];
  t.ok(sum > 0 && sum < count, `durations are not told by that clock: ${sum} s for ${count} reviews`);
  t.ok(
    serving
      .logged('reviewed')
      .every((line) => Number(line['durationMs']) >= 0 && Number(line['durationMs']) < dayMs / 24),
  );
});

t.test('a certificate and a configuration that come behind a jump are taken', async (t) => {
  const { serving, setClock } = await serveAt(t, '-1d');
  const pod = podOf('web', 'acme/app:1', { command: ['/app'] });
  t.match(await serving.review(pod), { verdict: 'inject/injected' }, 'its own certificate of yesterday is valid today');
  setClock('+1d');
  const before = await serving.metric('outrider_configuration_reloads_total{result="success"}');
  writeFileSync(join(serving.folder, 'config', '1.json'), JSON.stringify(policyOf('web', { mode: 'Report' })));
  while ((await serving.metric('outrider_configuration_reloads_total{result="success"}')) === before) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  t.match(await serving.review(pod), { verdict: 'skip/report_mode' });
  t.equal(await serving.stop(), 0);
});
