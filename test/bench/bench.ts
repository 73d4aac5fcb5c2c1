import type { Row } from './measure.js';
import { readOptions } from './options.js';
import { goalsOf, tablesOf } from './report.js';
import { NoSuchCaseError, runBench } from './run.js';
import { print } from './table.js';

// `npm run bench -- --help` says what there is. What is in progress goes to stderr, the result to stdout.

const options = readOptions();
// More than once, as `timeout` sends it to the whole group: a second one is not to cut the first one short.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130));

function tell({ case: name, micros, ratios }: Row): void {
  console.error(`${name}: ${micros.outrider} µs, floor ${micros.constant} µs, × ${ratios.constant.toFixed(2)}`);
}

const report = await runBench(options, tell).catch((error: unknown) => {
  if (!(error instanceof NoSuchCaseError)) throw error;
  console.error(error.message);
  process.exit(2);
});
if (options.output === 'json') console.log(JSON.stringify({ ...report, goals: goalsOf(report) }, null, 2));
else console.log(print(tablesOf(report), options.output));
