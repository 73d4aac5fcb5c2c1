import type { Capability } from '../../doctor/capabilities.js';
import type { NodeSets } from '../../doctor/node-sets.js';
import { isPlacedByNothing, noneMountsImages, podImageVolumes } from '../../doctor/pod-image-volumes.js';
import { atLeast, parseVersion } from '../../doctor/version.js';
import type { JsonObject } from '../../model/json.js';
import type { PodNodes } from '../../model/recipe.js';

/** What the nodes, as last read, mean for a pod. Always the same object, because every engine uses it. */
export class KnownPodNodes implements PodNodes {
  #nodes: NodeSets | undefined;
  #refused: Capability | undefined = versionUnknown;
  /** The answer for pods that do not restrict their nodes, which is nearly all. */
  #usual: Capability | undefined;

  /**
   * Takes over what was read.
   *
   * @param version the API server's; `undefined` while it is not known
   * @param nodes `undefined` while they could not be read
   * @returns whether pods that say nothing about their node get another answer, or others may
   */
  know(version: string | undefined, nodes: NodeSets | undefined): boolean {
    const before = this.#answers();
    this.#nodes = nodes;
    this.#refused = refusedBy(version);
    this.#usual = undefined;
    return this.#answers() !== before;
  }

  imageVolumes(spec: JsonObject): Capability {
    if (this.#refused !== undefined) return this.#refused;
    if (this.#nodes === undefined) return unread;
    if (!isPlacedByNothing(spec)) return podImageVolumes(spec, this.#nodes);
    return (this.#usual ??= podImageVolumes(spec, this.#nodes));
  }

  isSameForAll(): boolean {
    return this.#refused !== undefined || this.#nodes === undefined || noneMountsImages(this.#nodes);
  }

  #answers(): string {
    return `${this.imageVolumes({}).holds} ${this.isSameForAll()}`;
  }
}

const versionUnknown: Capability = { holds: false, because: 'the server’s version is not known' };
const unread: Capability = { holds: false, because: 'the nodes could not be read' };

/** Before 1.36, image volumes can be switched off. */
function refusedBy(version: string | undefined): Capability | undefined {
  const parsed = version === undefined ? undefined : parseVersion(version);
  if (version === undefined || parsed === undefined) return versionUnknown;
  if (atLeast(parsed, [1, 36, 0])) return undefined;
  return { holds: false, because: `the server is ${version}, older than 1.36` };
}
