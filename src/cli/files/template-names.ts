import type { PodTemplate } from '../../documents/manifest/templates.js';
import { readTask } from '../../inject/task/view.js';
import type { TaskTemplate } from '../../model/task.js';
import { workloadKind } from '../../model/workload-kinds.js';

/** The parts of a template's name. */
export type NamedTemplate = Pick<PodTemplate, 'kind' | 'name' | 'apiVersion' | 'part'>;

/** What to call tasks. */
const ofTasks: Readonly<Record<string, string>> = {
  'AWS::ECS::TaskDefinition': 'resource',
  TaskDefinition: 'task',
};

/** A template's name for people: `deploy/web`, or `vcjob/train (worker)` for one of several. */
export function templateName({ kind, name, apiVersion, part }: NamedTemplate): string {
  if (kind === 'Dockerrun') return 'Dockerrun';
  if (kind === 'ContainerDefinitions') return 'container definitions';
  const called = workloadKind(kind, apiVersion)?.called ?? ofTasks[kind] ?? kind.toLowerCase();
  return `${called}/${name ?? '(no name)'}${part === undefined ? '' : ` (${part})`}`;
}

/** `2 pod templates`, `1 task`, or both. */
export function countTemplates(templates: readonly (PodTemplate | TaskTemplate)[]): string {
  const tasks = templates.filter((template) => 'format' in template).length;
  const pods = templates.length - tasks;
  const parts = [
    ...(pods === 0 && tasks > 0 ? [] : [`${pods} pod ${pods === 1 ? 'template' : 'templates'}`]),
    ...(tasks === 0 ? [] : [`${tasks} ${tasks === 1 ? 'task' : 'tasks'}`]),
  ];
  return parts.join(' and ');
}

/** Names of a task's containers; none if the task does not have the shape of one. */
export function containerNames(template: TaskTemplate): readonly string[] {
  const view = readTask(template);
  return 'reason' in view ? [] : view.containers.map(({ name }) => name);
}
