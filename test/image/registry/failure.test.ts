import t from 'tap';
import { retryAfterMs } from '../../../src/image/registry/failure.js';

t.test('Retry-After', (t) => {
  const now = Date.UTC(2026, 0, 1);
  const cases: [string | undefined, number | undefined][] = [
    [undefined, undefined],
    ['', undefined],
    ['0', 0],
    [' 120 ', 120_000],
    ['-1', undefined],
    ['1.5', undefined],
    ['soon', undefined],
    ['2026', 2_026_000],
    ['9999999999', 86_400_000],
    ['99999999999', undefined],
    ['Thu, 01 Jan 2026 00:00:30 GMT', 30_000],
    ['Thursday, 01-Jan-26 00:00:30 GMT', 30_000],
    ['Thu Jan  1 00:00:30 2026 GMT', 30_000],
    ['Wed, 31 Dec 2025 00:00:00 GMT', 0],
    ['Fri, 01 Jan 2100 00:00:00 GMT', 86_400_000],
    ['Xxx, 99 Foo 2026', undefined],
  ];
  for (const [header, expected] of cases) t.equal(retryAfterMs(header, now), expected, JSON.stringify(header));
  t.end();
});
