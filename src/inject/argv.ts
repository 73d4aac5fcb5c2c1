import type { Finding } from '../model/decision.js';

/** Why a container that starts such a program is left out. */
export function pid1(program: string): Finding {
  return { reason: 'pid1_entrypoint', detail: `${program} has to be process 1` };
}

/** Whether an argv starts with the wrapper, in either of the two shapes seen in the field (E17). */
export function isWrapped(argv: readonly string[], wrapper: readonly string[]): boolean {
  for (let i = 0; i < wrapper.length; i++) if (argv[i] !== wrapper[i]) return false;
  return true;
}

/** Whether an argv runs the wrapper's program, with whatever flags. */
export function runsWrapper(argv: readonly string[], wrapper: readonly string[]): boolean {
  return argv.length > 0 && argv[0] === wrapper[0];
}
