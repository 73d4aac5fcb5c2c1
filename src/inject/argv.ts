import type { Finding } from '../model/decision.js';

/** Why a container that starts a program which must be process 1 is left out. */
export function pid1(program: string): Finding {
  return { reason: 'pid1_entrypoint', detail: `${program} has to be process 1` };
}

/** Whether an argv starts with the wrapper, in either of the two shapes seen in the field (E17). */
export function isWrapped(argv: readonly string[], wrapper: readonly string[]): boolean {
  for (let i = 0; i < wrapper.length; i++) if (argv[i] !== wrapper[i]) return false;
  return true;
}

/**
 * Whether a wrapper takes a word of the workload that begins with a dash as its own option. All do, except those whose argv
 * ends in `--` (F11).
 */
export function takesOptions(wrapper: readonly string[]): boolean {
  return wrapper.length > 0 && wrapper.at(-1) !== '--';
}

/** Whether a word looks like an option. */
export function isOption(word: string | undefined): boolean {
  return word?.startsWith('-') === true;
}

/** Why a container whose first word looks like an option is left out. */
export function entrypointIsOption(word: string): Finding {
  return { reason: 'entrypoint_is_option', detail: `the tracer would take ${word} for an option of its own` };
}

/** Whether an argv runs the wrapper's program, with whatever flags. */
export function runsWrapper(argv: readonly string[], wrapper: readonly string[]): boolean {
  return argv.length > 0 && argv[0] === wrapper[0];
}
