import t from 'tap';
import { changeText, growthTable, quotaText } from '../../../src/cli/preview/growth-table.js';
import { styleOf } from '../../../src/cli/text/style.js';

const none = { now: new Map<string, bigint>(), then: new Map<string, bigint>() };
const row = {
  quota: 'compute',
  resource: 'requests.cpu',
  hard: 4_000_000_000n,
  used: 3_000_000_000n,
  change: 2_000_000_000n,
  fits: false,
};

t.test('growth stands beside the quotas of its namespace', (t) => {
  t.equal(quotaText(row), 'compute: requests.cpu 3 + 2 of 4: does not fit');
  t.equal(quotaText({ ...row, change: -1_000_000_000n, fits: true }), 'compute: requests.cpu 3 - 1 of 4');
  const change = new Map([['requests.cpu', 2_000_000_000n]]);
  t.equal(changeText({ change, uncounted: 1 }), 'requests.cpu +2, 1 more that says no number of pods');
  const text = growthTable(
    [
      { ...none, namespace: 'shop', pods: 2, uncounted: 0, change, quotas: [row] },
      { ...none, namespace: 'bank', pods: 2, uncounted: 0, change, quotas: undefined },
    ],
    styleOf(false),
  );
  t.match(text, /shop +2 +requests\.cpu \+2 +compute: requests\.cpu 3 \+ 2 of 4: does not fit\n/);
  t.match(text, /bank .* may not be read\n/);
  t.end();
});
