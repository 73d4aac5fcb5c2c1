import { objectOf, stringOf, type JsonObject } from '../../model/json.js';
import { workloadKind, type WorkloadKind } from '../../model/workload-kinds.js';
import { controllerIn } from '../../model/workload-of.js';
import type { Sleep } from '../../time/sleep.js';
import type { ApiClient, PageOptions } from '../client/api-client.js';
import { isApiError } from '../client/api-error.js';
import { apiVersionOf } from '../client/resources.js';
import { patientPage } from './patient-pages.js';
import { refused } from './refusal.js';
import { servedGroups } from './served-groups.js';
import { isListed, isUsuallyMade, kindsToList, listsOf, singleLists, type WorkloadList } from './workload-lists.js';

/** Which workloads to read. */
export interface WorkloadSearch {
  readonly namespaces: ReadonlySet<string>;
  readonly labelSelector?: string;
  readonly sleep: Sleep;
  /** Called for a kind that may not be listed, once. The others are read. */
  readonly onUnread: (unread: UnreadKind) => void;
}

/** A kind that may not be listed. */
export interface UnreadKind {
  /** `deployments.apps`, `pods`. */
  readonly kind: string;
  readonly namespace: string;
}

/** A request may be slow, because a page of whole objects has several megabytes. */
const requestMs = 30_000;
const pageSizes = { whole: 250, metadata: 500 } as const;
/** Up to this many objects of a page are read one by one; for more, the page is read whole. */
const mostSingleReads = 8;
/** How often to start a list again that took longer than the API server remembers it. */
const mostRestarts = 3;

/**
 * Reads every object that pods come from, page by page, and keeps nothing of a page afterwards. What another listed object
 * makes is left out: the ReplicaSet of a Deployment, the Job of a CronJob, the Pod of either. Ended pods and Jobs are left
 * out, too.
 *
 * @throws OutriderError `cluster_unavailable`
 */
export async function* readWorkloads(
  client: ApiClient,
  search: WorkloadSearch,
): AsyncGenerator<readonly JsonObject[], void, undefined> {
  try {
    for (const resource of kindsToList(await servedGroups(client))) {
      yield* new KindReader(client, resource, search).read();
    }
  } catch (error) {
    throw refused(error, client.server, 'workloads', 'ask for the right to list them, or give -n NAMESPACE');
  }
}

class KindReader {
  readonly #client: ApiClient;
  readonly #resource: WorkloadKind;
  readonly #search: WorkloadSearch;

  constructor(client: ApiClient, resource: WorkloadKind, search: WorkloadSearch) {
    this.#client = client;
    this.#resource = resource;
    this.#search = search;
  }

  async *read(): AsyncGenerator<readonly JsonObject[], void, undefined> {
    const { namespaces } = this.#search;
    for (const list of listsOf(this.#resource, namespaces)) {
      const isRefused = yield* this.#list(list);
      if (!isRefused) continue;
      if (list.namespace !== undefined) this.#unread(list.namespace);
      else yield* this.#oneByOne(namespaces);
    }
  }

  /** A user may have rights in some namespaces only. */
  async *#oneByOne(namespaces: ReadonlySet<string>): AsyncGenerator<readonly JsonObject[], void, undefined> {
    for (const list of singleLists(this.#resource, namespaces)) {
      if ((yield* this.#list(list)) && list.namespace !== undefined) this.#unread(list.namespace);
    }
  }

  #unread(namespace: string): void {
    const { plural, group } = this.#resource;
    this.#search.onUnread({ kind: group === '' ? plural : `${plural}.${group}`, namespace });
  }

  /** @returns whether the list is forbidden. If it expires in the middle, it is read again without what came already. */
  async *#list(list: WorkloadList): AsyncGenerator<readonly JsonObject[], boolean, undefined> {
    const seen = new Set<string>();
    for (let restarts = 0; ; restarts++) {
      try {
        yield* this.#once(list, seen);
        return false;
      } catch (error) {
        if (isApiError(error, 'Forbidden')) return true;
        // The group is served in another version.
        if (isApiError(error, 'NotFound')) return false;
        if (!isApiError(error, 'Expired') || restarts >= mostRestarts) throw error;
      }
    }
  }

  async *#once(list: WorkloadList, seen: Set<string>): AsyncGenerator<readonly JsonObject[], void, undefined> {
    const made = isUsuallyMade(this.#resource);
    let from: string | undefined;
    do {
      const page = await this.#page(list.path, { metadataOnly: made, from });
      const wanted = page.items.filter((item) => this.#isWanted(item, seen));
      const whole = made && wanted.length > 0 ? await this.#whole(list, wanted, from) : wanted;
      const live = whole.filter((object) => !hasEnded(object)).map((object) => this.#named(object));
      if (live.length > 0) yield live;
      for (const item of wanted) seen.add(uidOf(item));
      from = page.next;
    } while (from !== undefined);
  }

  /** The same page again, whole, or some objects of it. The token of a page stands for a moment, so it has the same objects. */
  async #whole(
    { path }: WorkloadList,
    wanted: readonly JsonObject[],
    from: string | undefined,
  ): Promise<readonly JsonObject[]> {
    if (wanted.length > mostSingleReads) {
      const uids = new Set(wanted.map(uidOf));
      const { items } = await this.#page(path, { from, pageSize: pageSizes.metadata });
      return items.filter((item) => uids.has(uidOf(item)));
    }
    const found: JsonObject[] = [];
    for (const item of wanted) {
      const { name, namespace } = objectOf(item['metadata']) ?? {};
      // A list of one, so that the right to get is not needed.
      const fields = [`metadata.name=${stringOf(name) ?? ''}`, `metadata.namespace=${stringOf(namespace) ?? ''}`];
      const { items } = await this.#page(path, { query: { fieldSelector: fields.join(',') }, pageSize: 1 });
      found.push(...items);
    }
    return found;
  }

  #page(path: string, options: PageOptions) {
    const { labelSelector, sleep } = this.#search;
    const isPod = this.#resource.kind === 'Pod';
    const fieldSelector = isPod ? 'status.phase!=Succeeded,status.phase!=Failed' : undefined;
    const pageSize = options.metadataOnly === true ? pageSizes.metadata : pageSizes.whole;
    const query = { labelSelector, fieldSelector, ...options.query };
    return patientPage(this.#client, sleep, path, { pageSize, timeoutMs: requestMs, ...options, query });
  }

  #isWanted(item: JsonObject, seen: ReadonlySet<string>): boolean {
    const metadata = objectOf(item['metadata']) ?? {};
    const namespace = stringOf(metadata['namespace']) ?? '';
    if (!this.#search.namespaces.has(namespace) || metadata['deletionTimestamp'] !== undefined) return false;
    if (seen.has(uidOf(item))) return false;
    const maker = controllerIn(metadata);
    return maker === undefined || !isListed(workloadKind(maker.kind, maker.apiVersion));
  }

  /** The items of a list do not say what they are. */
  #named(object: JsonObject): JsonObject {
    return { ...object, apiVersion: apiVersionOf(this.#resource), kind: this.#resource.kind };
  }
}

function uidOf(item: JsonObject): string {
  return stringOf(objectOf(item['metadata'])?.['uid']) ?? '';
}

/** A Job that is complete or has failed makes no more pods. */
function hasEnded(object: JsonObject): boolean {
  const conditions = objectOf(object['status'])?.['conditions'];
  if (!Array.isArray(conditions)) return false;
  return conditions.some((each: unknown) => {
    const { type, status } = objectOf(each) ?? {};
    return (type === 'Complete' || type === 'Failed') && status === 'True';
  });
}
