import t from 'tap';
import { sleepByTimer } from '../../src/time/sleep.js';
import { Wake } from '../../src/time/wake.js';

const never = new AbortController().signal;
const longMs = 60_000;

t.test('a poke ends the sleep, or the next one, once', async (t) => {
  const slept: number[] = [];
  const wake = new Wake(async (ms, signal) => {
    slept.push(ms);
    if (ms >= longMs) await sleepByTimer(ms, signal);
  });
  const sleeping = wake.sleep(longMs, never);
  wake.poke();
  await sleeping;
  t.same(slept, [longMs]);
  wake.poke();
  await wake.sleep(longMs, never);
  t.same(slept, [longMs], 'nothing was slept');
  await wake.sleep(5, never);
  t.same(slept, [longMs, 5], 'one poke ends one sleep');
});

t.test('an abort ends the sleep, and leaves no listener behind', async (t) => {
  const ending = new AbortController();
  const wake = new Wake(sleepByTimer);
  const sleeping = wake.sleep(longMs, ending.signal);
  ending.abort();
  await sleeping;
  await wake.sleep(longMs, ending.signal);
  t.pass('both have ended');
});

t.test('it says whether it was poked, and then gathers what comes together', async (t) => {
  const slept: number[] = [];
  const wake = new Wake((ms) => {
    slept.push(ms);
    if (ms === 50) wake.poke();
    return Promise.resolve();
  });
  t.equal(await wake.sleep(5, never, 50), false);
  t.same(slept, [5], 'nothing to gather');
  wake.poke();
  t.equal(await wake.sleep(5, never, 50), true);
  t.same(slept, [5, 50]);
  t.equal(await wake.sleep(5, never, 50), false, 'what came meanwhile is looked at too');
});
