import { parseArgs } from 'node:util';
import { outputOf, whole } from '../options.js';
import { print } from '../table.js';
import { runExecs, type ExecRow } from './execs.js';
import { runScale, type ScaleRow } from './run.js';

const help = `Creates pods through a real API server as fast as it takes them: with no webhook, with one that answers a
constant, and with Outrider at one and at two replicas.

  npm run bench:scale -- [options]

  --pods N            pods of each variant, in all rounds together. Default: 10000
  --rounds N          turns in which they are created. Default: 4
  --clients N         creations asked for at a time. Default: 8
  --execs N           ask for so many execs in running pods instead, by what the policy says of them
  -o, --output FORM   table, json or markdown. Default: table
  -h, --help

Ends with 1 when a creation failed, or when Outrider left a pod uninstrumented. The API server is built the first time:
docs/testing.md says from what, and where it is kept.

Example:
  npm run -s bench:scale -- --pods 1000 -o json`;

try {
  const { values } = parseArgs({
    options: {
      pods: { type: 'string', default: '10000' },
      rounds: { type: 'string', default: '4' },
      clients: { type: 'string', default: '8' },
      execs: { type: 'string' },
      output: { type: 'string', short: 'o', default: 'table' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) console.log(help);
  else if (values.execs === undefined) await scale(values);
  else await execs(values.execs, values);
} catch (error) {
  console.error(
    `${error instanceof Error ? error.message : String(error)}\nnpm run bench:scale -- --help says what there is.`,
  );
  process.exitCode = 2;
}

async function scale(values: {
  readonly pods: string;
  readonly rounds: string;
  readonly clients: string;
  readonly output: string;
}): Promise<void> {
  const output = outputOf(values.output);
  const options = {
    pods: whole('pods', values.pods, 1),
    rounds: whole('rounds', values.rounds, 1),
    clients: whole('clients', values.clients, 1),
  };
  const rows = await runScale(options, (line) => console.error(line));
  if (output === 'json') console.log(JSON.stringify({ node: process.version, ...options, rows }, null, 2));
  else console.log(print([tableOf(rows)], output));
  const lost = rows.filter(isIncomplete);
  for (const { variant, created, instrumented, failures, reasons } of lost) {
    const counts = `${created} created, ${instrumented} instrumented, ${failures} failed`;
    console.error([`${variant}: ${counts}`, ...reasons].join('\n  '));
  }
  if (lost.length > 0) process.exitCode = 1;
}

async function execs(count: string, given: { readonly clients: string; readonly output: string }): Promise<void> {
  const output = outputOf(given.output);
  const options = { execs: whole('execs', count, 1), clients: whole('clients', given.clients, 1) };
  const rows = await runExecs(options, (line) => console.error(line));
  if (output === 'json') console.log(JSON.stringify({ node: process.version, ...options, rows }, null, 2));
  else console.log(print([execTable(rows)], output));
}

function execTable(rows: readonly ExecRow[]) {
  return {
    title: `Time until an exec is admitted on a real API server. Node ${process.version}.`,
    head: ['Variant', 'Execs', 'p50 ms', 'p99 ms', 'Added p50 ms', 'Added p99 ms'],
    rows: rows.map((row) => [row.variant, row.execs, row.p50Ms, row.p99Ms, row.addedP50Ms, row.addedP99Ms]),
  };
}

function isIncomplete({ variant, failures, created, instrumented }: ScaleRow): boolean {
  return failures > 0 || (variant.startsWith('Outrider') && instrumented < created);
}

function tableOf(rows: readonly ScaleRow[]) {
  return {
    title: `Time of a creation on a real API server. Node ${process.version}.`,
    head: [
      'Variant',
      'Pods',
      'Failed',
      'Pods/s',
      'p50 ms',
      'p99 ms',
      'Added p50 ms',
      'Added p99 ms',
      'Calls/pod',
      'In calls ms',
      'At work ms',
      'Replicas MB',
    ],
    rows: rows.map((row) => [
      row.variant,
      row.created,
      row.failures,
      row.perSecond,
      row.p50Ms,
      row.p99Ms,
      row.addedP50Ms,
      row.addedP99Ms,
      row.callsPerPod,
      row.waitedMs,
      row.variant.startsWith('Outrider') ? row.workedMs : '',
      row.replicaMegabytes.join(' and '),
    ]),
  };
}
