import { request, type Dispatcher } from 'undici';
import { isObject, listOf, objectOf, parsedJson, stringOf, type JsonObject, type JsonValue } from '../../model/json.js';
import { ApiError, refusalOf } from './api-error.js';
import { bodyText } from './body-text.js';
import type { Connection } from './connection.js';
import type { ServerClock } from './server-clock.js';
import { readWatch, type WatchEvent } from './watch-stream.js';

/** Query parameters; those that are `undefined` are left out. */
export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

/** What every request can be given. */
export interface RequestOptions {
  readonly query?: Query;
  readonly signal?: AbortSignal;
  /** How long the whole answer may take; 10 s unless given. */
  readonly timeoutMs?: number;
  /** How long the answer may be; 256 MiB unless given. */
  readonly longestBytes?: number;
  /** Opens a connection for this request alone: behind a load balancer it may lead to another API server. */
  readonly newConnection?: boolean;
  /** Told of the answer's warnings, as the header has them. */
  readonly onWarnings?: (headers: readonly string[]) => void;
}

/** How a patch is to be read. */
export type PatchKind = 'apply' | 'merge' | 'json';

/** What a read of one object asks for. */
export interface GetOptions extends RequestOptions {
  /** Only name, labels, annotations and the like (`PartialObjectMetadata`). */
  readonly metadataOnly?: boolean;
}

/** What a list asks for. */
export interface ListOptions extends RequestOptions {
  /** Only names, labels, annotations and the like of each object (`PartialObjectMetadata`). */
  readonly metadataOnly?: boolean;
  /** Objects a page; 500 unless given. */
  readonly pageSize?: number;
}

/** One page of a list. */
export interface ListPage extends ObjectList {
  /** What the next page is asked for by; `undefined` behind the last one. */
  readonly next: string | undefined;
}

/** What one page of a list asks for. */
export interface PageOptions extends ListOptions {
  /** `next` of the page before; absent for the first one. */
  readonly from?: string | undefined;
}

/** A whole list, and the version that a watch can go on from. */
export interface ObjectList {
  readonly items: readonly JsonObject[];
  readonly resourceVersion: string;
}

/** What a watch asks for. */
export interface WatchOptions {
  readonly query?: Query;
  readonly signal: AbortSignal;
  readonly metadataOnly?: boolean;
  /** Ends a watch on which nothing came for so long; bookmarks come about once a minute. 150 s unless given. */
  readonly idleMs?: number;
  /** Called when the server has taken the watch on, which may be long before the first event. */
  readonly onOpen?: () => void;
}

/**
 * The API server, in plain JSON: nothing is lost or added on the way, as the typed client would. Every method throws
 * `ApiError`: for what the server refuses, and with status 0 and reason `NoAnswer` when it does not answer in time.
 */
export interface ApiClient {
  readonly server: string;
  get(path: string, options?: GetOptions): Promise<JsonObject>;
  /** Reads a list page by page. */
  list(path: string, options?: ListOptions): Promise<ObjectList>;
  /** Reads one page of a list: nothing of the others is kept. Fails with reason `Expired` where it took too long between two. */
  page(path: string, options?: PageOptions): Promise<ListPage>;
  create(path: string, object: JsonObject, options?: RequestOptions): Promise<JsonObject>;
  replace(path: string, object: JsonObject, options?: RequestOptions): Promise<JsonObject>;
  /** For `apply` the query needs `fieldManager`, and `force` to take fields over. */
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
 * @param clock is told the date of each answer
 */
export function createApiClient(
  connection: Connection,
  userAgent: string,
  clock?: Pick<ServerClock, 'heard' | 'monotonicMs'>,
): ApiClient {
  const { server } = connection;

  async function send({ method, path, options, body, contentType, accept }: Sending): Promise<JsonObject> {
    const what = `${method} ${path}`;
    const timeout = AbortSignal.timeout(options.timeoutMs ?? defaultTimeoutMs);
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
    const { pageSize = 500, metadataOnly = false, from, ...others } = options;
    const query: Query = { limit: pageSize, ...options.query, continue: from };
    const list = await send({
      method: 'GET',
      path,
      options: { ...others, query },
      ...(metadataOnly ? { accept: listOfMetadata } : {}),
    });
    const about = objectOf(list['metadata']);
    const next = stringOf(about?.['continue']);
    return {
      items: listOf(list['items']).filter(isObject),
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

/** The innermost message: the outer one of a failed connection says nothing. */
function innermost(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.cause instanceof Error) return innermost(error.cause);
  return error.message === '' ? error.name : error.message;
}
