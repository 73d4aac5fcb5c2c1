import type { PlanParameters } from '../../model/instrumentation-plan.js';
import type { NotClaimable } from '../../model/not-claimable.js';
import type { Clock } from '../../time/clock.js';
import type { Sleep } from '../../time/sleep.js';
import type { Owner } from '../registration/webhook-configuration.js';
import { paced } from '../secrets/paced.js';
import type { ClaimedPolicy } from './claimed-policy.js';
import type { ParametersState } from './claimed-state.js';
import type { KnownPlan } from './known-plans.js';
import type { FittedPlan } from './plan-contents.js';
import { PlanShifts } from './plan-shifts.js';
import type { PlanWriter, WantedPlan } from './plan-writer.js';
import { withinBound } from './within-bound.js';

/** What is needed to compute parameters. */
export interface ParametersOptions {
  readonly writer: PlanWriter;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly sleep: Sleep;
  /** The most bytes of all parameters. */
  readonly totalBytes: number;
  /** Whether a policy's pods in a namespace are left to the webhook for now, whatever could be claimed there. */
  readonly leaveToWebhook?: LeaveToWebhook;
}

/** Asked by the names of policy and namespace; answers at once, from memory. */
export type LeaveToWebhook = (policy: string, namespace: string) => boolean;

/** The result of a pass. */
export interface ParametersPass {
  readonly states: ReadonlyMap<string, ParametersState>;
  /** Whether something is left to do soon. */
  readonly isPending: boolean;
  /** Why a write failed. */
  readonly why: unknown;
}

/** How long a namespace's parameters judge pods after they stopped making any. */
const retireMs = 30_000;
/** A value that no namespace's label can have. */
const noNamespaces = '-';
const takenBack: NotClaimable = { reason: 'taken_back', detail: 'a workload there goes without the agent for now' };
/** Nothing watches the namespaces' requirements for amounts. */
const againMs = 5 * 60_000;
/** Most namespaces that one pass works out, at the rate of `paced`: the leader's other work waits for the end of a pass. */
const mostAtOnce = 100;

interface Made {
  readonly result: FittedPlan | NotClaimable;
  readonly atMs: number;
}

/** Maintains the parameters of all policies that the API server carries out, for one term as the leader. */
export class Parameters {
  readonly #options: ParametersOptions;
  /** By policy, then by namespace. */
  #made = new Map<string, Map<string, Made>>();
  readonly #retiredMs = new Map<string, number>();
  readonly #shifts: PlanShifts;
  /** By namespace and policy: those that are to stand, as of the last pass. */
  #kept: ReadonlySet<string> = new Set();
  #dirty: Set<string> | 'all' = new Set<string>();

  constructor(options: ParametersOptions) {
    this.#options = options;
    this.#shifts = new PlanShifts(options.clock);
  }

  /** Computes the parameters of some namespaces again at the next pass, or of all namespaces if none are named. */
  changed(namespaces?: ReadonlySet<string>): void {
    if (namespaces === undefined) this.#dirty = 'all';
    else if (this.#dirty !== 'all') for (const namespace of namespaces) this.#dirty.add(namespace);
  }

  /** Whether parameters are to stand, as of the last pass. */
  isWanted(namespace: string, policy: string): boolean {
    return this.#kept.has(keyOf(namespace, policy));
  }

  /**
   * Has the API server leave pods to the webhook where `leaveToWebhook` says so, without waiting for a pass. Can be called
   * during one.
   * @returns how many writes failed; the next pass tries them again
   */
  async leave(plans: Iterable<KnownPlan>, owner: Owner, signal: AbortSignal): Promise<number> {
    const wanted: WantedPlan[] = [];
    for (const { namespace, name } of plans) {
      if (!this.#isLeft(name, namespace)) continue;
      const spec = this.#retired(namespace, name, owner);
      if (spec !== undefined) wanted.push({ namespace, policy: name, spec });
    }
    return (await this.#options.writer.write(wanted, owner, signal)).failed;
  }

  #isLeft(policy: string, namespace: string): boolean {
    return this.#options.leaveToWebhook?.(policy, namespace) === true;
  }

  /** What is in a namespace that is left to the webhook from now on: no pod is made by it any more, and none judged after a while. */
  #retired(namespace: string, policy: string, owner: Owner): PlanParameters | undefined {
    const standing = this.#options.writer.standing(namespace, policy, owner);
    if (standing === undefined) return undefined;
    const key = keyOf(namespace, policy);
    const nowMs = this.#options.clock.monotonicMs();
    const sinceMs = this.#retiredMs.get(key) ?? nowMs;
    this.#retiredMs.set(key, sinceMs);
    return nowMs - sinceMs < retireMs ? { ...standing, podSecurity: noNamespaces } : undefined;
  }

  /** Computes what is unknown, and writes what is not as it should be. */
  async pass(policies: readonly ClaimedPolicy[], owner: Owner, signal: AbortSignal): Promise<ParametersPass> {
    const dirty = this.#dirty;
    this.#dirty = new Set();
    const names = new Set(policies.map(({ name }) => name));
    for (const name of [...this.#made.keys()]) if (!names.has(name)) this.#made.delete(name);
    let left = mostAtOnce;
    let isUnfinished = false;
    for (const policy of policies) {
      const { worked, later } = await this.#make(policy, dirty, left, owner, signal);
      left -= worked;
      isUnfinished ||= later > 0;
    }
    const { wanted, states, isWaiting } = this.#fit(policies, owner);
    const { failed, why } = await this.#options.writer.write(wanted, owner, signal, this.#isStillWanted);
    if (failed > 0) this.#leaveOutMissing(states, wanted, owner);
    return { states, isPending: isUnfinished || isWaiting || failed > 0, why };
  }

  #planOf(policy: string, namespace: string): FittedPlan | NotClaimable | undefined {
    return this.#isLeft(policy, namespace) ? takenBack : this.#made.get(policy)?.get(namespace)?.result;
  }

  /** Whether nobody took a workload back there since the pass worked it out. */
  readonly #isStillWanted = ({ namespace, policy, spec }: WantedPlan): boolean =>
    spec.podSecurity === noNamespaces || !this.#isLeft(policy, namespace);

  /** @param most namespaces; what was worked out longest ago comes first, and the others' turn is the next pass's */
  async #make(
    policy: ClaimedPolicy,
    dirty: ReadonlySet<string> | 'all',
    most: number,
    owner: Owner,
    signal: AbortSignal,
  ): Promise<{ readonly worked: number; readonly later: number }> {
    const { clock, sleep, writer } = this.#options;
    const before = this.#made.get(policy.name) ?? new Map<string, Made>();
    const made = new Map<string, Made>();
    const due: string[] = [];
    const nowMs = clock.monotonicMs();
    for (const namespace of policy.namespaces) {
      const known = before.get(namespace);
      if (known !== undefined) made.set(namespace, known);
      const isDirty = dirty === 'all' || dirty.has(namespace);
      if (known === undefined || nowMs - known.atMs >= againMs || isDirty) due.push(namespace);
    }
    const madeMs = (namespace: string): number => before.get(namespace)?.atMs ?? 0;
    const now = due.sort((a, b) => madeMs(a) - madeMs(b)).slice(0, most);
    const later = due.slice(most);
    if (later.length > 0) this.changed(new Set(later));
    await paced(
      now,
      async (namespace) => {
        await policy.prepare(namespace, signal);
        const result = policy.plan(namespace, writer.standing(namespace, policy.name, owner));
        made.set(namespace, { result, atMs: clock.monotonicMs() });
      },
      sleep,
      signal,
    );
    this.#made.set(policy.name, made);
    return { worked: now.length, later: later.length };
  }

  /** What of it is to stand, within the bound of all, and not too soon after what stood before. */
  #fit(
    policies: readonly ClaimedPolicy[],
    owner: Owner,
  ): {
    readonly wanted: readonly WantedPlan[];
    readonly states: Map<string, ParametersState>;
    readonly isWaiting: boolean;
  } {
    const { writer } = this.#options;
    const wanted: WantedPlan[] = [];
    const states = new Map<string, ParametersState>();
    const kept = new Set<string>();
    let isWaiting = false;
    const retire = (namespace: string, policy: string): void => {
      const spec = this.#retired(namespace, policy, owner);
      if (spec === undefined) return;
      kept.add(keyOf(namespace, policy));
      wanted.push({ namespace, policy, spec });
      isWaiting = true;
    };
    const roomy = withinBound(
      policies.flatMap(({ name, namespaces }) => namespaces.map((namespace) => this.#planOf(name, namespace))),
      this.#options.totalBytes,
    );
    for (const { name, namespaces } of policies) {
      let images = 0;
      let inNamespaces = 0;
      let leftOut = 0;
      let refused: ParametersState['refused'];
      for (const namespace of namespaces) {
        const result = this.#planOf(name, namespace);
        if (result === undefined) {
          // Its turn comes. What is there goes on meanwhile.
          if (writer.standing(namespace, name, owner) !== undefined) kept.add(keyOf(namespace, name));
          continue;
        }
        if ('reason' in result) {
          retire(namespace, name);
          refused = { namespace, why: result, ...refused, count: (refused?.count ?? 0) + 1 };
          continue;
        }
        const room = roomy.get(result);
        const ofImages = Object.keys(result.spec.images).length;
        leftOut += result.leftOut + (room === undefined ? 1 : room === 'bare' ? ofImages : 0);
        if (room === undefined) {
          retire(namespace, name);
          continue;
        }
        const key = keyOf(namespace, name);
        kept.add(key);
        this.#retiredMs.delete(key);
        const standing = writer.standing(namespace, name, owner);
        const whole = room === 'bare' ? { ...result.spec, images: {} } : result.spec;
        const spec = this.#shifts.withoutOld(key, whole, standing);
        inNamespaces++;
        images += room === 'bare' ? 0 : ofImages;
        const next = this.#shifts.next(key, spec, standing);
        if (next !== undefined) wanted.push({ namespace, policy: name, spec: next });
        if (next !== spec) {
          // They are then computed again from what exists by then.
          this.changed(new Set([namespace]));
          isWaiting = true;
        }
      }
      states.set(name, { namespaces: inNamespaces, images, leftOut, refused });
    }
    this.#kept = kept;
    return { wanted, states, isWaiting };
  }

  /** Counts no namespace in which nothing stands, since nothing could be written there. */
  #leaveOutMissing(states: Map<string, ParametersState>, wanted: readonly WantedPlan[], owner: Owner): void {
    for (const { namespace, policy, spec } of wanted) {
      const state = states.get(policy);
      if (state === undefined || this.#options.writer.standing(namespace, policy, owner) !== undefined) continue;
      const images = state.images - Object.keys(spec.images).length;
      states.set(policy, { ...state, namespaces: state.namespaces - 1, images });
    }
  }
}

function keyOf(namespace: string, policy: string): string {
  return `${namespace}/${policy}`;
}
