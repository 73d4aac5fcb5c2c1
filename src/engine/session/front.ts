import { entrypointIsOption, isOption, isWrapped, takesOptions } from '../../inject/argv.js';
import type { Finding } from '../../model/decision.js';

/** How a command comes to start under the tracer. */
export interface Fronted {
  /** Words that are to be in front of it; `undefined` where the wrapper does already. */
  readonly front: readonly string[] | undefined;
}

/**
 * Finds what is to be in front of a command, unless it does. Nothing in it is expanded: an exec's words are what they
 * are.
 *
 * @param front what is in front of sessions, where that is another than what containers start with
 * @returns what keeps it from being traced instead: nothing to start, or a word that the wrapper takes for an option (F11)
 */
export function frontCommand(
  command: readonly string[],
  wrapper: readonly string[],
  front = wrapper,
): Fronted | Finding {
  // One may begin with the other: the longer one is looked for first.
  const known = front.length < wrapper.length ? [wrapper, front] : [front, wrapper];
  const there = known.find((words) => isWrapped(command, words));
  const [first] = command.slice(there?.length ?? 0);
  if (first === undefined) return { reason: 'exec_not_traced', detail: 'there is nothing to start' };
  if (takesOptions(there ?? front) && isOption(first)) return entrypointIsOption(first);
  return { front: there === undefined ? front : undefined };
}
