import { isArray, isObject, listOf, objectOf, stringOf, type JsonObject, type JsonValue } from '../../model/json.js';
import { workloadKind } from '../../model/workload-kinds.js';

/** A pod, or a template that pods are made of, inside a document. */
export interface PodTemplate {
  /** JSON pointer of the object that has the pod's metadata and spec; empty for a document that is a Pod. */
  readonly path: string;
  /** Kind of the object the template belongs to: `Deployment`, `Pod`, … */
  readonly kind: string;
  /** Its name or generateName. */
  readonly name: string | undefined;
  readonly namespace: string | undefined;
  readonly pod: JsonObject;
}

/** Something that stands where a pod should, and is none. */
export interface TemplateProblem {
  /** JSON pointer of it. */
  readonly path: string;
  readonly message: string;
}

/**
 * Finds the pod templates of a document: in each built-in workload kind, and in the items of lists (`List`,
 * `DeploymentList`, …), nested ones too. A document without them, such as a patch that leaves the containers out,
 * yields none.
 *
 * @returns the templates in document order, or what is wrong with one that is there
 */
export function findPodTemplates(value: JsonValue): readonly PodTemplate[] | TemplateProblem {
  const found: PodTemplate[] = [];
  const problem = collect(value, '', undefined, found);
  return problem ?? found;
}

function collect(
  value: JsonValue | undefined,
  path: string,
  listedKind: string | undefined,
  found: PodTemplate[],
): TemplateProblem | undefined {
  if (!isObject(value)) return undefined;
  const kind = stringOf(value['kind']) ?? listedKind;
  if (kind === undefined) return undefined;
  if (kind.endsWith('List') && isArray(value['items'])) {
    const itemKind = kind === 'List' ? undefined : kind.slice(0, -'List'.length);
    for (const [index, item] of value['items'].entries()) {
      const problem = collect(item, `${path}/items/${index}`, itemKind, found);
      if (problem !== undefined) return problem;
    }
    return undefined;
  }
  const workload = workloadKind(kind);
  if (workload === undefined) return undefined;
  const group = groupOf(value) ?? workload.group;
  if (group !== workload.group && !workload.formerGroups.includes(group)) return undefined;
  const pod = descend(value, workload.template);
  if (pod === undefined || pod === null) return undefined;
  const podPath = [path, ...workload.template].join('/');
  const problem = checkPod(pod, podPath);
  if (problem !== undefined || !isObject(pod) || !isArray(objectOf(pod['spec'])?.['containers'])) return problem;
  const metadata = objectOf(value['metadata']);
  const name = stringOf(metadata?.['name']) ?? stringOf(metadata?.['generateName']);
  found.push({ path: podPath, kind, name, namespace: stringOf(metadata?.['namespace']), pod });
  return undefined;
}

function groupOf(value: JsonObject): string | undefined {
  const apiVersion = stringOf(value['apiVersion']);
  if (apiVersion === undefined) return undefined;
  return apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';
}

function descend(value: JsonObject, path: readonly string[]): JsonValue | undefined {
  let node: JsonValue | undefined = value;
  for (const key of path) node = objectOf(node)?.[key];
  return node;
}

/** Only the shapes that the injection builds on are checked; the rest is the API server's to judge. */
function checkPod(pod: JsonValue, path: string): TemplateProblem | undefined {
  if (!isObject(pod)) return { path, message: 'must be a mapping with metadata and spec' };
  const metadata = pod['metadata'] ?? undefined;
  if (metadata !== undefined && !isObject(metadata)) return { path: `${path}/metadata`, message: 'must be a mapping' };
  for (const field of ['labels', 'annotations']) {
    const map = metadata?.[field] ?? undefined;
    if (map === undefined) continue;
    if (!isObject(map)) return { path: `${path}/metadata/${field}`, message: 'must be a mapping of strings' };
  }
  const spec = pod['spec'] ?? undefined;
  if (spec === undefined) return undefined;
  if (!isObject(spec)) return { path: `${path}/spec`, message: 'must be a mapping' };
  for (const field of ['containers', 'initContainers', 'volumes']) {
    const list = spec[field] ?? undefined;
    if (list === undefined) continue;
    if (!isArray(list)) return { path: `${path}/spec/${field}`, message: 'must be a list' };
    const broken = listOf(list).findIndex((item) => !isObject(item));
    if (broken !== -1) return { path: `${path}/spec/${field}/${broken}`, message: 'must be a mapping' };
  }
  return undefined;
}
