import { Option, type Command } from 'commander';
import { coverageStates, type CoverageState } from '../../model/coverage.js';
import { OutriderError } from '../../model/error.js';
import { collect, textsOf, type Invocation } from '../command.js';

/** Gives the command the option that makes states failures. */
export function addFailOnOption(command: Command): void {
  command.addOption(
    new Option(
      '--fail-on <STATES>',
      `exit with 1 when a pod is in one of these, several with commas: ${coverageStates.join(', ')} (default: none)`,
    ).argParser(collect),
  );
}

/**
 * Reads the option.
 *
 * @throws OutriderError `usage`
 */
export function failOnStates({ flags }: Pick<Invocation, 'flags'>): readonly CoverageState[] {
  const words = textsOf(flags['failOn']).flatMap((text) => text.split(',').map((word) => word.trim()));
  const known: readonly string[] = coverageStates;
  const stray = words.find((word) => !known.includes(word));
  if (stray !== undefined) {
    throw new OutriderError(
      'usage',
      `--fail-on ${stray}: there are ${coverageStates.join(', ')}, several with commas.`,
    );
  }
  return coverageStates.filter((state) => words.includes(state));
}
