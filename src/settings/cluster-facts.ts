import type { Settings } from './table.js';
import type { ClusterFacts, SeenFacts } from '../model/recipe.js';

const usual: SeenFacts = { nativeSidecars: true, imageVolumes: false, openShift: false };

/**
 * What is taken for true of the cluster.
 *
 * @param seen what the cluster says of itself, for the settings that are `auto`
 */
export function clusterFacts(settings: Settings, seen: SeenFacts = usual): ClusterFacts {
  const choose = (given: boolean | 'auto', otherwise: boolean): boolean => (given === 'auto' ? otherwise : given);
  return {
    nativeSidecars: choose(settings.nativeSidecars, seen.nativeSidecars),
    imageVolumes: choose(settings.imageVolumes, seen.imageVolumes),
    podSecurityDefault: settings.podSecurityDefault,
    openShift: choose(settings.openshift, seen.openShift),
    sandboxedRuntimeClasses: settings.sandboxedRuntimeClasses,
    toolsImage: settings.toolsImage,
    imageRewrites: settings.imageRewrites,
  };
}
