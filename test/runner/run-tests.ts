/*
 * Runs test files, some at a time, each in a process of plain Node, and adds up what they say:
 *
 *   node dist/test/runner/run-tests.js [--jobs N] [--except FOLDER]… [--begin-within SECONDS] FILE | FOLDER …
 *
 * A folder stands for its `*.test.js`, whatever is named first begins first, and nothing runs twice. A line for each file;
 * all that it printed where it failed. Files that have not begun after so many seconds are left out, and named. Ends with 1
 * when anything failed, with 2 when there is nothing to run.
 *
 * tap's own runner puts a loader into each test, and into every Node process that the test starts, for coverage. On
 * Node 20 that makes tests of commands and servers take twice as long, so `npm run coverage` alone has it.
 */
import { parseArgs } from 'node:util';
import { testFiles } from './test-files.js';
import { runTestFile, type TestRun } from './test-process.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    jobs: { type: 'string', default: '2' },
    'begin-within': { type: 'string', default: 'Infinity' },
    except: { type: 'string', multiple: true, default: [] },
  },
});

function line({ file, passed, failed, seconds, end }: TestRun): string {
  const verdict = end === undefined && failed === 0 ? 'ok' : 'FAILED';
  const why = end === undefined ? '' : `, ${end}`;
  return `${verdict} ${file}: ${passed} passed, ${failed} failed, ${seconds.toFixed(1)} s${why}`;
}

const files = testFiles(positionals, values.except);
const jobs = Number(values.jobs);
const lastBeginMs = 1_000 * Number(values['begin-within']);
if (files.length === 0 || !Number.isInteger(jobs) || jobs < 1 || Number.isNaN(lastBeginMs)) {
  console.error('run-tests: give test files, or folders that have some, and numbers with --jobs and --begin-within');
  process.exit(2);
}

const runs: TestRun[] = [];
const leftOut: string[] = [];
const waiting = files.values();
async function work(): Promise<void> {
  for (const file of waiting) {
    if (performance.now() > lastBeginMs) {
      leftOut.push(file);
      continue;
    }
    const run = await runTestFile(file);
    runs.push(run);
    if (run.failed > 0) console.log(run.output);
    console.log(line(run));
  }
}
await Promise.all(Array.from({ length: jobs }, work));

const failing = runs.filter(({ failed }) => failed > 0);
if (failing.length > 0) console.log(`\n${failing.map(line).join('\n')}`);
const total = (of: 'passed' | 'failed'): number => runs.reduce((sum, run) => sum + run[of], 0);
if (leftOut.length > 0) console.log(`\nleft out, for want of time:\n${leftOut.join('\n')}`);
console.log(`\n${runs.length} files`);
console.log(`${total('passed')} passed, ${total('failed')} failed`);
process.exitCode = failing.length > 0 ? 1 : 0;
