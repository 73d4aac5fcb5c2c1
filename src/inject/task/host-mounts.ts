import type { Finding } from '../../model/decision.js';
import { isObject, listOf, stringOf, type JsonObject } from '../../model/json.js';
import type { TaskHostMount } from '../../model/task-recipe.js';
import { freeName } from '../free-name.js';
import { isSamePlace } from '../path.js';
import { planHostMounts } from '../host-mounts.js';
import { isIntrinsic } from './dialect.js';
import { fieldOf, pointerOf, unknown, type TaskContainerView, type TaskView } from './view.js';

/** What a task lacks so that its agent sees the parts of the container instance that it needs. */
export interface TaskHostMounts {
  readonly mountPoints: readonly JsonObject[];
  readonly volumes: readonly JsonObject[];
  readonly remarks: readonly Finding[];
}

/**
 * Plans the parts of the container instance that the agent sees, as {@link planHostMounts} does for a pod: what is there
 * counts, whatever its volume is called.
 *
 * @param agent the agent's container; `undefined` for one that is added
 */
export function planTaskHostMounts(
  view: TaskView,
  agent: TaskContainerView | undefined,
  wanted: readonly TaskHostMount[],
): TaskHostMounts | Finding {
  const opaque = agent === undefined ? undefined : unknownMount(view, agent);
  if (opaque !== undefined) return unknown(view.documentPath + opaque);
  const volumes = view.volumes.filter(isObject).map((volume) => ({
    name: stringOf(fieldOf(view, volume, 'name')) ?? '',
    hostPath: { path: sourcePathOf(view, volume) },
  }));
  const taken = new Set(volumes.map(({ name }) => name));
  const named = wanted.map((mount) => {
    const same = volumes.find(({ hostPath: { path } }) => path !== undefined && isSamePlace(path, mount.path));
    const name = same?.name ?? freeName(mount.volume, (other) => taken.has(other));
    taken.add(name);
    return { ...mount, name, isNew: same === undefined };
  });
  const present = agent === undefined ? [] : listOf(fieldOf(view, agent.value, 'mountPoints')).filter(isObject);
  const container = {
    name: agent?.name ?? '',
    value: {
      volumeMounts: present.map((mount) => ({
        name: fieldOf(view, mount, 'sourceVolume'),
        mountPath: fieldOf(view, mount, 'containerPath'),
        readOnly: fieldOf(view, mount, 'readOnly'),
      })),
    },
  };
  const planned = planHostMounts(container, volumes, named);
  if ('reason' in planned) return planned;
  const used = new Set([...planned.mounts, ...container.value.volumeMounts].map(({ name }) => name));
  return {
    mountPoints: planned.mounts.map(({ name, mountPath, readOnly }) => ({
      sourceVolume: name,
      containerPath: mountPath,
      readOnly: readOnly === true,
    })),
    volumes: named
      .filter(({ name, isNew }) => isNew && used.has(name))
      .map(({ name, path }) => ({ name, host: { sourcePath: path } })),
    remarks: planned.remarks,
  };
}

/** Pointer of a mount of which only deployment decides where it is. */
function unknownMount(view: TaskView, agent: TaskContainerView): string | undefined {
  const mounts = fieldOf(view, agent.value, 'mountPoints');
  if (isIntrinsic(mounts)) return pointerOf(view, agent, 'mountPoints');
  const index = listOf(mounts).findIndex(
    (mount) => isIntrinsic(mount) || (isObject(mount) && isIntrinsic(fieldOf(view, mount, 'containerPath'))),
  );
  return index === -1 ? undefined : `${pointerOf(view, agent, 'mountPoints')}/${index}`;
}

/** The path of a volume that is a part of the container instance and nothing else. */
function sourcePathOf(view: TaskView, volume: JsonObject): string | undefined {
  const host = fieldOf(view, volume, 'host');
  return isObject(host) ? stringOf(fieldOf(view, host, 'sourcePath')) : undefined;
}
