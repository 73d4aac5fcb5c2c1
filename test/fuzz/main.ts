import { parseArgs } from 'node:util';
import { keepFirst } from './corpus.js';
import { describe, keepFinding } from './findings.js';
import type { Report } from './report.js';
import { run } from './run.js';
import { targets } from './targets/all.js';

const names = Object.keys(targets).join(', ');
const help = `Feeds the product harmful inputs, in turns of a minute for each target, until the time is up. Ends with 1 when something
was found; the smallest input that shows it is then in test/fuzz/findings.

  npm run fuzz -- [options]

  --minutes N     how long. Default: 10
  --target NAME   one of ${names}; may be given several times. Default: all
  --seed N        the first seed; each turn takes the next one. Default: a random one
  --jobs N        targets at a time. Default: 1
  --keep          keep the first input of each outcome that nothing in test/fuzz/corpus has, to start from
  -h, --help

Examples:
  npm run fuzz -- --minutes 60
  npm run fuzz -- --minutes 5 --target manifests --target tasks --seed 7`;

function read() {
  try {
    const { values } = parseArgs({
      options: {
        minutes: { type: 'string', default: '10' },
        target: { type: 'string', multiple: true, default: Object.keys(targets) },
        seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
        jobs: { type: 'string', default: '1' },
        keep: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    if (values.help) {
      console.log(help);
      process.exit(0);
    }
    const numbers = { minutes: Number(values.minutes), jobs: Number(values.jobs), seed: Number(values.seed) };
    if (!(numbers.minutes > 0)) throw new Error('--minutes is a number above 0.');
    if (!Number.isInteger(numbers.jobs) || numbers.jobs < 1) throw new Error('--jobs is a whole number, 1 at least.');
    if (!Number.isInteger(numbers.seed)) throw new Error('--seed is a whole number.');
    const unknown = values.target.find((name) => !Object.hasOwn(targets, name));
    if (unknown !== undefined) throw new Error(`--target ${unknown}: the targets are ${names}.`);
    return { ...values, ...numbers };
  } catch (error) {
    console.error(
      `${error instanceof Error ? error.message : String(error)}\nnpm run fuzz -- --help says what there is.`,
    );
    process.exit(2);
  }
}

const values = read();
const { minutes, jobs } = values;
let { seed } = values;
const endMs = Date.now() + minutes * 60_000;
const turnMs = Math.min(60_000, (minutes * 60_000) / values.target.length);
const seen = new Set<string>();
const totals = { runs: 0, bytes: 0, unsteady: 0, found: 0 };
const waiting: string[] = [];

function tell({ target, seed, runs, bytes, unsteady, outcomes, findings, firsts }: Report): void {
  totals.runs += runs;
  totals.bytes += bytes;
  totals.unsteady += unsteady;
  const most = Object.entries(outcomes).sort(([, a], [, b]) => b - a);
  const shown = most.slice(0, 3).map(([outcome, times]) => `${outcome} ${times}`);
  const left = Math.max(0, Math.ceil((endMs - Date.now()) / 60_000));
  console.log(
    `${target}: ${runs} inputs, ${most.length} outcomes (${shown.join(', ')}), seed ${seed}; ${left} min left`,
  );
  for (const first of values.keep ? firsts : []) {
    const id = `${target} has ${first.outcome}`;
    if (!seen.has(id)) keepFirst(target, first);
    seen.add(id);
  }
  for (const found of findings) {
    const id = `${target} ${found.kind}`;
    if (seen.has(id)) continue;
    seen.add(id);
    totals.found++;
    console.log(`FOUND ${describe(found)}\n  kept in ${keepFinding(target, found)}`);
  }
}

async function work(): Promise<void> {
  while (Date.now() < endMs) {
    if (waiting.length === 0) waiting.push(...values.target);
    const target = waiting.shift() ?? '';
    tell(await run({ target, seed: seed++, runs: 0, untilMs: Math.min(endMs, Date.now() + turnMs) }));
  }
}

console.log(`seed ${seed}, ${minutes} minutes, ${jobs} at a time: ${values.target.join(', ')}`);
await Promise.all(Array.from({ length: jobs }, work));
const { runs, bytes, unsteady, found } = totals;
console.log(`${runs} inputs, ${Math.round(bytes / 1e6)} MB, ${unsteady} unsteady, ${found} found`);
process.exitCode = found > 0 ? 1 : 0;
