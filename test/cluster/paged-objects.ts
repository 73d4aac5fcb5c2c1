import type { ApiClient, PageOptions } from '../../src/cluster/client/api-client.js';
import { ApiError } from '../../src/cluster/client/api-error.js';
import { pathOf, resources } from '../../src/cluster/client/resources.js';
import { objectOf, stringOf, type JsonObject } from '../../src/model/json.js';
import { workloadKind } from '../../src/model/workload-kinds.js';
import { refusal } from './fake-api.js';

/** A list whose items are made when a page with them is asked for. */
export interface MadeList {
  readonly count: number;
  readonly make: (index: number) => JsonObject;
}

/** An API server in memory that is only read: objects, lists in pages, selectors by name and label, and refusals. */
export interface PagedObjects {
  readonly client: ApiClient;
  /** Each request, as `GET /path`, `PAGE /path whole` or `PAGE /path metadata`. */
  readonly asked: string[];
  /** What the next requests fail with, by what was asked; the first of the list each time. */
  readonly faults: Map<string, Error[]>;
  /** What the user may not do: beginnings of paths. */
  readonly forbidden: Set<string>;
}

const groups = ['apps', 'batch', 'outrider.dev'];

/**
 * Makes the server.
 *
 * @param objects with apiVersion, kind, name and namespace
 * @param made lists over all namespaces, by path
 */
export function pagedObjects(
  objects: readonly JsonObject[],
  made: Readonly<Record<string, MadeList>> = {},
  served: readonly string[] = groups,
): PagedObjects {
  const asked: string[] = [];
  const faults = new Map<string, Error[]>();
  const forbidden = new Set<string>();
  const lists = new Map<string, JsonObject[]>();
  for (const [index, object] of objects.entries()) {
    const withUid = { ...object, metadata: { uid: `uid-${index}`, ...objectOf(object['metadata']) } };
    const path = listPathOf(object);
    lists.set(path, [...(lists.get(path) ?? []), withUid]);
  }
  const ask = async (what: string, path: string): Promise<void> => {
    asked.push(what);
    await Promise.resolve();
    const fault = faults.get(what)?.shift();
    if (fault !== undefined) throw fault;
    for (const start of forbidden) if (path.startsWith(start)) throw refusal(403, 'Forbidden');
  };
  const page = async (path: string, options: PageOptions = {}) => {
    const { pageSize = 500, metadataOnly = false, from, query = {} } = options;
    await ask(`PAGE ${path} ${metadataOnly ? 'metadata' : 'whole'}`, path);
    const [, namespace, plural] = /\/namespaces\/([^/]+)\/([^/]+)$/.exec(path) ?? [];
    const everywhere =
      namespace === undefined ? path : path.replace(`/namespaces/${namespace}/${plural ?? ''}`, `/${plural ?? ''}`);
    const group = /^\/apis\/([^/]+)\//.exec(path)?.[1];
    if (group !== undefined && !served.includes(group)) throw refusal(404, 'NotFound');
    const start = Number(from ?? 0);
    const makes = namespace === undefined ? made[path] : undefined;
    const all = makes === undefined ? (lists.get(everywhere) ?? []).filter(isIn(namespace, query)) : [];
    const count = makes?.count ?? all.length;
    const end = Math.min(count, start + pageSize);
    const items =
      makes === undefined
        ? all.slice(start, end)
        : Array.from({ length: end - start }, (_, n) => makes.make(start + n));
    return {
      items: metadataOnly ? items.map(({ metadata }) => ({ metadata: metadata ?? null })) : items,
      resourceVersion: '1',
      next: end < count ? String(end) : undefined,
    };
  };
  const unused = (): Promise<never> => Promise.reject(new Error('nothing is written here'));
  const client: ApiClient = {
    server: 'https://api.example',
    get: async (path, options = {}) => {
      await ask(`GET ${path}`, path);
      if (path === '/apis') return { groups: served.map((name) => ({ name })) };
      if (/\/(limitranges|resourcequotas)$/.test(path)) {
        const { items } = await page(path, options);
        return { items };
      }
      for (const [list, there] of lists) {
        const found = there.find((object) => pathOfOne(list, object) === path);
        if (found !== undefined) return found;
      }
      throw refusal(404, 'NotFound');
    },
    list: async (path, options = {}) => {
      const items: JsonObject[] = [];
      let from: string | undefined;
      do {
        const read = await page(path, { ...options, from });
        items.push(...read.items);
        from = read.next;
      } while (from !== undefined);
      return { items, resourceVersion: '1' };
    },
    page,
    create: unused,
    replace: unused,
    patch: unused,
    delete: unused,
    watch: () => {
      throw new ApiError('nothing is watched here', { status: 405, reason: 'MethodNotAllowed' });
    },
    close: () => Promise.resolve(),
  };
  return { client, asked, faults, forbidden };
}

function isIn(namespace: string | undefined, query: NonNullable<PageOptions['query']>) {
  const field = String(query['fieldSelector'] ?? '');
  const name = /metadata\.name=([^,]*)/.exec(field)?.[1];
  const place = /metadata\.namespace=([^,]*)/.exec(field)?.[1] ?? namespace;
  const [key, value] = String(query['labelSelector'] ?? '').split('=');
  return ({ metadata, status }: JsonObject): boolean => {
    const about = objectOf(metadata);
    const phase = stringOf(objectOf(status)?.['phase']);
    if (field.includes('status.phase!=') && (phase === 'Succeeded' || phase === 'Failed')) return false;
    if (place !== undefined && about?.['namespace'] !== place) return false;
    if (name !== undefined && about?.['name'] !== name) return false;
    return key === undefined || key === '' || objectOf(about?.['labels'])?.[key] === value;
  };
}

function listPathOf({ apiVersion, kind }: JsonObject): string {
  const [word, version] = [stringOf(kind) ?? '', stringOf(apiVersion) ?? ''];
  const own = Object.values(resources).find((one) => one.kind === word);
  return pathOf(workloadKind(word, version) ?? own ?? { group: '', version, plural: word, kind: word });
}

function pathOfOne(list: string, { metadata }: JsonObject): string {
  const about = objectOf(metadata);
  const namespace = stringOf(about?.['namespace']);
  const name = stringOf(about?.['name']) ?? '';
  if (namespace === undefined) return `${list}/${name}`;
  const at = list.lastIndexOf('/');
  return `${list.slice(0, at)}/namespaces/${namespace}${list.slice(at)}/${name}`;
}
