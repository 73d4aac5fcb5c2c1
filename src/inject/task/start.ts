import { isObject, listOf, stringOf, stringsOf, type JsonValue } from '../../model/json.js';
import type { ContainerStart } from '../../model/container-start.js';
import { bentBy } from '../own-program.js';
import { mountPoint } from '../path.js';
import { isIntrinsic } from './dialect.js';
import { fieldOf, type TaskContainerView, type TaskView } from './view.js';

/** Lists whose content decides what runs; one that only deployment knows could hold anything. */
const deciding = ['environment', 'secrets', 'mountPoints'] as const;

/** How a container of a task starts: its `entryPoint` and `command` stand for a pod's `command` and `args`. */
export function startOfTaskContainer(view: TaskView, { value }: TaskContainerView): ContainerStart {
  const field = (name: string): JsonValue | undefined => fieldOf(view, value, name);
  const textsIn = (list: string, name: string): readonly string[] =>
    listOf(field(list)).flatMap((item) => (isObject(item) ? (stringOf(fieldOf(view, item, name)) ?? []) : []));
  const words = (name: string): readonly string[] | undefined =>
    field(name) === undefined ? [] : stringsOf(field(name) ?? []);
  const mounts = textsIn('mountPoints', 'containerPath');
  const elsewhere = [
    ...['environmentFiles', 'volumesFrom'].filter((name) => isIntrinsic(field(name)) || listOf(field(name)).length > 0),
    ...(field('workingDirectory') === undefined ? [] : ['a workingDirectory']),
    ...deciding
      .filter((name) => isIntrinsic(field(name)) || listOf(field(name)).some(isIntrinsic))
      .map((name) => `${name} that only deployment knows`),
  ];
  const variables = [...textsIn('environment', 'name'), ...textsIn('secrets', 'name')];
  return {
    command: words('entryPoint'),
    args: words('command'),
    bent: bentBy({ variables, mounts, elsewhere }),
    mounts: mounts.map(mountPoint),
  };
}
