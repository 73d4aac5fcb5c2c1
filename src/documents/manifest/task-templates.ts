import { isArray, isObject, objectOf, stringOf, type JsonObject, type JsonValue } from '../../model/json.js';
import { pointerToken } from '../../model/json-pointer.js';
import type { TaskTemplate } from '../../model/task.js';
import { keyInAnyCase } from '../../model/task-keys.js';
import { expandedLater, resourcesOf, type FoundResource } from './for-each.js';
import type { Unseen } from './objects.js';
import { readTags } from './task-tags.js';
import type { TemplateProblem } from './templates.js';

/**
 * Finds the tasks of a document by its content: an ECS task definition, as it is registered or as
 * `aws ecs describe-task-definition` prints it; the `AWS::ECS::TaskDefinition` resources of a CloudFormation template,
 * in `Fn::ForEach` too; a Dockerrun.aws.json of version 2.
 *
 * @returns the tasks in document order, none for any other document, or what is wrong with one that is there
 */
export function findTasks(value: JsonValue): readonly TaskTemplate[] | TemplateProblem {
  if (isArray(value)) return bareList(value);
  if (!isObject(value) || value['apiVersion'] !== undefined) return [];
  if (value['AWSEBDockerrunVersion'] !== undefined) return dockerrun(value);
  if (isObject(value['Resources'])) {
    const resources = resourcesOf(value);
    const execEnabled = resources.some((each) => letsIn(each.value));
    return resources.flatMap((each) =>
      isTask(each.value) && expandedLater(each) === undefined ? resource(each, each.value, execEnabled) : [],
    );
  }
  const key = keyInAnyCase(value, 'taskDefinition');
  const described = objectOf(value[key]);
  if (described !== undefined && hasContainers(described)) {
    const tags = { ...readTags(described, 'tags').tags, ...readTags(value, 'tags').tags };
    return [taskDefinition(`/${pointerToken(key)}`, described, tags)];
  }
  return hasContainers(value) ? [taskDefinition('', value, readTags(value, 'tags').tags)] : [];
}

function hasContainers(task: JsonObject): boolean {
  return isArray(task[keyInAnyCase(task, 'containerDefinitions')]);
}

/** Fields that a container definition has, and no container of Kubernetes or Docker Compose. */
const telling = [
  ...['essential', 'entryPoint', 'portMappings', 'mountPoints', 'volumesFrom', 'logConfiguration', 'linuxParameters'],
  ...['cpu', 'memory', 'memoryReservation', 'dockerLabels', 'dependsOn', 'environment', 'secrets', 'healthCheck'],
];

/** What Terraform calls `container_definitions`: a list of containers, each with a name and an image (W4). */
function bareList(value: readonly JsonValue[]): readonly TaskTemplate[] {
  if (value.length === 0 || !value.every(isContainer) || !value.some(isTelling)) return [];
  const definition = { containerDefinitions: value };
  return [
    { format: 'containers', path: '', kind: 'ContainerDefinitions', name: undefined, value: definition, tags: {} },
  ];
}

function isTelling(value: JsonValue): boolean {
  return isObject(value) && telling.some((name) => value[keyInAnyCase(value, name)] !== undefined);
}

function isContainer(value: JsonValue): boolean {
  if (!isObject(value) || value['apiVersion'] !== undefined || value['kind'] !== undefined) return false;
  return ['name', 'image'].every((name) => typeof value[keyInAnyCase(value, name)] === 'string');
}

function taskDefinition(path: string, value: JsonObject, tags: TaskTemplate['tags']): TaskTemplate {
  return {
    format: 'ecs',
    path,
    kind: 'TaskDefinition',
    name: stringOf(value[keyInAnyCase(value, 'family')]),
    value,
    tags,
  };
}

function letsIn(value: JsonValue | undefined): boolean {
  if (!isObject(value) || value['Type'] !== 'AWS::ECS::Service') return false;
  const enabled = objectOf(value['Properties'])?.['EnableExecuteCommand'];
  return enabled === true || enabled === 'true';
}

/**
 * The tasks of a template that CloudFormation has to expand before anybody can read them.
 *
 * @returns for each, the JSON pointer of its resource and the message about it
 */
export function tasksExpandedLater(value: JsonValue): readonly { readonly path: string; readonly unseen: Unseen }[] {
  if (!isObject(value) || value['apiVersion'] !== undefined) return [];
  return resourcesOf(value).flatMap((each) => {
    const unseen = isTask(each.value) ? expandedLater(each) : undefined;
    return unseen === undefined ? [] : [{ path: each.path, unseen }];
  });
}

function isTask(value: JsonValue | undefined): value is JsonObject {
  return isObject(value) && value['Type'] === 'AWS::ECS::TaskDefinition';
}

function resource(
  { path, name, loops }: FoundResource,
  value: JsonObject,
  execEnabled: boolean,
): readonly TaskTemplate[] {
  const { tags, unknown } = readTags(objectOf(value['Properties']) ?? {}, 'Tags', loops);
  const unknownTags = unknown.map(({ tag, pointer }) => ({ tag, pointer: `${path}/Properties${pointer}` }));
  const about = { format: 'cloudformation', path, kind: 'AWS::ECS::TaskDefinition', name, value } as const;
  return [{ ...about, tags, unknownTags, execEnabled, ...(loops.length === 0 ? {} : { loops }) }];
}

/** Versions 1 and 3, which are strings, are other formats (Elastic Beanstalk, "Docker configuration"). */
function dockerrun(value: JsonObject): readonly TaskTemplate[] | TemplateProblem {
  const version = value['AWSEBDockerrunVersion'];
  if (version === 2) {
    return [{ format: 'dockerrun', path: '', kind: 'Dockerrun', name: undefined, value, tags: {} }];
  }
  const path = '/AWSEBDockerrunVersion';
  if (version === '2') return { path, message: 'is the text "2"; version 2 is the number 2, without quotes' };
  const other: Readonly<Record<string, string>> = {
    '1': 'a single container without a task definition',
    '3': 'a Docker Compose application',
  };
  const text = typeof version === 'string' || typeof version === 'number' ? String(version) : '';
  const what = other[text];
  const described = what === undefined ? 'which is none that is known' : `the format of ${what}`;
  return { path, message: `is ${JSON.stringify(version)}, ${described}; only version 2 has containers to instrument` };
}
