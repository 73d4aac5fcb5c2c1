import { isDeepStrictEqual } from 'node:util';
import { isObject, listOf, objectOf, stringOf, type JsonObject } from '../../model/json.js';
import { names } from '../../model/names.js';
import type { ApiClient } from '../client/api-client.js';
import { isApiError } from '../client/api-error.js';
import { apiVersionOf, pathOf, resources, type Resource } from '../client/resources.js';
import { fieldManager } from '../registration/write.js';
import type { Owner } from '../registration/webhook-configuration.js';

/** The kinds of the API server's own policies, in the order in which they are written for one policy of ours. */
export const policyKinds = [
  'validatingPolicies',
  'validatingPolicyBindings',
  'mutatingPolicies',
  'mutatingPolicyBindings',
] as const;
export type PolicyKind = (typeof policyKinds)[number];

/** A policy of the API server, or its binding, as it should be. */
export interface PolicyObject {
  readonly kind: PolicyKind;
  readonly name: string;
  /** The name of our policy that it is for. */
  readonly policy: string;
  readonly spec: JsonObject;
}

/** An existing one. */
export interface LiveObject {
  readonly kind: PolicyKind;
  readonly name: string;
  /** The name of our policy; empty if the object does not say it. */
  readonly policy: string;
  readonly object: JsonObject;
}

const managedBy = 'app.kubernetes.io/managed-by';
/** Selects objects of ours. */
export const ownLabel = `${managedBy}=outrider`;

/** The fields above the spec of an object of ours. */
export function ownedMetadata(owner: Owner | undefined): JsonObject {
  const { kind } = resources.clusterRoles;
  return {
    labels: { 'app.kubernetes.io/name': 'outrider', [managedBy]: 'outrider' },
    ...(owner === undefined
      ? {}
      : { ownerReferences: [{ apiVersion: apiVersionOf(resources.clusterRoles), kind, ...owner }] }),
  };
}

/**
 * Lists the objects of one kind that have one of our names.
 * @throws ApiError
 */
export async function listOwn(
  client: Pick<ApiClient, 'list'>,
  kind: PolicyKind,
  ownNames: ReadonlySet<string>,
  signal?: AbortSignal,
): Promise<readonly LiveObject[]> {
  const { items } = await client.list(pathOf(resources[kind]), {
    query: { labelSelector: ownLabel },
    ...(signal === undefined ? {} : { signal }),
  });
  return items.flatMap((object) => {
    const metadata = objectOf(object['metadata']);
    const name = stringOf(metadata?.['name']) ?? '';
    if (!ownNames.has(name)) return [];
    return [{ kind, name, policy: policyOf(object) ?? '', object }];
  });
}

/**
 * Writes an object over the existing one, so that nothing that somebody added stays.
 * @param live the object as it was read
 * @returns the object as the API server answered
 * @throws ApiError `Conflict` if somebody else wrote meanwhile; `Invalid` if the API server rejects it
 */
export async function writeObject(
  client: Pick<ApiClient, 'create' | 'replace'>,
  { kind, name, policy, spec }: PolicyObject,
  owner: Owner | undefined,
  live: JsonObject | undefined,
  signal: AbortSignal,
): Promise<JsonObject> {
  const resource: Resource = resources[kind];
  const metadata = { ...ownedMetadata(owner), name, annotations: { [names.policy]: policy } };
  const object = { apiVersion: apiVersionOf(resource), kind: resource.kind, metadata, spec };
  const options = { query: { fieldManager }, signal };
  if (live === undefined) return client.create(pathOf(resource), object, options);
  const resourceVersion = stringOf(objectOf(live['metadata'])?.['resourceVersion']) ?? '';
  return client.replace(pathOf(resource, { name }), { ...object, metadata: { ...metadata, resourceVersion } }, options);
}

/** Deletes an object, if it exists. @throws ApiError */
export async function deleteObject(
  client: Pick<ApiClient, 'delete'>,
  kind: PolicyKind,
  name: string,
  signal?: AbortSignal,
): Promise<void> {
  try {
    await client.delete(pathOf(resources[kind], { name }), undefined, signal === undefined ? {} : { signal });
  } catch (error) {
    if (!isApiError(error, 'NotFound')) throw error;
  }
}

/** Whether the existing object is the one that the API server answered when it was written. */
export function isAsAnswered(live: JsonObject | undefined, answered: JsonObject | undefined): boolean {
  if (live === undefined || answered === undefined) return false;
  return (
    isDeepStrictEqual(live['spec'], answered['spec']) &&
    isDeepStrictEqual(ownersOf(live), ownersOf(answered)) &&
    isDeepStrictEqual(policyOf(live), policyOf(answered))
  );
}

function ownersOf(object: JsonObject): readonly (string | undefined)[] {
  return listOf(objectOf(object['metadata'])?.['ownerReferences'])
    .filter(isObject)
    .map(({ uid }) => stringOf(uid));
}

/** Name of the policy of ours that an object says it is for. */
export function policyOf(object: JsonObject): string | undefined {
  return stringOf(objectOf(objectOf(object['metadata'])?.['annotations'])?.[names.policy]);
}

/** The API server's warnings about the expressions of a policy that it accepted. */
export function expressionWarnings(object: JsonObject): readonly string[] {
  return listOf(objectOf(objectOf(object['status'])?.['typeChecking'])?.['expressionWarnings'])
    .filter(isObject)
    .map(({ fieldRef, warning }) => `${stringOf(fieldRef) ?? ''}: ${stringOf(warning) ?? ''}`);
}

/** What an object is found by among those of all kinds. */
export function idOf({ kind, name }: Pick<LiveObject, 'kind' | 'name'>): string {
  return `${kind}/${name}`;
}
