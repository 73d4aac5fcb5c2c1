import { parseArgs } from 'node:util';
import { describe, keepFinding } from './findings.js';
import type { Report } from './report.js';
import { run } from './run.js';
import { targets } from './targets/all.js';

// `npm run fuzz -- [--minutes N] [--target NAME …] [--seed N] [--jobs N]`: feeds the targets, in turns of a minute, until
// the time is up. Ends with 1 when something was found; the inputs are then in test/fuzz/findings.

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    target: { type: 'string', multiple: true, default: Object.keys(targets) },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
    jobs: { type: 'string', default: '1' },
  },
});
const unknown = values.target.find((name) => !Object.hasOwn(targets, name));
const minutes = Number(values.minutes);
const jobs = Number(values.jobs);
let seed = Number(values.seed);
if (unknown !== undefined || !(minutes > 0) || !(jobs >= 1) || !Number.isInteger(seed)) {
  console.error(`Targets are ${Object.keys(targets).join(', ')}; minutes, jobs and seed are numbers.`);
  process.exit(2);
}

const endMs = Date.now() + minutes * 60_000;
const turnMs = Math.min(60_000, (minutes * 60_000) / values.target.length);
const seen = new Set<string>();
const totals = { runs: 0, bytes: 0, unsteady: 0 };
const waiting: string[] = [];

function tell({ target, seed, runs, bytes, unsteady, outcomes, findings }: Report): void {
  totals.runs += runs;
  totals.bytes += bytes;
  totals.unsteady += unsteady;
  const most = Object.entries(outcomes).sort(([, a], [, b]) => b - a);
  const shown = most.slice(0, 3).map(([outcome, times]) => `${outcome} ${times}`);
  const left = Math.max(0, Math.ceil((endMs - Date.now()) / 60_000));
  console.log(
    `${target}: ${runs} inputs, ${most.length} outcomes (${shown.join(', ')}), seed ${seed}; ${left} min left`,
  );
  for (const found of findings) {
    const id = `${target} ${found.kind}`;
    if (seen.has(id)) continue;
    seen.add(id);
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
const { runs, bytes, unsteady } = totals;
console.log(`${runs} inputs, ${Math.round(bytes / 1e6)} MB, ${unsteady} unsteady, ${seen.size} found`);
process.exitCode = seen.size > 0 ? 1 : 0;
