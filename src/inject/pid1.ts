import { lastLettersOf, mayEndLike } from './last-letters.js';

/**
 * Finds programs that must be process 1. They do not start as another process, so not under a tracer that forks (E39), and
 * not in a process namespace that the pod's containers share (F22).
 */

/** Names that only such programs have, in any folder. */
const initNames: ReadonlySet<string> = new Set([
  'systemd',
  'openrc',
  'openrc-init',
  'runit',
  'runit-init',
  's6-linux-init',
  's6-overlay-suexec',
  's6-svscan',
]);

/** Folders in which a program named `init` is the system's, not the image's own. */
const initFolders: ReadonlySet<string> = new Set([
  '',
  '/bin',
  '/sbin',
  '/usr/bin',
  '/usr/sbin',
  '/usr/local/bin',
  '/usr/local/sbin',
  '/lib/systemd',
  '/usr/lib/systemd',
]);

/** s6-overlay's own folder, whose name ends with a version in older releases. Everything in it starts process 1. */
const s6Folder = '/package/admin/s6-overlay';

/** Programs that become or start the program named after their options, each with its options that take a word. */
const forwarders: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ['tini', new Set(['-p', '-e'])],
  ['tini-static', new Set(['-p', '-e'])],
  ['docker-init', new Set(['-p', '-e'])],
  ['dumb-init', new Set(['-r', '--rewrite'])],
  ['catatonit', new Set<string>()],
  ['busybox', new Set<string>()],
  ['env', new Set(['-u', '--unset', '-C', '--chdir'])],
  ['exec', new Set(['-a'])],
  ['command', new Set<string>()],
  ['nice', new Set(['-n', '--adjustment'])],
  ['nohup', new Set<string>()],
  ['setsid', new Set<string>()],
]);

const shells: ReadonlySet<string> = new Set(['sh', 'ash', 'bash', 'dash', 'ksh', 'mksh', 'zsh']);

/** Programs that work on the files that they are given, and start none. */
const fileTools: ReadonlySet<string> = new Set([
  ...['[', '[[', 'cat', 'chmod', 'chown', 'cp', 'echo', 'file', 'install', 'ln', 'ls', 'mkdir', 'mv', 'printf', 'rm'],
  ...['stat', 'test', 'touch'],
]);

/**
 * How to read a program: as one that starts what its script or the words after its options say, or as one that starts
 * nothing.
 */
type Kind = 'fileTool' | 'shell' | { readonly withWord: ReadonlySet<string> };

/** All of these by name, in one table, because most words are none of them. */
const kinds: ReadonlyMap<string, Kind> = new Map<string, Kind>([
  ...Array.from(fileTools, (name): [string, Kind] => [name, 'fileTool']),
  ...Array.from(shells, (name): [string, Kind] => [name, 'shell']),
  ...Array.from(forwarders, ([name, withWord]): [string, Kind] => [name, { withWord }]),
]);

/** Words that may precede a command in a shell script. */
const shellWords: ReadonlySet<string> = new Set(['!', 'do', 'else', 'if', 'then', 'time', 'until', 'while', '{']);

const betweenCommands = /[;&|\n()`]+/;
const assignment = /^[A-Za-z_][A-Za-z0-9_]*=/;
const quotes = /["']/g;

/**
 * The word of an argv that must be process 1; `undefined` if there is none. A bare name counts if it is the program that is
 * started: the first word, or the word after `tini`, `dumb-init`, `env`, `exec` and the like. A system path counts wherever
 * it is a word of its own, because entrypoint scripts end in `exec "$@"`, but not as an argument of a program that only
 * handles files.
 *
 * @param firstIsProgram false if something unknown is started before the first word
 */
export function mustBePid1(argv: readonly string[], firstIsProgram = true): string | undefined {
  return search(argv, firstIsProgram, 0);
}

/** How deep scripts within scripts are read. */
const deepest = 4;

/** @param depth the number of scripts around the words */
function search(argv: readonly string[], firstIsProgram: boolean, depth: number): string | undefined {
  let startsHere = firstIsProgram;
  for (let index = 0; index < argv.length; index++) {
    const word = argv[index] ?? '';
    // Nearly every word is neither a program nor a path.
    if (!startsHere && !word.startsWith('/')) continue;
    const path = cleanPath(word);
    if (isInit(path, argv[index + 1])) return word;
    if (!startsHere) continue;
    const kind = kinds.get(baseOf(path));
    startsHere = false;
    if (kind === undefined) continue;
    if (kind === 'fileTool') return undefined;
    if (kind === 'shell') {
      const at = scriptBehind(argv, index + 1);
      // In a script, quotes are removed already, so a nested script is all that is left of the command.
      if (at !== undefined) return ofScript((depth === 0 ? argv[at] : argv.slice(at).join(' ')) ?? '', depth + 1);
      continue;
    }
    startsHere = true;
    index = lastOption(argv, index + 1, kind.withWord);
  }
  return undefined;
}

const lastLetters = lastLettersOf([...initNames, 'init', 'busybox']);

/** Whether a cleaned path or a bare name is such a program's. */
function isInit(path: string, next: string | undefined): boolean {
  if (!mayEndLike(path, lastLetters)) return path.startsWith(s6Folder);
  const slash = path.lastIndexOf('/');
  const name = slash === -1 ? path : path.slice(slash + 1);
  if (initNames.has(name)) return true;
  if (path.startsWith(s6Folder)) return true;
  if (name === 'init') return slash === -1 || initFolders.has(path.slice(0, slash));
  return name === 'busybox' && (next === 'init' || next === 'linuxrc');
}

function baseOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** A path as the kernel reads it: `//sbin/../init/` is `/init`. Paths that are not absolute stay unchanged. */
function cleanPath(word: string): string {
  if (!word.startsWith('/')) return word;
  if (!word.includes('//') && !word.includes('/.') && !(word.length > 1 && word.endsWith('/'))) return word;
  const parts: string[] = [];
  for (const part of word.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
}

/** The index of the last word before the program that a forwarder starts. */
function lastOption(argv: readonly string[], from: number, withWord: ReadonlySet<string>): number {
  let index = from;
  for (; index < argv.length; index++) {
    const word = argv[index] ?? '';
    if (word === '--') return index;
    if (withWord.has(word)) index++;
    else if (!word.startsWith('-') && !assignment.test(word)) break;
  }
  return index - 1;
}

/** The index of the script that a shell gets by `-c`, alone or among other letters; `undefined` if it reads a file. */
function scriptBehind(argv: readonly string[], from: number): number | undefined {
  let given = false;
  for (let index = from; index < argv.length; index++) {
    const word = argv[index] ?? '';
    if (word.startsWith('-') || word.startsWith('+')) {
      given ||= word.startsWith('-') && !word.startsWith('--') && word.includes('c');
      // The option's name follows the letter.
      if (/^[-+][a-z]*o$/i.test(word)) index++;
    } else return given ? index : undefined;
  }
  return undefined;
}

/** The same for a script. A bare name among its commands only counts after `exec`, or as the only command. */
function ofScript(script: string, depth: number): string | undefined {
  if (depth > deepest) return undefined;
  const commands = script
    .split(betweenCommands)
    .map(wordsOf)
    .filter((words) => words.length > 0);
  for (const words of commands) {
    const found = search(words, commands.length === 1 || isStarter(words[0] ?? ''), depth);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Whether a command, one of several in a script, is not a function or script but shows by itself what it starts. */
function isStarter(word: string): boolean {
  return kinds.has(baseOf(word));
}

function wordsOf(command: string): readonly string[] {
  const words = command.replace(quotes, ' ').split(/\s+/).filter(Boolean);
  const start = words.findIndex((word) => !shellWords.has(word) && !assignment.test(word));
  return start === -1 ? [] : words.slice(start);
}

const procOne = /\/proc\/1(?![0-9])/;
/** Words that may come between `kill` and the process: `-s TERM --`. */
const mostKillWords = 4;

/** Whether a command signals process 1, or looks at it under /proc. */
export function speaksOfPid1(command: readonly string[]): boolean {
  const words = command.flatMap((word) => word.split(/[\s;&|()"'`]+/));
  return words.some((word, index) => {
    if (procOne.test(word)) return true;
    return baseOf(word) === 'kill' && words.slice(index + 1, index + 1 + mostKillWords).includes('1');
  });
}
