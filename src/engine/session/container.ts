import type { ContainerView, PodView } from '../../inject/pod/view.js';
import { isObject, listOf, stringOf, stringsOf } from '../../model/json.js';

/** The ephemeral containers of a pod, in the form of the others. Those that are not containers are left out. */
export function ephemeralContainersOf({ spec }: PodView): readonly ContainerView[] {
  return listOf(spec['ephemeralContainers']).flatMap((value, index) => {
    const name = isObject(value) ? stringOf(value['name']) : undefined;
    if (!isObject(value) || name === undefined) return [];
    return {
      name,
      image: stringOf(value['image']) ?? '',
      list: 'containers',
      index,
      native: false,
      command: stringsOf(value['command']) ?? [],
      args: stringsOf(value['args']) ?? [],
      value,
    };
  });
}

/** A container that a session is for. */
export interface FoundContainer {
  readonly container: ContainerView;
  readonly ephemeral: boolean;
}

/**
 * Finds the container that a session is for, as the API server does: by its name among all of the pod's, and without a name
 * the only one of `containers`. The annotation that names a default is read by kubectl alone.
 *
 * @returns `undefined` where the API server finds none, and refuses
 */
export function findContainer(
  view: PodView,
  ephemeral: readonly ContainerView[],
  name: string,
): FoundContainer | undefined {
  if (name === '') {
    const [only, ...others] = view.containers;
    return only === undefined || others.length > 0 ? undefined : { container: only, ephemeral: false };
  }
  const container = [...view.containers, ...view.initContainers].find((one) => one.name === name);
  if (container !== undefined) return { container, ephemeral: false };
  const beside = ephemeral.find((one) => one.name === name);
  return beside === undefined ? undefined : { container: beside, ephemeral: true };
}
