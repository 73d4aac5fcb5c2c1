import type { CommandEntry } from './command.js';

/** Every command of `outrider`: one row each, in the order of the help text. */
export const commands: readonly CommandEntry[] = [
  {
    name: 'inject',
    summary: 'put the instrumentation into manifests',
    load: async () => (await import('./inject.js')).command,
  },
  {
    name: 'uninject',
    summary: 'take out of manifests what inject put in',
    load: async () => (await import('./uninject.js')).command,
  },
  {
    name: 'explain',
    summary: 'say what would become of the pods in manifests, and why',
    load: async () => (await import('./explain.js')).command,
  },
  {
    name: 'completion',
    summary: 'print a completion script for bash, zsh or fish',
    load: async () => (await import('./completion.js')).completionCommand(commands),
  },
];
