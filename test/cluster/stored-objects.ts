import type { ApiClient } from '../../src/cluster/client/api-client.js';
import { ApiError } from '../../src/cluster/client/api-error.js';
import type { Sleep } from '../../src/time/sleep.js';
import type { Clock } from '../../src/time/clock.js';
import { isObject, objectOf, stringOf, type JsonObject } from '../../src/model/json.js';

/** One request, as the fake got it. */
export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
}

/** An API server in memory: paths and objects, versions and conflicts, and faults where a test wants them. */
export interface StoredObjects {
  readonly client: ApiClient;
  /** By path. */
  readonly objects: Map<string, JsonObject>;
  readonly asked: Asked[];
  /** Called before each request; an error that it returns is the answer. */
  fault: (method: string, path: string) => Error | undefined | Promise<Error | undefined>;
  /** Puts an object there, as someone else would. */
  put(path: string, object: JsonObject): JsonObject;
}

export const forbidden = (): ApiError => new ApiError('forbidden', { status: 403, reason: 'Forbidden' });
export const noAnswer = (): ApiError => new ApiError('no answer', { status: 0, reason: 'NoAnswer' });

export function storedObjects(): StoredObjects {
  const objects = new Map<string, JsonObject>();
  const asked: Asked[] = [];
  let version = 0;
  const put = (path: string, object: JsonObject): JsonObject => {
    const metadata = objectOf(object['metadata']) ?? {};
    const before = objectOf(objects.get(path)?.['metadata']);
    const uid = before?.['uid'] ?? `uid-${++version}`;
    const stored = { ...object, metadata: { ...metadata, uid, resourceVersion: `${++version}` } };
    objects.set(path, stored);
    return stored;
  };
  const faults: Pick<StoredObjects, 'fault'> = { fault: () => undefined };
  const enter = async (method: string, path: string, body?: unknown): Promise<void> => {
    asked.push({ method, path, ...(body === undefined ? {} : { body }) });
    const error = await faults.fault(method, path);
    if (error !== undefined) throw error;
  };
  const found = (path: string): JsonObject => {
    const object = objects.get(path);
    if (object === undefined) throw new ApiError(`${path}: not found`, { status: 404, reason: 'NotFound' });
    return object;
  };
  const matches = (path: string, given: unknown): void => {
    const wanted = stringOf(objectOf(objectOf(given)?.['metadata'] ?? given)?.['resourceVersion']);
    const actual = stringOf(objectOf(found(path)['metadata'])?.['resourceVersion']);
    if (wanted !== undefined && wanted !== actual) {
      throw new ApiError(`${path}: conflict`, { status: 409, reason: 'Conflict' });
    }
  };
  const client: ApiClient = {
    server: 'https://api.example',
    get: async (path) => {
      await enter('GET', path);
      return found(path);
    },
    list: async (path) => {
      await enter('LIST', path);
      const items = [...objects].filter(([at]) => at.startsWith(`${path}/`)).map(([, object]) => object);
      return { items, resourceVersion: `${version}` };
    },
    page: () => Promise.reject(new Error('not read by pages here')),
    create: async (path, object) => {
      await enter('POST', path, object);
      const at = `${path}/${stringOf(objectOf(object['metadata'])?.['name']) ?? `generated-${++version}`}`;
      if (objects.has(at)) throw new ApiError(`${at}: is there`, { status: 409, reason: 'AlreadyExists' });
      return put(at, object);
    },
    replace: async (path, object) => {
      await enter('PUT', path, object);
      matches(path, object);
      return put(path, object);
    },
    patch: async (path, kind, body) => {
      await enter('PATCH', path, body);
      const patch = isObject(body) ? body : {};
      return put(path, kind === 'merge' ? merged(found(path), patch) : { ...found(path), ...patch });
    },
    delete: async (path, body) => {
      await enter('DELETE', path, body);
      matches(path, objectOf(body?.['preconditions']) ?? {});
      const object = found(path);
      objects.delete(path);
      return object;
    },
    watch: () => {
      throw new Error('nothing is watched here');
    },
    close: () => Promise.resolve(),
  };
  return Object.assign(faults, { client, objects, asked, put });
}

/** A merge patch, applied: `null` removes. */
function merged(object: JsonObject, patch: JsonObject): JsonObject {
  const result: Record<string, JsonObject[string]> = { ...object };
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) Reflect.deleteProperty(result, key);
    else result[key] = isObject(value) ? merged(objectOf(object[key]) ?? {}, value) : value;
  }
  return result;
}

/** Time that stands still until a test moves it. */
export interface FakeTime {
  readonly clock: Clock;
  readonly sleep: Sleep;
  /** Moves it on, and wakes who sleeps until then, in order. */
  advance(ms: number): Promise<void>;
  /** Resolves when someone sleeps. */
  asleep(): Promise<void>;
}

export function fakeTime(): FakeTime {
  let nowMs = 1_000_000;
  let sleepers: { readonly atMs: number; readonly wake: () => void }[] = [];
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 50; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
  };
  return {
    clock: { monotonicMs: () => nowMs, wallMs: () => 1_795_000_000_000 + nowMs },
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal.aborted) resolve();
        const wake = (): void => {
          signal.removeEventListener('abort', wake);
          resolve();
        };
        signal.addEventListener('abort', wake, { once: true });
        sleepers.push({ atMs: nowMs + ms, wake });
      }),
    advance: async (ms) => {
      await settle();
      const untilMs = nowMs + ms;
      for (;;) {
        const next = sleepers.filter(({ atMs }) => atMs <= untilMs).sort((a, b) => a.atMs - b.atMs)[0];
        if (next === undefined) break;
        nowMs = Math.max(nowMs, next.atMs);
        sleepers = sleepers.filter((one) => one !== next);
        next.wake();
        await settle();
      }
      nowMs = untilMs;
      await settle();
    },
    asleep: async () => {
      while (sleepers.length === 0) await settle();
    },
  };
}
