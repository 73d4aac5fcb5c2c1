/** Group and version of the documents a user writes. */
export const apiVersion = 'outrider.dev/v1alpha1';

/** Labels and annotations that a namespace or a pod may carry, and those we write. */
export const names = {
  /**
   * Label on a namespace or a pod: `enabled` or `disabled`. A pod's `enabled` only cancels its namespace's `disabled`.
   */
  inject: 'outrider.dev/inject',
  /** Annotation on a pod, read: the comma-separated names of the containers to instrument. It narrows the policy's choice. */
  containers: 'outrider.dev/containers',
  /** Annotation on a pod, read: `{"container": {"entrypoint": [...], "cmd": [...]}}`, what an image would say. */
  images: 'outrider.dev/images',
  /** Annotation on a pod, read: `{"requests": {...}, "limits": {...}}` of its agent, within what the policy allows. */
  agentResources: 'outrider.dev/agent-resources',
  /** Label on a pod, written: `injected` or `partial`. A record, never proof. */
  status: 'outrider.dev/status',
  /** Label on a pod, written: `api-server` where the API server instrumented it by itself, `webhook` where the webhook went over that again. It only chooses who judges the pod. */
  by: 'outrider.dev/by',
  /** Annotation on a pod, written: the name of the policy that won. */
  policy: 'outrider.dev/policy',
  /** Annotation on a pod, written: the decision's reason code. */
  reason: 'outrider.dev/reason',
  /** Annotation on a pod, written: hash of the recipe and the profile's version. */
  plan: 'outrider.dev/plan',
  /** Annotation on a manifest, written offline only: the operations that take the injection back. */
  undo: 'outrider.dev/undo',
  /** Annotation on a pod, written in a cluster: a hash of the access key's Secret and its version, to find pods on an old key. */
  credentials: 'outrider.dev/credentials',
  /** Annotation on both webhook configurations: that the installation is paused, JSON: since, until, by whom and why. */
  paused: 'outrider.dev/paused',
  /** Annotation on the installation's ConfigMap, read: what earlier versions paused by, an RFC 3339 time or `forever`. */
  pausedUntil: 'outrider.dev/paused-until',
  /** Annotation next to it, read: why it is paused, for people. */
  pauseReason: 'outrider.dev/pause-reason',
  /** Annotation on a webhook configuration: what was last written into it, so that others' selector expressions can be told from ours. */
  written: 'outrider.dev/written',
  /** Label on the ConfigMap of the self-test; its webhook is called for nothing else. */
  selfTest: 'outrider.dev/self-test',
  /** Annotation that the self-test's webhook adds: who answered. */
  answeredBy: 'outrider.dev/answered-by',
  /** Label on a mirrored Secret: the policy that it is for. */
  mirrorOf: 'outrider.dev/mirror-of',
  /** Annotation on a mirrored Secret: hash of its source's key and version. */
  mirrorSource: 'outrider.dev/mirror-source',
  /** Annotation on a mirrored Secret: name of the installation that made it. */
  mirrorBy: 'outrider.dev/mirror-by',
  /** Annotation on the Lease: what the leader last observed, JSON, for `outrider status`. */
  observed: 'outrider.dev/observed',
  /**
   * Label on our own pods, by their template: what their port understands. A pod without it is of an earlier version.
   */
  port: 'outrider.dev/port',
  /** Label on our own pods, by their template: that the self-test's doors tell by which configuration they were called. */
  inForce: 'outrider.dev/in-force',
  /**
   * Label on our own pods, by their template: where they have what agents' images start from. A pod without it has
   * none.
   */
  agentArgv: 'outrider.dev/agent-argv',
  /** Label on our own pods, by their template: that they answer about running pods. */
  ways: 'outrider.dev/ways',
} as const;

/** The value of `names.by` where the API server instrumented a pod: its own policy judges it. */
export const byApiServer = 'api-server';

/** The value of `names.by` where the webhook looked at such a pod again: it judges the pod, as it does every one without the label. */
export const byWebhook = 'webhook';

/** The value of `names.inForce` where that is told by its hash. */
export const inForceLabelValue = 'hash';

/** The value of `names.agentArgv` where the leader's ConfigMap is read. */
export const agentArgvLabelValue = 'config-map';

/** The value of `names.port` where calls with a token are understood. */
export const portLabelValue = 'token';

/** The value of `names.ways` where every door of `src/model/doors.ts` is served. */
export const waysLabelValue = 'sessions';
