import { isDeepStrictEqual } from 'node:util';
import type { PlanParameters } from '../../model/instrumentation-plan.js';
import { asJson, objectOf, stringOf, type JsonObject } from '../../model/json.js';
import { asError } from '../../time/as-error.js';
import type { Sleep } from '../../time/sleep.js';
import type { ApiClient } from '../client/api-client.js';
import { isApiError } from '../client/api-error.js';
import { apiVersionOf, pathOf, resources } from '../client/resources.js';
import { fieldManager } from '../registration/write.js';
import type { Owner } from '../registration/webhook-configuration.js';
import { paced } from '../secrets/paced.js';
import type { KnownPlan, KnownPlans } from './known-plans.js';
import { ownedMetadata } from './policy-object.js';
import { isOlder } from './versions.js';

/** The parameters of one policy in one namespace. */
export interface WantedPlan {
  readonly namespace: string;
  readonly policy: string;
  readonly spec: PlanParameters;
}

/** What is needed to write parameters. */
export interface PlanWriterOptions {
  readonly client: Pick<ApiClient, 'patch' | 'delete'>;
  readonly plans: Pick<KnownPlans, 'of' | 'all'>;
  readonly sleep: Sleep;
}

/**
 * Writes parameters with server-side apply, at a limited rate, one object after another. Each object is complete by itself.
 * Its lists and maps are atomic, so nothing that somebody else wrote into them stays.
 */
export class PlanWriter {
  readonly #options: PlanWriterOptions;
  /** The API server's answer to our last write. The watch shows it a moment later. */
  readonly #answered = new Map<string, KnownVersion>();

  constructor(options: PlanWriterOptions) {
    this.#options = options;
  }

  /**
   * What was last written of a policy in a namespace by this replica, else what is there. What does not belong to us somebody
   * may have made before there was a guard: no pod is judged by it.
   */
  standing(namespace: string, policy: string, { uid }: Owner): PlanParameters | undefined {
    const answered = this.#answered.get(keyOf(namespace, policy));
    if (answered !== undefined) return answered.spec;
    const live = this.#options.plans.of(namespace, policy);
    return live?.owners.includes(uid) === true ? live.spec : undefined;
  }

  /** Whether it is as it should be. */
  stands({ namespace, policy, spec }: WantedPlan, owner: Owner): boolean {
    const live = this.#options.plans.of(namespace, policy);
    const answered = this.#answered.get(keyOf(namespace, policy));
    if (
      answered !== undefined &&
      (live === undefined ? !answered.isSeen : isOlder(live.resourceVersion, answered.version))
    ) {
      return isDeepStrictEqual(answered.spec, spec);
    }
    if (answered !== undefined) answered.isSeen = true;
    return live !== undefined && live.owners.includes(owner.uid) && isDeepStrictEqual(live.spec, spec);
  }

  /**
   * Writes the parameters that are not as they should be.
   * @param isStillWanted asked just before each write
   * @returns how many writes failed, and why the first one did
   */
  async write(
    wanted: readonly WantedPlan[],
    owner: Owner,
    signal: AbortSignal,
    isStillWanted: (one: WantedPlan) => boolean = () => true,
  ): Promise<{ readonly failed: number; readonly why: unknown }> {
    let failed = 0;
    let why: unknown;
    const due = wanted.filter((one) => !this.stands(one, owner));
    await paced(
      due,
      async (one) => {
        if (!isStillWanted(one)) return;
        try {
          await this.#apply(one, owner, signal);
        } catch (error) {
          if (isGoing(error)) return;
          failed++;
          why ??= error;
        }
      },
      this.#options.sleep,
      signal,
    );
    return { failed, why };
  }

  /** Deletes some. @throws ApiError */
  async remove(plans: readonly Pick<KnownPlan, 'namespace' | 'name'>[], signal: AbortSignal): Promise<void> {
    const { client, sleep } = this.#options;
    let why: unknown;
    await paced(
      plans,
      async ({ namespace, name }) => {
        try {
          await client.delete(pathOf(resources.plans, { namespace, name }), undefined, { signal });
          this.#answered.delete(keyOf(namespace, name));
        } catch (error) {
          if (isApiError(error, 'NotFound')) this.#answered.delete(keyOf(namespace, name));
          else why ??= error;
        }
      },
      sleep,
      signal,
    );
    if (why !== undefined) throw asError(why);
  }

  async #apply({ namespace, policy, spec }: WantedPlan, owner: Owner, signal: AbortSignal): Promise<void> {
    const object: JsonObject = {
      apiVersion: apiVersionOf(resources.plans),
      kind: resources.plans.kind,
      metadata: { ...ownedMetadata(owner), name: policy, namespace },
      spec: asJson(spec),
    };
    const path = pathOf(resources.plans, { namespace, name: policy });
    const answer = await this.#options.client.patch(path, 'apply', object, {
      query: { fieldManager, force: true },
      signal,
    });
    const version = stringOf(objectOf(answer['metadata'])?.['resourceVersion']) ?? '';
    this.#answered.set(keyOf(namespace, policy), { spec, version, isSeen: false });
  }
}

interface KnownVersion {
  readonly spec: PlanParameters;
  readonly version: string;
  /** Whether the watch has caught up. Then what it does not show is gone. */
  isSeen: boolean;
}

/** Whether the namespace is gone, or on its way, and its pods with it. */
function isGoing(error: unknown): boolean {
  if (isApiError(error, 'NotFound')) return true;
  return isApiError(error, 'Forbidden') && error.message.includes('because it is being terminated');
}

function keyOf(namespace: string, policy: string): string {
  return `${namespace}/${policy}`;
}
