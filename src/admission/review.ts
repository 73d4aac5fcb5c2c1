import { pods } from '../model/doors.js';
import { objectOf, stringOf, type JsonObject } from '../model/json.js';
import { isNamespaceName } from '../model/object-name.js';
import { dryRunOf, invalid, isAbout, namespaceOf, noNamespace, operationOf, readRequest } from './envelope.js';
import type { Skipped } from './review-json.js';

/** The parts of an AdmissionReview that are read. The envelope is checked by hand, the pod not at all. */
export interface Review {
  readonly uid: string;
  /** True for the creation of a core/v1 Pod itself; everything else is allowed untouched (E29). */
  readonly createsPod: boolean;
  readonly operation: string;
  /** The request's namespace: the object's own may be empty (E29). */
  readonly namespace: string;
  readonly dryRun: boolean;
  /** The pod; an empty object when the request is not about creating one. */
  readonly pod: JsonObject;
}

/**
 * Reads an AdmissionReview about pods.
 *
 * @param body the request's body, UTF-8 JSON
 * @param skipped the parts that are not read, if known
 * @throws OutriderError `review_invalid`, naming the field; the server answers it with HTTP 400
 */
export function readReview(body: Buffer, skipped?: Skipped): Review {
  const { uid, request } = readRequest(body, skipped);
  const operation = operationOf(request);
  const createsPod = isAbout(pods, request);
  const namespace = namespaceOf(request);
  if (!createsPod) return { uid, createsPod, operation, namespace, dryRun: false, pod: {} };
  const dryRun = dryRunOf(request);
  const pod = objectOf(request['object']);
  if (pod === undefined) throw invalid('request.object is not an object, and a pod is being created', 'request.object');
  return {
    uid,
    createsPod,
    operation,
    namespace: namespace === '' ? ownNamespaceOf(pod) : namespace,
    dryRun,
    pod,
  };
}

/** The namespace of a pod if the request names none. */
function ownNamespaceOf(pod: JsonObject): string {
  const namespace = stringOf(objectOf(pod['metadata'])?.['namespace']) ?? '';
  if (!isNamespaceName(namespace)) throw noNamespace(namespace, 'request.object.metadata.namespace');
  return namespace;
}
