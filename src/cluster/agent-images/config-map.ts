import { objectOf, type JsonObject } from '../../model/json.js';
import type { ApiClient } from '../client/api-client.js';
import { isApiError } from '../client/api-error.js';
import { pathOf, resources } from '../client/resources.js';
import { agentImagesName, entryKey, entryText, type AgentImagesByName } from './entries.js';

/** Where the ConfigMap is, and how to reach it. */
export interface AgentImagesPlace {
  readonly client: Pick<ApiClient, 'get' | 'create' | 'replace'>;
  readonly instance: string;
  readonly ownNamespace: string;
}

const requestMs = 5_000;

/**
 * Makes the ConfigMap hold these entries and no others.
 * @returns whether it was written; false if it already holds exactly these entries
 * @throws ApiError; `Conflict` or `AlreadyExists` where someone else wrote meanwhile
 */
export async function writeAgentImages(place: AgentImagesPlace, images: AgentImagesByName): Promise<boolean> {
  const { client, instance, ownNamespace: namespace } = place;
  const name = agentImagesName(instance);
  const path = pathOf(resources.configMaps, { namespace, name });
  const options = { timeoutMs: requestMs };
  const data = dataOf(images);
  const before = await client.get(path, options).catch((error: unknown) => {
    if (isApiError(error, 'NotFound')) return undefined;
    throw error;
  });
  if (before === undefined) {
    const metadata = { namespace, name, labels: { 'app.kubernetes.io/managed-by': 'outrider' } };
    const object: JsonObject = { apiVersion: 'v1', kind: 'ConfigMap', metadata, data };
    await client.create(pathOf(resources.configMaps, { namespace }), object, options);
    return true;
  }
  if (isSameData(objectOf(before['data']) ?? {}, data)) return false;
  // With its resourceVersion, and its owner.
  await client.replace(path, { ...before, data }, options);
  return true;
}

function dataOf(images: AgentImagesByName): Readonly<Record<string, string>> {
  const data: Record<string, string> = {};
  for (const [image, entry] of images) {
    const text = entryText(entry);
    if (text !== undefined) data[entryKey(image)] = text;
  }
  return data;
}

function isSameData(there: JsonObject, ours: Readonly<Record<string, string>>): boolean {
  const keys = Object.keys(ours);
  return Object.keys(there).length === keys.length && keys.every((key) => there[key] === ours[key]);
}
