import type { ContainerFinding } from '../../model/decision.js';
import type { ImageConfig, ImageOutcome } from '../../model/image.js';
import { entrypointIsOption, isOption, isWrapped, pid1, takesOptions } from '../argv.js';
import { mustBePid1 } from '../pid1.js';
import { optionIn } from './leading-word.js';
import type { ContainerBody } from './view.js';

/** The argv of a container after the wrapper; `args` is `undefined` if the container's own args stay. */
export interface WrappedArgv {
  readonly command: readonly string[];
  readonly args: readonly string[] | undefined;
}

/**
 * Escapes a string of an image so that it keeps its meaning in a Pod. The kubelet expands `$(VAR)` and folds `$$` in a Pod's
 * command and args, but never in an image's (E6).
 */
export function literal(text: string): string {
  return text.includes('$') ? text.replaceAll('$', '$$$$') : text;
}

/** Whether only a container's image tells what it starts (E1). */
export function needsImage(container: ContainerBody): boolean {
  return container.command.length === 0;
}

/**
 * The words that a container starts with, as Kubernetes combines them from the container's and the image's.
 *
 * @param config what its image says; only used if the container gives no `command`
 */
export function argvOf({ command, args }: ContainerBody, config: ImageConfig | undefined): readonly string[] {
  if (command.length > 0) return args.length === 0 ? command : [...command, ...args];
  if (config === undefined) return args;
  const behind = args.length > 0 ? args : config.cmd;
  return behind.length === 0 ? config.entrypoint : [...config.entrypoint, ...behind];
}

/**
 * Puts the wrapper before what a container starts (E1–E7).
 *
 * @param image what is known about the image; only used if the container gives no `command`
 * @param enforced whether the pod's author is not trusted: {@link optionIn}
 * @returns the new argv, or the reason the container is left out
 */
export function wrapArgv(
  container: ContainerBody,
  wrapper: readonly string[],
  image: ImageOutcome | undefined,
  enforced = false,
): WrappedArgv | NonNullable<ContainerFinding['leftOut']> {
  if (!needsImage(container)) {
    const init = mustBePid1(argvOf(container, undefined));
    if (init !== undefined) return pid1(init);
    const program = container.command[0] ?? '';
    const option = takesOptions(wrapper) ? optionIn(program, container.value, enforced) : undefined;
    if (option !== undefined) return option;
    return { command: joined(wrapper, container.command), args: undefined };
  }
  if (image === undefined) {
    return { reason: 'image_unresolved', detail: `${container.image || 'no image'}: what it starts is not known` };
  }
  if (!image.ok) return { reason: image.reason, detail: image.detail };
  return wrapImage(container, wrapper, image.config, enforced);
}

function joined(wrapper: readonly string[], argv: readonly string[]): readonly string[] {
  const words: string[] = [];
  for (const word of wrapper) words.push(word);
  for (const word of argv) words.push(word);
  return words;
}

function wrapImage(
  container: ContainerBody,
  wrapper: readonly string[],
  config: ImageConfig,
  enforced: boolean,
): WrappedArgv | NonNullable<ContainerFinding['leftOut']> {
  // An image that was built with the wrapper as its entrypoint is not wrapped twice.
  const entrypoint = isWrapped(config.entrypoint, wrapper)
    ? config.entrypoint.slice(wrapper.length)
    : config.entrypoint;
  const hasArgs = container.args.length > 0;
  const program = entrypoint[0] ?? (hasArgs ? container.args[0] : config.cmd[0]);
  if (program === undefined) {
    return { reason: 'entrypoint_empty', detail: `${container.image} has neither an entrypoint nor a command` };
  }
  const init = mustBePid1(argvOf(container, { entrypoint, cmd: config.cmd }));
  if (init !== undefined) return pid1(init);
  if (takesOptions(wrapper)) {
    // What an image says is never expanded (E6).
    const own = entrypoint.length === 0 && hasArgs;
    const option = own ? optionIn(program, container.value, enforced) : undefined;
    if (option !== undefined) return option;
    if (!own && isOption(program)) return entrypointIsOption(program);
  }
  const command = joined(wrapper, entrypoint.map(literal));
  if (hasArgs) return { command, args: undefined };
  return { command, args: config.cmd.length > 0 ? config.cmd.map(literal) : undefined };
}
