import { isArray, isObject, type JsonObject, type JsonValue } from '../../src/model/json.js';
import type { Operation } from '../../src/model/patch.js';
import {
  at,
  containerOf,
  draft,
  draftsOf,
  drop,
  isDraftObject,
  members,
  nameOf,
  type DraftObject,
} from '../support/json.js';

/** A pod that lacks one part of its instrumentation. */
export interface Lacking {
  readonly part: string;
  readonly pod: JsonObject;
}

/**
 * The instrumented pod without each part that the patch added, one at a time. Left out are records (labels and
 * annotations), pull secrets and pod-level amounts, which prove nothing, and `args` after a wrapper, which only an
 * image's own CMD could tell.
 */
export function withoutEachPart(
  original: JsonObject,
  instrumented: JsonObject,
  patch: readonly Operation[],
): readonly Lacking[] {
  const lacking: Lacking[] = [];
  const without = (part: string, change: (pod: DraftObject) => void): void => {
    const pod = draft(instrumented);
    change(pod);
    lacking.push({ part, pod });
  };
  for (const operation of patch) {
    if (operation.op !== 'add' && operation.op !== 'replace') continue;
    const [, top, list = '', index = '', ...rest] = operation.path.split('/');
    if (top !== 'spec') continue;
    if (list === 'shareProcessNamespace') {
      without(list, (pod) => {
        if (isDraftObject(pod['spec'])) drop(pod['spec'], list);
      });
    } else if (list === 'volumes' || ((list === 'containers' || list === 'initContainers') && rest.length === 0)) {
      for (const name of namesOf(operation.value)) {
        without(`${list} ${name}`, (pod) => removeFrom(pod['spec'], list, (one) => one['name'] === name));
      }
    } else if (list === 'containers' || list === 'initContainers') {
      const before = members(original, list)[Number(index)];
      if (before === undefined) throw new Error(operation.path);
      fromContainer(before, rest, operation.value, without);
    }
  }
  return lacking;
}

function fromContainer(
  before: JsonObject,
  path: readonly string[],
  value: JsonValue,
  without: (part: string, change: (pod: DraftObject) => void) => void,
): void {
  const name = nameOf(before);
  const field = path[0] ?? '';
  const change = (part: string, how: (container: DraftObject) => void): void =>
    without(`${part} of ${name}`, (pod) => how(draftOf(pod, name)));
  if (field === 'args') return;
  if (field === 'env') {
    for (const one of namesOf(value)) {
      change(`env ${one}`, (container) => removeFrom(container, 'env', (entry) => entry['name'] === one));
    }
  } else if (field === 'volumeMounts') {
    const paths = (isArray(value) ? value : [value]).map((one) => at(one, 'mountPath'));
    change('mount', (container) => removeFrom(container, field, (entry) => paths.includes(entry['mountPath'] ?? '')));
  } else if (field === 'securityContext') {
    change('capability', (container) => restore(container, before, field));
  } else {
    // The command, a probe or a hook.
    change(field, (container) => restore(container, before, field));
  }
}

function restore(container: DraftObject, before: JsonObject, field: string): void {
  const old = draft(before)[field];
  if (old === undefined) drop(container, field);
  else container[field] = old;
}

function draftOf(pod: DraftObject, name: string): DraftObject {
  const { spec } = pod;
  containerOf(pod, name);
  const lists = isDraftObject(spec) ? [...draftsOf(spec['containers']), ...draftsOf(spec['initContainers'])] : [];
  return lists.find((one) => one['name'] === name) ?? {};
}

function removeFrom(parent: unknown, field: string, gone: (member: DraftObject) => boolean): void {
  if (!isDraftObject(parent)) return;
  parent[field] = draftsOf(parent[field]).filter((member) => !gone(member));
}

function namesOf(value: JsonValue): readonly string[] {
  return (isArray(value) ? value : [value]).flatMap((one) => (isObject(one) ? [nameOf(one)] : []));
}
