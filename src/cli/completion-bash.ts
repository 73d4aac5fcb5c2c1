import type { Option } from 'commander';
import type { CompletedCommand } from './completion.js';

/** A completion script for bash. What it completes with is worked out here; the script only looks it up. */
export function bashCompletion(commands: readonly CompletedCommand[]): string {
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
export function takesValue({ required }: Option): boolean {
  return required;
}
