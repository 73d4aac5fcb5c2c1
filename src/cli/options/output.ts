import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { Option, type Command } from 'commander';
import { stringify } from 'yaml';
import { OutriderError } from '../../model/error.js';
import { parsedJson } from '../../model/json.js';
import { collect, type Invocation, textOf, textsOf } from '../command.js';
import { isUrl } from '../files/read-url.js';
import type { ColourChoice } from '../text/style.js';

/** What an editing command prints. */
export type OutputFormat = 'yaml' | 'json' | 'patch' | 'diff';

/** How an editing command gives its result. */
export interface OutputOptions {
  /** `undefined` if nothing goes to standard output. */
  readonly format: OutputFormat | undefined;
  readonly inPlace: boolean;
  readonly check: boolean;
  readonly report: 'text' | 'json' | 'none';
  readonly colour: ColourChoice;
}

/** Gives a command the option that names its input. */
export function addInputOption(command: Command): void {
  command
    .addOption(
      new Option(
        '-f, --file <PATH>',
        'the same as FILE; repeatable, or several with commas; folders with those in them',
      ).argParser(collect),
    )
    // The names that kubectl uses.
    .addOption(new Option('--filename <PATH>').argParser(collect).hideHelp())
    .addOption(new Option('-R, --recursive', 'folders are read with those in them anyway').hideHelp());
}

/** The argument for input, which {@link inputPaths} reads. */
export const inputArgument: readonly [string, string] = [
  '[FILE...]',
  'manifests: files, folders, http and https URLs, or - for standard input',
];

/** Whether an argument that belongs to no option is a file or URL, not an object in a cluster. */
export function isInput(word: string): boolean {
  return word === '-' || isUrl(word) || /^\.{0,2}\/|\/$|\.(ya?ml|json)$/i.test(word);
}

/** The paths and URLs that the options give. */
function optionPaths({ flags, io }: Pick<Invocation, 'flags' | 'io'>): readonly string[] {
  return [...textsOf(flags['file']), ...textsOf(flags['filename'])].flatMap((text) =>
    !text.includes(',') || isUrl(text) || existsSync(resolve(io.cwd, text)) ? [text] : text.split(','),
  );
}

/** Whether the options give an input. */
export function givesFiles({ flags }: Pick<Invocation, 'flags'>): boolean {
  return [...textsOf(flags['file']), ...textsOf(flags['filename'])].length > 0;
}

/** Gives a command the option for the form of its result. */
export function addFormatOption(command: Command): void {
  command.addOption(
    new Option('-o, --output <FORMAT>', 'text for people (default; wide is the same), json or yaml').choices([
      'text',
      'wide',
      'json',
      'yaml',
    ]),
  );
}

/** Whether the caller asks for a result for programs. */
export function asksForData(flags: Invocation['flags']): boolean {
  return flags['output'] === 'json' || flags['output'] === 'yaml';
}

/** A result for programs: JSON, or the same as YAML. */
export function dataText(flags: Invocation['flags'], value: object): string {
  const json = JSON.stringify(value, undefined, 2);
  if (flags['output'] !== 'yaml') return `${json}\n`;
  return stringify(parsedJson(json), { version: '1.1', lineWidth: 0, aliasDuplicateObjects: false });
}

/** Gives a command the option for colours. */
export function addColourOption(command: Command): void {
  command.addOption(
    new Option('--color [WHEN]', 'colours: auto (on a terminal without NO_COLOR; the default), always or never')
      .choices(['auto', 'always', 'never'])
      .preset('always')
      .default('auto'),
  );
}

/** Gives an editing command the options for its result. */
export function addOutputOptions(command: Command): void {
  command
    .addOption(
      new Option(
        '-o, --output <FORMAT>',
        'yaml: the manifests in their own format (default); json; patch: JSON with RFC 6902 operations; diff',
      ).choices(['yaml', 'json', 'patch', 'diff']),
    )
    .option('-i, --in-place', 'write the files back, all of them or none')
    .addOption(new Option('--check', 'write nothing; exit with 1 when something would change').conflicts('inPlace'))
    .addOption(
      new Option('--report <FORMAT>', 'form of the report on standard error: text (default) or json')
        .choices(['text', 'json'])
        .default('text'),
    )
    .option('-q, --quiet', 'no report; errors are still printed');
  addColourOption(command);
}

/**
 * The paths and URLs of the input: arguments, and what `-f` gives.
 *
 * @throws OutriderError `usage` when there are none
 */
export function inputPaths({ flags, args, io }: Invocation): readonly string[] {
  const paths = [...args, ...optionPaths({ flags, io })].filter((path) => path !== '');
  const [other] = [...textsOf(flags['policy']), ...textsOf(flags['imageConfig'])].filter((path) => path === '-');
  if (other !== undefined && paths.includes(other)) {
    throw new OutriderError('usage', 'standard input can be read once: give - to one option, and files to the others.');
  }
  if (paths.length > 0) return paths;
  throw new OutriderError('usage', 'there is no input; give a file, a folder, a URL, or - for standard input.');
}

/**
 * Reads the options of {@link addOutputOptions}.
 *
 * @throws OutriderError `usage` for options that do not go together
 */
export function outputOptions({ flags }: Invocation, paths: readonly string[]): OutputOptions {
  const inPlace = flags['inPlace'] === true;
  const check = flags['check'] === true;
  const given = (['yaml', 'json', 'patch', 'diff'] as const).find((format) => format === textOf(flags['output']));
  if (inPlace && (given === 'yaml' || given === 'json')) {
    throw new OutriderError('usage', `--in-place writes the files back; leave -o ${given} out, or give -o diff.`);
  }
  const fixed = inPlace ? paths.find((path) => path === '-' || isUrl(path)) : undefined;
  if (fixed !== undefined) {
    const what = fixed === '-' ? 'standard input' : fixed;
    throw new OutriderError('usage', `${what} cannot be written back; leave --in-place out.`);
  }
  return {
    format: given ?? (inPlace || check ? undefined : 'yaml'),
    inPlace,
    check,
    report: flags['quiet'] === true ? 'none' : flags['report'] === 'json' ? 'json' : 'text',
    colour: colourChoice(flags),
  };
}

/** What `--color` says. */
export function colourChoice(flags: Invocation['flags']): ColourChoice {
  return (['always', 'never'] as const).find((choice) => choice === flags['color']) ?? 'auto';
}
