// What people are told about a workload whose new pods are left alone, because parts of ours kept earlier ones from running.
import { evidenceText, type TakenBackEntry, type Trouble } from '../../model/taken-back.js';
import { workloadKind } from '../../model/workload-kinds.js';
import { durationText } from './phrases.js';
import { plain } from './plain.js';

/** An entry in words. */
export interface TakenBackWords {
  /** The workload as kubectl names it: `deploy/web`. */
  readonly workload: string;
  /** How long ago it was taken back. */
  readonly ago: string;
  /** What failed, by the node’s words. */
  readonly failed: string;
  /** When it is tried again. */
  readonly again: string;
  /** Commands and pages that help, the most direct first. */
  readonly next: readonly string[];
}

/**
 * Words for an entry.
 *
 * @param nowMs by the API server’s date
 * @param programName how commands are written: `outrider`, or `kubectl outrider`
 */
export function takenBackWords(entry: TakenBackEntry, nowMs: number, programName: string): TakenBackWords {
  const { namespace, since, evidence } = entry;
  const workload = calledWorkload(entry);
  const at = `${workload} -n ${namespace}`;
  return {
    workload,
    ago: `${durationText((nowMs - Date.parse(since)) / 1000)} ago`,
    failed: plain(evidenceText(evidence)),
    again: againText(entry, nowMs),
    next: [
      plain(lookAt[evidence.trouble](entry)),
      `${programName} retry ${at}, once that is fixed`,
      `${programName} restart ${at} --taken-back, for pods that still hang`,
    ],
  };
}

/** A workload as kubectl names it. */
export function calledWorkload({
  kind,
  apiVersion,
  name,
}: Pick<TakenBackEntry, 'kind' | 'apiVersion' | 'name'>): string {
  return `${workloadKind(kind, apiVersion)?.called ?? kind.toLowerCase()}/${name}`;
}

/** When it is tried again, and how often that has failed. */
function againText({ stage, at, tries }: TakenBackEntry, nowMs: number): string {
  const failed = tries === 0 ? '' : `, after ${tries} ${tries === 1 ? 'try' : 'tries'} that failed`;
  const seconds = (Date.parse(at) - nowMs) / 1000;
  if (stage === 'Trying') return `now, for ${durationText(-seconds)}: one new pod gets our parts${failed}`;
  return seconds <= 0 ? `due now${failed}` : `in ${durationText(seconds)}${failed}`;
}

/** What to look at, for each kind of trouble. */
const lookAt: Readonly<Record<Trouble, (entry: TakenBackEntry) => string>> = {
  image_not_pulled: ({ policy, evidence }) =>
    `see that nodes can pull ${evidence.image}: agent.image and agent.imagePullSecrets of policy ${policy}`,
  step_fails: (entry) => wordsOf(entry, ''),
  agent_fails: (entry) => wordsOf(entry, ' --previous'),
  wrapper_refused: () => 'docs/troubleshooting.md#a-workload-was-taken-back',
};

/** A container that never ran has no log: then the pod’s Events say more. */
function wordsOf({ namespace, evidence }: TakenBackEntry, options: string): string {
  const pod = evidence.pods[0] ?? 'POD';
  const hasRun = evidence.words.startsWith('ended with');
  return `kubectl -n ${namespace} ${hasRun ? `logs ${pod} -c ${evidence.container}${options}` : `describe pod ${pod}`}`;
}
