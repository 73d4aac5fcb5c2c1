import { evidenceText, type Evidence, type WorkloadName } from '../../model/taken-back.js';
import type { Found } from './conditions.js';
import { someOf } from './conditions.js';

/** A workload with trouble, and what was seen. */
export type Troubled = WorkloadName & { readonly evidence: Evidence };

/** What is known about the workloads of one policy whose pods our parts keep from running. */
export interface TakenBackFound {
  /** Those whose new pods are left alone. */
  readonly leftAlone: readonly Troubled[];
  /** Those of which one pod is let through, to find out. */
  readonly trying: readonly Troubled[];
  /** Those that are instrumented all the same, because the policy insists on it. */
  readonly insisted: readonly Troubled[];
  /** How many more there were than are kept. */
  readonly beyond: number;
  /** Keys in the ConfigMap that are not ours. */
  readonly invalid: number;
  /** Why the last look did not complete. */
  readonly trouble: string | undefined;
}

/** Nobody has looked in this term, because it did not come through. */
export interface NotLookedFor {
  readonly notLooked: string;
}

/** The condition `TakenBack`. @param found `undefined`: not known yet */
export function takenBack(found: TakenBackFound | NotLookedFor | 'off' | undefined): Found {
  if (found === 'off') {
    return {
      status: 'Unknown',
      reason: 'TakeBackOff',
      message: 'Nobody looks for pods that parts of ours keep from running (--take-back-after, chart: takeBackAfter).',
    };
  }
  if (found === undefined) {
    return { status: 'Unknown', reason: 'Pending', message: 'Such pods have not been looked for yet.' };
  }
  if ('notLooked' in found) {
    return {
      status: 'Unknown',
      reason: 'NotLookedAt',
      message: `Such pods could not be looked for: ${found.notLooked}.`,
    };
  }
  const { leftAlone, trying, insisted, beyond } = found;
  const rest = [beyondText(found), invalidText(found), failedText(found)].filter((text) => text !== '');
  const said = (texts: readonly string[]): string => [...texts, ...rest].filter((text) => text !== '').join(' ');
  if (leftAlone.length + trying.length > 0) {
    const texts = [
      countText(leftAlone, 'left alone'),
      countText(trying, 'being tried again'),
      howText([...leftAlone, ...trying]),
    ];
    return { status: 'True', reason: beyond > 0 ? 'TakenBackFull' : 'WorkloadsTakenBack', message: said(texts) };
  }
  if (beyond > 0) return { status: 'False', reason: 'TakenBackFull', message: said([]) };
  if (insisted.length > 0) {
    const texts = [
      countText(insisted, 'kept from running by parts of ours, on which the policy insists'),
      howText(insisted),
    ];
    return { status: 'False', reason: 'PartsFail', message: said(texts) };
  }
  return {
    status: 'False',
    reason: 'NothingTakenBack',
    message: said(['Parts of ours keep no pod from running, as far as was seen.']),
  };
}

function countText(workloads: readonly Troubled[], what: string): string {
  const { length } = workloads;
  if (length === 0) return '';
  const names = someOf(workloads.map(({ namespace, kind, name }) => `${namespace}/${kind.toLowerCase()}/${name}`));
  return `${length === 1 ? 'One workload is' : `${length} workloads are`} ${what}: ${names}.`;
}

function howText([first]: readonly Troubled[]): string {
  return first === undefined
    ? ''
    : `In ${first.namespace}/${first.kind.toLowerCase()}/${first.name}, ${evidenceText(first.evidence)}.`;
}

function beyondText({ beyond }: TakenBackFound): string {
  if (beyond === 0) return '';
  return `${beyond === 1 ? 'One more workload has' : `${beyond} more workloads have`} such trouble, which is more than is kept: nothing is taken back from ${beyond === 1 ? 'it' : 'them'}.`;
}

function invalidText({ invalid }: TakenBackFound): string {
  return invalid === 0
    ? ''
    : `${invalid === 1 ? 'One entry' : `${invalid} entries`} of the ConfigMap with that state are not Outrider’s, and are ignored.`;
}

function failedText({ trouble }: TakenBackFound): string {
  return trouble === undefined ? '' : `The last look did not come through: ${trouble}.`;
}
