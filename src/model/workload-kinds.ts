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
  /**
   * Ways to the objects with a pod's metadata and spec, each as keys; no keys for the pod itself. `*` stands for each
   * item of a list or member of a mapping. None at all for a kind that holds containers and leaves the pod to its
   * controller.
   */
  readonly templates: readonly (readonly string[])[];
  /** kubectl's short name. */
  readonly short: string | undefined;
  /** What people write before an object's name. */
  readonly called: string;
  /** Whether it is a pod or makes pods, so that there is something to say about those that run. */
  readonly ownsPods: boolean;
  /** Whether `kubectl rollout restart` renews its pods. */
  readonly restarts: boolean;
  /**
   * Whether a person looks at it through what made it, as at a Deployment's ReplicaSet. An Event is then about its maker,
   * for which the chart's ClusterRole has to allow `get`.
   */
  readonly isInBetween: boolean;
  /** Whether its kind and plural alone mean an object of another group, so that both need the group after them. */
  readonly needsGroup: boolean;
  /** What its controller or its API asks for besides what a pod does, told to whoever has a manifest of it changed. */
  readonly remark: string | undefined;
}

const core = { group: '', version: 'v1', formerGroups: [] } as const;
const apps = { group: 'apps', version: 'v1', formerGroups: ['extensions'] } as const;
const batch = { group: 'batch', version: 'v1', formerGroups: [] } as const;
const inSpec = ['spec', 'template'] as const;
const usual = {
  templates: [inSpec],
  ownsPods: true,
  restarts: false,
  isInBetween: false,
  needsGroup: false,
  remark: undefined,
} as const;
const own = { ...usual, formerGroups: [], short: undefined } as const;
const argo = { ...own, group: 'argoproj.io', version: 'v1alpha1' } as const;
const argoContainers = { ...argo, templates: [] } as const;

/**
 * Every such kind: Kubernetes' own first, then those of its extensions. One more is a row here and, where it is in
 * between, a rule of the chart's ClusterRole.
 */
export const workloadKinds = {
  pods: { ...core, ...usual, plural: 'pods', kind: 'Pod', templates: [[]], short: 'po', called: 'pod' },
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
    templates: [['spec', 'jobTemplate', ...inSpec]],
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
    templates: [['template']],
    ownsPods: false,
  },
  rollouts: { ...argo, plural: 'rollouts', kind: 'Rollout', short: 'ro', called: 'rollout' },
  workflows: { ...argoContainers, plural: 'workflows', kind: 'Workflow', short: 'wf', called: 'workflow' },
  cronWorkflows: {
    ...argoContainers,
    plural: 'cronworkflows',
    kind: 'CronWorkflow',
    short: 'cwf',
    called: 'cronworkflow',
  },
  workflowTemplates: {
    ...argoContainers,
    plural: 'workflowtemplates',
    kind: 'WorkflowTemplate',
    short: 'wftmpl',
    called: 'workflowtemplate',
    ownsPods: false,
  },
  clusterWorkflowTemplates: {
    ...argoContainers,
    plural: 'clusterworkflowtemplates',
    kind: 'ClusterWorkflowTemplate',
    short: 'cwft',
    called: 'clusterworkflowtemplate',
    ownsPods: false,
  },
  knativeServices: {
    ...own,
    group: 'serving.knative.dev',
    version: 'v1',
    plural: 'services',
    kind: 'Service',
    short: 'ksvc',
    called: 'ksvc',
    needsGroup: true,
    remark:
      'Knative takes it with these features on in its ConfigMap config-features: kubernetes.podspec-init-containers, kubernetes.podspec-shareprocessnamespace, kubernetes.podspec-volumes-emptydir, kubernetes.containerspec-addcapabilities. The webhook needs none of them.',
  },
  deploymentConfigs: {
    ...own,
    group: 'apps.openshift.io',
    version: 'v1',
    formerGroups: [''],
    plural: 'deploymentconfigs',
    kind: 'DeploymentConfig',
    short: 'dc',
    called: 'dc',
  },
  volcanoJobs: {
    ...own,
    group: 'batch.volcano.sh',
    version: 'v1alpha1',
    plural: 'jobs',
    kind: 'Job',
    short: 'vcjob',
    called: 'vcjob',
    templates: [['spec', 'tasks', '*', 'template']],
    needsGroup: true,
  },
  jobSets: {
    ...own,
    group: 'jobset.x-k8s.io',
    version: 'v1alpha2',
    plural: 'jobsets',
    kind: 'JobSet',
    called: 'jobset',
    templates: [['spec', 'replicatedJobs', '*', 'template', ...inSpec]],
  },
  leaderWorkerSets: {
    ...own,
    group: 'leaderworkerset.x-k8s.io',
    version: 'v1',
    plural: 'leaderworkersets',
    kind: 'LeaderWorkerSet',
    short: 'lws',
    called: 'lws',
    templates: [
      ['spec', 'leaderWorkerTemplate', 'leaderTemplate'],
      ['spec', 'leaderWorkerTemplate', 'workerTemplate'],
    ],
  },
  scaledJobs: {
    ...own,
    group: 'keda.sh',
    version: 'v1alpha1',
    plural: 'scaledjobs',
    kind: 'ScaledJob',
    short: 'sj',
    called: 'scaledjob',
    templates: [['spec', 'jobTargetRef', 'template']],
  },
} as const satisfies Readonly<Record<string, WorkloadKind>>;

/** The table's rows, in the order in which they are named to people. */
export const allWorkloadKinds: readonly WorkloadKind[] = Object.values(workloadKinds);

const byKind: ReadonlyMap<string, readonly WorkloadKind[]> = new Map(
  allWorkloadKinds.map(({ kind }) => [kind, allWorkloadKinds.filter((row) => row.kind === kind)]),
);

/**
 * The row of a kind; `undefined` for one that is not a workload.
 *
 * @param apiVersion of the object; where it has none, its kind is Kubernetes' own, or the only one of that name
 */
export function workloadKind(kind: string, apiVersion: string | undefined): WorkloadKind | undefined {
  const rows = byKind.get(kind) ?? [];
  if (apiVersion === undefined) return rows.find(({ needsGroup }) => !needsGroup);
  const group = groupOf(apiVersion);
  return rows.find((row) => row.group === group || row.formerGroups.includes(group));
}

/** The API group of an `apiVersion`; empty for the core one. */
export function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf('/');
  return slash === -1 ? '' : apiVersion.slice(0, slash);
}
