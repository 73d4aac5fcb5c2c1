import type { Finding } from '../../../model/decision.js';
import type { ImageConfig, ImageOutcome } from '../../../model/image.js';
import type { Recipe, RecipeEnv } from '../../../model/recipe.js';
import { isWrapped, runsWrapper, takesOptions } from '../../argv.js';
import { isInProcess, mountPoint } from '../../path.js';
import { wrapArgv } from '../argv.js';
import { missingCapabilities } from '../capability.js';
import { optionIn } from '../leading-word.js';
import { mountsState } from '../mounts.js';
import type { PlannedMount } from '../plan.js';
import { planEnv, type VariableNames } from '../variables.js';
import type { ContainerBody } from '../view.js';
import type { TracerFiles } from './tracer-files.js';

/** What a new debug container gets so that the tracer starts it. Lists only contain what it lacks. */
export interface DebugPlan {
  readonly container: ContainerBody;
  /** New `command` and `args`; `undefined` if they stay. */
  readonly command: readonly string[] | undefined;
  readonly args: readonly string[] | undefined;
  readonly env: readonly RecipeEnv[];
  readonly mounts: readonly PlannedMount[];
  readonly capabilities: readonly string[];
  /** Whether it overrides what the recipe reserves. */
  readonly tampered: Finding | undefined;
}

/** What is needed to plan debug containers of one pod. */
export interface DebugTerms {
  readonly recipe: Recipe;
  readonly variables: VariableNames;
  readonly files: TracerFiles;
  /** Capabilities that they get. */
  readonly capabilities: readonly string[];
  /** Whether the person who debugs is not trusted to have the container traced. */
  readonly enforced: boolean;
}

/**
 * Plans what one new debug container gets. Its image must be known even if it gives a command, because a VOLUME of the image
 * may cover the agent's files.
 *
 * @returns the plan, or why it cannot be traced
 */
export function planDebug(container: ContainerBody, image: ImageOutcome, terms: DebugTerms): DebugPlan | Finding {
  const { files, recipe, enforced } = terms;
  if (!image.ok) return { reason: 'debug_image_unknown', detail: `${image.reason}: ${image.detail}` };
  const argv = plannedArgv(container, image, files.wrapper, enforced);
  if ('reason' in argv) return argv;
  const mounts = mountsState(container, files.mounts);
  if ('inTheWay' in mounts) return { reason: 'mount_path_taken', detail: mounts.inTheWay };
  if ('differs' in mounts) return { reason: 'debug_mount_forbidden', detail: otherMount(container, mounts.differs) };
  const declared = volumeInTheWay(image.config, files.mounts);
  if (declared !== undefined) {
    return { reason: 'debug_image_volume', detail: `${container.image} declares VOLUME ${declared}` };
  }
  const env = planEnv(container, recipe, terms.variables, [], []);
  return {
    container,
    command: argv.command,
    args: argv.args,
    env: env.missing,
    mounts,
    capabilities: missingCapabilities(container, terms.capabilities),
    tampered: env.tampered,
  };
}

/** The parts of a plan that the container lacks, in words; empty when it is met. */
export function missingOfDebug({ command, env, mounts, capabilities }: DebugPlan): readonly string[] {
  return [
    ...(command === undefined ? [] : ['the tracer’s wrapper']),
    ...env.map(({ name }) => `variable ${name}`),
    ...mounts.map(({ mountPath }) => `mount ${mountPath}`),
    ...capabilities.map((name) => `capability ${name}`),
  ];
}

/** A mount of the agent's files other than the planned one, in words. */
export function otherMount({ name }: Pick<ContainerBody, 'name'>, place: string): string {
  return `debug container ${name} mounts the agent’s files in another way at ${place}`;
}

/** Puts the wrapper before what a debug container starts, unless it is there already. */
function plannedArgv(
  container: ContainerBody,
  image: ImageOutcome,
  wrapper: readonly string[],
  enforced: boolean,
): Pick<DebugPlan, 'command' | 'args'> | Finding {
  const { command, args, value } = container;
  if (isWrapped(command, wrapper)) {
    if (command.length === wrapper.length && args.length === 0) {
      return { reason: 'entrypoint_empty', detail: 'the wrapper has nothing to start' };
    }
    const option = takesOptions(wrapper)
      ? optionIn(command[wrapper.length] ?? args[0] ?? '', value, enforced)
      : undefined;
    return option ?? { command: undefined, args: undefined };
  }
  if (runsWrapper(command, wrapper)) {
    return {
      reason: 'debug_not_traced',
      detail: `debug container ${container.name} starts the wrapper with other flags`,
    };
  }
  return wrapArgv(container, wrapper, image, enforced);
}

/**
 * A VOLUME of the image at the path of the agent's files or below it. The examined runtimes ignore one at exactly a mount's
 * path, but not relying on that costs nothing for a debug image.
 */
function volumeInTheWay({ volumes = [] }: ImageConfig, [widest]: readonly PlannedMount[]): string | undefined {
  if (volumes.length === 0 || widest === undefined) return undefined;
  const path = mountPoint(widest.mountPath);
  return volumes.find((volume) => {
    const at = mountPoint(volume);
    return isInProcess(at) || at.startsWith(path);
  });
}
