import { isArray, isObject, type JsonObject, type JsonValue } from '../../model/json.js';
import { pointerToken } from '../../model/json-pointer.js';
import { isIntrinsic, type TaskDialect } from './dialect.js';

/*
 * Keys in another case than the format has them (W3). Go, which reads Terraform's container definitions, accepts a key in
 * any case. Of two keys that only differ in case it takes the last, so we must not guess which is meant. CloudFormation and
 * Elastic Beanstalk know a field under its one name.
 */

/** Fields of an object, by their names in the ECS API; what the members of a list or the object itself have in turn. */
interface Shape {
  readonly [field: string]: Shape;
}

const none: Shape = {};
const fields = (...names: readonly string[]): Shape => Object.fromEntries(names.map((name) => [name, none]));

const container: Shape = {
  ...fields('name', 'image', 'essential', 'entryPoint', 'command', 'user', 'privileged', 'links', 'cpu', 'memory'),
  ...fields('memoryReservation', 'workingDirectory', 'dockerLabels', 'dockerSecurityOptions', 'pseudoTerminal'),
  ...fields('interactive', 'readonlyRootFilesystem', 'hostname', 'startTimeout', 'stopTimeout', 'ulimits'),
  ...fields('extraHosts', 'dnsServers', 'resourceRequirements', 'restartPolicy', 'versionConsistency'),
  environment: fields('name', 'value'),
  environmentFiles: fields('value', 'type'),
  secrets: fields('name', 'valueFrom'),
  volumesFrom: fields('sourceContainer', 'readOnly'),
  mountPoints: fields('sourceVolume', 'containerPath', 'readOnly'),
  dependsOn: fields('containerName', 'condition'),
  portMappings: fields('containerPort', 'hostPort', 'protocol', 'name', 'appProtocol', 'containerPortRange'),
  healthCheck: fields('command', 'interval', 'timeout', 'retries', 'startPeriod'),
  logConfiguration: fields('logDriver', 'options', 'secretOptions'),
  firelensConfiguration: fields('type', 'options'),
  repositoryCredentials: fields('credentialsParameter'),
  linuxParameters: { ...fields('initProcessEnabled', 'devices', 'tmpfs'), capabilities: fields('add', 'drop') },
};

const task: Shape = {
  ...fields('family', 'taskRoleArn', 'executionRoleArn', 'networkMode', 'pidMode', 'ipcMode', 'cpu', 'memory'),
  ...fields('requiresCompatibilities', 'placementConstraints', 'ephemeralStorage'),
  proxyConfiguration: fields('type', 'containerName', 'properties'),
  containerDefinitions: container,
  volumes: { ...fields('name', 'efsVolumeConfiguration', 'dockerVolumeConfiguration'), host: fields('sourcePath') },
  runtimePlatform: fields('operatingSystemFamily', 'cpuArchitecture'),
  tags: fields('key', 'value'),
};

/** A key that is not read as one may expect. */
export interface Misspelt {
  /** JSON pointer inside the task. */
  readonly pointer: string;
  readonly what: string;
}

/** Finds a field under a name that the format does not know it by, or under two. */
export function misspelt(dialect: TaskDialect, value: JsonObject): Misspelt | undefined {
  return find(dialect, value, task, '');
}

function find(dialect: TaskDialect, value: JsonValue | undefined, shape: Shape, pointer: string): Misspelt | undefined {
  if (isArray(value))
    return first(value.entries(), ([index, item]) => find(dialect, item, shape, `${pointer}/${index}`));
  if (!isObject(value)) return undefined;
  // What a function makes has the same fields, in each of its branches.
  if (isIntrinsic(value)) {
    return first(Object.entries(value), ([key, item]) => find(dialect, item, shape, `${pointer}/${pointerToken(key)}`));
  }
  const names = new Map(Object.keys(shape).map((name) => [name.toLowerCase(), name]));
  const seen = new Map<string, string>();
  for (const key of Object.keys(value)) {
    const name = names.get(key.toLowerCase());
    if (name === undefined) continue;
    const place = `${pointer}/${pointerToken(key)}`;
    const right = dialect.field(name);
    if (!dialect.anyCase && key !== right) return { pointer: place, what: `is not read: the field is called ${right}` };
    const other = seen.get(name);
    if (other !== undefined)
      return { pointer: place, what: `is the same field as ${other} beside it; leave one of them` };
    seen.set(name, key);
  }
  return first(seen, ([name, key]) =>
    find(dialect, value[key], shape[name] ?? none, `${pointer}/${pointerToken(key)}`),
  );
}

function first<Item, Found>(items: Iterable<Item>, look: (item: Item) => Found | undefined): Found | undefined {
  for (const item of items) {
    const found = look(item);
    if (found !== undefined) return found;
  }
  return undefined;
}
