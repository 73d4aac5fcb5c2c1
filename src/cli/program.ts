import { Command, CommanderError } from 'commander';
import { version } from '../model/version.js';
import { exitCodes, type CommandEntry } from './command.js';
import { printErrors } from './errors.js';
import type { Io } from './io.js';

/**
 * Runs one command line.
 *
 * @param argv what stands behind the program's name
 * @returns the exit code; never rejects
 */
export async function run(commands: readonly CommandEntry[], argv: readonly string[], io: Io): Promise<number> {
  const outcome: { code: number } = { code: exitCodes.ok };
  try {
    const program = await build(commands, argv, io, (code) => (outcome.code = code));
    await program.parseAsync(argv, { from: 'user' });
    return outcome.code;
  } catch (error) {
    // Commander has printed its own errors, and ends help and version this way too.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.error;
    printErrors(error, io, argv.includes('--debug'));
    return exitCodes.error;
  }
}

async function build(
  commands: readonly CommandEntry[],
  argv: readonly string[],
  io: Io,
  onExitCode: (code: number) => void,
): Promise<Command> {
  const program = new Command(io.programName)
    .description('Starts the processes of pods under a runtime-security agent, as an admission webhook or offline.')
    .version(version, '--version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .showSuggestionAfterError()
    .configureHelp({ showGlobalOptions: true, optionDescription: ({ description }) => description })
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
      outputError: (text, write) => write(`outrider: ${text}`),
      getOutHelpWidth: () => io.stdout.columns ?? 100,
      getErrHelpWidth: () => io.stderr.columns ?? 100,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .option('--debug', 'print the stack trace of an error')
    .exitOverride()
    .helpCommand('help [COMMAND]', 'print help for a command')
    .addHelpText('after', `\nRun ${io.programName} COMMAND --help for its options and examples.`);
  const asked = new Set(argv.filter((word) => !word.startsWith('-')).slice(0, 2));
  for (const { name, summary, load } of commands) {
    const command = program.command(name).description(summary);
    if (!asked.has(name)) continue;
    const definition = await load();
    definition.configure(command, io);
    command.action(async () => {
      onExitCode(await definition.run({ flags: command.optsWithGlobals(), args: command.args, io }));
    });
  }
  return program;
}
