import { objectOf, type JsonObject, type JsonValue } from '../../../model/json.js';
import {
  boundedResources,
  type BoundedResource,
  type ContainerBounds,
  type NamespaceLimits,
} from '../../../model/namespace-limits.js';
import { parseQuantity } from '../../../model/quantity.js';
import type { PodContext } from '../context.js';
import { leastLimit } from '../differences/amounts.js';
import { leastStepLimits } from '../own-containers.js';
import type { PlannedMember } from '../plan.js';
import { fitAmount, greatest, told, withRatioOf, type Amount } from './amount.js';
import { isDemanded, type Demands } from './demands.js';
import { amountIn } from './pod-sums.js';

/** Limits that a container of ours gets if it must have one and neither its recipe nor the namespace gives one. */
const standIns: Readonly<Partial<Record<BoundedResource, bigint>>> = {
  cpu: parseQuantity('500m') ?? 0n,
  memory: parseQuantity('512Mi') ?? 0n,
};

/** One of our containers while its amounts are fitted. */
export class Draft {
  readonly member: PlannedMember;
  /** Why it cannot have what it needs, as text after its name. */
  readonly misfit: string | undefined;
  readonly #context: PodContext;
  readonly #bounds: NamespaceLimits['container'];
  readonly #amounts = new Map<BoundedResource, Amount>();
  #fitted: PlannedMember | undefined;

  /** @param freeRequest the amount up to which a higher request costs the pod nothing */
  constructor(
    context: PodContext,
    member: PlannedMember,
    { container, pod }: NamespaceLimits,
    demands: Demands,
    freeRequest: (resource: BoundedResource) => bigint,
  ) {
    this.member = member;
    this.#context = context;
    this.#bounds = container;
    let misfit: string | undefined;
    for (const resource of boundedResources) {
      const planned = this.#planned(resource);
      const amount = fitAmount(
        resource,
        {
          planned,
          least: this.#least(resource),
          standIn: standIns[resource],
          freeRequest: freeRequest(resource),
          equal: context.around.guaranteed && planned.limit !== undefined,
          namesRequest: isDemanded(demands, 'requests', resource),
          namesLimit: isDemanded(demands, 'limits', resource),
        },
        withRatioOf(container.get(resource), pod.get(resource)),
      );
      if ('misfit' in amount) misfit ??= amount.misfit;
      this.#amounts.set(resource, 'misfit' in amount ? planned : amount);
    }
    this.misfit = misfit;
  }

  amount(resource: BoundedResource): Amount {
    return this.#amounts.get(resource) ?? { request: undefined, limit: undefined };
  }

  /** Lowers an amount, as far as the container can do with less. */
  lower(kind: 'requests' | 'limits', resource: BoundedResource, to: bigint): void {
    const { request, limit } = this.amount(resource);
    const { min } = this.#boundsOf(resource);
    const { guaranteed } = this.#context.around;
    if (kind === 'limits' && limit !== undefined && to < limit) {
      const lowered = greatest(to, this.#least(resource), min) ?? to;
      this.#set(resource, { limit: lowered, request: request !== undefined && request > lowered ? lowered : request });
    } else if (kind === 'requests' && request !== undefined && to < request && !guaranteed) {
      const lowered = greatest(to, min, 1_000_000_000n / 1_000n) ?? to;
      this.#set(resource, { limit, request: lowered < request ? lowered : request });
    }
  }

  /** Raises a limit, as far as the namespace allows. */
  raise(resource: BoundedResource, to: bigint): void {
    const { request, limit } = this.amount(resource);
    const { max } = this.#boundsOf(resource);
    const raised = max !== undefined && to > max ? max : to;
    if (limit === undefined || raised <= limit) return;
    this.#set(resource, { limit: raised, request: this.#context.around.guaranteed ? raised : request });
  }

  /** The resources that the container gets. */
  resources(): JsonObject | undefined {
    return objectOf(this.fitted().value['resources']);
  }

  /** The member with its amounts; the same object if they are as planned. */
  fitted(): PlannedMember {
    return (this.#fitted ??= this.#written());
  }

  #set(resource: BoundedResource, amount: Amount): void {
    this.#fitted = undefined;
    this.#amounts.set(resource, amount);
  }

  #boundsOf(resource: BoundedResource): ContainerBounds {
    return this.#bounds.get(resource) ?? {};
  }

  #planned(resource: BoundedResource): Amount {
    const resources = objectOf(this.member.value['resources']);
    return {
      request: amountIn(resources, 'requests', resource),
      limit: amountIn(resources, 'limits', resource),
    };
  }

  /**
   * The lowest limit that others may set. An agent's limit of ephemeral storage makes room for the volume in the pod's sum,
   * by which the kubelet evicts pods. With a lower one, the pod would be evicted.
   */
  #least(resource: BoundedResource): bigint | undefined {
    const { part, value } = this.member;
    const resources = objectOf(value['resources']);
    const [limits, requests] = [objectOf(resources?.['limits']), objectOf(resources?.['requests'])];
    if (part === 'agent' && resource === 'ephemeral-storage' && limits?.[resource] !== undefined) {
      return parseQuantity(limits[resource]);
    }
    const { recipe } = this.#context;
    const minimum = part === 'agent' ? recipe.sidecar?.minimumLimits : leastStepLimits(recipe);
    return parseQuantity(leastLimit(resource, limits, requests, minimum));
  }

  #written(): PlannedMember {
    const { member } = this;
    const resources = objectOf(member.value['resources']);
    const requests = this.#withAmounts('requests', resources);
    const limits = this.#withAmounts('limits', resources);
    if (requests === undefined && limits === undefined) return member;
    const fitted = {
      ...resources,
      ...(requests === undefined ? {} : { requests }),
      ...(limits === undefined ? {} : { limits }),
    };
    return { ...member, value: { ...member.value, resources: fitted } };
  }

  /** The amounts of one kind; `undefined` if they are as planned. */
  #withAmounts(kind: 'requests' | 'limits', resources: JsonObject | undefined): JsonObject | undefined {
    let changed: Record<string, JsonValue | undefined> | undefined;
    for (const resource of boundedResources) {
      const amount = kind === 'requests' ? this.amount(resource).request : this.amount(resource).limit;
      if (amount === undefined || amount === amountIn(resources, kind, resource)) continue;
      changed ??= { ...objectOf(resources?.[kind]) };
      changed[resource] = told(resource, amount);
    }
    return changed;
  }
}
