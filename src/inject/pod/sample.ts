import type { Finding } from '../../model/decision.js';
import type { JsonObject } from '../../model/json.js';
import type { ClusterFacts, Recipe } from '../../model/recipe.js';
import type { Wishes } from '../../model/wishes.js';
import { planApiToken } from './api-token.js';
import { openPodContext, type PodContext } from './context.js';
import { containerDifferences, volumeDifferences } from './differences/compare.js';
import { noDifferences } from './differences/difference.js';
import { settleDifferences, type OwnMembers } from './differences/settle.js';
import { planHostVolumes } from './host-volumes.js';
import type { Search } from './identify.js';
import { surroundingsOf, termsOf } from './find-ours.js';
import { OwnParts, type OwnPart } from './own-parts.js';
import type { PlannedMember } from './plan.js';
import { isFinding, readPod, type PodView } from './view.js';

/**
 * The parts that a recipe adds to pods, next to a container that stands for a workload: shown to an API server to learn
 * how it fills them in before it does so with pods.
 */
export interface Sample {
  /** A pod's spec, which is never run. */
  readonly spec: JsonObject;
  readonly members: OwnMembers;
  readonly context: PodContext;
}

/** A placeholder for a workload, because a pod's spec needs a container. It is not looked at. */
const workload = { name: 'app', image: 'app', command: ['/app'] };

/**
 * Makes a recipe's sample: the parts in the form that they have in a pod which asks for nothing special.
 *
 * @returns `undefined` for a recipe that adds no containers and no volumes, and a finding where the cluster rules it out
 */
export function sampleOf(recipe: Recipe, wishes: Wishes, facts: ClusterFacts): Sample | Finding | undefined {
  const view = readPod({ spec: { containers: [workload] } });
  if (isFinding(view)) return view;
  // Uses its own parts, because those that the doors use are kept for one state of the facts.
  const parts = new OwnParts(recipe);
  const isOpen = wishes.delivery === 'Auto' && recipe.volume?.copy !== undefined;
  const context = openPodContext(view, recipe, isOpen ? { ...wishes, delivery: 'Copy' } : wishes, facts, parts);
  if ('reason' in context) return context;
  const { delivery, native } = context;
  const token = planApiToken(context, memberIn, termsOf(context, 'volume'));
  const around = surroundingsOf(context.around, undefined, token.mounts);
  const volumeNames = parts.volumeNames(delivery);
  const volumes = volumeNames.map((name, at) => memberOf('volume', name, parts.volume(at, name, delivery, facts)));
  if (isOpen && facts.imageVolumes && recipe.volume.imageVolume !== undefined) {
    // The other delivery's parts, under other names, because a pod's nodes decide which delivery it gets.
    volumes.push(
      ...parts.volumeNames('ImageVolume').map((own, at) => {
        const name = `${own}-image`;
        return memberOf('volume', name, parts.volume(at, name, 'ImageVolume', facts));
      }),
    );
  }
  volumes.push(...planHostVolumes(recipe, view, memberIn, termsOf(context, 'volume')).members, ...token.volumes);
  const find = (part: OwnPart): readonly PlannedMember[] => {
    const name = parts.nameOf(part);
    const value = name === undefined ? undefined : parts.make(part, name, volumeNames, around);
    return name === undefined || value === undefined ? [] : [memberOf(part, name, value)];
  };
  const steps = delivery === 'Copy' && volumeNames.length > 0 ? [...find('tools'), ...find('files')] : [];
  const agent = find('agent');
  const members: OwnMembers = {
    volumes,
    initContainers: native ? [...steps, ...agent] : steps,
    containers: native ? [] : agent,
  };
  const { initContainers, containers } = members;
  if (volumes.length + initContainers.length + containers.length === 0) return undefined;
  const spec = {
    containers: [workload, ...containers.map(({ value }) => value)],
    initContainers: initContainers.map(({ value }) => value),
    volumes: volumes.map(({ value }) => value),
  };
  return { spec, members, context };
}

/**
 * What happened to a sample: `differing` is a finding in the words of a denial; `lacking` names a part that is gone.
 */
export type SampleOutcome = { readonly differing: string | undefined } | { readonly lacking: string };

/**
 * Compares a sample with what an API server made of it, by the list that the doors use.
 *
 * @param spec what the API server answered
 */
export function compareSample({ members, context }: Sample, spec: JsonObject): SampleOutcome {
  const view = readPod({ spec });
  if (isFinding(view)) return { lacking: view.detail };
  const answered = { ...context, view };
  const found: OwnMembers = {
    volumes: members.volumes.map((member) => foundIn(answered, member, view.volumes)),
    initContainers: members.initContainers.map((member) => foundIn(answered, member, valuesOf(view.initContainers))),
    containers: members.containers.map((member) => foundIn(answered, member, valuesOf(view.containers))),
  };
  const all = [...found.volumes, ...found.initContainers, ...found.containers];
  const gone = all.find(({ present }) => present === undefined);
  if (gone !== undefined) return { lacking: gone.part === 'volume' ? `volume ${gone.name}` : gone.name };
  return { differing: settleDifferences(found, 'stops').differing?.detail };
}

function foundIn(context: PodContext, member: PlannedMember, list: readonly JsonObject[]): PlannedMember {
  const index = list.findIndex(({ name }) => name === member.name);
  const present = list[index];
  if (present === undefined) return member;
  const compare = member.part === 'volume' ? volumeDifferences : containerDifferences;
  return { ...member, present, index, differences: compare(present, member.value, termsOf(context, member.part)) };
}

function valuesOf(containers: PodView['containers']): readonly JsonObject[] {
  return containers.map(({ value }) => value);
}

function memberIn(search: Search): PlannedMember | undefined {
  return 'differs' in search ? undefined : search.member;
}

function memberOf(part: PlannedMember['part'], name: string, value: JsonObject): PlannedMember {
  return { part, name, value, present: undefined, index: undefined, differences: noDifferences, restored: undefined };
}
