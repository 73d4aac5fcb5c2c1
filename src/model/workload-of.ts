// What a person calls a pod by: the Deployment web, not the pod web-5d8f7c9b6-x2x7q. Read from the pod alone, without I/O.
import { isArray, isObject, objectOf, stringOf, type JsonObject } from './json.js';
import { isObjectName } from './object-name.js';

/** The object that a pod belongs to, as the pod itself shows it. */
export interface Workload {
  /** Group and version, as in a manifest. */
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
}

/** A pod's controller, with its identity. */
export interface Controller extends Workload {
  readonly uid: string | undefined;
}

/** Labels that a controller of ReplicaSets puts on its pods, and which kind it is. */
const makersOfReplicaSets = [
  { label: 'pod-template-hash', apiVersion: 'apps/v1', kind: 'Deployment' },
  { label: 'rollouts-pod-template-hash', apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout' },
] as const;

/** The controller among an object's owners; `undefined` where there is none, or none that could exist. */
export function controllerIn(metadata: JsonObject): Controller | undefined {
  const owners = metadata['ownerReferences'];
  const owner = isArray(owners) ? owners.find((one) => isObject(one) && one['controller'] === true) : undefined;
  if (!isObject(owner)) return undefined;
  const apiVersion = stringOf(owner['apiVersion']);
  const kind = stringOf(owner['kind']);
  const name = stringOf(owner['name']);
  if (apiVersion === undefined || kind === undefined || name === undefined || !isObjectName(name)) return undefined;
  return { apiVersion, kind, name, uid: stringOf(owner['uid']) };
}

/**
 * The workload of a pod: its controller, a ReplicaSet's as the Deployment or Rollout whose hash is at the end of the
 * ReplicaSet's name; the pod itself where it has no controller. A pod's author can write all of it, and so only say
 * under which name their own pod is listed.
 *
 * @param metadata of a pod, whole or as `PartialObjectMetadata`
 * @returns `undefined` for a pod without a controller and without a name
 */
export function workloadOf(metadata: JsonObject): Workload | undefined {
  const owner = controllerIn(metadata);
  if (owner === undefined) {
    const name = stringOf(metadata['name']);
    return name === undefined || !isObjectName(name) ? undefined : { apiVersion: 'v1', kind: 'Pod', name };
  }
  const { apiVersion, kind, name } = owner;
  if (kind === 'ReplicaSet' && apiVersion === 'apps/v1') {
    const labels = objectOf(metadata['labels']) ?? {};
    for (const maker of makersOfReplicaSets) {
      const ending = `-${stringOf(labels[maker.label]) ?? ''}`;
      if (ending.length > 1 && name.length > ending.length && name.endsWith(ending)) {
        return { apiVersion: maker.apiVersion, kind: maker.kind, name: name.slice(0, -ending.length) };
      }
    }
  }
  return { apiVersion, kind, name };
}
