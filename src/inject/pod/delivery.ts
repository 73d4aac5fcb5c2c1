import type { Finding } from '../../model/decision.js';
import type { SessionMode } from '../../model/policy.js';
import type { ClusterFacts, Delivery, PodNodes, Recipe } from '../../model/recipe.js';
import type { Wishes } from '../../model/wishes.js';
import { mountedVolume } from './mounts.js';
import type { ContainerView, PodView } from './view.js';

/** What is known about the nodes, for a single pod or for all nodes. */
export interface KnownOfNodes extends Pick<ClusterFacts, 'imageVolumes'> {
  readonly nodes: PodNodes | undefined;
}

/** A pod's delivery, and the reason for it as part of a sentence, for people. */
export interface DeliveryChoice {
  readonly delivery: Delivery;
  readonly because: string;
}

/**
 * Why the files are copied if the policy leaves the delivery open. A debug container mounts volumes without subPath, so it
 * would have a part of an image at another path than the workload.
 *
 * @param debug what happens to debug sessions in the policy's pods
 * @returns a part of a sentence; `undefined` if there is no reason for a copy
 */
export function whyCopied({ volume, session }: Recipe, debug: SessionMode): string | undefined {
  if (debug !== 'Trace' || session?.relocatable === true || volume?.imageVolume === undefined) return undefined;
  const isWhole = (volume.imageVolume.subPath ?? '') === '' && volume.programs.length === 0;
  return isWhole ? undefined : 'debug sessions are traced, which the profile cannot do out of an image volume';
}

/**
 * Chooses how the agent's files get into a pod. If the policy leaves it open, an instrumented pod keeps its delivery,
 * because another replica may know other nodes, and nodes come and go.
 *
 * @param started the containers that the wrapper already starts
 * @returns the choice, or what in the policy, the profile and the cluster rules it out
 */
export function chooseDelivery(
  view: PodView,
  recipe: Recipe,
  { delivery: wished, copied }: Pick<Wishes, 'delivery' | 'copied'>,
  facts: KnownOfNodes,
  started: readonly ContainerView[],
): DeliveryChoice | Finding {
  const { volume } = recipe;
  if (volume === undefined) return nothingToBring;
  if (wished === 'Auto' && volume.copy !== undefined && volume.imageVolume !== undefined) {
    const found = deliveryIn(view, started, volume.mountPath);
    return found ?? (copied === undefined ? byNodes(view, facts) : { delivery: 'Copy', because: copied });
  }
  const delivery = wished === 'Auto' ? (volume.copy === undefined ? 'ImageVolume' : 'Copy') : wished;
  const possible = delivery === 'Copy' ? volume.copy : volume.imageVolume;
  if (possible === undefined) {
    return { reason: 'delivery_unsupported', detail: `profile ${recipe.profile} has no delivery ${delivery}` };
  }
  if (delivery === 'ImageVolume' && !facts.imageVolumes) {
    return { reason: 'image_volume_unsupported', detail: 'the cluster’s nodes are not known to mount image volumes' };
  }
  return wished === 'Auto' ? onlyOne[delivery] : asked[delivery];
}

const nothingToBring: DeliveryChoice = { delivery: 'Copy', because: 'the profile brings no files' };
const asked = choices('the policy asks for it');
const onlyOne = choices('the profile has no other');
const kept = choices('the pod has it');
const everywhere: DeliveryChoice = {
  delivery: 'ImageVolume',
  because: 'the settings say that every node mounts image volumes',
};
const nowhere: DeliveryChoice = { delivery: 'Copy', because: 'no node is known to mount image volumes' };

function choices(because: string): Readonly<Record<Delivery, DeliveryChoice>> {
  return { Copy: { delivery: 'Copy', because }, ImageVolume: { delivery: 'ImageVolume', because } };
}

function byNodes({ spec }: PodView, { nodes, imageVolumes }: KnownOfNodes): DeliveryChoice {
  if (nodes === undefined) return imageVolumes ? everywhere : nowhere;
  const { holds, because } = nodes.imageVolumes(spec);
  return { delivery: holds ? 'ImageVolume' : 'Copy', because };
}

/** The delivery that containers started by the wrapper show: what they mount at the path of the agent's files. */
function deliveryIn(
  { volumes }: PodView,
  started: readonly ContainerView[],
  mountPath: string,
): DeliveryChoice | undefined {
  for (const container of started) {
    const name = mountedVolume(container, mountPath);
    const volume = name === undefined ? undefined : volumes.find((one) => one['name'] === name);
    if (volume === undefined) continue;
    if (volume['image'] !== undefined && volume['image'] !== null) return kept.ImageVolume;
    if (volume['emptyDir'] !== undefined && volume['emptyDir'] !== null) return kept.Copy;
  }
  return undefined;
}
