import t from 'tap';
import { jittered, sleepByTimer } from '../../src/time/sleep.js';

// What sleeps does not keep the process alive.
const alive = setInterval(() => undefined, 1_000);
t.teardown(() => clearInterval(alive));

t.test('a sleep ends after its time, at an abort, and at once when that was before', async (t) => {
  await sleepByTimer(1, new AbortController().signal);
  const ending = new AbortController();
  const sleeping = sleepByTimer(60_000, ending.signal);
  ending.abort();
  await sleeping;
  await sleepByTimer(60_000, ending.signal);
  const longer = new AbortController();
  let over = false;
  // Longer than a timer can be: Node would end it at once.
  const endless = sleepByTimer(2 ** 40, longer.signal).then(() => (over = true));
  await sleepByTimer(5, new AbortController().signal);
  t.notOk(over);
  longer.abort();
  await endless;
});

t.test('a time is spread by a fifth', (t) => {
  t.same(
    [0, 0.5, 0.999].map((chance) => Math.floor(jittered(1_000, () => chance))),
    [800, 1_000, 1_199],
  );
  t.end();
});
