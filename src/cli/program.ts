import { Command, CommanderError } from 'commander';
import { OutriderError } from '../model/error.js';
import { version } from '../model/version.js';
import { exitCodes, type CommandEntry } from './command.js';
import { printErrors } from './errors.js';
import { unknownCommand, usageMessage } from './habits.js';
import { helpStyle, helpWidth, fitted, moreOptions } from './help.js';
import type { Io } from './io.js';

const helpAll = '--help-all';

/** Options of the program itself; none of them has a value. */
const ownOptions: ReadonlySet<string> = new Set(['-h', '--help', helpAll, '-v', '--version', '--debug', '--']);

/**
 * Runs one command line.
 *
 * @param argv what follows the program's name
 * @param flush waits until the output is delivered, and throws if that fails
 * @returns the exit code; never rejects
 */
export async function run(
  commands: readonly CommandEntry[],
  argv: readonly string[],
  io: Io,
  flush: () => Promise<void> = () => Promise.resolve(),
): Promise<number> {
  const code = await attempt(argv, io, () => runCommand(commands, argv, io));
  return attempt(argv, io, async () => {
    await flush();
    return code;
  });
}

async function attempt(argv: readonly string[], io: Io, action: () => Promise<number>): Promise<number> {
  try {
    return await action();
  } catch (error) {
    printErrors(error, io, { debug: argv.includes('--debug'), json: wantsJsonReport(argv) });
    return exitCodes.error;
  }
}

async function runCommand(commands: readonly CommandEntry[], argv: readonly string[], io: Io): Promise<number> {
  checkCommand(commands, argv, io);
  const outcome: { code: number } = { code: exitCodes.ok };
  // After `--` everything is an argument.
  const end = argv.includes('--') ? argv.indexOf('--') : argv.length;
  const words = argv.map((word, index) => (word === helpAll && index < end ? '--help' : word));
  const all = argv.slice(0, end).includes(helpAll);
  try {
    const program = await build(commands, argv, { io, all, onExitCode: (code) => (outcome.code = code) });
    await program.parseAsync(words, { from: 'user' });
    return outcome.code;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Help and version end this way too.
    if (error.exitCode === 0) return exitCodes.ok;
    if (error.code === 'commander.help') return exitCodes.error;
    throw new OutriderError('usage', usageMessage(error, wordsOf(argv)[0], io.programName));
  }
}

/** @throws OutriderError `usage`: commander takes an unknown command with `--help` as a request for its own help */
function checkCommand(commands: readonly CommandEntry[], argv: readonly string[], { programName }: Io): void {
  const stray = argv.findIndex((word) => !word.startsWith('-')) - 1;
  const before = argv[stray];
  // What follows is then the value of an option, which may be a secret.
  if (before !== undefined && !ownOptions.has(before)) {
    const [option = ''] = before.split('=', 1);
    const message = `options follow the command: ${programName} COMMAND ${option} …; ${programName} --help lists commands.`;
    throw new OutriderError('usage', message);
  }
  const [first, second] = wordsOf(argv);
  const asked = first === 'help' ? second : first;
  const names = commands.map(({ name }) => name);
  if (asked === undefined || asked === 'help' || names.includes(asked)) return;
  throw new OutriderError('usage', unknownCommand(asked, names, programName));
}

/** The command, and what follows it; no option of the program itself has a value. */
function wordsOf(argv: readonly string[]): readonly string[] {
  return argv.filter((word) => !word.startsWith('-'));
}

function wantsJsonReport(argv: readonly string[]): boolean {
  const at = argv.indexOf('--report');
  return argv.includes('--report=json') || (at !== -1 && argv[at + 1] === 'json');
}

interface Building {
  readonly io: Io;
  /** Whether help shows every option. */
  readonly all: boolean;
  readonly onExitCode: (code: number) => void;
}

async function build(
  commands: readonly CommandEntry[],
  argv: readonly string[],
  { io, all, onExitCode }: Building,
): Promise<Command> {
  const program = new Command(io.programName)
    .description('Starts the processes of pods under a runtime-security agent, as an admission webhook or offline.')
    .version(version, '-v, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .configureHelp(helpStyle(all))
    .configureOutput({
      writeOut: (text) => io.stdout.write(fitted(text, helpWidth(io.stdout))),
      writeErr: (text) => io.stderr.write(fitted(text, helpWidth(io.stderr))),
      // Commander also throws it, and we print it like every other error.
      outputError: () => undefined,
      getOutHelpWidth: () => helpWidth(io.stdout),
      getErrHelpWidth: () => helpWidth(io.stderr),
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .option('--debug', 'print the stack trace of an error')
    .exitOverride()
    .helpCommand('help [COMMAND]', 'print help for a command')
    .addHelpText('after', `\nRun ${io.programName} COMMAND --help for its options and examples.`)
    .addHelpText('afterAll', ({ command }) => (all ? '' : moreOptions(command, `${io.programName} ${command.name()}`)));
  const asked = new Set(wordsOf(argv).slice(0, 2));
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
