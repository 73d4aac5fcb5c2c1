import { Option, type Command } from 'commander';
import type { Engine } from '../../engine/engine.js';
import { OutriderError } from '../../model/error.js';
import { collect, textsOf, type Invocation } from '../command.js';
import type { EditedFile } from '../files/edited-file.js';
import { unseenIn } from '../files/unseen-objects.js';
import type { InstrumentedTemplate } from '../offline/instrument-templates.js';

/** What a run can count as a failure, in addition to what a policy denies. */
export type Failure = (typeof failures)[number] | 'not-updated';

/** How often something that counts as a failure was found. */
export interface FailureCount {
  readonly failure: Failure;
  readonly count: number;
}

const failures = ['skip', 'partial', 'not-looked-at'] as const;

/** Gives a command the option that makes findings failures. */
export function addFailOnOption(command: Command): void {
  command.addOption(
    new Option(
      '--fail-on <WHAT>',
      `exit with 1 also for these, several with commas: ${failures.join(', ')}; under prefer: Security they count anyway, except for a skip that the policy allows`,
    ).argParser(collect),
  );
}

/**
 * Reads the option of {@link addFailOnOption}.
 *
 * @throws OutriderError `usage`
 */
export function failOn({ flags }: Pick<Invocation, 'flags'>): readonly Failure[] {
  const words = textsOf(flags['failOn']).flatMap((text) => text.split(',').map((word) => word.trim()));
  const known: readonly string[] = failures;
  const stray = words.find((word) => !known.includes(word));
  if (stray !== undefined) {
    throw new OutriderError('usage', `--fail-on ${stray}: there are ${failures.join(', ')}, several with commas.`);
  }
  return failures.filter((each) => words.includes(each));
}

/**
 * Counts a run's failures. If a document was not looked at, it is not known which policy it is under, so it counts as soon
 * as one policy prefers security and injects. Denials are counted elsewhere. A skip that a policy allows is not a failure.
 *
 * @param asked what the command line names
 */
export function failuresIn(
  files: readonly EditedFile<InstrumentedTemplate>[],
  asked: readonly Failure[],
  { rules }: Pick<Engine, 'rules'>,
): readonly FailureCount[] {
  const open = files.flatMap(({ documents }) =>
    documents.flatMap(({ edits }) => edits.filter(({ denial }) => denial === undefined)),
  );
  const insists = rules.policies.ranked.some(
    (policy) => policy.valid && policy.spec.prefer === 'Security' && policy.spec.mode === 'Inject',
  );
  const counted: Readonly<Record<Failure, number>> = {
    // The template was injected with other settings, and the new ones could not be applied (W18).
    'not-updated': open.filter(({ isStale }) => isStale === true).length,
    skip: asked.includes('skip') ? decided(open, 'skip') : 0,
    partial: asked.includes('partial') ? decided(open, 'partial') : 0,
    'not-looked-at': insists || asked.includes('not-looked-at') ? unseenIn(files).length : 0,
  };
  return ([...failures, 'not-updated'] as const).flatMap((failure) => {
    const count = counted[failure];
    return count === 0 ? [] : [{ failure, count }];
  });
}

function decided(edits: readonly InstrumentedTemplate[], wanted: 'skip' | 'partial'): number {
  return edits.filter(({ outcome }) => outcome.decision.decision === wanted).length;
}

/** `1 skip and 2 not-looked-at`. */
export function failuresText(counts: readonly FailureCount[]): string {
  const parts = counts.map(({ failure, count }) => `${count} ${failure}`);
  return parts.join(', ').replace(/, ([^,]*)$/, ' and $1');
}
