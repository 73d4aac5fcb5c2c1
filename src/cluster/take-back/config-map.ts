import { objectOf, type JsonObject } from '../../model/json.js';
import {
  readTakenBack,
  takenBackName,
  takenBackText,
  type TakenBackByKey,
  type TakenBackContent,
} from '../../model/taken-back.js';
import type { ApiClient } from '../client/api-client.js';
import { isApiError } from '../client/api-error.js';
import { pathOf, resources } from '../client/resources.js';

/** Where the ConfigMap is, and how to reach it. */
export interface TakenBackPlace {
  readonly client: Pick<ApiClient, 'get' | 'create' | 'replace'>;
  readonly instance: string;
  readonly ownNamespace: string;
}

/** The ConfigMap as it was read, with the version that a write has to build on. */
export interface StandingState {
  /** `undefined`: there is none. */
  readonly object: JsonObject | undefined;
  readonly content: TakenBackContent;
}

const requestMs = 10_000;

/** Reads the ConfigMap now. @throws ApiError */
export async function readState(place: TakenBackPlace, signal: AbortSignal): Promise<StandingState> {
  const options = { timeoutMs: requestMs, signal };
  const object = await place.client.get(pathTo(place), options).catch((error: unknown) => {
    if (isApiError(error, 'NotFound')) return undefined;
    throw error;
  });
  return { object, content: readTakenBack(object?.['data']) };
}

/**
 * Makes the ConfigMap hold these entries and nothing else, if nobody wrote since it was read.
 * @returns whether it was written; false if it already holds exactly these entries
 * @throws ApiError; `Conflict` or `AlreadyExists` where someone else wrote meanwhile
 */
export async function writeState(
  place: TakenBackPlace,
  { object }: StandingState,
  entries: TakenBackByKey,
  signal: AbortSignal,
): Promise<boolean> {
  const { client, instance, ownNamespace: namespace } = place;
  const data = dataOf(entries);
  const options = { timeoutMs: requestMs, signal };
  if (object === undefined) {
    if (entries.size === 0) return false;
    const metadata = {
      namespace,
      name: takenBackName(instance),
      labels: { 'app.kubernetes.io/managed-by': 'outrider' },
    };
    await client.create(
      pathOf(resources.configMaps, { namespace }),
      { apiVersion: 'v1', kind: 'ConfigMap', metadata, data },
      options,
    );
    return true;
  }
  if (isSameData(objectOf(object['data']) ?? {}, data)) return false;
  // With its resourceVersion, and its owner.
  await client.replace(pathTo(place), { ...object, data }, options);
  return true;
}

function pathTo({ instance, ownNamespace }: TakenBackPlace): string {
  return pathOf(resources.configMaps, { namespace: ownNamespace, name: takenBackName(instance) });
}

function dataOf(entries: TakenBackByKey): Readonly<Record<string, string>> {
  const data: Record<string, string> = {};
  for (const [key, entry] of entries) {
    const text = takenBackText(entry);
    if (text !== undefined) data[key] = text;
  }
  return data;
}

function isSameData(there: JsonObject, ours: Readonly<Record<string, string>>): boolean {
  const keys = Object.keys(ours);
  return Object.keys(there).length === keys.length && keys.every((key) => there[key] === ours[key]);
}
