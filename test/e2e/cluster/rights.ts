import { listOf, objectOf, stringOf, type JsonObject } from '../../../src/model/json.js';
import type { AuditedRequest } from './audit.js';

/** One right that a rendered chart gives: a verb on a kind of object, everywhere or in a namespace, by name or not. */
export interface Right {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  /** Empty: in every namespace, and what has none. */
  readonly namespace: string;
  /** Empty: of any name. */
  readonly name: string;
}

/** The rights in all Roles and ClusterRoles among these objects. */
export function rightsIn(objects: readonly JsonObject[]): readonly Right[] {
  return objects
    .filter(({ kind }) => kind === 'Role' || kind === 'ClusterRole')
    .flatMap(({ kind, metadata, rules }) => {
      const namespace = kind === 'Role' ? (stringOf(objectOf(metadata)?.['namespace']) ?? '') : '';
      return listOf(rules).flatMap((rule) => rightsOf(rule, namespace));
    });
}

function rightsOf(rule: unknown, namespace: string): readonly Right[] {
  const { apiGroups, resources, resourceNames, verbs } = objectOf(rule) ?? {};
  const texts = (list: unknown): readonly string[] => listOf(list).map((one) => stringOf(one) ?? '');
  const names = resourceNames === undefined ? [''] : texts(resourceNames);
  return texts(apiGroups).flatMap((group) =>
    texts(resources).flatMap((resource) =>
      names.flatMap((name) => texts(verbs).map((verb) => ({ verb, group, resource, namespace, name }))),
    ),
  );
}

/** A right in a few words: `get secrets/agent in outrider-system`. */
export function textOf({ verb, group, resource, namespace, name }: Right): string {
  const what = `${resource}${group === '' ? '' : `.${group}`}${name === '' ? '' : ` ${name}`}`;
  return `${verb} ${what}${namespace === '' ? '' : ` in ${namespace}`}`;
}

/** The right that a request needs: of several the narrowest; `undefined` where none of these is enough. */
export function neededFor(request: AuditedRequest, rights: readonly Right[]): Right | undefined {
  const enough = rights.filter(
    (right) =>
      right.verb === request.verb &&
      right.group === request.group &&
      right.resource === request.resource &&
      (right.namespace === '' || right.namespace === request.namespace) &&
      (right.name === '' || right.name === request.name),
  );
  const narrowness = (right: Right): number => (right.name === '' ? 0 : 2) + (right.namespace === '' ? 0 : 1);
  return [...enough].sort((one, other) => narrowness(other) - narrowness(one))[0];
}
