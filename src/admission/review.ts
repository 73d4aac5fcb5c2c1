import { pods, type SubjectRow } from '../model/doors.js';
import { OutriderError } from '../model/error.js';
import { isObject, objectOf, stringOf } from '../model/json.js';
import type { JsonObject } from '../model/json.js';
import { isNamespaceName } from '../model/object-name.js';
import { parseReview } from './review-json.js';

/** What an AdmissionReview asks, as far as it is read: the envelope by hand, the pod not at all. */
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
 * Reads the envelope of an AdmissionReview of `admission.k8s.io/v1`.
 *
 * @param body the request's body, UTF-8 JSON
 * @throws OutriderError `review_invalid`, naming the field; the server answers it with HTTP 400
 */
export function readRequest(body: Buffer): { readonly uid: string; readonly request: JsonObject } {
  let review: unknown;
  try {
    review = parseReview(body);
  } catch (cause) {
    throw invalid('the body is not JSON', undefined, cause);
  }
  if (!isObject(review)) throw invalid('the body is not a JSON object');
  const { apiVersion, kind } = review;
  if (apiVersion !== 'admission.k8s.io/v1') {
    throw invalid(`apiVersion is ${shown(apiVersion)}, and only "admission.k8s.io/v1" is spoken`, 'apiVersion');
  }
  if (kind !== 'AdmissionReview') throw invalid(`kind is ${shown(kind)}, not "AdmissionReview"`, 'kind');
  const request = objectOf(review['request']);
  if (request === undefined) throw invalid('request is not an object', 'request');
  const uid = stringOf(request['uid']);
  if (uid === undefined || uid === '') throw invalid('request.uid is not a text', 'request.uid');
  return { uid, request };
}

/**
 * Reads an AdmissionReview about pods.
 *
 * @param body the request's body, UTF-8 JSON
 * @throws OutriderError `review_invalid`, naming the field; the server answers it with HTTP 400
 */
export function readReview(body: Buffer): Review {
  const { uid, request } = readRequest(body);
  const operation = stringOf(request['operation']);
  if (operation === undefined || operation === '') {
    throw invalid('request.operation is not a text', 'request.operation');
  }
  const groupVersionKind = objectOf(request['kind']);
  if (groupVersionKind === undefined || stringOf(groupVersionKind['kind']) === undefined) {
    throw invalid('request.kind is not a group, version and kind', 'request.kind');
  }
  const createsPod = isAbout(pods, request);
  const namespace = optionalText(request, 'namespace');
  // Admission comes before validation, and the name gets into paths.
  if (namespace !== '' && !isNamespaceName(namespace)) throw noNamespace(namespace, 'request.namespace');
  if (!createsPod) return { uid, createsPod, operation, namespace, dryRun: false, pod: {} };
  const dryRun = request['dryRun'];
  if (dryRun !== undefined && dryRun !== null && typeof dryRun !== 'boolean') {
    throw invalid('request.dryRun is not true or false', 'request.dryRun');
  }
  const pod = objectOf(request['object']);
  if (pod === undefined) throw invalid('request.object is not an object, and a pod is being created', 'request.object');
  return {
    uid,
    createsPod,
    operation,
    namespace: namespace === '' ? ownNamespaceOf(pod) : namespace,
    dryRun: dryRun === true,
    pod,
  };
}

/** Whether a request is about a subject. An entry that somebody has widened sends other requests too (E29). */
function isAbout({ requests }: SubjectRow, request: JsonObject): boolean {
  const kind = objectOf(request['kind']);
  return (
    requests.operations.some((operation) => operation === request['operation']) &&
    kind?.['kind'] === requests.kind &&
    (kind['group'] ?? '') === requests.apiGroup &&
    kind['version'] === requests.apiVersion &&
    (request['subResource'] ?? '') === requests.subResource
  );
}

function optionalText(request: JsonObject, field: string): string {
  const value = request[field];
  if (value === undefined || value === null) return '';
  if (typeof value !== 'string') throw invalid(`request.${field} is not a text`, `request.${field}`);
  return value;
}

/** The namespace of a pod that the request names none for. */
function ownNamespaceOf(pod: JsonObject): string {
  const namespace = stringOf(objectOf(pod['metadata'])?.['namespace']) ?? '';
  if (!isNamespaceName(namespace)) throw noNamespace(namespace, 'request.object.metadata.namespace');
  return namespace;
}

function noNamespace(namespace: string, field: string): OutriderError {
  return invalid(`${field} is ${shown(namespace)}, which is no name of a namespace (RFC 1123 label)`, field);
}

/** A value in an error message: short, and never an object that somebody put a secret in. */
function shown(value: unknown): string {
  if (value === undefined) return 'missing';
  return typeof value === 'string' ? JSON.stringify(value.slice(0, 64)) : `a ${value === null ? 'null' : typeof value}`;
}

function invalid(message: string, field?: string, cause?: unknown): OutriderError {
  return new OutriderError('review_invalid', `not a valid AdmissionReview: ${message}`, {
    ...(field === undefined ? {} : { field }),
    cause,
  });
}
