import { listOf, objectOf, stringOf, type JsonObject } from '../../model/json.js';
import type { ContainerStart } from '../../model/container-start.js';
import { bentBy } from '../own-program.js';
import { mountPoint } from '../path.js';
import type { ContainerView } from './view.js';

/** How a container of a pod starts. Fields with content from elsewhere count as whatever they could be. */
export function startOfContainer({ command, args, value }: ContainerView): ContainerStart {
  const mounts = [
    ...textsIn(value, 'volumeMounts', 'mountPath'),
    ...textsIn(value, 'volumeDevices', 'devicePath'),
    ...(stringOf(value['terminationMessagePath']) ?? '').split('\n').filter(Boolean),
  ];
  const elsewhere = [
    ...(listOf(value['envFrom']).length > 0 ? ['envFrom'] : []),
    ...(stringOf(value['workingDir']) ? ['a workingDir'] : []),
  ];
  return {
    command,
    args,
    bent: bentBy({ variables: textsIn(value, 'env', 'name'), mounts, elsewhere }),
    mounts: mounts.map(mountPoint),
  };
}

function textsIn(container: JsonObject, list: string, field: string): readonly string[] {
  return listOf(container[list]).flatMap((item) => stringOf(objectOf(item)?.[field]) ?? []);
}
