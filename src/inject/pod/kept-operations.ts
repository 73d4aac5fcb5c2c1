import { isArray, type JsonObject, type JsonValue } from '../../model/json.js';
import { KeptOperation, type Operation } from '../../model/patch.js';
import type { ContainerList } from './view.js';

/** Containers further back in a pod are rare, and their operations are not kept. */
const mostContainers = 64;
/** The most paths. A pod's author chooses how many there are, so with more of them, start over. */
const mostPaths = 2_048;
/** The most operations of one path. Further ones are not kept. */
const mostOfPath = 32;

/** JSON pointers to a list, and to the place after its last member. */
export interface ListPaths {
  readonly list: string;
  readonly end: string;
}

/** JSON pointers into one container. */
export interface ContainerPaths {
  readonly command: string;
  readonly args: string;
  readonly env: ListPaths;
  readonly volumeMounts: ListPaths;
  readonly securityContext: string;
  readonly capabilities: string;
  readonly addedCapabilities: ListPaths;
}

interface Kept {
  /** The source of the value: the same object, or an equal text, for many pods. */
  readonly from: JsonValue;
  readonly operation: KeptOperation;
}

/**
 * Operations that are the same for many pods, made once: those that add frozen parts of a recipe. Nothing of a pod gets in
 * here, because an operation with a value that is not frozen is not kept.
 */
export class KeptOperations {
  readonly #byPath = new Map<string, Kept[]>();
  readonly #paths = {
    containers: new Map<number, ContainerPaths>(),
    initContainers: new Map<number, ContainerPaths>(),
  };

  /** The pointers into a container, by its place in a pod's list. */
  pathsOf(list: ContainerList, index: number): ContainerPaths {
    const known = this.#paths[list].get(index);
    if (known !== undefined) return known;
    const paths = pathsAt(`/spec/${list}/${index}`);
    if (index < mostContainers) this.#paths[list].set(index, paths);
    return paths;
  }

  /**
   * An operation that adds a value.
   *
   * @param path of a field, or of the place after the end of a list; nothing of a pod is part of it
   * @param from what the value is made from; a text is of the rule, never of a pod
   * @param make makes the value; it is `from` itself unless given
   */
  add(path: string, from: JsonValue, make: (from: JsonValue) => JsonValue = itself): Operation {
    const ofPath = this.#byPath.get(path);
    if (ofPath !== undefined) {
      for (const kept of ofPath) if (kept.from === from) return kept.operation;
    }
    const value = make(from);
    return Object.isFrozen(from) ? this.#keep(ofPath, path, from, value) : { op: 'add', path, value };
  }

  /** An operation that adds a list of values. */
  addList(path: string, values: readonly JsonValue[]): Operation {
    const ofPath = this.#byPath.get(path);
    if (ofPath !== undefined) {
      for (const kept of ofPath) if (isArray(kept.from) && hasMembers(kept.from, values)) return kept.operation;
    }
    for (const value of values) if (!Object.isFrozen(value)) return { op: 'add', path, value: values };
    return this.#keep(ofPath, path, values, values);
  }

  #keep(ofPath: Kept[] | undefined, path: string, from: JsonValue, value: JsonValue): Operation {
    if (ofPath !== undefined && ofPath.length >= mostOfPath) return { op: 'add', path, value };
    const operation = new KeptOperation(path, value);
    if (ofPath !== undefined) {
      ofPath.push({ from, operation });
      return operation;
    }
    if (this.#byPath.size >= mostPaths) this.#byPath.clear();
    this.#byPath.set(path, [{ from, operation }]);
    return operation;
  }
}

function hasMembers(list: readonly JsonValue[], members: readonly JsonValue[]): boolean {
  if (list.length !== members.length) return false;
  for (let index = 0; index < list.length; index++) if (list[index] !== members[index]) return false;
  return true;
}

function itself(from: JsonValue): JsonValue {
  return from;
}

function pathsAt(at: string): ContainerPaths {
  return {
    command: `${at}/command`,
    args: `${at}/args`,
    env: listPaths(`${at}/env`),
    volumeMounts: listPaths(`${at}/volumeMounts`),
    securityContext: `${at}/securityContext`,
    capabilities: `${at}/securityContext/capabilities`,
    addedCapabilities: listPaths(`${at}/securityContext/capabilities/add`),
  };
}

/** The pointers to a list. */
export function listPaths(list: string): ListPaths {
  return { list, end: `${list}/-` };
}

/** `add` for a field that is absent, `replace` for one that is there, so that its place among the keys stays. */
export function set(parent: JsonObject, field: string, path: string, value: JsonValue): Operation {
  return { op: parent[field] === undefined ? 'add' : 'replace', path, value };
}

/** `replace` for what is there. */
export function replace(path: string, value: JsonValue): Operation {
  return { op: 'replace', path, value };
}
