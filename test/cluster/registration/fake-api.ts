import type { ApiClient } from '../../../src/cluster/client/api-client.js';
import { ApiError } from '../../../src/cluster/client/api-error.js';
import { isObject, objectOf, stringOf, type JsonObject, type JsonValue } from '../../../src/model/json.js';

/** An API server with objects by path and versions, on which every request can be made to fail. */
export interface FakeApi {
  readonly client: ApiClient;
  readonly objects: Map<string, JsonObject>;
  /** `VERB path` of every request, in order. */
  readonly requests: string[];
  /** What a request is refused with; `undefined`: it is not. */
  refuse: (request: string) => ApiError | undefined;
}

export function createFakeApi(): FakeApi {
  let version = 0;
  const objects = new Map<string, JsonObject>();
  const begin = (verb: string, path: string): Promise<void> => {
    const request = `${verb} ${path}`;
    fake.requests.push(request);
    const refusal = fake.refuse(request);
    return refusal === undefined ? Promise.resolve() : Promise.reject(refusal);
  };
  const put = (path: string, object: JsonValue, dryRun: boolean): JsonObject => {
    const given = isObject(object) ? object : {};
    const stored = { ...given, metadata: { ...objectOf(given['metadata']), resourceVersion: String(++version) } };
    if (!dryRun) objects.set(path, stored);
    return stored;
  };
  const found = (path: string): JsonObject => {
    const object = objects.get(path);
    if (object === undefined) throw new ApiError(`${path} not found`, { status: 404, reason: 'NotFound' });
    return object;
  };
  const client: ApiClient = {
    server: 'https://fake',
    get: async (path) => {
      await begin('GET', path);
      return found(path);
    },
    list: async (path) => {
      await begin('LIST', path);
      const items = [...objects].filter(([key]) => key.startsWith(`${path}/`)).map(([, object]) => object);
      return { items, resourceVersion: String(version) };
    },
    page: () => Promise.reject(new Error('not read by pages here')),
    create: async (path, object, options = {}) => {
      await begin('CREATE', path);
      const name = stringOf(objectOf(object['metadata'])?.['name']);
      const at = name === undefined ? path : `${path}/${name}`;
      return put(at, object, options.query?.['dryRun'] === 'All');
    },
    replace: async (path, object, options = {}) => {
      await begin('REPLACE', path);
      return put(path, object, options.query?.['dryRun'] === 'All');
    },
    patch: async (path, kind, body) => {
      await begin(kind === 'apply' ? 'APPLY' : 'PATCH', path);
      if (kind === 'apply') return put(path, body, false);
      const before = found(path);
      const given = isObject(body) ? body : {};
      const changes = { ...objectOf(objectOf(given['metadata'])?.['annotations']) };
      const annotations = { ...objectOf(objectOf(before['metadata'])?.['annotations']), ...changes };
      const merged = Object.fromEntries(Object.entries(annotations).filter(([, value]) => value !== null));
      const webhooks = given['webhooks'] === undefined ? {} : { webhooks: given['webhooks'] };
      const metadata = { ...objectOf(before['metadata']), annotations: merged };
      return put(path, { ...before, ...webhooks, metadata }, false);
    },
    delete: async (path) => {
      await begin('DELETE', path);
      const object = found(path);
      objects.delete(path);
      return object;
    },
    watch: () => {
      throw new Error('nothing is watched here: follow is passed in');
    },
    close: () => Promise.resolve(),
  };
  const fake: FakeApi = { client, objects, requests: [], refuse: () => undefined };
  return fake;
}
