import type { Settings } from './table.js';
import type { ClusterFacts, PodNodes, SeenFacts } from '../model/recipe.js';

const usual: SeenFacts = { nativeSidecars: true, imageVolumes: false, openShift: false };

/** The settings that say something of the cluster that pods go to. */
export type ClusterFactsSettings = Pick<
  Settings,
  | 'nativeSidecars'
  | 'imageVolumes'
  | 'podSecurityDefault'
  | 'openshift'
  | 'sandboxedRuntimeClasses'
  | 'toolsImage'
  | 'agentUser'
  | 'imageRewrites'
  | 'ownPartsMayDiffer'
  | 'maxContainers'
>;

/**
 * What is taken for true of the cluster.
 *
 * @param seen what the cluster says about itself, for the settings that are `auto`
 */
export function clusterFacts(settings: ClusterFactsSettings, seen: SeenFacts = usual): ClusterFacts {
  return {
    nativeSidecars: choose(settings.nativeSidecars, seen.nativeSidecars),
    imageVolumes: choose(settings.imageVolumes, seen.imageVolumes),
    podSecurityDefault: settings.podSecurityDefault,
    openShift: isOpenShift(settings, seen),
    sandboxedRuntimeClasses: settings.sandboxedRuntimeClasses,
    toolsImage: settings.toolsImage,
    agentUser: settings.agentUser,
    imageRewrites: settings.imageRewrites,
    ownPartsMayDiffer: settings.ownPartsMayDiffer,
    maxContainers: settings.maxContainers,
  };
}

/** The nodes of a cluster as an engine has them: they decide pod by pod unless the setting decides for all. */
export function nodesFor(
  { imageVolumes }: Pick<Settings, 'imageVolumes'>,
  nodes: PodNodes,
): { readonly nodes?: PodNodes } {
  return imageVolumes === 'auto' ? { nodes } : {};
}

/** Whether the cluster is taken for an OpenShift one. */
export function isOpenShift({ openshift }: Pick<Settings, 'openshift'>, seen: SeenFacts = usual): boolean {
  return choose(openshift, seen.openShift);
}

function choose(given: boolean | 'auto', otherwise: boolean): boolean {
  return given === 'auto' ? otherwise : given;
}
