import type { ContainerFinding, Finding } from '../../model/decision.js';
import type { ImageConfig, ImageOutcome } from '../../model/image.js';
import type { Recipe, RecipeWorkloadPart } from '../../model/recipe.js';
import { isWrapped, runsWrapper, takesOptions } from '../argv.js';
import { planHostMounts } from '../host-mounts.js';
import { argvOf, wrapArgv } from './argv.js';
import { capabilityRemark, missingCapabilities } from './capability.js';
import type { PodContext } from './context.js';
import { debuggerRemark } from './debuggers.js';
import type { HostVolumes } from './host-volumes.js';
import { optionInExecs, planExecs } from './execs.js';
import { optionIn } from './leading-word.js';
import { mountsState, volumeOfImage } from './mounts.js';
import { partsFor } from './named-parts.js';
import type { PlannedExec, PlannedMount, WorkloadPlan } from './plan.js';
import { planEnv } from './variables.js';
import type { ContainerView } from './view.js';

/** What the rest of the plan decided, which every container of the workload shares. */
export interface Shared {
  /** The mounts of the agent's files, the widest first; none for a recipe without a volume. */
  readonly files: readonly PlannedMount[];
  readonly addCapability: boolean;
  readonly hostVolumes: Pick<HostVolumes, 'names' | 'volumes'>;
  /** Place of the last of our own init containers among those that the pod has; -1 when it has none of them. */
  readonly ownInitIndex: number;
}

/** The result for one container. `tampered` and `differs` go into the decision. */
export interface WorkloadResult {
  readonly finding: ContainerFinding;
  readonly plan: WorkloadPlan | undefined;
  readonly tampered: Finding | undefined;
  readonly differs: Finding | undefined;
}

/**
 * Plans what one selected container gets.
 *
 * @param image what is known about the container's image; only needed when it gives no command
 * @param remarks taken up here; a container that is left out has none
 */
export function planContainer(
  container: ContainerView,
  image: ImageOutcome | undefined,
  context: PodContext,
  shared: Shared,
  remarks: Finding[],
): WorkloadResult {
  const { recipe, wishes } = context;
  if (needsNativeSidecar(container, context)) {
    return leftOut(container, { reason: 'init_needs_native_sidecar', detail: 'the agent is a plain container here' });
  }

  const { wrapper } = recipe;
  const argv = wrapper === undefined ? unchanged : plannedArgv(container, wrapper, image, wishes);
  if ('reason' in argv) return leftOut(container, argv);
  const option = wrapper === undefined ? undefined : optionInExecs(container, wrapper, wishes);
  if (option !== undefined) return leftOut(container, option);
  const parts = recipe.containers.length === 0 ? noParts : partsFor(recipe, container);
  const mounted = plannedMounts(container, image, context, parts, shared);
  if ('reason' in mounted) return leftOut(container, mounted);
  // Last, so that a container that was left out for its own reason gets the same reason on the second call, when our
  // containers come after it.
  if (startsTooEarly(container, context, shared)) {
    return leftOut(container, {
      reason: 'init_starts_before_agent',
      detail: 'it stands before the last of the instrumentation’s own init containers',
    });
  }

  for (const remark of mounted.remarks) remarks.push(remark);
  const env = planEnv(container, recipe, context.parts.variables, parts, remarks);
  const wantedCapabilities = wantedCapabilitiesOf(context, parts, shared.addCapability);
  const capabilities = missingCapabilities(container, wantedCapabilities);
  if (wantedCapabilities.length > 0) {
    const remark = capabilityRemark(container, context.view, wantedCapabilities);
    if (remark !== undefined) remarks.push(remark);
  }
  const execs = wrapper === undefined ? noExecs : planExecs(container, wrapper, wishes.cover, remarks);
  if (wrapper !== undefined) debuggerRemark(container, argvOf(container, configOf(image)), remarks);
  return {
    finding: { name: container.name, list: container.list },
    plan: {
      container,
      command: argv.command,
      args: argv.args,
      env: env.missing,
      mounts: mounted.mounts,
      capabilities,
      execs,
    },
    tampered: env.tampered,
    differs: argv.differs ?? mounted.differs,
  };
}

function configOf(image: ImageOutcome | undefined): ImageConfig | undefined {
  return image?.ok === true ? image.config : undefined;
}

const noParts: readonly RecipeWorkloadPart[] = [];
const noMounts: readonly PlannedMount[] = [];
const unchanged: PlannedArgv = { command: undefined, args: undefined, differs: undefined };
const noHostMounts: ReturnType<typeof hostMountsOf> = [];
const noExecs: readonly PlannedExec[] = [];

type LeftOut = NonNullable<ContainerFinding['leftOut']>;

/** How a container is started; `undefined` for what stays. */
interface PlannedArgv {
  readonly command: readonly string[] | undefined;
  readonly args: readonly string[] | undefined;
  readonly differs: Finding | undefined;
}

/** Puts the wrapper before what a container starts, unless it is there. */
function plannedArgv(
  container: ContainerView,
  wrapper: readonly string[],
  image: ImageOutcome | undefined,
  { enforced }: PodContext['wishes'],
): PlannedArgv | LeftOut {
  if (isWrapped(container.command, wrapper)) {
    if (container.command.length === wrapper.length && container.args.length === 0) {
      return { reason: 'entrypoint_empty', detail: 'the wrapper has nothing to start' };
    }
    return optionBehind(container, wrapper, enforced) ?? unchanged;
  }
  if (runsWrapper(container.command, wrapper)) {
    return { ...unchanged, differs: differing(container, 'starts the wrapper with other flags') };
  }
  const wrapped = wrapArgv(container, wrapper, image, enforced);
  return 'reason' in wrapped ? wrapped : { command: wrapped.command, args: wrapped.args, differs: undefined };
}

/** What a container is to see of the agent's files and of the node, and lacks. */
function plannedMounts(
  container: ContainerView,
  image: ImageOutcome | undefined,
  { recipe, wishes }: PodContext,
  parts: readonly RecipeWorkloadPart[],
  shared: Shared,
):
  | (Pick<WorkloadPlan, 'mounts'> & { readonly differs: Finding | undefined; readonly remarks: readonly Finding[] })
  | LeftOut {
  const files = mountsState(container, shared.files);
  if ('inTheWay' in files) return { reason: 'mount_path_taken', detail: files.inTheWay };
  const declared = image?.ok === true ? volumeOfImage(image.config, shared.files) : undefined;
  // If the agent has no such folder, the runtime cannot create one in ours, and the container would never start.
  if (declared !== undefined) {
    return { reason: 'image_declares_volume', detail: `${container.image} declares VOLUME ${declared}` };
  }
  const host = planHostMounts(
    container,
    shared.hostVolumes.volumes,
    parts.length === 0 ? noHostMounts : hostMountsOf(recipe, parts, shared),
    wishes.enforced,
  );
  if ('reason' in host) return host;
  const differs = 'differs' in files ? differing(container, `mounts ${files.differs} in another way`) : undefined;
  const missing = 'differs' in files ? noMounts : files;
  return {
    mounts: host.mounts.length === 0 ? missing : [...missing, ...host.mounts],
    differs: differs ?? host.differs,
    remarks: host.remarks,
  };
}

function leftOut({ name, list }: ContainerView, finding: LeftOut): WorkloadResult {
  return { finding: { name, list, leftOut: finding }, plan: undefined, tampered: undefined, differs: undefined };
}

/**
 * A word after the wrapper of a container that is wrapped already, which the wrapper takes for an option of its own.
 */
function optionBehind(
  { command, args, value }: ContainerView,
  wrapper: readonly string[],
  enforced: boolean,
): Finding | undefined {
  if (!takesOptions(wrapper)) return undefined;
  return optionIn(command[wrapper.length] ?? args[0] ?? '', value, enforced);
}

/** The capabilities of the recipe, and of its parts for this container. */
function wantedCapabilitiesOf(
  { recipe, wishes }: PodContext,
  parts: readonly RecipeWorkloadPart[],
  addsRecipes: boolean,
): readonly string[] {
  const ofRecipe = addsRecipes ? recipe.capabilities : [];
  // Such a part is for a container that cannot work without it, so only the policy can leave it out.
  if (parts.length === 0 || wishes.capability === 'Never') return ofRecipe;
  return [...ofRecipe, ...parts.flatMap(({ capabilities }) => capabilities)];
}

/** An init container needs the agent before it (E19), and a plain one starts after all of them. */
function needsNativeSidecar({ list }: ContainerView, { recipe, native }: PodContext): boolean {
  return list === 'initContainers' && recipe.wrapper !== undefined && recipe.sidecar !== undefined && !native;
}

/** An init container needs the files and the agent before it (E19). */
function startsTooEarly({ list, index }: ContainerView, { recipe }: PodContext, { ownInitIndex }: Shared): boolean {
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
      const name = shared.hostVolumes.names.get(volume);
      return path === undefined || name === undefined ? [] : [{ name, path, mountPath, readOnly }];
    }),
  );
}

function differing(container: ContainerView, how: string): Finding {
  return { reason: 'parts_differ', detail: `container ${container.name} ${how}` };
}
