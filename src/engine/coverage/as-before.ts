import { readPod, isFinding } from '../../inject/pod/view.js';
import type { JsonObject } from '../../model/json.js';
import type { Engine } from '../engine.js';
import type { Rule } from '../rules.js';
import { askAnew, decidedOn, type Asked, type PodPlace } from './ask.js';
import { factsOfEarlier, otherFacts } from './looks.js';

/**
 * Whether a pod that does not meet its plan would meet it in the cluster as it was when it was made: its nodes, the labels
 * of the namespace, and the installation's settings decide about parts, and no plan's name tells of them.
 *
 * @returns what was different then, for people; `undefined` where that does not explain it
 */
export function tryAsBefore(
  pod: JsonObject,
  place: PodPlace,
  { outcome: { plan } }: Asked,
  rule: Rule,
  engine: Engine,
): string | undefined {
  const { facts } = engine;
  if (plan !== undefined && lacksCapabilitiesAlone(plan)) {
    return 'it lacks a capability that the namespace’s Pod Security level lets it have now';
  }
  const view = readPod(pod, facts.maxContainers);
  if (isFinding(view)) return undefined;
  const holds = (other: Engine['facts']): boolean => {
    const { state } = decidedOn(askAnew(pod, place, { ...engine, facts: other }));
    return state === 'instrumented' || state === 'partial';
  };
  if (otherFacts(facts).some(holds)) return 'it is made for nodes as they were';
  const lenient = factsOfEarlier(facts, view, rule);
  if ([lenient, ...otherFacts(lenient)].some(holds)) {
    return 'its parts have another image of Outrider, or another user, than the settings give them now';
  }
  return undefined;
}

function lacksCapabilitiesAlone(plan: NonNullable<Asked['outcome']['plan']>): boolean {
  const { shareProcessNamespace, volumes, initContainers, containers, workload } = plan;
  if (shareProcessNamespace) return false;
  if ([...volumes, ...initContainers, ...containers].some(({ present }) => present === undefined)) return false;
  return workload.every(
    ({ command, env, mounts, execs }) =>
      command === undefined && [env, mounts, execs].every(({ length }) => length === 0),
  );
}
