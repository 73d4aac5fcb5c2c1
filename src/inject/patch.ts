import { isArray, isObject, objectOf } from '../model/json.js';
import type { JsonObject, JsonValue } from '../model/json.js';
import { names } from '../model/names.js';
import type { Operation } from '../model/patch.js';
import { pointerToken } from '../model/patch.js';
import { addQuantities } from './quantity.js';
import type { Plan, PlannedMember, WorkloadPlan } from './plan.js';
import type { PodView } from './view.js';

/** What is written on a pod about its injection: records, never proof. */
export interface PodRecord {
  readonly status: 'injected' | 'partial';
  readonly policy: string;
  readonly reason: string;
  /** Profile, its version and the recipe's hash. */
  readonly plan: string;
  /** Version of the access key that the pod gets, where that is known. */
  readonly credentials?: string | undefined;
}

const safeToEvict = 'cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes';

/**
 * Builds the operations that carry out a plan, directly: nothing is cloned and nothing compared. Parents that are
 * missing are made once, and the first member of a list makes the list (E30). Empty when the plan is met and the
 * record stands.
 */
export function buildPatch(plan: Plan, view: PodView, record: PodRecord): readonly Operation[] {
  const ops: Operation[] = [];
  // By index into the lists as they came, so these stand before anything is inserted there.
  for (const item of plan.workload) patchContainer(ops, item);
  insertInitContainers(ops, plan, view);
  appendAll(ops, '/spec/containers', view.spec['containers'], missingValues(plan.containers));
  appendAll(ops, '/spec/volumes', view.spec['volumes'], missingValues(plan.volumes));
  if (plan.shareProcessNamespace) ops.push({ op: 'add', path: '/spec/shareProcessNamespace', value: true });
  appendAll(
    ops,
    '/spec/imagePullSecrets',
    view.spec['imagePullSecrets'],
    plan.pullSecrets.map((name) => ({ name })),
  );
  raisePodResources(ops, plan, view);
  writeMetadata(ops, plan, view, record);
  return ops;
}

function patchContainer(
  ops: Operation[],
  { container, command, args, env, mounts, capabilities, execs }: WorkloadPlan,
): void {
  const at = `/spec/${container.list}/${container.index}`;
  const { value } = container;
  if (command !== undefined) ops.push(set(value, at, 'command', command));
  if (args !== undefined) ops.push(set(value, at, 'args', args));
  appendAll(ops, `${at}/env`, value['env'], env);
  appendAll(ops, `${at}/volumeMounts`, value['volumeMounts'], mounts);
  addCapabilities(ops, at, value, capabilities);
  for (const exec of execs) ops.push({ op: 'replace', path: at + exec.pointer, value: exec.command });
}

/** `add` for a field that is absent, `replace` for one that is there, so that its place among the keys stays. */
function set(parent: JsonObject, at: string, field: string, value: JsonValue): Operation {
  return { op: parent[field] === undefined ? 'add' : 'replace', path: `${at}/${pointerToken(field)}`, value };
}

/** Appends to a list; makes it when it is absent, null or empty. */
function appendAll(ops: Operation[], path: string, list: JsonValue | undefined, values: readonly JsonObject[]): void {
  if (values.length === 0) return;
  if (!isArray(list) || list.length === 0) {
    ops.push({ op: list === undefined ? 'add' : 'replace', path, value: values });
    return;
  }
  for (const value of values) ops.push({ op: 'add', path: `${path}/-`, value });
}

function addCapabilities(ops: Operation[], at: string, container: JsonObject, names: readonly string[]): void {
  if (names.length === 0) return;
  const security = objectOf(container['securityContext']);
  if (security === undefined) {
    ops.push(set(container, at, 'securityContext', { capabilities: { add: names } }));
    return;
  }
  const capabilities = objectOf(security['capabilities']);
  if (capabilities === undefined) {
    ops.push(set(security, `${at}/securityContext`, 'capabilities', { add: names }));
    return;
  }
  const add = capabilities['add'];
  const path = `${at}/securityContext/capabilities/add`;
  if (!isArray(add) || add.length === 0) {
    ops.push({ op: add === undefined ? 'add' : 'replace', path, value: names });
    return;
  }
  for (const name of names) ops.push({ op: 'add', path: `${path}/-`, value: name });
}

/**
 * Tools and files go first, since what follows may need the files; a native agent goes before the first init container
 * that is wrapped, else last, behind the meshes' own (E19).
 */
function insertInitContainers(ops: Operation[], plan: Plan, view: PodView): void {
  const missing = plan.initContainers.filter(({ present }) => present === undefined);
  if (missing.length === 0) return;
  const path = '/spec/initContainers';
  const list = view.spec['initContainers'];
  if (!isArray(list) || list.length === 0) {
    ops.push({ op: list === undefined ? 'add' : 'replace', path, value: missing.map(({ value }) => value) });
    return;
  }
  const insertions = missing.map((member) => ({ value: member.value, index: placeOf(member, plan) }));
  // From the back, so that no insertion moves the place of the next one.
  for (const { value, index } of insertions.reverse()) {
    ops.push({ op: 'add', path: `${path}/${index >= list.length ? '-' : index}`, value });
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

function writeMetadata(ops: Operation[], plan: Plan, view: PodView, record: PodRecord): void {
  const { metadata, labels, annotations } = view;
  // A pod that has every part keeps what its record says (E17).
  const adds = ops.length > 0;
  if (!view.hasMetadata) ops.push({ op: 'add', path: '/metadata', value: {} });
  const written: Record<string, string> = {
    [names.policy]: record.policy,
    [names.reason]: record.reason,
    [names.plan]: annotations[names.plan] ?? record.plan,
  };
  const credentials = adds ? record.credentials : undefined;
  if (credentials !== undefined) written[names.credentials] = credentials;
  const evictable = withVolumes(annotations[safeToEvict], plan.evictableVolumes);
  if (evictable !== undefined) written[safeToEvict] = evictable;
  writeStrings(ops, metadata, 'labels', labels, { [names.status]: record.status });
  writeStrings(ops, metadata, 'annotations', annotations, written);
}

/** The autoscaler's list with our volumes appended (E28); `undefined` when there are none. */
function withVolumes(list: string | undefined, volumes: readonly string[]): string | undefined {
  if (volumes.length === 0) return undefined;
  const present = (list ?? '').split(',').filter((name) => name !== '');
  return [...present, ...volumes.filter((name) => !present.includes(name))].join(',');
}

function writeStrings(
  ops: Operation[],
  metadata: JsonObject,
  field: 'labels' | 'annotations',
  present: Readonly<Record<string, string>>,
  wanted: Readonly<Record<string, string>>,
): void {
  if (!isObject(metadata[field])) {
    ops.push(set(metadata, '/metadata', field, wanted));
    return;
  }
  for (const name in wanted) {
    const value = wanted[name];
    if (value === undefined || present[name] === value) continue;
    ops.push({
      op: present[name] === undefined ? 'add' : 'replace',
      path: `/metadata/${field}/${pointerToken(name)}`,
      value,
    });
  }
}
