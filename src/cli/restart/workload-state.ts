import { differingParts, missingParts } from '../../inject/pod/missing.js';
import type { Plan } from '../../inject/pod/plan.js';
import { isStampedBy } from '../../inject/pod/record.js';
import type { Outcome } from '../../engine/outcome.js';
import type { Decision } from '../../model/decision.js';
import { objectOf, stringOf, type JsonObject } from '../../model/json.js';
import { names } from '../../model/names.js';
import { skippedAsUnresolved } from '../../policy/unresolved.js';
import type { OfflineEngine } from '../offline/engine.js';
import { decideTemplate } from '../offline/instrument-templates.js';
import { podTemplateOf } from './pod-template.js';

/** How much a running pod has of what a new one would get. */
export interface PodNeed {
  readonly name: string;
  /**
   * `instrumented`: every part, whatever is written on it. `stale`: the parts of another plan. `missed`: none, or not all.
   * `broken`: parts of ours, and it is not Ready; only where the workload was taken back. `unknown`: this cannot be told
   * without more information.
   */
  readonly state: 'instrumented' | 'missed' | 'stale' | 'broken' | 'unknown';
  /** What the pod lacks, or which plan it has. */
  readonly detail: string;
}

/**
 * Why a restart may not help. `same`: a new pod would be no better. `denied`: there would be no new pod. `untold`: what its
 * image starts cannot be looked up from here, but the cluster may know it.
 */
export interface Obstacle {
  readonly kind: 'same' | 'denied' | 'untold';
  readonly why: string;
}

/** What a workload's pods lack. */
export interface WorkloadState {
  /** The policy that wins for a new pod. */
  readonly policy: string | undefined;
  /** Why a restart may not help; absent if a new pod gets every part. */
  readonly obstacle?: Obstacle | undefined;
  /** Running pods, without those that are terminating or have ended. */
  readonly pods: readonly PodNeed[];
}

/**
 * Judges a workload's pods by the engine that decides on new ones. It may look up the template's images, but not those of
 * its pods.
 *
 * @param pods gives the workload's pods; not called if no restart helps
 * @param policy the only policy to consider; absent: all policies
 */
export async function judgeWorkload(
  workload: JsonObject,
  pods: () => Promise<readonly JsonObject[]>,
  engine: Pick<OfflineEngine, 'engine' | 'namespaces' | 'images'>,
  policy: string | undefined,
): Promise<WorkloadState> {
  const template = podTemplateOf(workload);
  if (template === undefined) {
    const why = 'it has no template of its own: its pods are those of what spec.workloadRef names';
    return { policy: undefined, obstacle: { kind: 'same', why }, pods: [] };
  }
  const { outcome, denial } = await decideTemplate(template, engine, { trace: false, admitted: true });
  const obstacle = obstacleOf(outcome, denial, policy);
  const judged = { policy: outcome.decision.policy, obstacle };
  if (obstacle !== undefined && obstacle.kind !== 'untold') return { ...judged, pods: [] };
  const quiet = { ...engine, images: { ...engine.images, lookUp: undefined } };
  const needs: PodNeed[] = [];
  for (const pod of await pods()) {
    const { outcome: found } = await decideTemplate({ ...template, kind: 'Pod', path: '', pod }, quiet, {
      trace: false,
      admitted: true,
    });
    needs.push(needOf(pod, found, outcome));
  }
  return { ...judged, pods: needs };
}

function obstacleOf(
  { decision, patch }: Outcome,
  denial: Decision | undefined,
  policy: string | undefined,
): Obstacle | undefined {
  if (policy !== undefined && decision.policy !== policy) {
    const why =
      decision.policy === undefined ? 'no policy is for its pods' : `policy ${decision.policy} wins for its pods`;
    return { kind: 'same', why };
  }
  const isInjected = decision.decision === 'inject' || decision.decision === 'partial';
  // The validating door makes no look-ups, so it knows less about an image.
  const { reason, detail } = (isInjected ? denial : undefined) ?? decision;
  if ((denial !== undefined || !isInjected) && skippedAsUnresolved(reason)) {
    return { kind: 'untold', why: `what its image starts is not known here: ${reason}: ${detail}` };
  }
  if (denial !== undefined) return { kind: 'denied', why: `new pods would be denied: ${reason}: ${detail}` };
  if (!isInjected) return { kind: 'same', why: `a new pod would be left alone too: ${reason}: ${detail}` };
  return patch.length === 0 ? { kind: 'same', why: 'its template has every part itself' } : undefined;
}

/**
 * What a pod lacks.
 *
 * @param found the outcome of deciding on the pod again
 * @param wanted what happens to a new pod
 */
export function needOf(
  pod: JsonObject,
  { plan }: Pick<Outcome, 'plan'>,
  wanted: Pick<Outcome, 'rule' | 'decision'>,
): PodNeed {
  const metadata = objectOf(pod['metadata']);
  const name = stringOf(metadata?.['name']) ?? '';
  const annotations = objectOf(metadata?.['annotations']);
  const record = { policy: stringOf(annotations?.[names.policy]), plan: stringOf(annotations?.[names.plan]) };
  const missing = plan === undefined ? [] : missingParts(plan);
  const differing = plan === undefined ? [] : differingParts(plan);
  if (plan !== undefined && missing.length + differing.length === 0) return { name, state: 'instrumented', detail: '' };
  // A pod's author can write what is written on it, so it proves nothing about a pod that has none of our parts.
  if (record.plan !== undefined && (plan === undefined || hasParts(plan))) {
    const stamp = wanted.rule?.stamp;
    const isOther = record.policy !== wanted.decision.policy || stamp === undefined || !isStampedBy(record.plan, stamp);
    if (isOther) return { name, state: 'stale', detail: `it has plan ${record.plan}` };
  }
  if (missing.length > 0) return { name, state: 'missed', detail: `it lacks ${missing.join(', ')}` };
  // Another webhook may have changed the pod, and would do so again.
  const detail =
    differing.length === 0 ? 'what it lacks cannot be told' : `it has other parts: ${differing.join(', ')}`;
  return { name, state: 'unknown', detail };
}

function hasParts({ volumes, initContainers, containers }: Plan): boolean {
  return [...volumes, ...initContainers, ...containers].some(({ present }) => present !== undefined);
}
