// What helps a workload whose running pods lack their parts, or have those of an older plan.
import { workloadKind, workloadKinds, type WorkloadKind } from './workload-kinds.js';
import type { Workload } from './workload-of.js';

/** A command line to run, or a sentence where no command of ours helps. */
export interface RestartAdvice {
  readonly kind: 'command' | 'sentence';
  readonly text: string;
}

/** A workload, and what is known about it. */
export interface AdvisedWorkload {
  readonly workload: Pick<Workload, 'apiVersion' | 'kind' | 'name'>;
  readonly namespace: string;
  /** The workload's own controller, where its metadata was read: an operator, as a rule. */
  readonly owner?: Pick<Workload, 'kind' | 'name'> | undefined;
}

/**
 * Says what gets a workload new pods.
 *
 * @param programName how the command is written: `outrider`, or `kubectl outrider`
 */
export function restartAdvice(
  { workload, namespace, owner }: AdvisedWorkload,
  programName = 'outrider',
): RestartAdvice {
  const { kind, apiVersion, name } = workload;
  const row = workloadKind(kind, apiVersion);
  if (row !== undefined && isRestartable(row)) {
    return owner === undefined
      ? { kind: 'command', text: `${programName} restart ${row.called}/${name} -n ${namespace}` }
      : { kind: 'sentence', text: ownedSentence(owner) };
  }
  const say = row === undefined ? undefined : others[row.called];
  return { kind: 'sentence', text: say?.(name, namespace) ?? foreignSentence(kind, name) };
}

/** Whether `outrider restart` can give pods of a kind their parts: by a change of the template, one pod after another. */
export function isRestartable(row: WorkloadKind): boolean {
  return row.restarts || row === workloadKinds.rollouts;
}

/** What has to be done where a template's owner would take a change back. */
export function ownedSentence({ kind, name }: Pick<Workload, 'kind' | 'name'>): string {
  return `it belongs to ${kind}/${name}, whose operator would take a restart back: restart it the way that operator says`;
}

function foreignSentence(kind: string, name: string): string {
  return kind === 'Node'
    ? `a static pod of node ${name} is the kubelet’s: no webhook changes it`
    : `its pods are made by the controller of ${kind}/${name}: restart it the way that controller says`;
}

/** By what people call a kind: `Job` is one of several groups. */
const others: Readonly<Record<string, ((name: string, namespace: string) => string) | undefined>> = {
  pod: (name, namespace) =>
    `nothing creates it again: save its manifest, kubectl -n ${namespace} delete pod ${name}, and create it again`,
  job: () => 'a Job’s pods stay as they are: only a new Job has it, the next one of a CronJob by itself',
  cronjob: () => 'its next run has it by itself; the Job that runs now stays as it is',
  rs: deletePods,
  rc: deletePods,
  dc: (name, namespace) => `oc rollout latest dc/${name} -n ${namespace}`,
};

function deletePods(_name: string, namespace: string): string {
  return `kubectl -n ${namespace} delete pod NAME, one after another, each once the one before is ready: new ones have it`;
}
