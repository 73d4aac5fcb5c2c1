import { Argument, Command, type Option } from 'commander';
import { exitCodes, type CommandDefinition, type CommandEntry } from './command.js';
import { bashCompletion } from './completion-bash.js';
import { fishCompletion } from './completion-fish.js';
import type { Io } from './io.js';

/** A command with what can follow it. */
export interface CompletedCommand {
  readonly name: string;
  readonly summary: string;
  readonly options: readonly Option[];
  /** Words that may stand as its first argument. */
  readonly words: readonly string[];
}

const shells = ['bash', 'zsh', 'fish'] as const;
const zshPrelude = 'autoload -U +X bashcompinit && bashcompinit\n';

/**
 * `outrider completion SHELL`: a script that completes commands, options and their values.
 *
 * @param commands the table of commands, this one included
 */
export function completionCommand(commands: readonly CommandEntry[]): CommandDefinition {
  return {
    configure(command, { programName }) {
      command.addArgument(new Argument('<SHELL>', 'bash, zsh or fish').choices(shells));
      command.addHelpText(
        'after',
        `
Examples:
  source <(${programName} completion bash)
  ${programName} completion zsh > ~/.outrider-completion; echo 'source ~/.outrider-completion' >> ~/.zshrc
  ${programName} completion fish > ~/.config/fish/completions/outrider.fish`,
      );
    },
    async run({ args: [shell], io }) {
      const completed = await Promise.all(commands.map((entry) => completedCommand(entry, io)));
      // Commander has checked the word against the choices.
      if (shell === 'fish') io.stdout.write(fishCompletion(completed));
      else io.stdout.write(`${shell === 'zsh' ? zshPrelude : ''}${bashCompletion(completed)}`);
      return exitCodes.ok;
    },
  };
}

async function completedCommand({ name, summary, load }: CommandEntry, io: Io): Promise<CompletedCommand> {
  const command = new Command(name);
  (await load()).configure(command, io);
  const words = command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []);
  return { name, summary, options: [...command.options], words };
}
