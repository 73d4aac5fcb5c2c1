import fc from 'fast-check';
import t from 'tap';
import { parseGoDuration } from '../../src/time/go-duration.js';

t.test('the forms of Go', (t) => {
  const forms: Readonly<Record<string, number>> = {
    '10s': 10_000,
    '1m30s': 90_000,
    '500ms': 500,
    '1.5s': 1_500,
    '.5s': 500,
    '1.s': 1_000,
    '1h': 3_600_000,
    '2us': 0.002,
    '2µs': 0.002,
    '2μs': 0.002,
    '3ns': 0.000_003,
  };
  for (const [text, ms] of Object.entries(forms)) t.equal(parseGoDuration(text), ms, text);
  const none = ['', '0', '0s', '10', 's', '-1s', '+1s', ' 1s', '1s ', '1 s', '1S', '1d', '1s2', '1e3s', '..5s', 'NaNs'];
  for (const text of [...none, `${'1'.repeat(400)}s`, '1s'.repeat(40)]) t.equal(parseGoDuration(text), undefined, text);
  t.end();
});

t.test('what Go prints is read back', (t) => {
  const parts = fc.tuple(fc.nat(1000), fc.nat(59), fc.nat(59), fc.nat(999)).filter((all) => all.some((n) => n > 0));
  const readBack = fc.property(parts, ([hours, minutes, seconds, ms]) => {
    const wanted = hours * 3_600_000 + minutes * 60_000 + seconds * 1_000 + ms;
    return parseGoDuration(`${hours}h${minutes}m${seconds}s${ms}ms`) === wanted;
  });
  const positive = fc.property(fc.string(), (text) => (parseGoDuration(text) ?? 1) > 0);
  t.doesNotThrow(() => fc.assert(readBack));
  t.doesNotThrow(() => fc.assert(positive));
  t.end();
});
