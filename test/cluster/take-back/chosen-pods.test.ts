import fc from 'fast-check';
import t from 'tap';
import { choosePods, inTurn, isAllSuspect } from '../../../src/cluster/take-back/chosen-pods.js';
import { groupOf, type PodRow } from '../../../src/cluster/take-back/rows.js';
import { engineFor } from '../../support/engine.js';
import { podOf } from '../../support/pods.js';
import { entryFor } from '../../support/taken-back.js';

const minuteMs = 60_000;
const nowMs = Date.parse('2026-11-29T12:00:00Z');
const afterMs = 5 * minuteMs;

function row(name: string, minutes: number, isSuspect = true): PodRow {
  return { name, group: groupOf(name), ageMs: minutes * minuteMs, isSuspect, isReady: !isSuspect };
}

const namesOf = (rows: readonly PodRow[], ...entries: readonly ReturnType<typeof entryFor>[]) =>
  choosePods({ namespace: 'shop', rows, entries, afterMs, nowMs }).map(({ names }) => names);

const entry = (kind: string, name: string, over: object) => entryFor(podOf(), engineFor(), { kind, name, ...over });

t.test('two new suspects of each group are read, once they had time to fail', (t) => {
  t.same(namesOf([row('web-5d-a', 9), row('web-5d-b', 8), row('web-5d-c', 7), row('web-5d-d', 3), row('db-0', 8)]), [
    ['web-5d-c', 'web-5d-b'],
    ['db-0'],
  ]);
  t.same(namesOf([row('web-5d-a', 61), row('web-5d-b', 8, false)]), []);
  t.end();
});

t.test('what hangs since a workload was taken back is not read again', (t) => {
  const since = '2026-11-29T11:50:00Z';
  const rows = [row('web-5d-a', 12), row('web-api-5d-a', 12)];
  t.same(
    namesOf(rows, entry('Deployment', 'web', { since })),
    [['web-api-5d-a']],
    'nor is another workload taken for it',
  );
  t.same(namesOf([row('db-0', 12)], entry('StatefulSet', 'db', { since })), []);
  t.same(namesOf([row('tick-29-a', 12)], entry('CronJob', 'tick', { since })), []);
  t.same(namesOf([row('one-off', 12)], entry('Pod', 'one-', { since })), []);
  t.same(
    namesOf([row('web-5e-a', 8)], entry('Deployment', 'web', { since })),
    [['web-5e-a']],
    'but what came later is',
  );
  t.end();
});

t.test('of a try its pods are read, and those that may have got over it', (t) => {
  const trying = entry('Deployment', 'web', { stage: 'Trying', at: '2026-11-29T11:58:00Z' });
  const rows = [row('web-5d-new', 1), row('web-5d-old', 30), row('web-5d-ok', 90, false)];
  t.same(namesOf(rows, trying), [['web-5d-new', 'web-5d-ok']]);
  t.end();
});

t.test('whether all new pods of a group are suspects', (t) => {
  const rows = [row('web-5d-a', 9), row('web-5d-b', 70, false), row('web-5e-a', 8, false)];
  t.equal(isAllSuspect(rows, 'web-5d'), true, 'what ran for an hour is not new');
  t.equal(isAllSuspect([...rows, row('web-5d-c', 1, false)], 'web-5d'), false);
  t.end();
});

t.test('namespaces take turns, within the limit', (t) => {
  const groups = fc.array(fc.nat({ max: 50 }), { minLength: 1, maxLength: 10 });
  fc.assert(
    fc.property(groups, fc.nat({ max: 100 }), (sizes, most) => {
      const chosen = sizes.map((size, at) =>
        Array.from({ length: size }, (_, group) => ({ namespace: `n${at}`, group: `g${group}`, names: ['a', 'b'] })),
      );
      const taken = inTurn(chosen, most);
      t.ok(taken.length * 2 <= most);
      const counts = sizes.map((_, at) => taken.filter(({ namespace }) => namespace === `n${at}`).length);
      const largest = Math.max(...counts);
      for (const [at, count] of counts.entries()) t.ok(count >= Math.min(sizes[at] ?? 0, largest - 1));
    }),
  );
  t.end();
});
