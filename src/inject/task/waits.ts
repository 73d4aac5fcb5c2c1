import { isArray, isObject, listOf, stringOf, type JsonValue } from '../../model/json.js';
import { isIntrinsic, referenceText } from './dialect.js';
import { fieldOf, type TaskContainerView, type TaskView } from './view.js';

/*
 * What the containers of a task wait for. ECS starts a container after those of its dependsOn, and after those whose
 * volumes and links it takes; it refuses a task whose containers wait for each other in a circle (W25).
 */

/** A container that another one waits for. */
export interface Awaited {
  readonly name: string;
  /** It has to end first, and not only to start. */
  readonly ends: boolean;
}

/** The containers that a container waits for by itself. Of a function, those of all its branches. */
export function awaitedBy(view: TaskView, { value }: TaskContainerView): readonly Awaited[] {
  const links = listOf(fieldOf(view, value, 'links')).flatMap((link) => stringOf(link)?.replace(/:.*$/, '') ?? []);
  const sources = namedIn(view, fieldOf(view, value, 'volumesFrom'), 'sourceContainer');
  return [
    ...namedIn(view, fieldOf(view, value, 'dependsOn'), 'containerName'),
    ...[...sources, ...links.map((name) => ({ name }))].map(({ name }) => ({ name, ends: false })),
  ];
}

/** Whether it is only known at deployment what a container waits for: a function that names no container. */
export function waitsForUnknown(view: TaskView, { value }: TaskContainerView): boolean {
  const dependsOn = fieldOf(view, value, 'dependsOn');
  const parts = isIntrinsic(dependsOn) ? [dependsOn] : listOf(dependsOn);
  return parts.some((part) => isIntrinsic(part) && namedIn(view, part, 'containerName').length === 0);
}

/** Names of all containers that have to start before one of these: what they wait for, and what that waits for. */
export function startedBefore(view: TaskView, containers: readonly TaskContainerView[]): ReadonlySet<string> {
  const before = new Set<string>();
  const pending = [...containers];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    for (const { name } of awaitedBy(view, next)) {
      if (before.has(name)) continue;
      before.add(name);
      pending.push(...view.containers.filter((container) => container.name === name));
    }
  }
  return before;
}

/** The entries of a list that name a container, wherever they are in the functions that make it. */
function namedIn(view: TaskView, value: JsonValue | undefined, field: string): readonly Awaited[] {
  if (isArray(value)) return value.flatMap((item) => namedIn(view, item, field));
  if (!isObject(value)) return [];
  const name = referenceText(fieldOf(view, value, field));
  if (name === undefined) return Object.values(value).flatMap((item) => namedIn(view, item, field));
  const condition = fieldOf(view, value, 'condition');
  return [{ name, ends: condition === 'SUCCESS' || condition === 'COMPLETE' }];
}
