import { isArray, isObject, listOf, objectOf, stringOf, type JsonObject, type JsonValue } from '../../model/json.js';
import { pointerToken } from '../../model/json-pointer.js';
import type { TaskTemplate } from '../../model/task.js';
import type { TemplateProblem } from './templates.js';

/**
 * Finds the tasks of a document by its content: an ECS task definition, as it is registered or as
 * `aws ecs describe-task-definition` prints it; the `AWS::ECS::TaskDefinition` resources of a CloudFormation template;
 * a Dockerrun.aws.json of version 2.
 *
 * @returns the tasks in document order, none for any other document, or what is wrong with one that is there
 */
export function findTasks(value: JsonValue): readonly TaskTemplate[] | TemplateProblem {
  if (!isObject(value) || value['apiVersion'] !== undefined) return [];
  if (value['AWSEBDockerrunVersion'] !== undefined) return dockerrun(value);
  const resources = objectOf(value['Resources']);
  if (resources !== undefined) return Object.entries(resources).flatMap(([name, each]) => resource(name, each));
  const described = objectOf(value['taskDefinition']);
  if (described !== undefined && isArray(described['containerDefinitions'])) {
    return [taskDefinition('/taskDefinition', described, { ...tagsOf(described, 'tags'), ...tagsOf(value, 'tags') })];
  }
  if (isArray(value['containerDefinitions'])) return [taskDefinition('', value, tagsOf(value, 'tags'))];
  return [];
}

function taskDefinition(path: string, value: JsonObject, tags: TaskTemplate['tags']): TaskTemplate {
  return { format: 'ecs', path, kind: 'TaskDefinition', name: stringOf(value['family']), value, tags };
}

function resource(name: string, value: JsonValue | undefined): readonly TaskTemplate[] {
  if (!isObject(value) || value['Type'] !== 'AWS::ECS::TaskDefinition') return [];
  const path = `/Resources/${pointerToken(name)}`;
  const tags = tagsOf(objectOf(value['Properties']) ?? {}, 'Tags');
  return [{ format: 'cloudformation', path, kind: 'AWS::ECS::TaskDefinition', name, value, tags }];
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

/** Tags whose key and value are text; a list of `{key, value}`, with the case of the format. */
function tagsOf(owner: JsonObject, field: string): TaskTemplate['tags'] {
  const [key, value] = field === 'Tags' ? ['Key', 'Value'] : ['key', 'value'];
  const tags: Record<string, string> = {};
  for (const tag of listOf(owner[field])) {
    const name = isObject(tag) ? stringOf(tag[key]) : undefined;
    const text = isObject(tag) ? stringOf(tag[value]) : undefined;
    if (name !== undefined && text !== undefined) tags[name] = text;
  }
  return tags;
}
