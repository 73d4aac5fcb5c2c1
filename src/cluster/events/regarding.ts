import { LRUCache } from 'lru-cache';
import type { Clock } from '../../time/clock.js';
import { TokenBuckets } from '../../time/token-bucket.js';
import { objectOf, stringOf, type JsonObject } from '../../model/json.js';
import { allWorkloadKinds } from '../../model/workload-kinds.js';
import { controllerIn } from '../../model/workload-of.js';
import type { ApiClient } from '../client/api-client.js';
import { isApiError } from '../client/api-error.js';
import { isObjectName } from '../../model/object-name.js';
import { apiVersionOf, pathOf } from '../client/resources.js';

/** The object that an Event is about. */
export interface Regarding {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  /** Absent for a pod, which does not exist yet. */
  readonly uid?: string;
}

/** Controllers that people usually look at through their own owner. */
const inBetween = allWorkloadKinds.filter(({ isInBetween }) => isInBetween);
const most = 1_000;
const keepMs = 10 * 60_000;
const requestMs = 5_000;
// A limit for each namespace, because a pod's author can name any number of owners.
const readRate = { burst: 50, everyMs: 500 } as const;

/**
 * The object that an Event about a pod regards: its controller, otherwise the pod itself if it has a name, otherwise none.
 * No I/O.
 */
export function makerOf(pod: JsonObject, namespace: string): Regarding | undefined {
  const metadata = objectOf(pod['metadata']) ?? {};
  const owner = controllerOf(metadata, namespace);
  if (owner !== undefined) return owner;
  const name = stringOf(metadata['name']);
  return name === undefined || !isObjectName(name) ? undefined : { apiVersion: 'v1', kind: 'Pod', namespace, name };
}

/** One text for one object. The namespace is the pod's own. The pod's author wrote the other parts. */
export function keyOf({ apiVersion, kind, namespace, name, uid }: Regarding): string {
  return `${apiVersion} ${kind} ${namespace}/${name} ${uid ?? ''}`;
}

/**
 * Finds the object that a person looks at: the Deployment of a ReplicaSet, the CronJob of a Job, or any other controller
 * itself. An object that cannot be read stands for itself. Answers are kept for 10 minutes: a ReplicaSet does not change its
 * Deployment. An answer only counts for the object that was asked about, because a pod may name any uid as its owner's.
 */
export class RegardingResolver {
  readonly #client: ApiClient;
  readonly #known = new LRUCache<string, Regarding>({ max: most, ttl: keepMs });
  readonly #reads: TokenBuckets;

  constructor(client: ApiClient, clock: Clock) {
    this.#client = client;
    this.#reads = new TokenBuckets(clock, readRate);
  }

  /** Asks if nothing is known. @returns `undefined` if there were too many requests about the namespace's objects */
  async resolve(maker: Regarding): Promise<Regarding | undefined> {
    const resource = inBetween.find((one) => one.kind === maker.kind && apiVersionOf(one) === maker.apiVersion);
    if (resource === undefined || maker.uid === undefined) return maker;
    const key = keyOf(maker);
    const before = this.#known.get(key);
    if (before !== undefined) return before;
    const { namespace, name } = maker;
    if (!this.#reads.take(namespace)) return undefined;
    try {
      const object = await this.#client.get(pathOf(resource, { namespace, name }), { timeoutMs: requestMs });
      const metadata = objectOf(object['metadata']) ?? {};
      const found = metadata['uid'] === maker.uid ? (controllerOf(metadata, namespace) ?? maker) : maker;
      this.#known.set(key, found);
      return found;
    } catch (error) {
      if (isApiError(error, 'NotFound', 'Forbidden')) this.#known.set(key, maker);
      return maker;
    }
  }
}

function controllerOf(metadata: JsonObject, namespace: string): Regarding | undefined {
  const owner = controllerIn(metadata);
  if (owner === undefined) return undefined;
  const { uid, ...rest } = owner;
  return { ...rest, namespace, ...(uid === undefined ? {} : { uid }) };
}
