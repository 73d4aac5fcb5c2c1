import { setImmediate as tick } from 'node:timers/promises';
import { pino } from 'pino';
import type { ApiClient, Query } from '../../src/cluster/client/api-client.js';
import { ApiError } from '../../src/cluster/client/api-error.js';
import type { WatchEvent } from '../../src/cluster/client/watch-stream.js';
import type { Timing } from '../../src/time/sleep.js';
import { objectOf, stringOf, type JsonObject } from '../../src/model/json.js';
import type { Logger } from '../../src/observe/logger.js';

/** Time that stands still unless a test moves it. */
export interface FakeTiming extends Timing {
  /** How long each sleep was asked for, and is not over yet. */
  readonly sleeping: readonly number[];
  /** Moves the time on, and wakes whoever slept until then. */
  advance(ms: number): Promise<void>;
}

export function fakeTiming(): FakeTiming {
  let nowMs = 1_000;
  const sleepers = new Set<{ readonly untilMs: number; readonly ms: number; readonly wake: () => void }>();
  return {
    clock: { monotonicMs: () => nowMs, wallMs: () => 1_790_000_000_000 + nowMs },
    random: () => 0.5,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        const sleeper = {
          untilMs: nowMs + ms,
          ms,
          wake: () => {
            sleepers.delete(sleeper);
            signal.removeEventListener('abort', sleeper.wake);
            resolve();
          },
        };
        sleepers.add(sleeper);
        if (signal.aborted) sleeper.wake();
        else signal.addEventListener('abort', sleeper.wake);
      }),
    get sleeping() {
      return [...sleepers].map(({ ms }) => ms);
    },
    advance: async (ms) => {
      nowMs += ms;
      for (const sleeper of [...sleepers]) if (sleeper.untilMs <= nowMs) sleeper.wake();
      await settle();
    },
  };
}

/** Lets everything run that is not waiting for time or for the API server. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await tick();
}

/** What the API server refuses, as the client reports it. */
export function refusal(status: number, reason: string, retryAfterSeconds?: number): ApiError {
  return new ApiError(`${status} ${reason}`, { status, reason, retryAfterSeconds });
}

interface Watching {
  readonly path: string;
  readonly query: Query;
  readonly push: (event: WatchEvent) => void;
  readonly end: (error?: unknown) => void;
}

/** An API server in memory for some lists, with faults at will. */
export interface FakeApi {
  readonly client: ApiClient;
  /** Methods and paths, in the order in which they were asked for. */
  readonly asked: string[];
  /** The watches that are open. */
  readonly watches: ReadonlySet<Watching>;
  /** What the next calls of a kind (`LIST /path`, `WATCH /path`, …) fail with, one each. */
  fail(what: string, ...errors: readonly Error[]): void;
  /** What a call of a kind fails with until `heal`. */
  breakDown(what: string, error: Error): void;
  heal(what: string): void;
  /** Stores an object; watches hear of it unless `silently`. */
  put(path: string, object: JsonObject, silently?: boolean): JsonObject;
  remove(path: string, silently?: boolean): void;
  /** What is stored under an object's path. */
  stored(path: string): JsonObject | undefined;
  bookmark(path: string): void;
}

/** Lists are paths such as `/api/v1/namespaces`; objects stand one step below, or below `namespaces/NAME/`. */
export function fakeApi(): FakeApi {
  let revision = 100;
  const objects = new Map<string, JsonObject>();
  const watches = new Set<Watching>();
  const asked: string[] = [];
  const faults = new Map<string, Error[]>();
  const broken = new Map<string, Error>();

  const listOf = (path: string): string => path.slice(0, path.lastIndexOf('/'));
  const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
  const ask = async (what: string): Promise<void> => {
    asked.push(what);
    await tick();
    const fault = faults.get(what)?.shift() ?? broken.get(what);
    if (fault !== undefined) throw fault;
  };
  const selected = (query: Query | undefined, path: string): boolean => {
    const name = /^metadata\.name=(.*)$/.exec(String(query?.['fieldSelector'] ?? ''))?.[1];
    return name === undefined || name === nameOf(path);
  };
  const tell = (path: string, type: WatchEvent['type'], object: JsonObject): void => {
    for (const watch of watches) {
      if (watch.path === listOf(path) && selected(watch.query, path)) watch.push({ type, object });
    }
  };
  const put = (path: string, object: JsonObject, silently = false): JsonObject => {
    const type = objects.has(path) ? 'MODIFIED' : 'ADDED';
    const metadata = { ...objectOf(object['metadata']), name: nameOf(path), resourceVersion: String(++revision) };
    const stored = { ...object, metadata };
    objects.set(path, stored);
    if (!silently) tell(path, type, stored);
    return stored;
  };
  const notUsed = (): Promise<never> => Promise.reject(new Error('not used'));

  const client: ApiClient = {
    server: 'https://fake',
    get: async (path) => {
      await ask(`GET ${path}`);
      const object = objects.get(path);
      if (object === undefined) throw refusal(404, 'NotFound');
      return object;
    },
    list: async (path, options) => {
      await ask(`LIST ${path}`);
      const items = [...objects].filter(([key]) => listOf(key) === path && selected(options?.query, key));
      return { items: items.map(([, object]) => object), resourceVersion: String(revision) };
    },
    page: () => Promise.reject(new Error('not read by pages here')),
    create: notUsed,
    replace: notUsed,
    patch: async (path, kind, body) => {
      await ask(`PATCH ${path}`);
      const target = path.replace(/\/status$/, '');
      const object = objects.get(target);
      if (object === undefined) throw refusal(404, 'NotFound');
      const status = objectOf(objectOf(body)?.['status']);
      if (kind !== 'apply' || status === undefined) throw refusal(400, 'BadRequest');
      return put(target, { ...object, status });
    },
    delete: notUsed,
    watch: async function* (path, { query = {}, signal, onOpen }) {
      await ask(`WATCH ${path}`);
      onOpen?.();
      const queue: (WatchEvent | { readonly error: unknown } | undefined)[] = [];
      let wake: () => void = () => undefined;
      const add = (entry: (typeof queue)[number]): void => {
        queue.push(entry);
        wake();
      };
      const aborted = (): void => add({ error: refusal(0, 'NoAnswer') });
      const watching: Watching = {
        path,
        query,
        push: add,
        end: (error) => add(error === undefined ? undefined : { error }),
      };
      if (signal.aborted) throw refusal(0, 'NoAnswer');
      signal.addEventListener('abort', aborted);
      watches.add(watching);
      // What changed between the list and the watch.
      const from = Number(query['resourceVersion']);
      for (const [key, object] of objects) {
        const version = Number(stringOf(objectOf(object['metadata'])?.['resourceVersion']));
        if (listOf(key) === path && selected(query, key) && version > from) add({ type: 'MODIFIED', object });
      }
      try {
        for (;;) {
          while (queue.length === 0) await new Promise<void>((resolve) => (wake = resolve));
          const next = queue.shift();
          if (next === undefined) return;
          if ('error' in next) throw next.error;
          yield next;
        }
      } finally {
        watches.delete(watching);
        signal.removeEventListener('abort', aborted);
      }
    },
    close: () => Promise.resolve(),
  };
  return {
    client,
    asked,
    watches,
    fail: (what, ...errors) => void faults.set(what, [...(faults.get(what) ?? []), ...errors]),
    breakDown: (what, error) => void broken.set(what, error),
    heal: (what) => void broken.delete(what),
    put,
    remove: (path, silently = false) => {
      const object = objects.get(path);
      if (object === undefined || !objects.delete(path)) return;
      const metadata = { ...objectOf(object['metadata']), resourceVersion: String(++revision) };
      if (!silently) tell(path, 'DELETED', { ...object, metadata });
    },
    stored: (path) => objects.get(path),
    bookmark: (path) => {
      const object = { metadata: { resourceVersion: String(++revision) } };
      for (const watch of watches) if (watch.path === path) watch.push({ type: 'BOOKMARK', object });
    },
  };
}

/** A logger that keeps its lines. */
export function memoryLog(): { readonly log: Logger; readonly lines: JsonObject[] } {
  const lines: JsonObject[] = [];
  const write = (line: string): void => {
    const parsed: unknown = JSON.parse(line);
    const found = objectOf(parsed);
    if (found !== undefined) lines.push(found);
  };
  return { log: pino({ base: null }, { write }), lines };
}
