import { names } from '../../model/names.js';
import { objectOf, stringOf, type JsonObject } from '../../model/json.js';
import type { ApiClient } from '../client/api-client.js';
import { isApiError } from '../client/api-error.js';
import { pathOf, resources } from '../client/resources.js';
import {
  configurationResources,
  isAsIntended,
  isMarked,
  replacementOf,
  targetOf,
  wrongEntries,
  type Intent,
  type Owner,
  type Target,
} from './webhook-configuration.js';
import type { ConfigurationKind } from './entry.js';

/** The field manager of all our writes. */
export const fieldManager = 'outrider';

/** Path of one of an installation's two configurations. */
export function configurationPath(kind: ConfigurationKind, instance: string): string {
  return pathOf(configurationResources[kind], { name: instance });
}

/**
 * Reads a configuration.
 * @returns `undefined` when there is none
 * @throws ApiError
 */
export async function readConfiguration(
  client: ApiClient,
  kind: ConfigurationKind,
  instance: string,
  signal?: AbortSignal,
): Promise<JsonObject | undefined> {
  return orAbsent(client.get(configurationPath(kind, instance), signal === undefined ? {} : { signal }));
}

/**
 * Writes a configuration with server-side apply. If someone else added something to our parts that apply cannot remove, such
 * as a match condition, the object is then replaced. The marker of a pause that is over is removed first. Each write fails
 * with `Conflict` if someone else wrote meanwhile, for example to pause.
 *
 * @param before what was read
 * @returns the configuration as the API server answered it
 * @throws ApiError
 */
export async function writeConfiguration(
  client: ApiClient,
  intent: Intent,
  before: JsonObject | undefined,
  signal?: AbortSignal,
): Promise<JsonObject> {
  const { kind, instance } = intent;
  const path = configurationPath(kind, instance);
  const options = signal === undefined ? {} : { signal };
  const live = before !== undefined && isMarked(before) ? await withoutMark(client, path, before, options) : before;
  const target = targetOf(intent, live);
  let applied: JsonObject;
  try {
    applied = await client.patch(path, 'apply', guarded(target, live), {
      ...options,
      query: { fieldManager, force: true },
    });
  } catch (error) {
    // For example, if someone gave an entry a Service instead of our URL, apply would leave both.
    if (live === undefined || !isApiError(error, 'Invalid')) throw error;
    return client.replace(path, replacementOf(target, live, instance), { ...options, query: { fieldManager } });
  }
  if (wrongEntries(target, applied, instance).length === 0) return applied;
  return client.replace(path, replacementOf(target, applied, instance), { ...options, query: { fieldManager } });
}

/**
 * Lets the API server check a configuration without writing it.
 * @throws ApiError `Invalid` if it would not accept it
 */
export async function rehearse(
  client: ApiClient,
  intent: Intent,
  live: JsonObject | undefined,
  signal?: AbortSignal,
): Promise<void> {
  const { kind, instance } = intent;
  const target = targetOf(intent, live);
  const options = { query: { fieldManager, dryRun: 'All' }, ...(signal === undefined ? {} : { signal }) };
  const path = configurationPath(kind, instance);
  if (live === undefined) {
    await client.create(pathOf(configurationResources[kind]), target.object, options);
  } else {
    await client.replace(path, replacementOf(target, live, instance), options);
  }
}

/** Whether a configuration is as it should be. */
export function stands(intent: Intent, live: JsonObject | undefined): boolean {
  return isAsIntended(targetOf(intent, live), live, intent.instance);
}

/** Server-side apply keeps what others wrote. */
async function withoutMark(
  client: ApiClient,
  path: string,
  live: JsonObject,
  options: { readonly signal?: AbortSignal },
): Promise<JsonObject> {
  const resourceVersion = stringOf(objectOf(live['metadata'])?.['resourceVersion']) ?? null;
  const body = { metadata: { resourceVersion, annotations: { [names.paused]: null } } };
  return client.patch(path, 'merge', body, { ...options, query: { fieldManager } });
}

function guarded({ object }: Target, live: JsonObject | undefined): JsonObject {
  const resourceVersion = stringOf(objectOf(live?.['metadata'])?.['resourceVersion']);
  if (resourceVersion === undefined) return object;
  return { ...object, metadata: { ...objectOf(object['metadata']), resourceVersion } };
}

async function orAbsent(request: Promise<JsonObject>): Promise<JsonObject | undefined> {
  try {
    return await request;
  } catch (error) {
    if (isApiError(error, 'NotFound')) return undefined;
    throw error;
  }
}

/** The chart's ClusterRole: a cluster-scoped object cannot belong to one in a namespace. @throws ApiError */
export async function readOwner(client: ApiClient, instance: string, signal?: AbortSignal): Promise<Owner | undefined> {
  try {
    const path = pathOf(resources.clusterRoles, { name: instance });
    const role = await client.get(path, signal === undefined ? {} : { signal });
    const uid = stringOf(objectOf(role['metadata'])?.['uid']);
    return uid === undefined ? undefined : { name: instance, uid };
  } catch (error) {
    if (isApiError(error, 'NotFound', 'Forbidden')) return undefined;
    throw error;
  }
}
