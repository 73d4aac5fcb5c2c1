import { inTheWay, policyMutators, webhookMutators, type Mutator } from '../../engine/api-server/runs-after.js';
import { asJson, objectOf, type JsonObject } from '../../model/json.js';
import type { LabelSelector } from '../../model/selector.js';
import type { Logger } from '../../observe/logger.js';
import type { Timing } from '../../time/sleep.js';
import type { ApiClient } from '../client/api-client.js';
import { resources, type Resource } from '../client/resources.js';
import { isOwnName } from '../registration/entry-names.js';
import { Reflector } from '../watch/reflector.js';
import { slotNames } from './slots.js';

/** What is needed to follow others' mutating webhooks and policies. */
export interface OtherMutatorsOptions extends Timing {
  readonly client: ApiClient;
  readonly log: Logger;
  readonly relistMs: number;
  readonly instance: string;
  /** Called when `inTheWay` may have another answer. */
  readonly onChange: () => void;
}

/** The fields that matter of a policy or a binding. */
function pick({ metadata, spec }: JsonObject): JsonObject {
  const { matchConstraints, matchResources, policyName, reinvocationPolicy } = objectOf(spec) ?? {};
  const { name } = objectOf(metadata) ?? {};
  return asJson({ metadata: { name }, spec: { matchConstraints, matchResources, policyName, reinvocationPolicy } });
}

/** All mutating webhooks and policies of the cluster, followed from when this is made until the signal aborts. */
export class OtherMutators {
  /** Resolves when all of them were listed once; never when the signal aborts before. */
  readonly synced: Promise<void>;
  readonly #options: OtherMutatorsOptions;
  readonly #webhooks: Reflector<readonly Mutator[]>;
  readonly #policies: Reflector<JsonObject>;
  readonly #bindings: Reflector<JsonObject>;
  /** By kind: when its list or watch failed last. */
  readonly #failedMs = new Map<Resource, number>();

  constructor(options: OtherMutatorsOptions, signal: AbortSignal) {
    this.#options = options;
    this.#webhooks = this.#follow(resources.mutatingWebhooks, webhookMutators, signal);
    this.#policies = this.#follow(resources.mutatingPolicies, pick, signal);
    this.#bindings = this.#follow(resources.mutatingPolicyBindings, pick, signal);
    const all = [this.#webhooks, this.#policies, this.#bindings];
    this.synced = Promise.all(all.map(({ synced }) => synced)).then(() => undefined);
  }

  /**
   * What may add something to a pod of a policy that the API server instrumented, after our webhook's turn.
   * @param namespaces the policy's
   * @returns it, and why, for people; also if it is not known; `undefined` if nothing does
   */
  inTheWay(namespaces: LabelSelector): string | undefined {
    if (!this.#isKnown()) return 'what others’ webhooks do is not known';
    const { instance } = this.#options;
    const ours = { configuration: instance, isOwn: (webhook: string) => isOwnName(webhook, instance) };
    return inTheWay(this.#all(), ours, namespaces);
  }

  *#all(): Iterable<Mutator> {
    for (const [, mutators] of this.#webhooks.entries()) yield* mutators;
    const own = new Set(slotNames(this.#options.instance));
    const bindings = [...this.#bindings.entries()].map(([, binding]) => binding);
    for (const [name, policy] of this.#policies.entries()) {
      if (!own.has(name)) yield* policyMutators(policy, bindings);
    }
  }

  /** Not after a failure, until the API server has answered again. */
  #isKnown(): boolean {
    const parts = [
      [resources.mutatingWebhooks, this.#webhooks],
      [resources.mutatingPolicies, this.#policies],
      [resources.mutatingPolicyBindings, this.#bindings],
    ] as const;
    return parts.every(([kind, { listedMs, lastContactMs = -Infinity }]) => {
      return listedMs !== undefined && lastContactMs > (this.#failedMs.get(kind) ?? -Infinity);
    });
  }

  #follow<Item>(resource: Resource, item: (object: JsonObject) => Item, signal: AbortSignal): Reflector<Item> {
    const { onChange, clock } = this.#options;
    return new Reflector<Item>({
      ...this.#options,
      resource,
      pick: item,
      signal,
      onChange,
      onFailure: () => {
        this.#failedMs.set(resource, clock.monotonicMs());
        onChange();
      },
    });
  }
}
