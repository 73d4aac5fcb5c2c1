import type { CompletedCommand } from './completion.js';

/** A completion script for fish: a line for each command and each option. */
export function fishCompletion(commands: readonly CompletedCommand[]): string {
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
