import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { LargeBodies, type LargeBody } from '../../src/server/large-bodies.js';
import { until } from './harness.js';

const tickMs = 10;

function scene(totalBytes: number) {
  const large = new LargeBodies(totalBytes, tickMs);
  const told: string[] = [];
  const add = (name: string, bytes: number): LargeBody => {
    const body: LargeBody = {
      bytes,
      enter: () => void told.push(`${name} enters`),
      refuse: () => void told.push(`${name} is refused`),
      receivedBytes: 0,
      isWhole: false,
    };
    large.add(body);
    return body;
  };
  return { large, told, add };
}

t.test('there is room for the whole of each that is let in; the others wait in line', (t) => {
  const { large, told, add } = scene(100);
  const a = add('a', 60);
  const b = add('b', 50);
  const c = add('c', 10);
  t.strictSame(told, ['a enters'], 'c is not let past b');
  t.equal(large.takenBytes, 60);
  large.leave(a);
  t.strictSame(told, ['a enters', 'b enters', 'c enters']);
  large.leave(a);
  t.equal(large.takenBytes, 60, 'who has left leaves once');
  const d = add('d', 100);
  large.leave(d);
  large.leave(b);
  large.leave(c);
  t.equal(large.takenBytes, 0);
  t.notOk(told.includes('d enters'), 'who has gone while waiting is let in no more');
  t.end();
});

t.test('F16: who sends slowly makes room for who waits; who is whole, or alone, stays', async (t) => {
  const { large, told, add } = scene(100);
  const slow = add('slow', 50);
  const whole = add('whole', 50);
  whole.isWhole = true;
  await sleep(10 * tickMs);
  t.strictSame(told, ['slow enters', 'whole enters'], 'nobody waits');
  const waits = add('waits', 40);
  await until(() => told.length === 4);
  t.strictSame(told.slice(2), ['waits enters', 'slow is refused']);
  t.equal(large.takenBytes, 90);
  large.leave(slow);
  large.leave(waits);
  large.leave(whole);
  t.equal(large.takenBytes, 0);
});

t.test('who sends well stays, and who has waited for too long is refused', async (t) => {
  const { told, add, large } = scene(100);
  const good = add('good', 100);
  const sends = setInterval(() => (good.receivedBytes += 1_000_000), tickMs / 2);
  add('late', 10);
  await until(() => told.length === 2);
  clearInterval(sends);
  t.strictSame(told, ['good enters', 'late is refused']);
  large.leave(good);
  t.equal(large.takenBytes, 0);
});
