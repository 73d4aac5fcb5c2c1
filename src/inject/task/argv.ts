import type { Finding } from '../../model/decision.js';
import type { ImageOutcome } from '../../model/image.js';
import { isArray, listOf, stringsOf, type JsonValue } from '../../model/json.js';
import { entrypointIsOption, isOption, isWrapped, pid1, runsWrapper, takesOptions } from '../argv.js';
import { mustBePid1 } from '../pid1.js';
import { isIntrinsic, mayVanish } from './dialect.js';
import { fieldOf, pointerOf, unknown, type TaskContainerView, type TaskView } from './view.js';

/** What happens to a container's argv. */
export type TaskArgv =
  /** The wrapper starts it already. */
  | { readonly kind: 'wrapped' }
  /** The wrapper goes in front of the container's own entryPoint. */
  | { readonly kind: 'prepend' }
  /** The container overrides the image's. Both lists are new; `command` is `undefined` if the container's stays. */
  | {
      readonly kind: 'override';
      readonly entryPoint: readonly string[];
      readonly command: readonly string[] | undefined;
    }
  | { readonly kind: 'left_out'; readonly finding: Finding };

/**
 * The word of what a container starts that has to be process 1, as far as it is known; `undefined` for none.
 *
 * @param image what is known about the image; only looked at when the container gives no `entryPoint`
 */
export function taskPid1(
  view: TaskView,
  container: TaskContainerView,
  image: ImageOutcome | undefined,
): string | undefined {
  const entryPoint = fieldOf(view, container.value, 'entryPoint');
  const command = leadingWords(fieldOf(view, container.value, 'command'));
  if (isNoEntryPoint(entryPoint)) return mustBePid1(command);
  if (listOf(entryPoint).length > 0) return mustBePid1([...leadingWords(entryPoint), ...command]);
  if (isIntrinsic(entryPoint) || image?.ok !== true) return mustBePid1(command, false);
  return mustBePid1([...image.config.entrypoint, ...(command.length > 0 ? command : image.config.cmd)]);
}

/** The words that a container itself gives, as far as they are text: its entryPoint, else its command. */
export function startOf(view: TaskView, container: TaskContainerView): readonly string[] {
  const entryPoint = leadingWords(fieldOf(view, container.value, 'entryPoint'));
  return entryPoint.length > 0 && !isNoEntryPoint(entryPoint)
    ? entryPoint
    : leadingWords(fieldOf(view, container.value, 'command'));
}

/** Whether what a container starts is only known from its image: it gives no `entryPoint`. */
export function needsTaskImage(view: TaskView, container: TaskContainerView, wrapper: readonly string[]): boolean {
  const entryPoint = fieldOf(view, container.value, 'entryPoint');
  if (isIntrinsic(entryPoint) || listOf(entryPoint).length > 0) return false;
  return !runsWrapper(leadingWords(fieldOf(view, container.value, 'command')), wrapper);
}

/**
 * Puts the wrapper before what a container starts. ECS has Docker's rules: an `entryPoint` of the container takes the
 * place of the image's and drops the image's CMD, a `command` takes the place of the CMD alone, an empty list counts as
 * none, and nothing is expanded (E6). An `entryPoint` of one empty word drops the image's and starts the command, without
 * which Docker does not start the container (W1). Any other argv whose first word is empty starts nothing, and is left as
 * it is.
 *
 * @param image what is known about the image; only looked at where {@link needsTaskImage} says so
 */
export function wrapTaskArgv(
  view: TaskView,
  container: TaskContainerView,
  wrapper: readonly string[],
  image: ImageOutcome | undefined,
): TaskArgv {
  const entryPoint = fieldOf(view, container.value, 'entryPoint');
  const command = fieldOf(view, container.value, 'command');
  const place = (name: string): string => view.documentPath + pointerOf(view, container, name);
  if (isIntrinsic(entryPoint)) return leftOut(unknown(place('entryPoint')));
  if (entryPoint !== undefined && !isArray(entryPoint)) return leftOut(noList(place('entryPoint')));
  if (command !== undefined && !isArray(command) && !isIntrinsic(command)) return leftOut(noList(place('command')));
  const own = leadingWords(entryPoint);
  const given = listOf(entryPoint);
  const givenCommand = isIntrinsic(command) || listOf(command).length > 0;
  if (isNoEntryPoint(entryPoint)) {
    if (!givenCommand)
      return leftOut(empty('its entryPoint is one empty word, which drops the image’s, and it has no command'));
    if (isIntrinsic(command) && mayVanish(command)) return leftOut(unknown(place('command')));
    return startingCommand(leadingWords(command), wrapper);
  }
  if (given.length > 0) {
    if (runsWrapper(own, wrapper)) {
      const bare = isWrapped(own, wrapper) && given.length === wrapper.length;
      if (bare && !givenCommand) return leftOut(empty('the wrapper has nothing to start'));
      const first = given.length > wrapper.length ? own[wrapper.length] : leadingWords(command)[0];
      return startedBehind(wrapper, first, { kind: 'wrapped' });
    }
    const init = mustBePid1([...own, ...leadingWords(command)]);
    if (init !== undefined) return leftOut(pid1(init));
    return startedBehind(wrapper, own[0], { kind: 'prepend' });
  }
  const words = leadingWords(command);
  if (runsWrapper(words, wrapper)) return startedBehind(wrapper, words[wrapper.length], { kind: 'wrapped' });
  if (isIntrinsic(command) && mayVanish(command)) return leftOut(unknown(place('command')));
  if (image === undefined || !image.ok) return leftOut(unresolved(view, container, image));

  const { entrypoint, cmd } = image.config;
  const firstOfCommand = givenCommand ? words[0] : cmd[0];
  if (runsWrapper(entrypoint, wrapper)) {
    return startedBehind(wrapper, entrypoint[wrapper.length] ?? firstOfCommand, { kind: 'wrapped' });
  }
  const program = entrypoint[0] ?? firstOfCommand;
  if (program === undefined && !givenCommand) {
    return leftOut(empty(`${container.image} has neither an entrypoint nor a command`));
  }
  const init = mustBePid1([...entrypoint, ...(givenCommand ? leadingWords(command) : cmd)]);
  if (init !== undefined) return leftOut(pid1(init));
  return startedBehind(wrapper, program, {
    kind: 'override',
    entryPoint: [...wrapper, ...entrypoint],
    command: givenCommand || cmd.length === 0 ? undefined : cmd,
  });
}

/** Whether an entryPoint is Docker's way to say that there is none, not even the image's. */
function isNoEntryPoint(entryPoint: JsonValue | undefined): boolean {
  const [first, second] = listOf(entryPoint);
  return first === '' && second === undefined;
}

/** What happens to a container whose command alone is what it starts. */
function startingCommand(words: readonly string[], wrapper: readonly string[]): TaskArgv {
  if (runsWrapper(words, wrapper)) return startedBehind(wrapper, words[wrapper.length], { kind: 'wrapped' });
  const init = mustBePid1(words);
  if (init !== undefined) return leftOut(pid1(init));
  return startedBehind(wrapper, words[0], { kind: 'override', entryPoint: wrapper, command: undefined });
}

/**
 * What happens to an argv whose first word after the wrapper is this one: a wrapper may take it for an option (F11).
 */
function startedBehind(wrapper: readonly string[], word: string | undefined, argv: TaskArgv): TaskArgv {
  if (word === '') return leftOut(empty('its first word is empty, and starts nothing'));
  return word !== undefined && isOption(word) && takesOptions(wrapper) ? leftOut(entrypointIsOption(word)) : argv;
}

function unresolved(view: TaskView, container: TaskContainerView, image: ImageOutcome | undefined): Finding {
  const at = view.documentPath + pointerOf(view, container, 'image');
  if (image !== undefined && !image.ok) return { reason: image.reason, detail: `${at}: ${image.detail}` };
  if (container.imageIsIntrinsic) {
    const key = container.image === '' ? container.name : `${container.name} or ${container.image}`;
    const detail = `${at} is only known at deployment; give an entryPoint, or say under ${key} what it starts`;
    return { reason: 'image_unresolved', detail };
  }
  const name = container.image === '' ? 'no image' : container.image;
  return { reason: 'image_unresolved', detail: `${at}: ${name}: what it starts is not known; give an entryPoint` };
}

/** The words that a list starts with, up to the first that is not a text. */
function leadingWords(value: JsonValue | undefined): readonly string[] {
  const list = listOf(value);
  const end = list.findIndex((word) => typeof word !== 'string');
  return stringsOf(end === -1 ? list : list.slice(0, end)) ?? [];
}

function leftOut(finding: Finding): TaskArgv {
  return { kind: 'left_out', finding };
}

function noList(pointer: string): Finding {
  return { reason: 'task_unreadable', detail: `${pointer} is not a list` };
}

function empty(detail: string): Finding {
  return { reason: 'entrypoint_empty', detail };
}
