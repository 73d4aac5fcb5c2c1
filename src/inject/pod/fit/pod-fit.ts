import { objectOf, type JsonObject } from '../../../model/json.js';
import {
  boundedResources,
  type BoundedResource,
  type Bounds,
  type NamespaceLimits,
} from '../../../model/namespace-limits.js';
import { formatQuantity } from '../../../model/quantity.js';
import type { PodContext } from '../context.js';
import type { PlannedMember } from '../plan.js';
import type { ContainerView } from '../view.js';
import { isWithinRatio, told } from './amount.js';
import type { Draft } from './draft.js';
import { amountIn, podSum, type Counted, type CountedPod } from './pod-sums.js';

/** The places of our containers. */
export interface Places {
  readonly initContainers: readonly PlannedMember[];
  readonly containers: readonly PlannedMember[];
  /** Where a native agent is inserted among the pod's init containers. */
  readonly agentIndex: number;
}

/** Fits our containers to what LimitRanges of the type Pod allow of all containers together. */
export class PodFit {
  readonly #context: PodContext;
  readonly #bounds: NamespaceLimits['pod'];
  readonly #drafts: readonly Draft[];
  readonly #places: Places;

  constructor(context: PodContext, bounds: NamespaceLimits['pod'], drafts: readonly Draft[], places: Places) {
    this.#context = context;
    this.#bounds = bounds;
    this.#drafts = drafts;
    this.#places = places;
  }

  /** Changes the drafts so that the pod fits. @returns why it cannot, for people */
  misfit(): string | undefined {
    for (const [resource, bounds] of this.#bounds) {
      const misfit =
        this.#most(resource, 'limits', bounds) ??
        this.#most(resource, 'requests', bounds) ??
        this.#least(resource, bounds) ??
        this.#ratio(resource, bounds);
      if (misfit !== undefined) return misfit;
    }
    return undefined;
  }

  #most(resource: BoundedResource, kind: 'requests' | 'limits', { max }: Bounds): string | undefined {
    const sum = podSum(this.#pod(), kind, resource);
    if (max === undefined || sum === undefined || sum <= max) return undefined;
    for (const draft of this.#drafts) {
      if (draft.member.part !== 'agent') draft.lower(kind, resource, max);
    }
    const agent = this.#agent();
    const { request, limit } = agent?.amount(resource) ?? {};
    const own = kind === 'limits' ? limit : request;
    const over = (podSum(this.#pod(), kind, resource) ?? 0n) - max;
    if (own !== undefined && over > 0n) agent?.lower(kind, resource, own > over ? own - over : 0n);
    const left = podSum(this.#pod(), kind, resource) ?? 0n;
    if (left <= max) return undefined;
    return `with the agent the pod has ${kind} of ${told(resource, left)} of ${resource}, and a pod may have ${told(resource, max)} there`;
  }

  /** Only a limit. Without ours, the pod’s containers may have had none, and then no minimum applies. */
  #least(resource: BoundedResource, { min }: Bounds): string | undefined {
    const sum = podSum(this.#pod(), 'limits', resource);
    if (min === undefined || sum === undefined || sum >= min) return undefined;
    const agent = this.#agent();
    const limit = agent?.amount(resource).limit;
    if (limit !== undefined) agent?.raise(resource, limit + min - sum);
    const raised = podSum(this.#pod(), 'limits', resource) ?? 0n;
    if (raised >= min) return undefined;
    return `with the agent the pod has limits of ${told(resource, raised)} of ${resource}, and a pod has to have ${told(resource, min)} there`;
  }

  #ratio(resource: BoundedResource, { ratio }: Bounds): string | undefined {
    const pod = this.#pod();
    const [requests, limits] = [podSum(pod, 'requests', resource), podSum(pod, 'limits', resource)];
    if (ratio === undefined || requests === undefined || limits === undefined) return undefined;
    if (isWithinRatio(resource, requests, limits, ratio)) return undefined;
    return `with the agent the pod has limits of ${told(resource, limits)} and requests of ${told(resource, requests)} of ${resource}, and there they may be ${formatQuantity(ratio, false)} times as much`;
  }

  #agent(): Draft | undefined {
    return this.#drafts.find(({ member }) => member.part === 'agent');
  }

  /** The pod with our containers in their final places. */
  #pod(): CountedPod {
    const { view } = this.#context;
    const { initContainers, containers, agentIndex } = this.#places;
    const init: Counted[] = this.#missing(initContainers.filter(({ part }) => part !== 'agent'));
    const agent = this.#missing(initContainers.filter(({ part }) => part === 'agent'));
    for (const container of view.initContainers) {
      if (container.index === agentIndex) init.push(...agent);
      init.push(this.#counted(container));
    }
    if (agentIndex >= view.initContainers.length) init.push(...agent);
    const others = view.containers.map((container) => this.#counted(container));
    return { initContainers: init, containers: [...others, ...this.#missing(containers)], ofPod: this.#ofPod() };
  }

  #missing(members: readonly PlannedMember[]): Counted[] {
    const missing = members.filter(({ present }) => present === undefined);
    return missing.map((member) => ({
      resources: this.#draftOf(member)?.resources() ?? objectOf(member.value['resources']),
      native: member.value['restartPolicy'] === 'Always',
    }));
  }

  #counted({ value, native }: ContainerView): Counted {
    const member = [...this.#places.initContainers, ...this.#places.containers].find(
      ({ present }) => present === value,
    );
    const draft = member === undefined ? undefined : this.#draftOf(member);
    return { resources: draft?.resources() ?? objectOf(value['resources']), native };
  }

  #draftOf(member: PlannedMember): Draft | undefined {
    return this.#drafts.find((draft) => draft.member === member);
  }

  /** The pod's own amounts, which grow by the agent's where it is added. */
  #ofPod(): JsonObject | undefined {
    const own = objectOf(this.#context.view.spec['resources']);
    const agent = this.#agent();
    if (own === undefined || agent === undefined || agent.member.present !== undefined) return own;
    const grown = (kind: 'requests' | 'limits'): JsonObject => {
      const amounts: Record<string, string> = {};
      for (const resource of boundedResources) {
        const amount = amountIn(own, kind, resource);
        const { request, limit } = agent.amount(resource);
        const by = kind === 'requests' ? request : (limit ?? request);
        if (amount !== undefined) amounts[resource] = told(resource, amount + (by ?? 0n));
      }
      return amounts;
    };
    return { requests: grown('requests'), limits: grown('limits') };
  }
}
