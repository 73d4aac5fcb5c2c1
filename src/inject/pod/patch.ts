import { isArray, isObject, objectOf } from '../../model/json.js';
import type { JsonObject, JsonValue } from '../../model/json.js';
import type { Operation } from '../../model/patch.js';
import { pointerToken } from '../../model/json-pointer.js';
import {
  listPaths,
  replace,
  set,
  type ContainerPaths,
  type KeptOperations,
  type ListPaths,
} from './kept-operations.js';
import { keepIdentitiesOut } from './identity-webhooks.js';
import { addQuantities } from '../../model/quantity.js';
import type { Plan, PlannedMember, WorkloadPlan } from './plan.js';
import { writeRecord, type PodRecord } from './record.js';
import type { PodView } from './view.js';

const containersPaths = listPaths('/spec/containers');
const initContainersPaths = listPaths('/spec/initContainers');
const volumesPaths = listPaths('/spec/volumes');
const pullSecretsPaths = listPaths('/spec/imagePullSecrets');

/**
 * Builds the operations of a plan directly, without cloning or comparing. Missing parents are made once, and the first
 * member of a list makes the list (E30). Empty if the plan is met and the record is right.
 *
 * What containers start comes first, because it is specific to the pod. The rest are mostly kept operations.
 *
 * @param kept the operations of this recipe that are the same in many pods
 */
export function buildPatch(plan: Plan, view: PodView, record: PodRecord, kept: KeptOperations): readonly Operation[] {
  const ops: Operation[] = [];
  // These use indexes into the lists as they came, so they precede all insertions.
  for (const item of plan.workload) patchArgv(ops, item, kept);
  for (const item of plan.workload) patchContainer(ops, item, kept);
  putBack(ops, volumesPaths, plan.volumes);
  putBack(ops, initContainersPaths, plan.initContainers);
  putBack(ops, containersPaths, plan.containers);
  insertInitContainers(ops, plan, view, kept);
  appendMissing(ops, containersPaths, view.spec['containers'], plan.containers, kept);
  appendMissing(ops, volumesPaths, view.spec['volumes'], plan.volumes, kept);
  if (plan.shareProcessNamespace) ops.push(kept.add('/spec/shareProcessNamespace', true));
  if (plan.pullSecrets.length > 0) {
    const secrets = plan.pullSecrets.map((name) => ({ name }));
    appendAll(ops, pullSecretsPaths, view.spec['imagePullSecrets'], secrets, kept);
  }
  raisePodResources(ops, plan, view);
  writeRecord(ops, plan, view, record, kept);
  keepIdentitiesOut(ops, plan, view);
  return ops;
}

/** What a container starts, in its command and args, its probes and its hooks. */
function patchArgv(ops: Operation[], { container, command, args, execs }: WorkloadPlan, kept: KeptOperations): void {
  const { value, list, index } = container;
  const paths = kept.pathsOf(list, index);
  if (command !== undefined) ops.push(set(value, 'command', paths.command, command));
  if (args !== undefined) ops.push(set(value, 'args', paths.args, args));
  for (const { pointer, command: wrapped } of execs) {
    ops.push({ op: 'replace', path: `/spec/${list}/${index}${pointer}`, value: wrapped });
  }
}

function patchContainer(
  ops: Operation[],
  { container, env, mounts, capabilities }: WorkloadPlan,
  kept: KeptOperations,
): void {
  const { value, list, index } = container;
  const paths = kept.pathsOf(list, index);
  appendAll(ops, paths.env, value['env'], env, kept);
  appendAll(ops, paths.volumeMounts, value['volumeMounts'], mounts, kept);
  addCapabilities(ops, paths, value, capabilities, kept);
}

/** Appends to a list; makes it when it is absent, null or empty. */
function appendAll(
  ops: Operation[],
  paths: ListPaths,
  list: JsonValue | undefined,
  values: readonly JsonObject[],
  kept: KeptOperations,
): void {
  if (values.length === 0) return;
  if (isArray(list) && list.length > 0) {
    for (const value of values) ops.push(kept.add(paths.end, value));
  } else if (list === undefined) {
    ops.push(kept.addList(paths.list, values));
  } else {
    ops.push({ op: 'replace', path: paths.list, value: values });
  }
}

/** Overwrites changed parts of ours completely. */
function putBack(ops: Operation[], { list }: ListPaths, members: readonly PlannedMember[]): void {
  for (const { index, restored } of members) {
    if (index !== undefined && restored !== undefined) ops.push(replace(`${list}/${index}`, restored));
  }
}

function appendMissing(
  ops: Operation[],
  paths: ListPaths,
  list: JsonValue | undefined,
  members: readonly PlannedMember[],
  kept: KeptOperations,
): void {
  if (members.length > 0) appendAll(ops, paths, list, missingValues(members), kept);
}

function addCapabilities(
  ops: Operation[],
  paths: ContainerPaths,
  container: JsonObject,
  names: readonly string[],
  kept: KeptOperations,
): void {
  if (names.length === 0) return;
  const security = container['securityContext'];
  if (!isObject(security)) {
    ops.push(
      security === undefined
        ? kept.add(paths.securityContext, names, inSecurityContext)
        : replace(paths.securityContext, inSecurityContext(names)),
    );
    return;
  }
  const capabilities = security['capabilities'];
  if (!isObject(capabilities)) {
    ops.push(
      capabilities === undefined
        ? kept.add(paths.capabilities, names, inCapabilities)
        : replace(paths.capabilities, inCapabilities(names)),
    );
    return;
  }
  const add = capabilities['add'];
  const { list, end } = paths.addedCapabilities;
  if (add === undefined) {
    ops.push(kept.add(list, names));
  } else if (!isArray(add) || add.length === 0) {
    ops.push(replace(list, names));
  } else {
    for (const name of names) ops.push(kept.add(end, name));
  }
}

function inSecurityContext(names: JsonValue): JsonValue {
  return { capabilities: { add: names } };
}

function inCapabilities(names: JsonValue): JsonValue {
  return { add: names };
}

/**
 * Tools and files go first, because what follows may need the files. A native agent goes before the first wrapped init
 * container, or last, after those of the meshes (E19).
 */
function insertInitContainers(ops: Operation[], plan: Plan, view: PodView, kept: KeptOperations): void {
  const list = view.spec['initContainers'];
  if (!isArray(list) || list.length === 0) {
    appendMissing(ops, initContainersPaths, list, plan.initContainers, kept);
    return;
  }
  const insertions = plan.initContainers
    .filter(({ present }) => present === undefined)
    .map((member) => ({ value: member.value, index: placeOf(member, plan) }));
  // From the end, so that no insertion moves the place of the next one.
  for (const { value, index } of insertions.reverse()) {
    const path = index >= list.length ? initContainersPaths.end : `${initContainersPaths.list}/${index}`;
    ops.push(kept.add(path, value));
  }
}

function placeOf(member: PlannedMember, plan: Plan): number {
  if (member.part === 'agent') return plan.agentIndex;
  if (member.part === 'tools') return 0;
  const tools = plan.initContainers.find(({ part }) => part === 'tools');
  return tools?.index === undefined ? 0 : tools.index + 1;
}

function missingValues(members: readonly PlannedMember[]): readonly JsonObject[] {
  const values: JsonObject[] = [];
  for (const { value, present } of members) if (present === undefined) values.push(value);
  return values;
}

/** Pod-level resources (Kubernetes 1.34) bound the whole pod, so they grow by what we add (E27). */
function raisePodResources(ops: Operation[], plan: Plan, view: PodView): void {
  const resources = objectOf(view.spec['resources']);
  if (resources === undefined) return;
  for (const kind of ['requests', 'limits'] as const) {
    const amounts = objectOf(resources[kind]);
    if (amounts === undefined) continue;
    const growth = { ...plan.growth.requests, ...(kind === 'limits' ? plan.growth.limits : {}) };
    for (const name in growth) {
      const by = growth[name];
      const present = amounts[name];
      if (by === undefined || (typeof present !== 'string' && typeof present !== 'number')) continue;
      const path = `/spec/resources/${kind}/${pointerToken(name)}`;
      ops.push({ op: 'replace', path, value: addQuantities(String(present), by) });
    }
  }
}
