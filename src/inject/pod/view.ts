import { isArray, isObject, listOf, objectOf, stringOf, stringsOf } from '../../model/json.js';
import type { JsonObject, JsonValue } from '../../model/json.js';
import type { Finding } from '../../model/decision.js';
import type { StringMap } from '../../model/selector.js';

/** Where a container is in a pod. */
export type ContainerList = 'containers' | 'initContainers';

/** A container of any list, with the fields that the injection reads. `value` is the container as it came. */
export interface ContainerBody {
  readonly name: string;
  readonly image: string;
  readonly index: number;
  /** Empty when the container gives none: Kubernetes treats an empty list as absent. */
  readonly command: readonly string[];
  readonly args: readonly string[];
  readonly value: JsonObject;
}

/** One container that a pod starts with. */
export interface ContainerView extends ContainerBody {
  readonly list: ContainerList;
  /** An init container with `restartPolicy: Always`. */
  readonly native: boolean;
}

/** A pod, opened. `spec` and `metadata` are as they came. */
export interface PodView {
  readonly spec: JsonObject;
  /** Empty when the pod has none. */
  readonly metadata: JsonObject;
  readonly hasMetadata: boolean;
  readonly labels: StringMap;
  readonly annotations: StringMap;
  readonly containers: readonly ContainerView[];
  readonly initContainers: readonly ContainerView[];
  readonly volumes: readonly JsonObject[];
}

const nothing: StringMap = {};
const none: readonly JsonObject[] = [];

/**
 * Opens a pod for reading.
 *
 * @param pod the pod as it came, or a pod template: an object with `metadata` and `spec`
 * @param maxContainers the limit without our own containers; init and ephemeral ones count. A pod with more is not opened
 * @returns the view, or a finding: `too_many_containers`, or `pod_unreadable`, which names the field that does not have a
 *   pod's shape
 */
export function readPod(pod: JsonObject, maxContainers = Infinity): PodView | Finding {
  const spec = objectOf(pod['spec']);
  if (spec === undefined) return unreadable('spec', 'is not an object');
  const running = listOf(spec['containers']).length + listOf(spec['initContainers']).length;
  const many = tooMany(running + listOf(spec['ephemeralContainers']).length, maxContainers, mostOwnContainers);
  if (many !== undefined) return many;
  const found = objectOf(pod['metadata']);
  const metadata = found ?? {};
  const labels = readStrings(metadata['labels']);
  if (labels === undefined) return unreadable('metadata.labels', 'is not a map of strings');
  const annotations = readStrings(metadata['annotations']);
  if (annotations === undefined) return unreadable('metadata.annotations', 'is not a map of strings');

  const containers = readContainers(spec['containers'], 'containers');
  if ('reason' in containers) return containers;
  if (containers.length === 0) return unreadable('spec.containers', 'is empty');
  const initContainers = readContainers(spec['initContainers'], 'initContainers');
  if ('reason' in initContainers) return initContainers;

  const volumes = objectsOf(spec['volumes']);
  if (volumes === undefined) return unreadable('spec.volumes', notObjects);
  if (objectsOf(spec['imagePullSecrets']) === undefined) return unreadable('spec.imagePullSecrets', notObjects);
  return { spec, metadata, hasMetadata: found !== undefined, labels, annotations, containers, initContainers, volumes };
}

/** Whether a pod's own containers are more than may be: of those of its workload and the ephemeral ones. */
export function hasTooMany(
  { spec }: PodView,
  workload: readonly ContainerView[],
  maxContainers: number,
): Finding | undefined {
  return tooMany(workload.length + listOf(spec['ephemeralContainers']).length, maxContainers, 0);
}

// The copy steps and the agent.
const mostOwnContainers = 3;

function tooMany(count: number, maxContainers: number, ours: number): Finding | undefined {
  if (count <= maxContainers + ours) return undefined;
  return { reason: 'too_many_containers', detail: `the pod has ${count}, and at most ${maxContainers} are looked at` };
}

/** Reads the ephemeral containers of a pod: what `kubectl debug` adds. */
export function readEphemeralContainers(spec: JsonObject): readonly ContainerBody[] | Finding {
  return readContainers(spec['ephemeralContainers'], 'ephemeralContainers');
}

/** True for the finding that {@link readPod} gives in place of a view. */
export function isFinding(value: PodView | Finding): value is Finding {
  return 'reason' in value;
}

function readContainers<List extends ContainerList | 'ephemeralContainers'>(
  value: JsonValue | undefined,
  list: List,
): readonly (ContainerBody & { readonly list: List; readonly native: boolean })[] | Finding {
  if (value === undefined || value === null) return [];
  if (!isArray(value)) return unreadable(`spec.${list}`, 'is not a list');
  const views: (ContainerBody & { readonly list: List; readonly native: boolean })[] = [];
  for (let index = 0; index < value.length; index++) {
    const container = objectOf(value[index]);
    const name = container && stringOf(container['name']);
    if (container === undefined || name === undefined || name === '') {
      return unreadable(`spec.${list}[${index}]`, 'is not a container with a name');
    }
    const command = readStringList(container['command']);
    if (command === undefined) return unreadable(`spec.${list}[${index}].command`, 'is not a list of strings');
    const args = readStringList(container['args']);
    if (args === undefined) return unreadable(`spec.${list}[${index}].args`, 'is not a list of strings');
    const misshapen = misshapenIn(container);
    if (misshapen !== undefined) return unreadable(`spec.${list}[${index}].${misshapen.field}`, misshapen.what);
    views.push({
      name,
      image: stringOf(container['image']) ?? '',
      list,
      index,
      native: list === 'initContainers' && container['restartPolicy'] === 'Always',
      command,
      args,
      value: container,
    });
  }
  return views;
}

const notObjects = 'is not a list of objects';
const noObject = 'is not an object';

/** A field that we may have to add to but that has another shape, so that its contents would be lost (W31). */
function misshapenIn({
  env,
  volumeMounts,
  securityContext: security,
}: JsonObject): { readonly field: string; readonly what: string } | undefined {
  if (objectsOf(env) === undefined) return { field: 'env', what: notObjects };
  if (objectsOf(volumeMounts) === undefined) return { field: 'volumeMounts', what: notObjects };
  if (security === undefined || security === null) return undefined;
  if (!isObject(security)) return { field: 'securityContext', what: noObject };
  const { capabilities } = security;
  if (capabilities === undefined || capabilities === null) return undefined;
  if (!isObject(capabilities)) return { field: 'securityContext.capabilities', what: noObject };
  if (readStringList(capabilities['add']) !== undefined) return undefined;
  return { field: 'securityContext.capabilities.add', what: 'is not a list of strings' };
}

/** A list of objects, empty when it is absent; `undefined` for another thing. */
function objectsOf(value: JsonValue | undefined): readonly JsonObject[] | undefined {
  if (value === undefined || value === null) return none;
  return isArray(value) && value.every(isObject) ? value : undefined;
}

function readStringList(value: JsonValue | undefined): readonly string[] | undefined {
  return value === undefined || value === null ? [] : stringsOf(value);
}

function readStrings(value: JsonValue | undefined): StringMap | undefined {
  if (value === undefined || value === null) return nothing;
  if (!isObject(value)) return undefined;
  return isStringMap(value) ? value : undefined;
}

function isStringMap(value: JsonObject): value is JsonObject & StringMap {
  for (const key in value) if (typeof value[key] !== 'string') return false;
  return true;
}

function unreadable(field: string, what: string): Finding {
  return { reason: 'pod_unreadable', detail: `${field} ${what}` };
}
