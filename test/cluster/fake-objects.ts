import { ApiError } from '../../src/cluster/client/api-error.js';
import type { ApiClient } from '../../src/cluster/client/api-client.js';
import { isObject, objectOf, stringOf, type JsonObject } from '../../src/model/json.js';

/** What is done to a request instead of answering it; `lost`: it is done, and the answer never comes. */
export type Fault = 'down' | 'hang' | 'lost' | ApiError;

/** An API server for single objects, in memory, with the optimistic concurrency of the real one. */
export interface FakeObjects {
  client(): Pick<ApiClient, 'get' | 'create' | 'replace' | 'delete'>;
  /** What is at a path. */
  read(path: string): JsonObject | undefined;
  /** Puts an object there past every check, as someone else would. */
  put(path: string, object: JsonObject): void;
  remove(path: string): void;
  /** What the next requests meet, by a function that is asked for each. */
  fault: (method: string, path: string) => Fault | undefined;
  /** Requests so far, such as `PUT /api/…`. */
  readonly requests: readonly string[];
}

export function createFakeObjects(
  onChange: (path: string, object: JsonObject | undefined) => void = () => undefined,
): FakeObjects {
  const objects = new Map<string, JsonObject>();
  const requests: string[] = [];
  let version = 100;
  const store = (path: string, object: JsonObject, uid: string): JsonObject => {
    const metadata = { ...objectOf(object['metadata']), resourceVersion: String(++version), uid };
    const stored: unknown = JSON.parse(JSON.stringify({ ...object, metadata }));
    if (!isObject(stored)) throw new Error('no object');
    objects.set(path, stored);
    onChange(path, stored);
    return stored;
  };
  const metadataOf = (object: JsonObject, field: string): string | undefined =>
    stringOf(objectOf(object['metadata'])?.[field]);

  const answer = async (
    method: string,
    path: string,
    signal: AbortSignal | undefined,
    act: () => JsonObject,
  ): Promise<JsonObject> => {
    requests.push(`${method} ${path}`);
    await Promise.resolve();
    const noAnswer = new ApiError(`${method} ${path}: no answer`, { status: 0, reason: 'NoAnswer' });
    if (signal?.aborted === true) throw noAnswer;
    const fault = self.fault(method, path);
    if (fault === 'down') throw noAnswer;
    if (fault instanceof ApiError) throw fault;
    if (fault === undefined) return act();
    if (fault === 'lost') act();
    return new Promise((_resolve, reject) => {
      signal?.addEventListener('abort', () => reject(noAnswer), { once: true });
    });
  };
  const refuse = (status: number, reason: string): ApiError => new ApiError(reason, { status, reason });

  const self: FakeObjects = {
    fault: () => undefined,
    requests,
    read: (path) => objects.get(path),
    put: (path, object) => void store(path, object, metadataOf(objects.get(path) ?? {}, 'uid') ?? `uid-${version}`),
    remove: (path) => {
      objects.delete(path);
      onChange(path, undefined);
    },
    client: () => ({
      get: (path, options) =>
        answer('GET', path, options?.signal, () => {
          const found = objects.get(path);
          if (found === undefined) throw refuse(404, 'NotFound');
          return found;
        }),
      create: (path, object, options) =>
        answer('POST', path, options?.signal, () => {
          const at = `${path}/${metadataOf(object, 'name') ?? ''}`;
          if (objects.has(at)) throw refuse(409, 'AlreadyExists');
          return store(at, object, `uid-${version}`);
        }),
      replace: (path, object, options) =>
        answer('PUT', path, options?.signal, () => {
          const found = objects.get(path);
          if (found === undefined) throw refuse(404, 'NotFound');
          const given = metadataOf(object, 'resourceVersion');
          if (given !== undefined && given !== metadataOf(found, 'resourceVersion')) throw refuse(409, 'Conflict');
          return store(path, object, metadataOf(found, 'uid') ?? '');
        }),
      delete: (path, body, options) =>
        answer('DELETE', path, options?.signal, () => {
          const found = objects.get(path);
          if (found === undefined) throw refuse(404, 'NotFound');
          const uid = stringOf(objectOf(body?.['preconditions'])?.['uid']);
          if (uid !== undefined && uid !== metadataOf(found, 'uid')) throw refuse(409, 'Conflict');
          self.remove(path);
          return {};
        }),
    }),
  };
  return self;
}
