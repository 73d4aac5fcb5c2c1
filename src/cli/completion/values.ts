import type { Argument, Option } from 'commander';
import { nodeAgentTargets } from '../../profile/node-agent/render.js';
import { builtInProfiles, nodeAgentProfile } from '../../profile/registry.js';
import type { Setting } from '../../settings/setting.js';
import { settingKeys } from '../../settings/settings.js';
import { settingsTable } from '../../settings/table.js';
import type { Io } from '../io.js';
import { files, nothing, words, type Candidates } from './candidate.js';
import { contextNames } from './contexts.js';
import { namespaceNames, workloadNames, type Asking } from './objects.js';

/** The command line so far, and how to ask a cluster. */
export interface Line {
  /** The values of options, by long name. For a repeated option, the last value. */
  readonly given: ReadonlyMap<string, string>;
  /** The arguments that are not options. */
  readonly args: readonly string[];
  /** The word, or the part of a word, that is being written. */
  readonly current: string;
  readonly io: Io;
  readonly asking: Asking;
}

type Values = (line: Line) => Candidates | Promise<Candidates>;

/** Values of options that declare no choices themselves, by the options' long names. */
export const optionValues: Readonly<Record<string, Values>> = {
  '--profile': () => words(builtInProfiles().map(({ metadata }) => metadata.name)),
  '--for': () => words(nodeAgentTargets),
  '--set': ({ given }) => ({ ...words(settingNames(given.get('--profile'))), goesOn: true }),
  '--context': async ({ given, io }) => words(await contextNames(given.get('--kubeconfig'), io)),
  '--namespace': ({ asking }) => namespaceNames(asking),
  '--own-namespace': ({ asking }) => namespaceNames(asking),
};

/** Values of arguments that declare no choices themselves, by the arguments' names in the help text. */
export const argumentValues: Readonly<Record<string, Values>> = {
  OBJECT: ({ args, current, given, asking }) => workloadNames(args, current, given.get('--namespace'), asking),
  PROFILE: () => words([nodeAgentProfile().metadata.name]),
  REFERENCE: () => nothing,
  URL: () => nothing,
};

/** What an option may be followed by. */
export async function valuesOf(option: Option, line: Line): Promise<Candidates> {
  if (option.argChoices !== undefined) return words(option.argChoices);
  const values = optionValues[option.long ?? ''];
  if (values !== undefined) return values(line);
  const choices = settingChoices(option.long ?? '');
  if (choices !== undefined) return words(choices);
  return /<[^>]*(FILE|PATH|DIR|SOURCE)/i.test(option.flags) ? files : nothing;
}

/** What can be written in an argument's place; files where that is not known. */
export async function argumentsOf(argument: Argument | undefined, line: Line): Promise<Candidates> {
  if (argument === undefined) return nothing;
  if (argument.argChoices !== undefined) return words(argument.argChoices);
  const name = argument.name().replaceAll('.', '').toUpperCase();
  const values = argumentValues[name];
  return values === undefined ? files : values(line);
}

function settingNames(profile: string | undefined): readonly string[] {
  const asked = builtInProfiles().filter(({ metadata }) => metadata.name === profile);
  return asked.flatMap(({ spec }) => Object.keys(spec.settings)).map((name) => `${name}=`);
}

const rows: readonly Setting<unknown>[] = settingKeys.map((key) => settingsTable[key]);

function settingChoices(flag: string): readonly string[] | undefined {
  return rows.find((row) => `--${row.flag}` === flag)?.choices;
}
