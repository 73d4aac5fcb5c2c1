// Decides whether a workload is restarted. Pure.
import type { Rollout } from '../../cluster/rollout/rollout.js';
import { isComplete, isRolledOut, progressOf } from '../../cluster/rollout/rollout.js';
import type { WorkloadKind } from '../../model/workload-kinds.js';
import { isRestartable, restartAdvice } from '../../model/restart-advice.js';
import type { Workload } from '../../model/workload-of.js';
import type { PodNeed, WorkloadState } from './workload-state.js';

/** What a restart should fix. */
export interface Wanted {
  readonly missed: boolean;
  readonly stale: boolean;
  /** Pods that hang because of a part of ours, of workloads whose new pods are left alone. */
  readonly broken: boolean;
}

/** Everything that is known about a workload. */
export interface RestartFacts {
  readonly workload: Workload;
  readonly namespace: string;
  /** Its name for people: `deploy/web`. */
  readonly called: string;
  /** Its controller. */
  readonly owner: Pick<Workload, 'kind' | 'name'> | undefined;
  readonly state: WorkloadState;
  readonly rollout: Rollout;
  /** The ordinal of a StatefulSet’s first pod. */
  readonly firstOrdinal: number;
  /** Whether its last restart was ours. */
  readonly isOurs: boolean;
  readonly wanted: Wanted;
  readonly programName: string;
}

/** What is done, or why nothing is done. */
export type Verdict =
  | { readonly act: 'restart' }
  /** A restart of ours from an interrupted call is still being rolled out. */
  | { readonly act: 'wait' }
  /** A restart of ours has failed, so nothing after it is restarted either. */
  | { readonly act: 'fail'; readonly why: string; readonly remedy?: string }
  | { readonly act: 'nothing'; readonly why: string }
  | { readonly act: 'refuse'; readonly why: string; readonly remedy?: string };

/** Decides. Restart a workload only if its pods lack something that new ones get, and if it is healthy. */
export function verdictOn(facts: RestartFacts): Verdict {
  if (facts.wanted.broken) return verdictOnBroken(facts);
  const { state, owner, rollout, workload, namespace, called, isOurs, programName } = facts;
  const { obstacle } = state;
  const explain = `${programName} explain ${called} -n ${namespace}`;
  if (obstacle?.kind === 'denied') return { act: 'refuse', why: obstacle.why, remedy: explain };
  if (obstacle?.kind === 'same') return { act: 'nothing', why: obstacle.why };
  if (obstacle?.kind === 'untold' && state.pods.some((pod) => pod.state !== 'instrumented')) {
    const remedy = `give the image with --image-config, or run this where its registry can be asked; see ${explain}`;
    return { act: 'refuse', why: obstacle.why, remedy };
  }
  const needy = needyPods(facts);
  if (needy.length === 0) return { act: 'nothing', why: nothingLacks(facts) };
  if (owner !== undefined) {
    return { act: 'refuse', why: restartAdvice({ workload, namespace, owner }).text };
  }
  if (rollout.isByHand) {
    const why = 'its update strategy is OnDelete: a new template changes no pod';
    const remedy = `kubectl -n ${namespace} delete pod NAME, one after another: ${needy.map(({ name }) => name).join(' ')}`;
    return { act: 'refuse', why, remedy };
  }
  if (rollout.isPaused) {
    return { act: 'refuse', why: 'it is paused', remedy: 'end the pause, and run this again' };
  }
  if (rollout.failure !== undefined && rollout.isObserved) {
    return isOurs
      ? { act: 'fail', why: `its last restart failed: ${rollout.failure}`, remedy: describe(facts) }
      : { act: 'refuse', why: `it was failing before: ${rollout.failure}`, remedy: describe(facts) };
  }
  if (isOurs && !isComplete(rollout)) return { act: 'wait' };
  if (!isRolledOut(rollout)) {
    const why = `it is in the middle of a rollout: ${progressOf(rollout)}`;
    return { act: 'refuse', why, remedy: 'run this again when that is done' };
  }
  if (rollout.available < rollout.wanted) {
    return { act: 'refuse', why: `it was failing before: ${progressOf(rollout)}`, remedy: describe(facts) };
  }
  if (needy.every((pod) => isHeld(pod, facts))) {
    const why = `its partition keeps ${needy.length === 1 ? 'the pod that lacks' : 'the pods that lack'} something as ${needy.length === 1 ? 'it is' : 'they are'}`;
    const remedy = `lower spec.updateStrategy.rollingUpdate.partition, now ${rollout.held}`;
    return { act: 'refuse', why, remedy };
  }
  return { act: 'restart' };
}

/**
 * The same where new pods get no parts of ours. That a workload is failing, or in the middle of a rollout, is then what the
 * restart is to end.
 */
function verdictOnBroken(facts: RestartFacts): Verdict {
  const { state, owner, rollout, workload, namespace, isOurs } = facts;
  const needy = needyPods(facts);
  if (needy.length === 0) {
    return { act: 'nothing', why: `no pod of it hangs that has parts of ours: ${needText(state)}` };
  }
  if (owner !== undefined) {
    return { act: 'refuse', why: restartAdvice({ workload, namespace, owner }).text };
  }
  if (rollout.isByHand || rollout.isOrdered || needy.every((pod) => isHeld(pod, facts))) {
    const why = rollout.isByHand
      ? 'its update strategy is OnDelete: a new template changes no pod'
      : rollout.isOrdered
        ? 'it replaces no pod while one is not ready'
        : 'its partition keeps those that hang as they are';
    return {
      act: 'refuse',
      why,
      remedy: `kubectl -n ${namespace} delete pod ${needy.map(({ name }) => name).join(' ')}`,
    };
  }
  if (rollout.isPaused) {
    return { act: 'refuse', why: 'it is paused', remedy: 'end the pause, and run this again' };
  }
  if (!isOurs) return { act: 'restart' };
  if (rollout.failure !== undefined && rollout.isObserved) {
    return { act: 'fail', why: `its last restart failed: ${rollout.failure}`, remedy: describe(facts) };
  }
  return isComplete(rollout) ? { act: 'restart' } : { act: 'wait' };
}

/**
 * For a kind that is never restarted: why not, and what to do instead. `undefined` for the other kinds.
 *
 * @param maker what makes its pods: itself, or its controller
 */
export function neverRestarted(
  kind: WorkloadKind,
  maker: Workload,
  namespace: string,
  programName: string,
): Extract<Verdict, { readonly act: 'refuse' }> | undefined {
  if (isRestartable(kind)) return undefined;
  const why = `a ${kind.kind} by itself is never restarted`;
  return { act: 'refuse', why, remedy: restartAdvice({ workload: maker, namespace }, programName).text };
}

/** The pods that lack what the restart should fix. */
export function needyPods({ state, wanted }: Pick<RestartFacts, 'state' | 'wanted'>): readonly PodNeed[] {
  return state.pods.filter((pod) => pod.state !== 'instrumented' && pod.state !== 'unknown' && wanted[pod.state]);
}

/** Whether the update strategy keeps a pod as it is. */
export function isHeld(
  { name }: PodNeed,
  { rollout: { held }, firstOrdinal }: Pick<RestartFacts, 'rollout' | 'firstOrdinal'>,
): boolean {
  const ordinal = held === 0 ? undefined : /-(\d+)$/.exec(name)?.[1];
  return ordinal !== undefined && Number(ordinal) < firstOrdinal + held;
}

/** How many pods are in which state. */
export function countsOf(pods: readonly PodNeed[]): Readonly<Record<PodNeed['state'], number>> {
  const counts = { instrumented: 0, missed: 0, stale: 0, broken: 0, unknown: 0 };
  for (const { state } of pods) counts[state] += 1;
  return counts;
}

/** The same in a few words: `2 missed, 1 stale of 3 pods`. */
export function needText({ pods }: WorkloadState): string {
  const counts = countsOf(pods);
  const parts = (['missed', 'stale', 'broken', 'unknown'] as const).flatMap((state) =>
    counts[state] === 0 ? [] : [`${counts[state]} ${state}`],
  );
  const all = `${pods.length} ${pods.length === 1 ? 'pod' : 'pods'}`;
  return parts.length === 0 ? all : `${parts.join(', ')} of ${all}`;
}

function nothingLacks({ state, wanted }: RestartFacts): string {
  if (state.pods.length === 0) return 'no pod of it runs';
  if (state.pods.every((pod) => pod.state === 'instrumented')) {
    return `${state.pods.length === 1 ? 'its pod has' : `its ${state.pods.length} pods have`} every part`;
  }
  const asked =
    wanted.missed && wanted.stale ? '' : wanted.missed ? ', and --missed was asked' : ', and --stale was asked';
  return `${needText(state)}${asked}`;
}

function describe({ namespace, called }: RestartFacts): string {
  return `kubectl -n ${namespace} describe ${called}`;
}
