import t from 'tap';
import { parseDuration } from '../../../src/cli/options/duration.js';

t.test('U10: durations may have days and weeks', (t) => {
  const hourMs = 3_600_000;
  for (const [text, ms] of [
    ['1d', 24 * hourMs],
    ['1w2d', 9 * 24 * hourMs],
    ['1.5d', 36 * hourMs],
    ['1d12h', 36 * hourMs],
    ['90s', 90_000],
    ['30m', hourMs / 2],
    ['0d', undefined],
    ['d', undefined],
    ['1day', undefined],
    ['-1d', undefined],
    ['', undefined],
  ] as const) {
    t.equal(parseDuration(text), ms, text);
  }
  t.end();
});
