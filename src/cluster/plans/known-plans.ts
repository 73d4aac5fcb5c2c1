import { isObject, listOf, objectOf, stringOf, type JsonObject } from '../../model/json.js';
import {
  instrumentationPlanSchema,
  learnedPlanName,
  type LearnedImages,
  type PlanParameters,
} from '../../model/instrumentation-plan.js';
import type { Logger } from '../../observe/logger.js';
import type { Timing } from '../../time/sleep.js';
import type { ApiClient } from '../client/api-client.js';
import { resources } from '../client/resources.js';
import { Reflector } from '../watch/reflector.js';

/** One InstrumentationPlan as it exists. */
export interface KnownPlan {
  readonly namespace: string;
  readonly name: string;
  readonly resourceVersion: string;
  /** The approximate bytes of its JSON. */
  readonly bytes: number;
  /** UIDs of its owners. */
  readonly owners: readonly string[];
  /** `undefined` if it has none, or an invalid one. */
  readonly spec: PlanParameters | undefined;
  readonly learned: LearnedImages | undefined;
}

/** What is needed to follow them. */
export interface KnownPlansOptions extends Timing {
  readonly client: ApiClient;
  readonly log: Logger;
  readonly relistMs: number;
  /** Ends the watch. */
  readonly signal: AbortSignal;
  /** Called with the namespaces whose objects changed. */
  readonly onChange: (namespaces: ReadonlySet<string>) => void;
  readonly onFailure: (error: unknown) => void;
}

/** Every InstrumentationPlan of the cluster. Following starts when this is made. Their total size is limited. */
export class KnownPlans {
  /** Resolves when they were listed once, or listing failed. */
  readonly read: Promise<void>;
  readonly #reflector: Reflector<KnownPlan>;
  #owner: string | undefined;

  constructor(options: KnownPlansOptions) {
    let done: () => void = () => undefined;
    this.read = new Promise((resolve) => {
      done = resolve;
    });
    this.#reflector = new Reflector<KnownPlan>({
      ...options,
      resource: resources.plans,
      pick: readPlan,
      onChange: (keys) => {
        done();
        options.onChange(new Set([...keys].map((key) => key.slice(0, key.indexOf('/')))));
      },
      onFailure: (error) => {
        done();
        options.onFailure(error);
      },
    });
  }

  /** When a list was last read, on the monotonic clock; `undefined` if never. */
  get listedMs(): number | undefined {
    return this.#reflector.listedMs;
  }

  /** Lists again, now. @throws as `Reflector.relist` does */
  async relist(signal: AbortSignal): Promise<void> {
    await this.#reflector.relist(signal);
  }

  of(namespace: string, name: string): KnownPlan | undefined {
    return this.#reflector.get(`${namespace}/${name}`);
  }

  /** Says whom our objects belong to. @param uid the ClusterRole's; `undefined` while that is not known */
  ownedBy(uid: string | undefined): void {
    this.#owner = uid;
  }

  /** What was learned about images in a namespace. Not what somebody made before there was a guard: that belongs to nobody. */
  learned(namespace: string): LearnedImages | undefined {
    const plan = this.of(namespace, learnedPlanName);
    return this.#owner !== undefined && plan?.owners.includes(this.#owner) === true ? plan.learned : undefined;
  }

  *all(): IterableIterator<KnownPlan> {
    for (const [, plan] of this.#reflector.entries()) yield plan;
  }
}

/** Reads an object as strictly as any outside input, because anyone who can write it decides what pods start. */
export function readPlan(object: JsonObject): KnownPlan {
  const metadata = objectOf(object['metadata']);
  const { data } = instrumentationPlanSchema.safeParse(object);
  return {
    namespace: stringOf(metadata?.['namespace']) ?? '',
    name: stringOf(metadata?.['name']) ?? '',
    resourceVersion: stringOf(metadata?.['resourceVersion']) ?? '',
    bytes: bytesOf({ spec: object['spec'] ?? null, learned: object['learned'] ?? null }),
    owners: listOf(metadata?.['ownerReferences'])
      .filter(isObject)
      .map(({ uid }) => stringOf(uid) ?? ''),
    spec: data?.spec,
    learned: data?.learned,
  };
}

/** The bytes of an object's content. */
export function bytesOf(content: object): number {
  return Buffer.byteLength(JSON.stringify(content));
}
