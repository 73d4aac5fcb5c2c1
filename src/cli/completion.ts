import { Argument, Command, type Option } from 'commander';
import { exitCodes, type CommandDefinition, type CommandEntry } from './command.js';
import type { Io } from './io.js';

/** A command with what can follow it. */
interface CompletedCommand {
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

/** A completion script for bash. The words are worked out here; the script only looks them up. */
function bashCompletion(commands: readonly CompletedCommand[]): string {
  const names = commands.map(({ name }) => name).join(' ');
  return `# bash completion for outrider
_outrider() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} command=\${COMP_WORDS[1]} words=''
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    words='${names} help --help --version'
  else
    case $command in
      help) words='${names}' ;;
${commands.map(commandCase).join('')}    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -o default -F _outrider outrider
`;
}

function commandCase({ name, options, words }: CompletedCommand): string {
  const values = options.filter(takesValue).map((option) => {
    const flags = [option.short, option.long].filter((flag) => flag !== undefined).join('|');
    return `          ${flags}) words='${(option.argChoices ?? []).join(' ')}' ;;\n`;
  });
  const all = [...words, ...options.flatMap(({ long }) => long ?? []), '--help'].join(' ');
  return `      ${name})
        case $prev in
${values.join('')}          *) words='${all}' ;;
        esac ;;
`;
}

/** Whether the next word is the option's value. */
function takesValue({ required }: Option): boolean {
  return required;
}

/** A completion script for fish: a line for each command and each option. */
function fishCompletion(commands: readonly CompletedCommand[]): string {
  const lines = commands.flatMap(({ name, summary, options, words }) => {
    const seen = `-n ${quoted(`__fish_seen_subcommand_from ${name}`)}`;
    return [
      `complete -c outrider -n __fish_use_subcommand -f -a ${name} -d ${quoted(summary)}`,
      ...(words.length === 0 ? [] : [`complete -c outrider ${seen} -f -a ${quoted(words.join(' '))}`]),
      ...options.map(({ short, long, required, argChoices, description }) =>
        [
          `complete -c outrider ${seen}`,
          ...(short === undefined ? [] : [`-s ${short.slice(1)}`]),
          ...(typeof long === 'string' ? [`-l ${long.slice(2)}`] : []),
          ...(argChoices === undefined ? (required ? ['-r'] : []) : [`-x -a ${quoted(argChoices.join(' '))}`]),
          `-d ${quoted(description)}`,
        ].join(' '),
      ),
    ];
  });
  return `# fish completion for outrider\n${lines.join('\n')}\n`;
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
