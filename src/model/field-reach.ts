/** What a field of a policy or a profile affects. `neither`: it is for people. */
export interface FieldReach {
  readonly on: 'both' | 'pods' | 'tasks' | 'neither';
  /** Why it does not affect the other, or what does instead. */
  readonly why?: string;
}

/** Fields with the same effect, for the same reason. */
interface Group extends FieldReach {
  readonly fields: readonly string[];
}

/** Every field of a policy's spec that holds a value. */
const policyGroups: readonly Group[] = [
  {
    on: 'both',
    fields: [
      'mode',
      'prefer',
      'precedence',
      'containers.include',
      ...fieldsOf('containers.exclude[]', 'image command args'),
      'profile.name',
      'profile.settings',
      'agent.image',
      'optOut',
      'admitUninstrumented',
      'onUnresolvedImage',
    ],
  },
  {
    on: 'both',
    why: 'a task’s tags stand for the labels of namespace and pod',
    fields: ['match.namespaceSelector', 'match.podSelector'].flatMap(selector),
  },
  {
    on: 'both',
    why: 'a task’s containers are Main; ECS has neither the other containers nor hooks, and a health check stays as it is',
    fields: ['containers.cover'],
  },
  { on: 'both', why: 'in a task Auto is Always: nothing refuses it before it is deployed', fields: ['capability'] },
  {
    on: 'pods',
    why: 'ECS pulls by the rights of the task’s execution role',
    fields: ['agent.imagePullSecrets', 'agent.mirrorPullSecrets'],
  },
  {
    on: 'pods',
    why: 'an agent in a task has the memory that `spec.task.agent` of the profile says',
    fields: ['agent.resources.requests', 'agent.resources.limits'],
  },
  {
    on: 'pods',
    why: 'a task’s author sets the agent’s amounts by the profile’s settings; tags choose none',
    fields: fieldsOf('agent.allowOverride.resources.max', 'cpu memory ephemeral-storage'),
  },
  {
    on: 'pods',
    why: 'a task’s containers that fill its volume have no resources of their own',
    fields: ['agent.copyResources.requests', 'agent.copyResources.limits'],
  },
  { on: 'pods', why: 'ECS has no sidecar of its own kind', fields: ['agent.placement'] },
  {
    on: 'pods',
    why: 'a task’s access key comes from the setting that `secretFrom` of the profile names',
    fields: ['credentials.secretRef.name', 'credentials.secretRef.key', 'credentials.mirror'],
  },
  { on: 'pods', why: 'how the files get into a task is `spec.task` of the profile’s to say', fields: ['delivery'] },
  {
    on: 'both',
    why: 'the family is a task’s workload',
    fields: [...fieldsOf('canary', 'percent seed'), ...fieldsOf('canary.previous.profile', 'name settings')],
  },
  { on: 'both', fields: ['canary.previous.agent.image'] },
  {
    on: 'pods',
    why: 'as of `spec.agent`',
    fields: [
      ...fieldsOf('canary.previous.agent', 'imagePullSecrets mirrorPullSecrets placement'),
      ...fieldsOf('canary.previous.agent.resources', 'requests limits'),
      ...fieldsOf('canary.previous.agent.copyResources', 'requests limits'),
      ...fieldsOf('canary.previous.agent.allowOverride.resources.max', 'cpu memory ephemeral-storage'),
    ],
  },
  { on: 'pods', why: 'running tasks are ECS’ to replace', fields: ['restart'] },
  {
    on: 'pods',
    why: 'ECS has sessions of its own, which ask nobody',
    fields: [...fieldsOf('sessions', 'exec attach debug'), ...fieldsOf('sessions.exempt', 'users groups')],
  },
];

const taskHasIts = (field: string): string => `tasks have \`spec.task.${field}\``;

/** Every field of a profile's spec that holds a value. */
const profileGroups: readonly Group[] = [
  { on: 'neither', why: 'for people', fields: ['description'] },
  { on: 'pods', why: 'no record of it is written into a task', fields: ['version'] },
  {
    on: 'both',
    fields: [
      ...fieldsOf('settings.NAME', 'type description default required enum pattern minimum maximum'),
      ...fieldsOf('settings.NAME.lookup', 'setting table'),
      'image',
      ...argument('wrapper.argv'),
      ...fieldsOf('reservedEnv[]', 'name unset'),
    ],
  },
  {
    on: 'both',
    why: 'a task has windows, host_network and host_pid of them',
    fields: ['skipWhen'],
  },
  {
    on: 'pods',
    why: 'a task’s access key comes from the setting that `secretFrom` names',
    fields: fieldsOf('credentials', 'name key'),
  },
  {
    on: 'pods',
    why: 'ECS has sessions of its own, which ask nobody',
    fields: [...argument('session.argv'), 'session.relocatable'],
  },
  { on: 'pods', why: 'a task has no names of hosts that all of its containers go by', fields: ['hosts'] },
  { on: 'pods', why: taskHasIts('sharePidNamespace'), fields: ['shareProcessNamespace'] },
  { on: 'pods', why: taskHasIts('capabilities'), fields: ['capabilities'] },
  { on: 'both', why: 'in a task where `spec.task.volume.init` names no image', fields: ['volume.copy.image'] },
  {
    on: 'pods',
    why: taskHasIts('volume'),
    fields: [
      ...fieldsOf('volume', 'name programFolders sizeLimit'),
      ...fieldsOf('volume.copy', 'name toolsName from'),
      ...argument('volume.copy.command'),
      'volume.imageVolume.subPath',
    ],
  },
  { on: 'pods', why: taskHasIts('toolsPath'), fields: ['volume.mountPath'] },
  { on: 'pods', why: taskHasIts('env'), fields: variable('env[]') },
  {
    on: 'pods',
    why: 'a task’s recipe knows the agent and instrumented containers, and none by name',
    fields: [
      'containers[].containers',
      ...variable('containers[].env[]'),
      'containers[].capabilities',
      ...fieldsOf('containers[].mounts[]', 'volume mountPath readOnly'),
    ],
  },
  { on: 'pods', why: taskHasIts('agent.hostMounts'), fields: fieldsOf('hostVolumes[]', 'name path type') },
  { on: 'both', fields: fieldsOf('sidecar.ports[]', 'port setting default protocol') },
  {
    on: 'pods',
    why: taskHasIts('agent'),
    fields: [
      ...fieldsOf('sidecar', 'name image argv runAs runAsUser runAsGroup readOnlyRootFilesystem apiAccess'),
      ...fieldsOf('sidecar.resources', 'requests limits'),
      'sidecar.minimumLimits',
      ...variable('sidecar.env[]'),
    ],
  },
  {
    on: 'tasks',
    why: 'pods have the rest of `spec`',
    fields: [
      ...fieldsOf('task', 'sharePidNamespace capabilities toolsPath'),
      'task.volume.name',
      ...fieldsOf('task.volume.init', 'name image user'),
      ...argument('task.volume.init.command'),
      ...taskVariable('task.env[]'),
      ...fieldsOf('task.dependsOn[]', 'part condition'),
      ...fieldsOf('task.agent', 'name image repositories capabilities dockerrunSecurityOptions'),
      ...fieldsOf(
        'task.agent',
        'memoryLimitSetting memorySetting cpuSetting repositoryCredentialsSetting memoryReservationMiB',
      ),
      ...taskVariable('task.agent.env[]'),
      ...fieldsOf('task.agent.hostMounts[]', 'volume path mountPath readOnly'),
      ...fieldsOf('task.agent.healthCheck', 'command intervalSeconds timeoutSeconds retries startPeriodSeconds'),
      ...fieldsOf('task.agent.log', 'driver options'),
      ...condition('task.agent.log.when'),
    ],
  },
];

/** What each field of a policy affects, by its path from `spec` on; `[]` is any member, `NAME` any key. */
export const policyReach: ReadonlyMap<string, FieldReach> = byField(policyGroups);

/** The same of a profile. */
export const profileReach: ReadonlyMap<string, FieldReach> = byField(profileGroups);

function byField(groups: readonly Group[]): ReadonlyMap<string, FieldReach> {
  const rows = new Map<string, FieldReach>();
  for (const { fields, ...reach } of groups) {
    for (const field of fields) {
      if (rows.has(`spec.${field}`)) throw new Error(`spec.${field} is in two groups`);
      rows.set(`spec.${field}`, reach);
    }
  }
  return rows;
}

function fieldsOf(parent: string, names: string): readonly string[] {
  return names.split(' ').map((name) => `${parent}.${name}`);
}

function condition(at: string): readonly string[] {
  return fieldsOf(at, 'prefer setting equals');
}

function argument(list: string): readonly string[] {
  return [`${list}[].value`, ...condition(`${list}[].when`)];
}

function variable(at: string): readonly string[] {
  return [...fieldsOf(at, 'name value fromField fromSecret'), ...condition(`${at}.when`)];
}

function taskVariable(at: string): readonly string[] {
  return [
    ...fieldsOf(at, 'name value secretFrom dockerrunPlaceholder containersSetting fargateOnly'),
    ...condition(`${at}.when`),
  ];
}

function selector(at: string): readonly string[] {
  return [`${at}.matchLabels`, ...fieldsOf(`${at}.matchExpressions[]`, 'key operator values')];
}
