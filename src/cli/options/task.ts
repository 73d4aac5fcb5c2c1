import { Option, type Command } from 'commander';
import { OutriderError } from '../../model/error.js';
import { collect, type Invocation, textsOf } from '../command.js';

const heading = 'Tasks (ECS, CloudFormation, Dockerrun):';

/** Gives a command the option that selects the containers of tasks to look at. */
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

/** The containers that `--only` names. */
export function onlyNames({ flags }: Pick<Invocation, 'flags'>): readonly string[] {
  return textsOf(flags['only']);
}

/** @throws OutriderError `usage` for a name that no task of the input has */
export function checkOnly(
  only: readonly string[],
  { taskContainers }: { readonly taskContainers: ReadonlySet<string> },
): void {
  const stray = only.find((name) => !taskContainers.has(name));
  if (stray === undefined) return;
  throw new OutriderError('usage', `--only ${stray}: no task of the input has a container of that name.`);
}
