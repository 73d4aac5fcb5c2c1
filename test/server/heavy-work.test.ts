import { setImmediate as turn } from 'node:timers/promises';
import t from 'tap';
import { HeavyWork, type GiveBack } from '../../src/server/heavy-work.js';
import { until } from './harness.js';

t.test('a review counts while it is worked on, and longer where it goes on', (t) => {
  const work = new HeavyWork(100);
  const seen: number[] = [];
  t.ok(work.run(60, () => void seen.push(work.takenBytes)));
  t.strictSame([...seen, work.takenBytes], [60, 0]);
  let giveBack: GiveBack | undefined;
  t.ok(work.run(60, () => (giveBack = work.keep())));
  t.equal(work.takenBytes, 60);
  t.notOk(work.run(60, () => t.fail('there is no room')));
  giveBack?.();
  giveBack?.();
  t.equal(work.takenBytes, 0, 'given back once');
  work.keep()();
  t.equal(work.takenBytes, 0, 'what is not weighed keeps nothing');
  t.throws(
    () =>
      work.run(10, () => {
        throw new Error('of a handler');
      }),
    /of a handler/,
  );
  t.equal(work.takenBytes, 0);
  t.end();
});

t.test('F18: one large review is worked on in a turn, however many there are', async (t) => {
  const work = new HeavyWork(100);
  const done: number[] = [];
  for (const index of [0, 1, 2])
    work.runInTurn(
      1_000,
      () => void done.push(index),
      () => t.fail('refused'),
    );
  t.strictSame(done, []);
  await turn();
  t.strictSame(done, [0]);
  await turn();
  t.strictSame(done, [0, 1]);
  await until(() => done.length === 3);
  t.equal(work.takenBytes, 0);
});

t.test('one for which there is no room waits, and is refused when that takes too long', async (t) => {
  const work = new HeavyWork(100, 30);
  const told: string[] = [];
  const giveBack = work.take(50);
  work.runInTurn(
    80,
    () => void told.push('first'),
    () => t.fail('refused'),
  );
  await turn();
  t.strictSame(told, []);
  giveBack();
  await until(() => told.length === 1);
  const unread = work.take(90);
  work.runInTurn(
    80,
    () => t.fail('there is no room'),
    () => void told.push('refused'),
  );
  await until(() => told.length === 2);
  t.strictSame(told, ['first', 'refused']);
  unread();
  t.equal(work.takenBytes, 0);
});
