// Decides what should be traced in a pod, by the policy and the current plan, not by what is written on the pod.
import { readPod, isFinding, type ContainerView } from '../../inject/pod/view.js';
import { isNameOf } from '../../inject/pod/identify.js';
import { busybox } from '../../inject/pod/scripts.js';
import type { PlannedMember } from '../../inject/pod/plan.js';
import type { Outcome } from '../../engine/outcome.js';
import type { Decision } from '../../model/decision.js';
import { listOf, objectOf, type JsonObject } from '../../model/json.js';
import type { ReasonCode } from '../../model/reasons.js';
import type { Recipe } from '../../model/recipe.js';
import { leftOut } from '../offline/counts.js';

/** What is expected of one container. */
export type Expectation =
  /**
   * @property wrapped whether the pod's spec starts it by the tracer
   * @property doubt why nothing that is seen of it tells anything
   */
  | {
      readonly name: string;
      readonly traced: true;
      readonly wrapped: boolean;
      readonly detail?: string;
      readonly doubt?: string;
    }
  | { readonly name: string; readonly traced: false; readonly reason: ReasonCode | undefined; readonly detail: string };

/** What is expected of a pod, and how to look into it. */
export interface Expected {
  /** For the workload's containers, without ours. */
  readonly containers: readonly Expectation[];
  /** The name of the tracer's process. */
  readonly tracerNames: ReadonlySet<string>;
  /** The agent's container, where it is as planned and has our busybox. */
  readonly agent: string | undefined;
  /** Why no container is suitable to look from. */
  readonly noAgent: string;
  /** Whether the pod's containers see each other's processes. */
  readonly shared: boolean;
}

/** The kernel cuts a process's name after this many bytes. */
const longestNameBytes = 15;

/**
 * Says what is expected of a pod.
 *
 * @param outcome the outcome of deciding on the pod again, without look-ups
 * @param alsoTracers further names that the tracer may have
 */
export function expectedOf(pod: JsonObject, outcome: Outcome, alsoTracers: readonly string[]): Expected {
  const { decision, plan, rule } = outcome;
  const view = readPod(pod);
  const all = isFinding(view) ? [] : [...view.initContainers, ...view.containers];
  const own = plan === undefined ? [] : [...plan.initContainers, ...plan.containers];
  const ours = new Set(own.filter(({ present }) => present !== undefined).map(({ name }) => name));
  const recipe = plan?.recipe ?? rule?.recipe;
  const differs = plan === undefined && (decision.reason === 'parts_differ' || decision.reason === 'tampered');
  const containers = all
    .filter(({ name }) => !ours.has(name))
    .map((container) =>
      differs && recipe !== undefined
        ? differingExpectation(container, decision, recipe)
        : plannedExpectation(container, outcome, ours.size > 0),
    );
  return {
    containers,
    tracerNames: new Set([...namesOf(recipe?.wrapper ?? []), ...alsoTracers.map(cut)]),
    ...(differs ? { agent: undefined, noAgent: decision.detail } : agentIn(own, plan?.volumes ?? [])),
    shared: objectOf(pod['spec'])?.['shareProcessNamespace'] === true,
  };
}

/** @param hasOurs whether the pod has parts of ours: the webhook saw it */
function plannedExpectation({ name }: ContainerView, { decision, plan }: Outcome, hasOurs: boolean): Expectation {
  const not = (detail: string, reason?: ReasonCode): Expectation => ({ name, traced: false, reason, detail });
  if (decision.reason === 'report_mode') return not(`policy ${decision.policy ?? ''} only reports`, 'report_mode');
  const stop = leftOut(decision).find(({ subject }) => subject === name);
  if (stop !== undefined && (hasOurs || stop.reason?.startsWith('image_') !== true))
    return not(stop.detail, stop.reason);
  if (stop !== undefined) {
    // No registry is asked here. For a pod that the webhook never saw, none was asked at all.
    return { name, traced: true, wrapped: false, detail: 'what its image starts was not looked up' };
  }
  const planned = plan?.workload.find(({ container }) => container.name === name);
  if (planned !== undefined && plan?.recipe.wrapper === undefined) return not('the profile has no tracer in the pod');
  if (planned !== undefined) return { name, traced: true, wrapped: planned.command === undefined };
  if (plan === undefined) return not(decision.detail, decision.reason);
  return not(noteOn(name, decision) ?? 'the policy does not ask for it');
}

/**
 * A container of a pod in which our parts differ from the current plan: they are from another version, or forged. Containers
 * that the pod's spec starts through the tracer should be traced. So should the others, unless the policy leaves them out.
 */
function differingExpectation({ name, command }: ContainerView, decision: Decision, recipe: Recipe): Expectation {
  const { sidecar, volume, wrapper = [] } = recipe;
  const ours = [sidecar?.name, volume?.copy?.name, volume?.copy?.toolsName];
  if (ours.some((base) => base !== undefined && isNameOf(base, name))) {
    const doubt = 'it is called like a part of ours, and is not as the current plan has it';
    return { name, traced: true, wrapped: false, doubt };
  }
  if (wrapper[0] !== undefined && command[0] === wrapper[0]) return { name, traced: true, wrapped: true };
  const note = noteOn(name, decision);
  if (note !== undefined) return { name, traced: false, reason: undefined, detail: note };
  const stop = leftOut(decision).find(({ subject }) => subject === name);
  if (stop !== undefined) return { name, traced: false, reason: stop.reason, detail: stop.detail };
  return { name, traced: true, wrapped: false };
}

function noteOn(name: string, { steps }: Decision): string | undefined {
  return steps.findLast(({ subject, result }) => subject === name && result === 'note')?.detail;
}

/**
 * A wrapper's program, and the programs whose paths are its arguments: `env` and a loader turn into the program that follows
 * them.
 */
function namesOf([program, ...words]: readonly string[]): readonly string[] {
  return [...(program === undefined ? [] : [program]), ...words.filter((word) => word.startsWith('/'))].map((word) =>
    cut(word.slice(word.lastIndexOf('/') + 1)),
  );
}

function cut(name: string): string {
  return Buffer.from(name).subarray(0, longestNameBytes).toString();
}

/**
 * The agent's container, if the container and the one that fills its volume are as planned. What any other container reports
 * about the pod's processes may be forged by the pod's author.
 */
function agentIn(
  containers: readonly PlannedMember[],
  volumes: readonly PlannedMember[],
): Pick<Expected, 'agent' | 'noAgent'> {
  const agent = containers.find(({ part }) => part === 'agent');
  if (agent?.present === undefined) return { agent: undefined, noAgent: 'the pod has no agent of ours' };
  const differs = [...containers, ...volumes].find(
    ({ present, differences, restored }) => present === undefined || differences.length > 0 || restored !== undefined,
  );
  if (differs !== undefined) {
    return { agent: undefined, noAgent: `${differs.part} ${differs.name} is not as the current plan has it` };
  }
  if (listOf(agent.present['command'])[0] !== busybox) {
    return { agent: undefined, noAgent: `the agent’s container ${agent.name} has no tools of ours` };
  }
  return { agent: agent.name, noAgent: '' };
}
