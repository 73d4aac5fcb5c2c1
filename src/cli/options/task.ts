import { Option, type Command } from 'commander';
import { OutriderError } from '../../model/error.js';
import { collect, type Invocation, textsOf } from '../command.js';
import type { ManifestFile } from '../files/edited-file.js';
import { containerNames } from '../files/template-names.js';

const heading = 'Tasks (ECS, CloudFormation, Dockerrun):';

/** Gives a command the option that says which containers of tasks are looked at. */
export function addOnlyOption(command: Command): void {
  command.addOption(
    new Option('--only <NAME>', 'only this container of the tasks, of those that the policy selects; repeatable')
      .argParser(collect)
      .helpGroup(heading),
  );
}

/** Gives a command the option that names the file with a Dockerrun's undo record. */
export function addUndoFileOption(command: Command, what: string): void {
  command.addOption(new Option('--undo-file <FILE>', what).helpGroup(heading));
}

/**
 * The containers that `--only` names.
 *
 * @throws OutriderError `usage` for a name that no task of the input has
 */
export function onlyOf({ flags }: Pick<Invocation, 'flags'>, files: readonly ManifestFile[]): readonly string[] {
  const only = textsOf(flags['only']);
  if (only.length === 0) return only;
  const tasks = files.flatMap(({ documents }) => documents.flatMap((document) => document.tasks));
  const names = new Set(tasks.flatMap(containerNames));
  const stray = only.find((name) => !names.has(name));
  if (stray === undefined) return only;
  throw new OutriderError('usage', `--only ${stray}: no task of the input has a container of that name.`);
}
