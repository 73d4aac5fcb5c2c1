import { parseArgs } from 'node:util';
import { outputOf, whole } from '../options.js';
import { print, type Table } from '../table.js';
import { runMemory, type MemoryRow } from './memory.js';
import { runBench, type BenchRow } from './run.js';

const help = `Creates pods through a real API server that instruments them itself, and by webhooks, and with nothing in the way.

  npm run bench:api-server -- [options]

  --pods N            pods of each variant in a round, one after the other, and as many at a time. Default: 500
  --rounds N          turns in which they are created, after one that warms up. Default: 6
  --clients N         creations asked for at a time. Default: 8
  --memory N          API servers of their own for each variant, for its memory. 0: none. Default: 3
  -o, --output FORM   table, json or markdown. Default: table
  -h, --help

Ends with 1 when a pod was refused, or not instrumented by whom it was to be. Kubernetes 1.36 or newer. The API server is
built the first time: docs/testing.md says from what, and where it is kept.

Example:
  npm run -s bench:api-server -- --pods 200 --memory 0 -o json`;

try {
  const { values } = parseArgs({
    options: {
      pods: { type: 'string', default: '500' },
      rounds: { type: 'string', default: '6' },
      clients: { type: 'string', default: '8' },
      memory: { type: 'string', default: '3' },
      output: { type: 'string', short: 'o', default: 'table' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) console.log(help);
  else {
    const output = outputOf(values.output);
    const options = {
      pods: whole('pods', values.pods, 1),
      rounds: whole('rounds', values.rounds, 1),
      clients: whole('clients', values.clients, 1),
    };
    const memoryRounds = whole('memory', values.memory, 0);
    const tell = (line: string): void => console.error(line);
    const rows = await runBench(options, tell);
    const memory = memoryRounds === 0 ? [] : await runMemory({ ...options, rounds: memoryRounds }, tell);
    if (output === 'json') console.log(JSON.stringify({ node: process.version, ...options, rows, memory }, null, 2));
    else console.log(print([tableOf(rows), ...(memory.length === 0 ? [] : [memoryTable(memory)])], output));
    for (const { variant, faults } of rows) {
      if (faults.length === 0) continue;
      console.error([`${variant}:`, ...faults].join('\n  '));
      process.exitCode = 1;
    }
  }
} catch (error) {
  console.error(
    `${error instanceof Error ? error.message : String(error)}\nnpm run bench:api-server -- --help says what there is.`,
  );
  process.exitCode = 2;
}

function tableOf(rows: readonly BenchRow[]): Table {
  return {
    title: `Time of a creation on a real API server. Node ${process.version}.`,
    head: [
      'Who adds the parts',
      'Pods',
      'p50 ms',
      'p99 ms',
      'Added p50 ms',
      'Added p99 ms',
      'Pods/s',
      'CPU API server ms',
      'CPU ours ms',
      'Calls/pod',
      'Mutating check ms',
      'Validating check ms',
    ],
    rows: rows.map((row) => [
      row.variant,
      row.created,
      row.p50Ms,
      row.p99Ms,
      row.addedP50Ms,
      row.addedP99Ms,
      row.perSecond,
      row.apiServerCpuMs,
      row.ownCpuMs,
      row.callsPerPod,
      row.mutatingCheckMs ?? '',
      row.validatingCheckMs ?? '',
    ]),
  };
}

function memoryTable(rows: readonly MemoryRow[]): Table {
  return {
    title: 'Resident memory of an API server.',
    head: ['Who adds the parts', 'MB', 'Each round'],
    rows: rows.map(({ variant, megabytes, each }) => [variant, megabytes, each.join(', ')]),
  };
}
