import { isObject, listOf, objectOf, stringOf, type JsonObject, type JsonValue } from '../../../model/json.js';
import type { QuotaDemand, QuotaScope } from '../../../model/namespace-limits.js';

/**
 * Whether a quota counts a pod with our containers in it. The pod is then no longer BestEffort, because they request
 * resources. Follows pkg/quota/v1/evaluator/core/pods.go: every scope must match, and an unknown one never does.
 */
export function countsPod({ scopes }: Pick<QuotaDemand, 'scopes'>, spec: JsonObject): boolean {
  return scopes.every((scope) => matches(scope, spec));
}

/** Whether a quota counts pods only because they are not of the class BestEffort. */
export function needsNotBestEffort({ scopes }: QuotaDemand): boolean {
  return scopes.some(({ name }) => name === 'NotBestEffort');
}

function matches({ name, operator, values }: QuotaScope, spec: JsonObject): boolean {
  switch (name) {
    case 'Terminating':
      return isTerminating(spec);
    case 'NotTerminating':
      return !isTerminating(spec);
    case 'NotBestEffort':
      return true;
    case 'PriorityClass':
      return hasPriority(stringOf(spec['priorityClassName']) ?? '', operator, values);
    case 'CrossNamespacePodAffinity':
      return looksAcrossNamespaces(objectOf(spec['affinity']));
    default:
      return false;
  }
}

function isTerminating(spec: JsonObject): boolean {
  const seconds = spec['activeDeadlineSeconds'];
  return typeof seconds === 'number' && seconds >= 0;
}

function hasPriority(name: string, operator: string, values: readonly string[]): boolean {
  switch (operator) {
    case 'Exists':
      return name !== '';
    case 'DoesNotExist':
      return name === '';
    case 'In':
      return name !== '' && values.includes(name);
    case 'NotIn':
      return name === '' || !values.includes(name);
    default:
      return false;
  }
}

function looksAcrossNamespaces(affinity: JsonObject | undefined): boolean {
  return ['podAffinity', 'podAntiAffinity'].some((kind) => {
    const rules = objectOf(affinity?.[kind]);
    const required = listOf(rules?.['requiredDuringSchedulingIgnoredDuringExecution']);
    const preferred = listOf(rules?.['preferredDuringSchedulingIgnoredDuringExecution']);
    const terms = [...required, ...preferred.map((term) => objectOf(term)?.['podAffinityTerm'])];
    return terms.some(namesNamespaces);
  });
}

function namesNamespaces(term: JsonValue | undefined): boolean {
  return isObject(term) && (listOf(term['namespaces']).length > 0 || isObject(term['namespaceSelector']));
}
