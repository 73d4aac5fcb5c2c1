import { isArray, isObject, objectOf, type JsonObject, type JsonValue } from '../../model/json.js';
import { parseQuantity } from '../../model/quantity.js';
import { isServerDefault } from '../../model/server-defaults.js';

/**
 * What the API server, its plug-ins and controllers, and kubectl put into a pod or a template of one, besides what its
 * author wrote (W17). None of it is an edit, and none of it is taken back.
 */

const pairs = /^\/metadata\/(labels|annotations)$/;
const metadata = '/metadata';
/** Objects whose keys are anybody's, so that a key says nothing of what its value means. */
const freeKeys: ReadonlySet<string> = new Set(['labels', 'annotations', 'matchLabels', 'nodeSelector']);
/** Labels of controllers that have no domain. */
const bareLabels: ReadonlySet<string> = new Set([
  'pod-template-hash',
  'pod-template-generation',
  'controller-revision-hash',
  'controller-uid',
  'job-name',
]);
/** Domains of the labels and annotations that kubectl, the API server's plug-ins and the controllers write. */
const domains: ReadonlySet<string> = new Set([
  'kubectl.kubernetes.io',
  'kubernetes.io',
  'deployment.kubernetes.io',
  'apps.kubernetes.io',
  'statefulset.kubernetes.io',
  'batch.kubernetes.io',
]);
/** What the API server writes into metadata. */
const serverFields: ReadonlySet<string> = new Set([
  'creationTimestamp',
  'generation',
  'managedFields',
  'namespace',
  'ownerReferences',
  'resourceVersion',
  'selfLink',
  'uid',
]);

/**
 * A value as its author could have written it: without defaults and what others add, amounts in one form.
 *
 * @param path JSON pointer of it in the pod
 */
export function withoutServerParts(value: JsonValue, path: string): JsonValue {
  if (pairs.test(path)) return isObject(value) ? pick(value, (key) => !isOthersPair(key)) : value;
  if (path === metadata) return isObject(value) ? plainMetadata(value) : value;
  if (path.startsWith(`${metadata}/`)) return value;
  return plain(value, path.slice(path.lastIndexOf('/') + 1));
}

/**
 * What others put into a list or an object at a place, which stays when the rest is removed.
 *
 * @returns `undefined` for none
 */
export function serverPartsOf(value: JsonValue | undefined, path: string): JsonValue | undefined {
  if (isArray(value)) {
    const field = path.slice(path.lastIndexOf('/') + 1);
    const parts = value.filter((member) => isTokenPart(member, field));
    return parts.length === 0 ? undefined : parts;
  }
  if (!isObject(value)) return undefined;
  if (pairs.test(path)) return filled(pick(value, isOthersPair));
  if (path !== metadata) return undefined;
  const fields = ['labels', 'annotations'].flatMap((field) => {
    const parts = serverPartsOf(value[field], `${metadata}/${field}`);
    return parts === undefined ? [] : [[field, parts] as const];
  });
  return filled({ ...pick(value, (key) => serverFields.has(key)), ...Object.fromEntries(fields) });
}

function plainMetadata(value: JsonObject): JsonObject {
  const kept: Record<string, JsonValue> = {};
  for (const [key, inside] of Object.entries(value)) {
    if (inside === undefined || inside === null || serverFields.has(key)) continue;
    const left = withoutServerParts(inside, `${metadata}/${key}`);
    if (!isObject(left) || Object.keys(left).length > 0) kept[key] = left;
  }
  return kept;
}

/** A profile may write annotations of other domains of Kubernetes, such as the cluster autoscaler's. */
function isOthersPair(key: string): boolean {
  const slash = key.indexOf('/');
  return slash === -1 ? bareLabels.has(key) : domains.has(key.slice(0, slash));
}

function plain(value: JsonValue, field: string): JsonValue {
  if (isArray(value)) return value.filter((member) => !isTokenPart(member, field)).map((member) => plain(member, ''));
  if (!isObject(value) || freeKeys.has(field)) return value;
  const kept: Record<string, JsonValue> = {};
  for (const [key, inside] of Object.entries(value)) {
    if (inside === undefined || isServerDefault(key, inside, value)) continue;
    const left = key === 'sizeLimit' ? amount(inside) : key === 'resources' ? plainAmounts(inside) : plain(inside, key);
    // A list that only has others' members is not its author's.
    if (!isServerDefault(key, left, value)) kept[key] = left;
  }
  return kept;
}

/** A request that is absent is the limit: the API server writes it into a pod. */
function plainAmounts(resources: JsonValue): JsonValue {
  if (!isObject(resources)) return resources;
  const limits = amountsOf(resources['limits']);
  const requests = Object.entries(amountsOf(resources['requests'])).filter(([name, asked]) => limits[name] !== asked);
  return { ...resources, limits, requests: Object.fromEntries(requests) };
}

function amountsOf(value: JsonValue | undefined): Readonly<Record<string, JsonValue>> {
  const found = Object.entries(objectOf(value) ?? {});
  return Object.fromEntries(found.flatMap(([name, one]) => (one === undefined ? [] : [[name, amount(one)]])));
}

/** The API server writes 1000m as 1. */
function amount(value: JsonValue): JsonValue {
  const billionths = parseQuantity(value);
  return billionths === undefined ? value : `${billionths}n`;
}

/** The token that the plug-in ServiceAccount gives each pod: its volume, and a mount of it in each container. */
function isTokenPart(member: JsonValue, field: string): boolean {
  if (!isObject(member)) return false;
  const { name } = member;
  if (typeof name !== 'string' || !name.startsWith('kube-api-access-')) return false;
  if (field === 'volumes') return objectOf(member['projected']) !== undefined;
  return (
    field === 'volumeMounts' &&
    member['mountPath'] === '/var/run/secrets/kubernetes.io/serviceaccount' &&
    member['readOnly'] === true
  );
}

function pick(value: JsonObject, isWanted: (key: string) => boolean): JsonObject {
  return Object.fromEntries(Object.entries(value).filter(([key]) => isWanted(key)));
}

function filled(value: JsonObject): JsonObject | undefined {
  return Object.keys(value).length === 0 ? undefined : value;
}
