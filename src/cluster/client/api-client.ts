import { request, type Dispatcher } from 'undici';
import { isObject, listOf, objectOf, parsedJson, stringOf, type JsonObject, type JsonValue } from '../../model/json.js';
import { ApiError, refusalOf } from './api-error.js';
import { bodyText } from './body-text.js';
import type { Connection } from './connection.js';
import type { ServerClock } from './server-clock.js';
import { readWatch, type WatchEvent } from './watch-stream.js';

/** Query parameters; those that are `undefined` are left out. */
export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

/** The options of every request. */
export interface RequestOptions {
  readonly query?: Query;
  readonly signal?: AbortSignal;
  /** The time limit for the whole answer; 10 s by default. */
  readonly timeoutMs?: number;
  /** The size limit of the answer; 256 MiB by default. */
  readonly longestBytes?: number;
  /** Opens a new connection for this request. Behind a load balancer it may lead to another API server. */
  readonly newConnection?: boolean;
  /** Called for the answer's warnings, as the header has them. */
  readonly onWarnings?: (headers: readonly string[]) => void;
}

/** The type of a patch. */
export type PatchKind = 'apply' | 'merge' | 'json';

/** The options for reading one object. */
export interface GetOptions extends RequestOptions {
  /** Only name, labels, annotations and the like (`PartialObjectMetadata`). */
  readonly metadataOnly?: boolean;
}

/** The options of a list. */
export interface ListOptions extends RequestOptions {
  /** Only names, labels, annotations and the like of each object (`PartialObjectMetadata`). */
  readonly metadataOnly?: boolean;
  /**
   * What kubectl prints of each object, by the names of the columns, and nothing else of it. A row does not say in which
   * namespace its object is.
   */
  readonly asTable?: boolean;
  /** Objects per page; 500 by default. */
  readonly pageSize?: number;
}

/** One page of a list. */
export interface ListPage extends ObjectList {
  /** The token for the next page; `undefined` after the last one. */
  readonly next: string | undefined;
}

/** The options for one page of a list. */
export interface PageOptions extends ListOptions {
  /** `next` of the previous page; absent for the first one. */
  readonly from?: string | undefined;
}

/** A whole list, and the version from which a watch can continue. */
export interface ObjectList {
  readonly items: readonly JsonObject[];
  readonly resourceVersion: string;
}

/** The options of a watch. */
export interface WatchOptions {
  readonly query?: Query;
  readonly signal: AbortSignal;
  readonly metadataOnly?: boolean;
  /** Ends a watch that received nothing for this long; 150 s by default. Bookmarks arrive about once a minute. */
  readonly idleMs?: number;
  /** Called when the server has accepted the watch, which may be long before the first event. */
  readonly onOpen?: () => void;
}

/**
 * The API server, in plain JSON. Unlike the typed client, it neither drops nor adds anything. Every method throws `ApiError`
 * if the server refuses, and with status 0 and reason `NoAnswer` if it does not answer in time.
 */
export interface ApiClient {
  readonly server: string;
  get(path: string, options?: GetOptions): Promise<JsonObject>;
  /** Reads a list page by page. */
  list(path: string, options?: ListOptions): Promise<ObjectList>;
  /**
   * Reads one page of a list and keeps nothing of the others. Fails with reason `Expired` if too much time passed since the
   * previous page.
   */
  page(path: string, options?: PageOptions): Promise<ListPage>;
  create(path: string, object: JsonObject, options?: RequestOptions): Promise<JsonObject>;
  replace(path: string, object: JsonObject, options?: RequestOptions): Promise<JsonObject>;
  /** For `apply`, the query needs `fieldManager`, and `force` to take over fields. */
  patch(path: string, kind: PatchKind, body: JsonValue, options?: RequestOptions): Promise<JsonObject>;
  /** @param body `DeleteOptions`, such as preconditions */
  delete(path: string, body?: JsonObject, options?: RequestOptions): Promise<JsonObject>;
  /** Ends when the server ends it, which it does every few minutes. Ends with an `ApiError` on an `ERROR` event too. */
  watch(path: string, options: WatchOptions): AsyncIterable<WatchEvent>;
  close(): Promise<void>;
}

const defaultTimeoutMs = 10_000;
const longestAnswerBytes = 256 * 1024 * 1024;
const contentTypes: Readonly<Record<PatchKind, string>> = {
  apply: 'application/apply-patch+yaml',
  merge: 'application/merge-patch+json',
  json: 'application/json-patch+json',
};
const listOfMetadata = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';
const table = 'application/json;as=Table;g=meta.k8s.io;v=v1';
const metadata = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1';

interface Sending {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly options: RequestOptions;
  readonly body?: JsonValue;
  readonly contentType?: string;
  readonly accept?: string;
}

/**
 * Makes a client on a connection.
 * @param userAgent what the API server's audit log shows
 * @param clock receives the date of each answer
 * @param usualTimeoutMs the time limit of a request that sets none
 */
export function createApiClient(
  connection: Connection,
  userAgent: string,
  clock?: Pick<ServerClock, 'heard' | 'monotonicMs'>,
  usualTimeoutMs = defaultTimeoutMs,
): ApiClient {
  const { server } = connection;

  async function send({ method, path, options, body, contentType, accept }: Sending): Promise<JsonObject> {
    const what = `${method} ${path}`;
    const timeout = AbortSignal.timeout(options.timeoutMs ?? usualTimeoutMs);
    const signal = options.signal === undefined ? timeout : AbortSignal.any([options.signal, timeout]);
    const { newConnection = false } = options;
    let once: Dispatcher | undefined;
    try {
      const { headers, dispatcher } = await connection.authenticate({ newConnection });
      if (newConnection) once = dispatcher;
      const sentMs = clock?.monotonicMs() ?? 0;
      const response = await request(urlOf(server, path, options.query), {
        method,
        signal,
        ...(dispatcher === undefined ? {} : { dispatcher }),
        headers: {
          ...headers,
          'user-agent': userAgent,
          accept: accept ?? 'application/json',
          ...(body === undefined ? {} : { 'content-type': contentType ?? 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      clock?.heard(response.headers['date'], sentMs);
      options.onWarnings?.([response.headers['warning'] ?? []].flat());
      const answer = parsedJson(await bodyText(response.body, options.longestBytes ?? longestAnswerBytes));
      if (response.statusCode >= 200 && response.statusCode < 300 && isObject(answer)) return answer;
      throw refusalOf(what, response.statusCode, answer, secondsOf(response.headers['retry-after']));
    } catch (error) {
      throw error instanceof ApiError ? error : noAnswer(what, error);
    } finally {
      void once?.destroy();
    }
  }

  async function page(path: string, options: PageOptions = {}): Promise<ListPage> {
    const { pageSize = 500, metadataOnly = false, asTable = false, from, ...others } = options;
    const query: Query = {
      limit: pageSize,
      ...options.query,
      continue: from,
      ...(asTable ? { includeObject: 'None' } : {}),
    };
    const list = await send({
      method: 'GET',
      path,
      options: { ...others, query },
      ...(asTable ? { accept: table } : metadataOnly ? { accept: listOfMetadata } : {}),
    });
    const about = objectOf(list['metadata']);
    const next = stringOf(about?.['continue']);
    return {
      items: asTable ? rowsOf(list) : listOf(list['items']).filter(isObject),
      resourceVersion: stringOf(about?.['resourceVersion']) ?? '',
      next: next === '' ? undefined : next,
    };
  }

  return {
    server,
    get: (path, options = {}) =>
      send({ method: 'GET', path, options, ...(options.metadataOnly === true ? { accept: metadata } : {}) }),
    list: async (path, options = {}) => {
      const items: JsonObject[] = [];
      let from: string | undefined;
      for (;;) {
        const read = await page(path, { ...options, from });
        items.push(...read.items);
        from = read.next;
        if (from === undefined) return { items, resourceVersion: read.resourceVersion };
      }
    },
    page,
    create: (path, body, options = {}) => send({ method: 'POST', path, options, body }),
    replace: (path, body, options = {}) => send({ method: 'PUT', path, options, body }),
    patch: (path, kind, body, options = {}) =>
      send({ method: 'PATCH', path, options, body, contentType: contentTypes[kind] }),
    delete: (path, body, options = {}) =>
      send({ method: 'DELETE', path, options, ...(body === undefined ? {} : { body }) }),
    watch: async function* (path, { query, signal, metadataOnly = false, idleMs = 150_000, onOpen }) {
      const what = `WATCH ${path}`;
      try {
        const { headers, dispatcher } = await connection.authenticate();
        const sentMs = clock?.monotonicMs() ?? 0;
        const response = await request(urlOf(server, path, { ...query, watch: true }), {
          method: 'GET',
          signal,
          ...(dispatcher === undefined ? {} : { dispatcher }),
          headersTimeout: 30_000,
          bodyTimeout: idleMs,
          headers: { ...headers, 'user-agent': userAgent, accept: metadataOnly ? metadata : 'application/json' },
        });
        clock?.heard(response.headers['date'], sentMs);
        if (response.statusCode !== 200) {
          const body = parsedJson(await bodyText(response.body, longestAnswerBytes));
          throw refusalOf(what, response.statusCode, body, secondsOf(response.headers['retry-after']));
        }
        onOpen?.();
        yield* readWatch(what, response.body);
      } catch (error) {
        throw error instanceof ApiError ? error : noAnswer(what, error);
      }
    },
    close: () => connection.close(),
  };
}

/** The rows of a table, each by the names of its columns. */
function rowsOf(list: JsonObject): readonly JsonObject[] {
  const columns = listOf(list['columnDefinitions']).map((column) => stringOf(objectOf(column)?.['name']) ?? '');
  return listOf(list['rows'])
    .filter(isObject)
    .map(({ cells }) => Object.fromEntries(listOf(cells).map((cell, at) => [columns[at] ?? '', cell])));
}

function urlOf(server: string, path: string, query: Query = {}): URL {
  const url = new URL(`${server}${path}`);
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) url.searchParams.set(name, String(value));
  }
  return url;
}

function secondsOf(value: string | readonly string[] | undefined): number | undefined {
  return typeof value === 'string' && /^\d{1,6}$/.test(value) ? Number(value) : undefined;
}

function noAnswer(what: string, cause: unknown): ApiError {
  return new ApiError(`${what}: ${innermost(cause)}`, { status: 0, reason: 'NoAnswer', cause });
}

/** The innermost message, because the outer one of a failed connection says nothing useful. */
function innermost(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.cause instanceof Error) return innermost(error.cause);
  return error.message === '' ? error.name : error.message;
}
