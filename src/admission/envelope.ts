import type { SubjectRequests, SubjectRow } from '../model/doors.js';
import { OutriderError } from '../model/error.js';
import { isObject, objectOf, stringOf, stringsOf, type JsonObject } from '../model/json.js';
import { isNamespaceName, isObjectName } from '../model/object-name.js';
import { parseReview, skippedOf, type Skipped } from './review-json.js';

/** Who asked the API server. */
export interface RequestUser {
  readonly username: string;
  readonly groups: readonly string[];
}

/** The parts of an AdmissionReview about a running pod that any door reads. */
export interface Envelope {
  readonly uid: string;
  /**
   * Whether it is about the door's subject. Everything else is allowed untouched (E29), and the fields below are empty.
   */
  readonly isAbout: boolean;
  readonly operation: string;
  /** Such as `exec`; empty for the resource itself. */
  readonly subResource: string;
  readonly namespace: string;
  /** Name of the pod. */
  readonly name: string;
  readonly dryRun: boolean;
  readonly object: JsonObject;
  /** Of an update: what is there. */
  readonly oldObject: JsonObject | undefined;
  readonly user: RequestUser;
}

/**
 * Reads the envelope of an AdmissionReview of `admission.k8s.io/v1`.
 *
 * @param body the request's body, UTF-8 JSON
 * @param skipped the parts that are not read; found for a pod's review if not given
 * @throws OutriderError `review_invalid`, naming the field; the server answers it with HTTP 400
 */
export function readRequest(body: Buffer, skipped?: Skipped): { readonly uid: string; readonly request: JsonObject } {
  let review: unknown;
  try {
    review = parseReview(body, skipped);
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
 * Reads an AdmissionReview about something in a running pod, with who asks.
 *
 * @param body the request's body, UTF-8 JSON
 * @throws OutriderError `review_invalid`, naming the field; the server answers it with HTTP 400
 */
export function readEnvelope(body: Buffer, subject: SubjectRow): Envelope {
  const { uid, request } = readRequest(body, skippedOf(body, true));
  const operation = operationOf(request);
  const about = {
    uid,
    operation,
    subResource: optionalText(request, 'subResource'),
    namespace: namespaceOf(request),
    name: optionalText(request, 'name'),
    dryRun: dryRunOf(request),
    user: userOf(request),
  };
  if (!isAbout(subject, request)) return { ...about, isAbout: false, object: {}, oldObject: undefined };
  const object = objectOf(request['object']);
  if (object === undefined) throw invalid('request.object is not an object', 'request.object');
  if (about.namespace === '') throw noNamespace('', 'request.namespace');
  if (!isObjectName(about.name))
    throw invalid(`request.name is ${shown(about.name)}, which is no name of a pod`, 'request.name');
  return { ...about, isAbout: true, object, oldObject: objectOf(request['oldObject']) };
}

/** Whether a request is about a subject. A webhook entry that was widened sends other requests too (E29). */
export function isAbout({ requests }: SubjectRow, request: JsonObject): boolean {
  for (const one of requests) if (isOne(one, request)) return true;
  return false;
}

function isOne(one: SubjectRequests, request: JsonObject): boolean {
  const kind = objectOf(request['kind']);
  return (
    one.operations.some((operation) => operation === request['operation']) &&
    kind?.['kind'] === one.kind &&
    (kind['group'] ?? '') === one.apiGroup &&
    kind['version'] === one.apiVersion &&
    (request['subResource'] ?? '') === one.subResource
  );
}

/** The operation on the object. @throws OutriderError `review_invalid` */
export function operationOf(request: JsonObject): string {
  const operation = stringOf(request['operation']);
  if (operation === undefined || operation === '') {
    throw invalid('request.operation is not a text', 'request.operation');
  }
  if (stringOf(objectOf(request['kind'])?.['kind']) === undefined) {
    throw invalid('request.kind is not a group, version and kind', 'request.kind');
  }
  return operation;
}

/** The request's namespace; empty where it names none. @throws OutriderError `review_invalid` */
export function namespaceOf(request: JsonObject): string {
  const namespace = optionalText(request, 'namespace');
  // Admission comes before validation, and the name gets into paths.
  if (namespace !== '' && !isNamespaceName(namespace)) throw noNamespace(namespace, 'request.namespace');
  return namespace;
}

/** Whether the request is a dry run. @throws OutriderError `review_invalid` */
export function dryRunOf(request: JsonObject): boolean {
  const dryRun = request['dryRun'];
  if (dryRun !== undefined && dryRun !== null && typeof dryRun !== 'boolean') {
    throw invalid('request.dryRun is not true or false', 'request.dryRun');
  }
  return dryRun === true;
}

function userOf(request: JsonObject): RequestUser {
  const user = objectOf(request['userInfo']);
  return { username: stringOf(user?.['username']) ?? '', groups: stringsOf(user?.['groups']) ?? [] };
}

function optionalText(request: JsonObject, field: string): string {
  const value = request[field];
  if (value === undefined || value === null) return '';
  if (typeof value !== 'string') throw invalid(`request.${field} is not a text`, `request.${field}`);
  return value;
}

/** The error for a text that cannot be a namespace's name. */
export function noNamespace(namespace: string, field: string): OutriderError {
  return invalid(`${field} is ${shown(namespace)}, which is no name of a namespace (RFC 1123 label)`, field);
}

/** A value for an error message: short, and never an object, which could hold a secret. */
function shown(value: unknown): string {
  if (value === undefined) return 'missing';
  return typeof value === 'string' ? JSON.stringify(value.slice(0, 64)) : `a ${value === null ? 'null' : typeof value}`;
}

/** The error for a review that is not valid. */
export function invalid(message: string, field?: string, cause?: unknown): OutriderError {
  return new OutriderError('review_invalid', `not a valid AdmissionReview: ${message}`, {
    ...(field === undefined ? {} : { field }),
    cause,
  });
}
