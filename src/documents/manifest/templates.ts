import { isArray, isObject, listOf, objectOf, type JsonObject, type JsonValue } from '../../model/json.js';
import { writePointer } from '../../model/json-pointer.js';
import { workloadKind } from '../../model/workload-kinds.js';
import { objectsIn, type FoundObject } from './objects.js';
import { isOfKind, placesAt, type TemplatePath } from './template-path.js';

/** A pod, or a template that pods are made of, inside a document. */
export interface PodTemplate {
  /** JSON pointer of the object that has the pod's metadata and spec; empty for a document that is a Pod. */
  readonly path: string;
  /** Kind of the object the template belongs to: `Deployment`, `Pod`, … */
  readonly kind: string;
  /** The object's, or that of the list which it is in. */
  readonly apiVersion?: string;
  /** Which of the object's templates it is, where its kind may have several: its name, its key or its place. */
  readonly part?: string;
  /** Its name or generateName. */
  readonly name: string | undefined;
  readonly namespace: string | undefined;
  readonly pod: JsonObject;
}

/** Something in the place of a pod that is not a pod. */
export interface TemplateProblem {
  /** JSON pointer of it. */
  readonly path: string;
  readonly message: string;
}

/**
 * Finds the pod templates of a document: in each kind of the table of workloads, in those that a person adds, and in what
 * lists and templates of objects hold (`List`, `DeploymentList`, OpenShift's `Template`), nested ones too. A document
 * without them, such as a patch that leaves the containers out, yields none.
 *
 * @param added where templates are in other kinds
 * @returns the templates in document order, or what is wrong with one that is there
 */
export function findPodTemplates(
  value: JsonValue,
  added: readonly TemplatePath[] = [],
): readonly PodTemplate[] | TemplateProblem {
  const found: PodTemplate[] = [];
  for (const object of objectsIn(value)) {
    const problem = collect(object, added, found);
    if (problem !== undefined) return problem;
  }
  return found;
}

function collect(
  object: FoundObject,
  added: readonly TemplatePath[],
  found: PodTemplate[],
): TemplateProblem | undefined {
  const { kind, apiVersion, name, namespace } = object;
  if (kind === undefined) return undefined;
  const paths = [
    ...(workloadKind(kind, apiVersion)?.templates ?? []),
    ...added.filter((each) => isOfKind(object, each)).map(({ path }) => path),
  ];
  const seen = new Set<string>();
  for (const place of paths.flatMap((path) => placesAt(object.value, path))) {
    const { keys, value: pod } = place;
    const part = place.part ?? (paths.length > 1 ? keys.at(-1) : undefined);
    const path = `${object.path}${writePointer(keys)}`;
    if (pod === null || seen.has(path)) continue;
    seen.add(path);
    const problem = checkPod(pod, path);
    if (problem !== undefined) return problem;
    if (!isObject(pod) || !isArray(objectOf(pod['spec'])?.['containers'])) continue;
    found.push({
      path,
      kind,
      ...(apiVersion === undefined ? {} : { apiVersion }),
      ...(part === undefined ? {} : { part }),
      name,
      namespace,
      pod,
    });
  }
  return undefined;
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
