import type { CommandEntry } from './command.js';

// The folders here, each of which may import those before it: text, files, options, image, offline, live, and then one for
// each command that is more than a file, which no other folder imports. All of them use io.ts, command.ts and errors.ts.
// eslint.config.js holds them to it.

/** Every command of `outrider`: one row each, in the order of the help text. */
export const commands: readonly CommandEntry[] = [
  {
    name: 'inject',
    summary: 'put the instrumentation into manifests',
    load: async () => (await import('./edit/inject.js')).command,
  },
  {
    name: 'uninject',
    summary: 'take out of manifests what inject put in',
    load: async () => (await import('./edit/uninject.js')).command,
  },
  {
    name: 'explain',
    summary: 'say what would become of the pods in manifests or of objects in a cluster, and why',
    load: async () => (await import('./explain/explain.js')).command,
  },
  {
    name: 'status',
    summary: 'say whether an installation in a cluster does what its policies say',
    load: async () => (await import('./status/status.js')).command,
  },
  {
    name: 'coverage',
    summary: 'say of running pods whether they have what their policies ask for, and what helps',
    load: async () => (await import('./coverage/coverage.js')).command,
  },
  {
    name: 'verify',
    summary: 'look into running pods: whether each process is traced',
    load: async () => (await import('./verify/verify.js')).command,
  },
  {
    name: 'restart',
    summary: 'give workloads of a cluster new pods, where those that run lack what new ones get',
    load: async () => (await import('./restart/restart.js')).command,
  },
  {
    name: 'image',
    summary: 'look an image up: what it starts, and how that was found out',
    load: async () => (await import('./image/image.js')).command,
  },
  {
    name: 'doctor',
    summary: 'check that what the agents need is there: on this machine, in a cluster, in an ECS file',
    load: async () => (await import('./doctor/doctor.js')).command,
  },
  {
    name: 'render',
    summary: 'write down what switches a vendor’s own node agent on',
    load: async () => (await import('./render.js')).command,
  },
  {
    name: 'crds',
    summary: 'print the custom resource definitions',
    load: async () => (await import('./crds.js')).command,
  },
  {
    name: 'serve',
    summary: 'run the admission webhook',
    load: async () => (await import('./serve.js')).command,
  },
  {
    name: 'pause',
    summary: 'stop changing and checking a cluster’s pods for a while',
    load: async () => (await import('./pause/pause.js')).command,
  },
  {
    name: 'resume',
    summary: 'end a pause',
    load: async () => (await import('./pause/resume.js')).command,
  },
  {
    name: 'ready',
    summary: 'ask a running server whether it is ready',
    load: async () => (await import('./ready.js')).command,
  },
  {
    name: 'demo',
    summary: 'show the main job on this machine, without a cluster',
    load: async () => (await import('./demo/demo.js')).command,
  },
  {
    name: 'completion',
    summary: 'print a completion script for bash, zsh or fish',
    load: async () => (await import('./completion.js')).completionCommand(commands),
  },
];
