import { Command, type Option } from 'commander';
import { exitCodes, type CommandEntry } from '../command.js';
import type { Io } from '../io.js';
import { openWithKubeConfig } from '../options/cluster.js';
import { candidatesText, type Candidate, type Candidates, words } from './candidate.js';
import type { NamingCluster, NamingOpener } from './objects.js';
import { argumentsOf, valuesOf, type Line } from './values.js';

/**
 * Prints what could come next on a command line, for the scripts of `outrider completion` and for kubectl. It never fails:
 * it does not offer what it cannot find out.
 *
 * @param line what follows the program's name; the last word is the one that is being written, and may be empty
 */
export async function complete(
  commands: readonly CommandEntry[],
  line: readonly string[],
  io: Io,
  open: NamingOpener = openWithKubeConfig,
): Promise<number> {
  const current = line.at(-1) ?? '';
  const found = await candidatesFor(commands, line.slice(0, -1), current, io, open);
  const fitting = found.candidates.filter(({ value }) => value.startsWith(current));
  io.stdout.write(candidatesText({ ...found, candidates: fitting }));
  return exitCodes.ok;
}

async function candidatesFor(
  commands: readonly CommandEntry[],
  before: readonly string[],
  current: string,
  io: Io,
  open: NamingOpener,
): Promise<Candidates> {
  const at = before.findIndex((word) => !word.startsWith('-'));
  const name = before[at];
  if (name === undefined) return current.startsWith('-') ? described(programFlags) : described(commandNames(commands));
  if (name === 'help') return described(commandNames(commands));
  const entry = commands.find((each) => each.name === name);
  if (entry === undefined) return words([]);
  const command = new Command(name);
  (await entry.load()).configure(command, io);
  return inCommand(command, before.slice(at + 1), current, io, open);
}

const programFlags: readonly Candidate[] = [
  { value: '--help', description: 'print help' },
  { value: '--version', description: 'print the version' },
];

function commandNames(commands: readonly CommandEntry[]): readonly Candidate[] {
  const help = { value: 'help', description: 'print help for a command' };
  return [...commands.map(({ name, summary }) => ({ value: name, description: summary })), help];
}

async function inCommand(
  command: Command,
  before: readonly string[],
  current: string,
  io: Io,
  open: NamingOpener,
): Promise<Candidates> {
  const { given, args, open: waiting } = readLine(command, before);
  const line = (word: string): Line => ({ given, args, current: word, io, asking: askingOf(given, open) });
  if (waiting !== undefined) return valuesOf(waiting, line(current));
  const [, flag, value] = /^(--[^=]+)=(.*)$/s.exec(current) ?? [];
  if (flag !== undefined) {
    const option = optionOf(command, flag);
    return option === undefined ? words([]) : behind(`${flag}=`, await valuesOf(option, line(value ?? '')));
  }
  if (current.startsWith('-')) return described(flagsOf(command));
  const { registeredArguments } = command;
  return argumentsOf(registeredArguments[Math.min(args.length, registeredArguments.length - 1)], line(current));
}

/** The words before the current one: options with their values, arguments, and an option that still needs its value. */
function readLine(command: Command, before: readonly string[]) {
  const given = new Map<string, string>();
  const args: string[] = [];
  let open: Option | undefined;
  for (const word of before) {
    if (open !== undefined) {
      given.set(open.long ?? word, word);
      open = undefined;
      continue;
    }
    const [, flag = word, value] = /^(--[^=]+)=(.*)$/s.exec(word) ?? [];
    const option = word.startsWith('-') ? optionOf(command, flag) : undefined;
    if (option === undefined) {
      if (!word.startsWith('-')) args.push(word);
    } else if (value !== undefined) given.set(flag, value);
    else if (option.required) open = option;
  }
  return { given, args, open };
}

function optionOf(command: Command, flag: string): Option | undefined {
  return command.options.find(({ long, short }) => long === flag || short === flag);
}

function flagsOf(command: Command): readonly Candidate[] {
  const shown = command.options.filter(({ hidden }) => !hidden);
  return [
    ...shown.flatMap(({ long, description }) => (typeof long === 'string' ? [{ value: long, description }] : [])),
    { value: '--help', description: 'print help' },
  ];
}

function described(candidates: readonly Candidate[]): Candidates {
  return { candidates, files: false, goesOn: false };
}

function behind(start: string, { candidates, ...rest }: Candidates): Candidates {
  return { ...rest, candidates: candidates.map((each) => ({ ...each, value: `${start}${each.value}` })) };
}

/** The cluster that the line so far refers to. It is opened when it is first asked. */
function askingOf(given: ReadonlyMap<string, string>, open: NamingOpener) {
  return async <T>(ask: (cluster: NamingCluster) => Promise<T>): Promise<T | undefined> => {
    const context = given.get('--context');
    const kubeconfig = given.get('--kubeconfig');
    try {
      const cluster = await open({
        ...(context === undefined ? {} : { context }),
        ...(kubeconfig === undefined ? {} : { kubeconfig }),
      });
      try {
        return await ask(cluster);
      } finally {
        await cluster.client.close();
      }
    } catch {
      return undefined;
    }
  };
}
