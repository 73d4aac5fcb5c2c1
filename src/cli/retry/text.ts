import type { TakenBackEntry } from '../../model/taken-back.js';
import type { Style } from '../text/style.js';
import { calledWorkload } from '../text/taken-back.js';

/** What was asked for, for people. */
export function retryText(entries: readonly TakenBackEntry[], others: readonly string[], style: Style): string {
  const asked = entries.flatMap((entry) => {
    const head = `${style.good('✓')} ${style.bold(calledWorkload(entry))} -n ${entry.namespace}  ${style.good('tried again')}: ${whatNext(entry)}`;
    const pod = entry.stage === 'Trying' ? [] : [style.dim(`    to have a new pod: ${newPod(entry)}`)];
    return [head, ...pod];
  });
  const left = others.map(
    (name) => `${style.dim('·')} ${style.bold(name)}  ${style.dim('nothing to do')}: it was not taken back`,
  );
  const lines = [...asked, ...left];
  return (lines.length === 0 ? ['nothing was taken back there'] : lines).map((line) => `${line}\n`).join('');
}

/** The same for programs. */
export function retryData(entries: readonly TakenBackEntry[], others: readonly string[]) {
  const asked = entries.map((entry) => ({
    workload: calledWorkload(entry),
    namespace: entry.namespace,
    policy: entry.policy,
    outcome: 'asked',
  }));
  return { results: [...asked, ...others.map((workload) => ({ workload, outcome: 'not_taken_back' }))] };
}

function whatNext({ stage }: TakenBackEntry): string {
  return stage === 'Trying' ? 'that had begun before' : 'once the leader has seen it, its next new pod gets our parts';
}

function newPod({ kind, namespace }: TakenBackEntry): string {
  return kind === 'Job' || kind === 'CronJob'
    ? 'wait for its next run'
    : `kubectl -n ${namespace} delete pod NAME, one of its pods`;
}
