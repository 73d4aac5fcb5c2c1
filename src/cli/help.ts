// The look of help: readable at 80 columns. Options that few people need appear only with --help-all.
import { Help, type Command, type HelpConfiguration } from 'commander';
import type { Output } from './io.js';

/** The headings whose options only --help-all shows. */
const furtherHeadings: ReadonlySet<string> = new Set([
  'Cluster:',
  'Connection:',
  'Installation:',
  'Look-up:',
  'More settings:',
  'Tasks (ECS, CloudFormation, Dockerrun):',
]);

const usualWidth = 80;
const widest = 100;
/** The column where descriptions start. A longer term gets a line of its own. */
const termWidth = 24;
const indent = 2;

/** The width of help texts. */
export function helpWidth({ columns }: Pick<Output, 'columns'>): number {
  return Math.min(columns ?? usualWidth, widest);
}

/**
 * How commander formats help.
 *
 * @param all whether every option is shown
 */
export function helpStyle(all: boolean): HelpConfiguration {
  return {
    showGlobalOptions: all,
    optionDescription: ({ description }) => description,
    padWidth: () => termWidth,
    visibleOptions: (command) => {
      const shown = new Help().visibleOptions(command);
      return all ? shown : shown.filter(({ helpGroupHeading = '' }) => !furtherHeadings.has(helpGroupHeading));
    },
    formatItem: (term, _width, description, helper) => {
      const start = ' '.repeat(indent);
      if (description === '') return `${start}${term}`;
      const column = indent + termWidth + 2;
      const wrapped = helper.boxWrap(description, Math.max((helper.helpWidth ?? usualWidth) - column, 30));
      const below = wrapped.replaceAll('\n', `\n${' '.repeat(column)}`);
      const isLong = helper.displayWidth(term) > termWidth;
      return isLong ? `${start}${term}\n${' '.repeat(column)}${below}` : `${start}${term.padEnd(termWidth)}  ${below}`;
    },
  };
}

/** The line that says which options are not shown. Nothing if all are shown. */
export function moreOptions({ options }: Command, called: string): string {
  const headings = [...new Set(options.map(({ helpGroupHeading = '' }) => helpGroupHeading))];
  const more = headings.filter((heading) => furtherHeadings.has(heading));
  if (more.length === 0) return '';
  const groups = more.map((heading) => heading.replace(/:$/, '').replace(/^[A-Z](?=[a-z])/, (c) => c.toLowerCase()));
  return `\nMore options (${groups.join('; ')}):\n  ${called} --help-all`;
}

/**
 * The same text in lines of at most this width. Paragraphs are refilled, and long example commands continue on the next
 * line.
 */
export function fitted(text: string, width: number): string {
  const lines: string[] = [];
  let paragraph: string[] = [];
  const end = (): void => {
    if (paragraph.some((line) => line.length > width)) lines.push(...filled(paragraph.join(' ').split(/ +/), width));
    else lines.push(...paragraph);
    paragraph = [];
  };
  for (const line of text.split('\n')) {
    if (/^\S/.test(line)) {
      paragraph.push(line);
      continue;
    }
    end();
    lines.push(...(line.length > width ? continued(line, width) : [line]));
  }
  end();
  return lines.join('\n');
}

/** A term with its description, or a command over several lines that a shell accepts. An option stays with its value. */
function continued(line: string, width: number): readonly string[] {
  const [, term, description] = /^( *\S+ {2,})(\S.*)$/.exec(line) ?? [];
  if (term !== undefined && description !== undefined) {
    const lines = filled(description.split(' '), width - term.length);
    return lines.map((text, index) => `${index === 0 ? term : ' '.repeat(term.length)}${text}`);
  }
  const [margin = ''] = /^ */.exec(line) ?? [];
  const words = line.trim().split(/ +(?=-|\||>)/);
  const parts = filled(words, width - margin.length - 4);
  return parts.map((part, index) => {
    const isLast = index === parts.length - 1;
    return `${margin}${index === 0 ? '' : '  '}${part}${isLast ? '' : ' \\'}`;
  });
}

function filled(words: readonly string[], width: number): readonly string[] {
  const lines: string[] = [];
  let current = '';
  for (const word of words) {
    if (current !== '' && current.length + 1 + word.length > width) {
      lines.push(current);
      current = '';
    }
    current = current === '' ? word : `${current} ${word}`;
  }
  return [...lines, current];
}
