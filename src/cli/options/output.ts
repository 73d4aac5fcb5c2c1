import { Option, type Command } from 'commander';
import { OutriderError } from '../../model/error.js';
import { collect, type Invocation, textOf, textsOf } from '../command.js';
import type { ColourChoice } from '../text/style.js';

/** What an editing command prints. */
export type OutputFormat = 'yaml' | 'json' | 'patch' | 'diff';

/** How an editing command gives its result. */
export interface OutputOptions {
  /** `undefined` where nothing goes to standard output. */
  readonly format: OutputFormat | undefined;
  readonly inPlace: boolean;
  readonly check: boolean;
  readonly report: 'text' | 'json' | 'none';
  readonly colour: ColourChoice;
}

/** Gives a command the option that names its input. */
export function addInputOption(command: Command): void {
  // What stands without -f is answered by inputPaths, which says what to write.
  command
    .allowExcessArguments()
    .addOption(
      new Option('-f, --file <PATH>', 'manifest, folder of manifests, or - for standard input; repeatable').argParser(
        collect,
      ),
    );
}

/** Gives a command the option for the form of its result. */
export function addFormatOption(command: Command): void {
  command.addOption(
    new Option('-o, --output <FORMAT>', 'text for people (default), or json').choices(['text', 'json']),
  );
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
 * The paths that `-f` gives.
 *
 * @throws OutriderError `usage` when there are none
 */
export function inputPaths({ flags, args, io }: Invocation): readonly string[] {
  const paths = textsOf(flags['file']);
  const [stray] = args;
  if (stray !== undefined) {
    throw new OutriderError('usage', `${stray} stands without an option; give manifests with -f ${stray}.`);
  }
  const [other] = [...textsOf(flags['policy']), ...textsOf(flags['imageConfig'])].filter((path) => path === '-');
  if (other !== undefined && paths.includes(other)) {
    throw new OutriderError('usage', 'standard input can be read once: give - to one option, and files to the others.');
  }
  if (paths.length > 0) return paths;
  const example = `${io.programName} COMMAND -f web.yaml`;
  throw new OutriderError('usage', `there is no input; give a file, a folder or - with -f, such as ${example}.`);
}

/**
 * Reads the options of {@link addOutputOptions}.
 *
 * @throws OutriderError `usage` for what does not go together
 */
export function outputOptions({ flags }: Invocation, paths: readonly string[]): OutputOptions {
  const inPlace = flags['inPlace'] === true;
  const check = flags['check'] === true;
  const given = (['yaml', 'json', 'patch', 'diff'] as const).find((format) => format === textOf(flags['output']));
  if (inPlace && (given === 'yaml' || given === 'json')) {
    throw new OutriderError('usage', `--in-place writes the files back; leave -o ${given} out, or give -o diff.`);
  }
  if (inPlace && paths.includes('-')) {
    throw new OutriderError('usage', 'standard input cannot be written back; leave --in-place out.');
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
