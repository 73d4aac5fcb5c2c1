import type { TakenBackEntry } from '../../model/taken-back.js';
import { takenBackWords } from '../text/taken-back.js';
import type { ExplainedStep, TakenBackState } from './explanation.js';

/** What an entry says, for programs. */
export function takenBackState({ policy, evidence, since, tries, at, stage }: TakenBackEntry): TakenBackState {
  return { policy, evidence, since, tries, again: { at, isNow: stage === 'Trying' } };
}

/**
 * An entry as a line of the explanation. It is a note: whether it counts for the pods as they are now, the decision says.
 *
 * @param nowMs by the API server’s date
 */
export function takenBackStep(entry: TakenBackEntry, nowMs: number, programName: string): ExplainedStep {
  const { ago, failed, again, next } = takenBackWords(entry, nowMs, programName);
  return {
    subject: 'taken back',
    result: 'note',
    detail: `${ago} from policy ${entry.policy}: ${failed}; tried again ${again}`,
    remedy: next.join('; '),
  };
}
