import type { CommandEntry } from './command.js';

// The folders here. Each may import the folders before it: text, files, options, image, offline, live, preview. Then comes one folder
// for each command that is more than a file; no other folder imports it, except that post-render, which is another way to
// call inject, imports inject. All of them use io.ts, command.ts and errors.ts. eslint.config.js holds them to it.

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
    summary: 'say what would happen to the pods in manifests or of objects in a cluster, and why',
    load: async () => (await import('./explain/explain.js')).command,
  },
  {
    name: 'diff',
    summary: 'say what policies would change for the workloads of a cluster, before they are applied',
    load: async () => (await import('./diff/diff.js')).command,
  },
  {
    name: 'preflight',
    summary: 'ask the API server, by dry runs, who would refuse the pods that policies make',
    load: async () => (await import('./preflight/preflight.js')).command,
  },
  {
    name: 'test',
    summary: 'hold policies to what they should do with resources, without a cluster',
    load: async () => (await import('./test/test.js')).command,
  },
  {
    name: 'fn',
    summary: 'instrument as a KRM function, for kustomize and kpt',
    load: async () => (await import('./fn/fn.js')).command,
  },
  {
    name: 'post-render',
    summary: 'instrument what Helm rendered, as its post-renderer',
    load: async () => (await import('./post-render/post-render.js')).command,
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
    name: 'retry',
    summary: 'try workloads again whose new pods are left alone, because parts of ours kept earlier ones from running',
    load: async () => (await import('./retry/retry.js')).command,
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
    name: 'schema',
    summary: 'print the JSON schema of policies and other documents, for editors',
    load: async () => (await import('./schema.js')).command,
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
    summary: 'print a completion script for bash, zsh, fish or kubectl',
    load: async () => (await import('./completion/completion.js')).command,
  },
  {
    name: 'version',
    summary: 'say which version this is, and which one runs in a cluster',
    load: async () => (await import('./version/version.js')).command,
  },
];
