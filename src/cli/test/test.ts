import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Option } from 'commander';
import { OutriderError } from '../../model/error.js';
import { systemReason } from '../../model/system-error.js';
import { exitCodes, textOf, type CommandDefinition, type Invocation } from '../command.js';
import { addColourOption, colourChoice } from '../options/output.js';
import { styleOf, useColour } from '../text/style.js';
import { junitReport } from './junit.js';
import { loadTests } from './load.js';
import { isPassed, testReport, testReportJson, untestedIn } from './report.js';
import { runCase, type CaseResult } from './run-case.js';
import { updateTests } from './update.js';

/** `outrider test`: tests that policies do what they should. */
export const command: CommandDefinition = {
  configure(command, { programName }) {
    command.argument('<PATH...>', 'folders, or files, with PolicyTests');
    command
      .addOption(new Option('-o, --output <FORMAT>', 'table for people (default), or json').choices(['table', 'json']))
      .option('--junit <FILE>', 'also write the results to this file, in JUnit’s form')
      .option('--update', 'write down what comes out of cases that fail; comments stay');
    addColourOption(command);
    command.addHelpText(
      'after',
      `
A PolicyTest names policies, resources, what is known of the cluster, and what is expected of each resource. Nothing is
asked of a cluster or a registry.

Examples:
  ${programName} test tests/
  ${programName} test tests/ --junit results.xml
  ${programName} test tests/payments.yaml --update

Exit codes: 0 all passed; 1 a case failed; 2 wrong usage, or bad input: then no case is run.`,
    );
  },
  run: test,
};

async function test(invocation: Invocation): Promise<number> {
  const { flags, args, io } = invocation;
  const tests = await loadTests(args, io);
  const results: CaseResult[] = [];
  for (const each of tests) for (const loaded of each.cases) results.push(await runCase(each, loaded, io));
  const written = flags['update'] === true ? await updateTests(results, args, io) : [];
  const untested = untestedIn(tests);
  const junit = textOf(flags['junit']);
  if (junit !== undefined) await writeReport(junit, junitReport(results), invocation);
  if (flags['output'] === 'json') io.stdout.write(testReportJson(results, untested));
  else
    io.stdout.write(testReport(results, untested, styleOf(useColour(colourChoice(flags), io.stdout, io.env)), written));
  return flags['update'] === true || results.every(isPassed) ? exitCodes.ok : exitCodes.findings;
}

async function writeReport(name: string, text: string, { io }: Pick<Invocation, 'io'>): Promise<void> {
  await writeFile(resolve(io.cwd, name), text).catch((cause: unknown) => {
    throw new OutriderError('file_unwritable', `${name}: it cannot be written (${systemReason(cause)}).`, {
      file: name,
      cause,
    });
  });
}
