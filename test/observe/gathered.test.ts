import t from 'tap';
import { GatheredCount, GatheredDurations } from '../../src/observe/gathered.js';

t.test('counts are handed on together, and once', (t) => {
  const handed: number[] = [];
  const count = new GatheredCount({ inc: (by) => handed.push(by) });
  count.handOn();
  for (let n = 0; n < 3; n++) count.add();
  count.handOn();
  count.handOn();
  count.add();
  count.handOn();
  t.strictSame(handed, [3, 1]);
  t.end();
});

t.test('durations are handed on one by one, by themselves when there are many', (t) => {
  const handed: number[] = [];
  const durations = new GatheredDurations({ observe: (seconds) => handed.push(seconds) });
  for (let n = 0; n < 3000; n++) durations.add(n);
  t.ok(handed.length > 1000 && handed.length < 3000);
  durations.handOn();
  durations.handOn();
  t.strictSame(
    handed,
    Array.from({ length: 3000 }, (_, n) => n),
  );
  t.end();
});
