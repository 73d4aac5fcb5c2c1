import type { AtDeployment, ServiceFacts, Stated, TaskFacts } from '../../doctor/task-definition.js';
import { readManifests } from '../../documents/manifest/manifest.js';
import { dialectOf, isIntrinsic, referenceText } from '../../inject/task/dialect.js';
import { fieldOf, readTask, type TaskContainerView, type TaskView } from '../../inject/task/view.js';
import { OutriderError } from '../../model/error.js';
import { isObject, listOf, objectOf, type JsonValue } from '../../model/json.js';
import type { TaskTemplate } from '../../model/task.js';

/**
 * The tasks of a file, read as `outrider inject` reads them: an ECS task definition as registered or described, a
 * CloudFormation template with any number of them, a Dockerrun.aws.json of version 2.
 *
 * @throws OutriderError `manifest_invalid` for broken syntax; `document_invalid` if there is no task, or a task cannot be
 *   read
 */
export function taskFacts(text: string, file: string): readonly TaskFacts[] {
  const found = readManifests(text, file).flatMap(({ tasks, value }) =>
    tasks.map((task) => factsOf(task, value, file)),
  );
  if (found.length > 0) return found;
  throw new OutriderError(
    'document_invalid',
    `${file}: there is no task in it; give an ECS task definition (with containerDefinitions), a CloudFormation template with an AWS::ECS::TaskDefinition, or a Dockerrun.aws.json of version 2.`,
    { file },
  );
}

function factsOf(template: TaskTemplate, document: JsonValue, file: string): TaskFacts {
  const dialect = dialectOf(template.format);
  const { root } = dialect;
  const task = root === '' ? template.value : (objectOf(template.value[root.slice(1)]) ?? {});
  const text = (name: string) => stated(task[dialect.keyOf(task, name)], name);
  const platform = task[dialect.keyOf(task, 'runtimePlatform')];
  const ofPlatform = (name: string) => {
    const fields = objectOf(platform) ?? {};
    return isIntrinsic(platform) ? open('runtimePlatform') : stated(fields[dialect.keyOf(fields, name)], name);
  };
  const compatibilities = task[dialect.keyOf(task, 'requiresCompatibilities')];
  return {
    format: template.format === 'containers' ? 'ecs' : template.format,
    family: template.name ?? template.kind,
    launchTypes: listOf(compatibilities).filter((type) => typeof type === 'string'),
    launchTypeAtDeployment: isIntrinsic(compatibilities) || listOf(compatibilities).some(isIntrinsic),
    operatingSystem: ofPlatform('operatingSystemFamily'),
    architecture: ofPlatform('cpuArchitecture'),
    networkMode: text('networkMode'),
    pidMode: text('pidMode'),
    services: template.format === 'cloudformation' ? servicesOf(document, template.name) : [],
    silentContainers: silentContainers(template, file),
  };
}

function silentContainers(template: TaskTemplate, file: string): readonly string[] {
  const view = readTask(template);
  if (!('reason' in view)) {
    const silent = view.containers.filter((container) => isSilent(view, container));
    return [...silent, ...view.unknownContainers].map(({ name }) => name);
  }
  if (view.reason === 'intrinsic_unresolved') return ['all containers'];
  const message = `${file}: ${view.detail}; give it the shape that aws ecs register-task-definition takes.`;
  throw new OutriderError('document_invalid', message, { file });
}

/** A text; anything else is left to deployment. */
function stated(value: JsonValue | undefined, name: string): Stated {
  if (value === undefined || value === null) return undefined;
  return typeof value === 'string' ? value : open(referenceText(value) ?? name);
}

function open(atDeployment: string): AtDeployment {
  return { atDeployment };
}

function isSilent(view: TaskView, container: TaskContainerView): boolean {
  const [entryPoint, command] = ['entryPoint', 'command'].map((name) => fieldOf(view, container.value, name));
  if (isIntrinsic(entryPoint) || isIntrinsic(command)) return true;
  return listOf(entryPoint).length === 0 && listOf(command).length === 0;
}

/** The services of a template that run the task with this logical name. */
function servicesOf(document: JsonValue, task: string | undefined): readonly ServiceFacts[] {
  const resources = objectOf(objectOf(document)?.['Resources']) ?? {};
  return Object.entries(resources).flatMap(([name, resource]) => {
    const properties = isObject(resource) && resource['Type'] === 'AWS::ECS::Service' ? resource['Properties'] : {};
    const service = objectOf(properties) ?? {};
    if (task === undefined || referenceText(service['TaskDefinition']) !== `\${${task}}`) return [];
    return [
      {
        name,
        launchType: stated(service['LaunchType'], 'LaunchType'),
        platformVersion: stated(service['PlatformVersion'], 'PlatformVersion'),
      },
    ];
  });
}
