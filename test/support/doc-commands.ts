import { readFileSync } from 'node:fs';

const root = new URL('../../../', import.meta.url);

/** A command that a page tells its reader to run. */
export interface DocCommand {
  /** The heading above it. */
  readonly section: string;
  /** On one line, without comments. */
  readonly text: string;
}

/** The text of a page of the repository, by its path from the root. */
export function pageText(path: string): string {
  return readFileSync(new URL(path, root), 'utf8');
}

/** The commands in the shell blocks of a page, in their order. A line that ends with a backslash goes on in the next. */
export function shellCommands(path: string): readonly DocCommand[] {
  const commands: DocCommand[] = [];
  let section = '';
  for (const [, heading, body] of pageText(path).matchAll(/^## (.*)$|^```sh\n([^]*?)^```$/gm)) {
    if (heading !== undefined) section = heading;
    const lines = (body ?? '').replaceAll(/\\\n\s*/g, '').split('\n');
    for (const line of lines) {
      const text = line.replace(/(^|\s)#.*$/, '').trim();
      if (text !== '') commands.push({ section, text });
    }
  }
  return commands;
}

/** The words of a command, without quotes. */
export function wordsOf(command: string): readonly string[] {
  return (command.match(/(?:'[^']*'|"[^"]*"|[^\s'"])+/g) ?? []).map((word) => word.replaceAll(/['"]/g, ''));
}
