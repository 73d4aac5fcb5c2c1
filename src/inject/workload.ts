import { isObject, listOf, objectOf, stringOf, stringsOf } from '../model/json.js';
import type { JsonObject } from '../model/json.js';
import type { ContainerFinding, Finding } from '../model/decision.js';
import type { ImageOutcome } from '../model/image.js';
import type { Recipe, RecipeEnv, RecipeWorkloadPart } from '../model/recipe.js';
import { isWrapped, runsWrapper, wrapArgv } from './argv.js';
import { capabilityRemark, missingCapabilities } from './capability.js';
import { covers } from './covers.js';
import { planHostMounts } from './host-mounts.js';
import { filesMount, isMount, mountPoint } from './mounts.js';
import { partsFor } from './named-parts.js';
import type { Setting } from './setting.js';
import type { PlannedExec, PlannedMount, WorkloadPlan } from './plan.js';
import type { ContainerView } from './view.js';

/** What the rest of the plan decided, which every container of the workload shares. */
export interface Shared {
  /** Name of our volume in this pod; `undefined` for a recipe without one. */
  readonly volumeName: string | undefined;
  readonly addCapability: boolean;
  /** Names in this pod of the recipe's host volumes. */
  readonly hostVolumes: ReadonlyMap<string, string>;
  /** Place of the last of our own init containers among those that the pod has; -1 when it has none of them. */
  readonly ownInitIndex: number;
}

/** The result for one container. `remarks`, `tampered` and `differs` go into the decision. */
export interface WorkloadResult {
  readonly finding: ContainerFinding;
  readonly plan: WorkloadPlan | undefined;
  readonly remarks: readonly Finding[];
  readonly tampered: Finding | undefined;
  readonly differs: Finding | undefined;
}

/**
 * Plans what one selected container gets.
 *
 * @param image what is known of the container's image; only needed when it gives no command
 */
export function planContainer(
  container: ContainerView,
  image: ImageOutcome | undefined,
  setting: Setting,
  shared: Shared,
): WorkloadResult {
  const { recipe, placement } = setting;
  const remarks: Finding[] = [];
  const parts = partsFor(recipe, container);
  const leftOut = (finding: Finding): WorkloadResult => ({
    finding: { name: container.name, list: container.list, leftOut: finding },
    plan: undefined,
    remarks: [],
    tampered: undefined,
    differs: undefined,
  });

  if (needsNativeSidecar(container, setting)) {
    return leftOut({ reason: 'init_needs_native_sidecar', detail: 'the agent is a plain container here' });
  }

  let command: readonly string[] | undefined;
  let args: readonly string[] | undefined;
  let differs: Finding | undefined;
  const wrapper = recipe.wrapper;
  if (wrapper !== undefined) {
    if (isWrapped(container.command, wrapper)) {
      if (container.command.length === wrapper.length && container.args.length === 0) {
        return leftOut({ reason: 'entrypoint_empty', detail: 'the wrapper has nothing to start' });
      }
    } else if (runsWrapper(container.command, wrapper)) {
      differs = differing(container, 'starts the wrapper with other flags');
    } else {
      const wrapped = wrapArgv(container, wrapper, image);
      if ('reason' in wrapped) return leftOut(wrapped);
      ({ command, args } = wrapped);
    }
  }

  const mounts: PlannedMount[] = [];
  const files = shared.volumeName === undefined ? undefined : filesMount(setting, shared.volumeName);
  if (files !== undefined) {
    const state = mountState(container, files);
    if (state === 'missing') mounts.push(files);
    else if (state === 'differs') differs ??= differing(container, `mounts ${files.mountPath} in another way`);
    else if (state !== 'present') return leftOut({ reason: 'mount_path_taken', detail: state });
  }
  const host = planHostMounts(container, setting.view.volumes, hostMountsOf(recipe, parts, shared));
  if ('reason' in host) return leftOut(host);
  mounts.push(...host.mounts);
  remarks.push(...host.remarks);
  // Last, so that a container which was left out for a reason of its own is so for the same reason when it comes again
  // with our containers behind it.
  if (startsTooEarly(container, setting, shared)) {
    return leftOut({
      reason: 'init_starts_before_agent',
      detail: 'it stands before the last of the instrumentation’s own init containers',
    });
  }

  const env = planEnv(container, recipe, parts, remarks);
  const wantedCapabilities = [
    ...(shared.addCapability ? recipe.capabilities : []),
    // Such a part is for a container that cannot work without, so only the policy's word leaves it out.
    ...(placement.capability === 'Never' ? [] : parts.flatMap(({ capabilities }) => capabilities)),
  ];
  const capabilities = missingCapabilities(container, wantedCapabilities);
  if (wantedCapabilities.length > 0) {
    const remark = capabilityRemark(container, setting.view, wantedCapabilities);
    if (remark !== undefined) remarks.push(remark);
  }
  const execs = wrapper === undefined ? [] : planExecs(container, wrapper, placement.cover, remarks);
  return {
    finding: { name: container.name, list: container.list },
    plan: { container, command, args, env: env.missing, mounts, capabilities, execs },
    remarks,
    tampered: env.tampered,
    differs,
  };
}

/** An init container needs the agent before it (E19), and a plain one starts after all of them. */
function needsNativeSidecar({ list }: ContainerView, { recipe, native }: Setting): boolean {
  return list === 'initContainers' && recipe.wrapper !== undefined && recipe.sidecar !== undefined && !native;
}

/** An init container needs the files and the agent before it (E19). */
function startsTooEarly({ list, index }: ContainerView, { recipe }: Setting, { ownInitIndex }: Shared): boolean {
  return list === 'initContainers' && recipe.wrapper !== undefined && index < ownInitIndex;
}

/** The parts of the node that a container is to see, under the names of their volumes in this pod. */
function hostMountsOf(
  recipe: Recipe,
  parts: readonly RecipeWorkloadPart[],
  shared: Shared,
): Parameters<typeof planHostMounts>[2] {
  return parts.flatMap((part) =>
    part.mounts.flatMap(({ volume, mountPath, readOnly }) => {
      const path = recipe.hostVolumes.find(({ name }) => name === volume)?.path;
      const name = shared.hostVolumes.get(volume);
      return path === undefined || name === undefined ? [] : [{ name, path, mountPath, readOnly }];
    }),
  );
}

/**
 * Whether a container has a mount, lacks it, has it otherwise, or has something of its own in the way. Every mount is
 * looked at, since one below ours hides what is in it.
 */
function mountState(container: ContainerView, wanted: PlannedMount): 'present' | 'missing' | 'differs' | (string & {}) {
  const path = mountPoint(wanted.mountPath);
  let state: 'present' | 'missing' | 'differs' = 'missing';
  for (const mount of listOf(container.value['volumeMounts'])) {
    if (!isObject(mount)) continue;
    const other = mountPoint(stringOf(mount['mountPath']) ?? '');
    if (other === path && mount['name'] === wanted.name) {
      state = isMount(mount, wanted) ? 'present' : 'differs';
      continue;
    }
    const inTheWay = other.startsWith(path) || (path.startsWith(other) && other !== '/' && mount['readOnly'] === true);
    if (!inTheWay) continue;
    const how = other.startsWith(path) ? 'mounted' : 'mounted read-only';
    return `its own volume ${stringOf(mount['name']) ?? '?'} is ${how} at ${other.slice(0, -1)}`;
  }
  return state;
}

function planEnv(
  container: ContainerView,
  recipe: Recipe,
  parts: readonly RecipeWorkloadPart[],
  remarks: Finding[],
): { missing: readonly RecipeEnv[]; tampered: Finding | undefined } {
  const wanted: readonly RecipeEnv[] =
    parts.length === 0 ? recipe.env : [...recipe.env, ...parts.flatMap((part) => part.env)];
  if (wanted.length === 0 && recipe.reservedEnv.size === 0) return { missing: [], tampered: undefined };
  const missing: RecipeEnv[] = [];
  const interesting = ownVariables(container, wanted, recipe.reservedEnv);
  let tampered: Finding | undefined;
  const overrides = (name: string) => {
    tampered ??= { reason: 'tampered', detail: `container ${container.name} sets the reserved variable ${name}` };
  };
  for (const entry of wanted) {
    const own = interesting?.get(entry.name);
    interesting?.delete(entry.name);
    if (own === undefined) {
      missing.push(entry);
    } else if (!sameVariable(own, entry)) {
      if (recipe.reservedEnv.has(entry.name)) overrides(entry.name);
      remarks.push({ reason: 'env_kept', detail: `container ${container.name} sets ${entry.name} itself` });
    }
  }
  for (const [name, own] of interesting ?? []) {
    if (!isPlannedElsewhere(recipe, name, own)) overrides(name);
  }
  return { missing, tampered };
}

/**
 * Those of the container's own variables that the recipe gives or reserves; `undefined` when there is none, which is so
 * for nearly every container. Texts that came off the wire are compared, not hashed: a container may have thousands.
 */
function ownVariables(
  container: ContainerView,
  wanted: readonly RecipeEnv[],
  reserved: ReadonlySet<string>,
): Map<string, JsonObject> | undefined {
  let found: Map<string, JsonObject> | undefined;
  const names = [...wanted.map(({ name }) => name), ...reserved];
  for (const entry of listOf(container.value['env'])) {
    const name = isObject(entry) ? entry['name'] : undefined;
    if (!isObject(entry) || typeof name !== 'string' || !names.includes(name)) continue;
    // The last of several variables of one name counts, as it does for the kubelet.
    (found ??= new Map()).set(name, entry);
  }
  return found;
}

/** A reserved variable that the recipe gives another container may have that value here too. */
function isPlannedElsewhere(recipe: Recipe, name: string, own: JsonObject): boolean {
  return recipe.containers.some(({ env }) => env.some((entry) => entry.name === name && sameVariable(own, entry)));
}

function sameVariable(own: JsonObject, planned: RecipeEnv): boolean {
  if (planned['valueFrom'] !== undefined) return covers(own['valueFrom'], planned['valueFrom']);
  return own['valueFrom'] === undefined && (own['value'] ?? '') === (planned['value'] ?? '');
}

const probes = ['livenessProbe', 'readinessProbe', 'startupProbe'] as const;
const hooks = ['postStart', 'preStop'] as const;

/** Exec probes and lifecycle hooks start outside the traced tree (E20): wrapped where the policy covers them. */
function planExecs(
  container: ContainerView,
  wrapper: readonly string[],
  cover: Setting['placement']['cover'],
  remarks: Finding[],
): readonly PlannedExec[] {
  const execs: PlannedExec[] = [];
  const uncovered: string[] = [];
  const look = (handler: JsonObject | undefined, pointer: string, covered: boolean) => {
    const command = stringsOf(objectOf(handler?.['exec'])?.['command']);
    if (command === undefined || command.length === 0 || isWrapped(command, wrapper)) return;
    if (covered) execs.push({ pointer: `${pointer}/exec/command`, command: [...wrapper, ...command] });
    else uncovered.push(pointer);
  };
  for (const probe of probes) look(objectOf(container.value[probe]), `/${probe}`, cover.has('Probes'));
  const lifecycle = objectOf(container.value['lifecycle']);
  if (lifecycle !== undefined) {
    for (const hook of hooks) look(objectOf(lifecycle[hook]), `/lifecycle/${hook}`, cover.has('Lifecycle'));
  }
  if (uncovered.length > 0) {
    remarks.push({
      reason: 'probe_not_covered',
      detail: `container ${container.name}: ${uncovered.map((pointer) => pointer.slice(1)).join(', ')} start outside the tracer`,
    });
  }
  return execs;
}

function differing(container: ContainerView, how: string): Finding {
  return { reason: 'parts_differ', detail: `container ${container.name} ${how}` };
}
