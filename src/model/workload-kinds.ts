/** A kind of object that is a pod, or holds the template of pods. */
export interface WorkloadKind {
  readonly kind: string;
  /** API group; empty for the core one. */
  readonly group: string;
  readonly version: string;
  /** Plural name, as in the API's paths. */
  readonly plural: string;
  /** Groups that old manifests have it in. The kind of another group may mean anything. */
  readonly formerGroups: readonly string[];
  /** Keys that lead to the object with the pod's metadata and spec; none for the pod itself. */
  readonly template: readonly string[];
  /** kubectl's short name. */
  readonly short: string | undefined;
  /** What people write before an object's name. */
  readonly called: string;
  /** Whether it is a pod or makes pods, so that there is something to say of those that run. */
  readonly ownsPods: boolean;
  /** Whether `kubectl rollout restart` renews its pods. */
  readonly restarts: boolean;
  /**
   * Whether a person looks at it through what made it, as at a Deployment's ReplicaSet. An Event is then about its maker,
   * for which the chart's ClusterRole has to allow `get`.
   */
  readonly isInBetween: boolean;
}

const core = { group: '', version: 'v1', formerGroups: [] } as const;
const apps = { group: 'apps', version: 'v1', formerGroups: ['extensions'] } as const;
const batch = { group: 'batch', version: 'v1', formerGroups: [] } as const;
const inSpec = ['spec', 'template'] as const;
const usual = { template: inSpec, ownsPods: true, restarts: false, isInBetween: false } as const;

/** Every such kind. One more is a row here and, where it stands in between, a rule of the chart's ClusterRole. */
export const workloadKinds = {
  pods: { ...core, ...usual, plural: 'pods', kind: 'Pod', template: [], short: 'po', called: 'pod' },
  deployments: {
    ...apps,
    ...usual,
    plural: 'deployments',
    kind: 'Deployment',
    short: 'deploy',
    called: 'deploy',
    restarts: true,
  },
  statefulSets: {
    ...apps,
    ...usual,
    plural: 'statefulsets',
    kind: 'StatefulSet',
    short: 'sts',
    called: 'sts',
    formerGroups: [],
    restarts: true,
  },
  daemonSets: {
    ...apps,
    ...usual,
    plural: 'daemonsets',
    kind: 'DaemonSet',
    short: 'ds',
    called: 'ds',
    restarts: true,
  },
  jobs: { ...batch, ...usual, plural: 'jobs', kind: 'Job', short: undefined, called: 'job', isInBetween: true },
  cronJobs: {
    ...batch,
    ...usual,
    plural: 'cronjobs',
    kind: 'CronJob',
    short: 'cj',
    called: 'cronjob',
    template: ['spec', 'jobTemplate', ...inSpec],
  },
  replicaSets: {
    ...apps,
    ...usual,
    plural: 'replicasets',
    kind: 'ReplicaSet',
    short: 'rs',
    called: 'rs',
    isInBetween: true,
  },
  replicationControllers: {
    ...core,
    ...usual,
    plural: 'replicationcontrollers',
    kind: 'ReplicationController',
    short: 'rc',
    called: 'rc',
    isInBetween: true,
  },
  podTemplates: {
    ...core,
    ...usual,
    plural: 'podtemplates',
    kind: 'PodTemplate',
    short: undefined,
    called: 'podtemplate',
    template: ['template'],
    ownsPods: false,
  },
} as const satisfies Readonly<Record<string, WorkloadKind>>;

/** The table's rows, in the order in which they are named to people. */
export const allWorkloadKinds: readonly WorkloadKind[] = Object.values(workloadKinds);

const byKind: ReadonlyMap<string, WorkloadKind> = new Map(allWorkloadKinds.map((row) => [row.kind, row]));

/** The row of a kind; `undefined` for one that is no workload. */
export function workloadKind(kind: string): WorkloadKind | undefined {
  return byKind.get(kind);
}
