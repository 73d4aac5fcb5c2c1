/*
 * Makes the API server instrument pods by itself. It writes the API server's policies and their parameters, finds out
 * whether they are in force, and only then lets the API server judge the pods that it instrumented. The order makes sure
 * that no pod is wrongly denied or let through: first parameters, then the policy that judges, the policy that instruments,
 * and last the webhooks' entries that leave those pods out. Removal uses the opposite order.
 */
import { learnedPlanName } from '../../model/instrumentation-plan.js';
import { isAborted } from '../../time/abort.js';
import { asError } from '../../time/as-error.js';
import { Wake } from '../../time/wake.js';
import { backOffMs } from '../back-off.js';
import { isApiError } from '../client/api-error.js';
import type { Owner } from '../registration/webhook-configuration.js';
import { readOwner } from '../registration/write.js';
import { instrument, judge, whyUnproven } from './carry-out.js';
import { callsOf } from './calls.js';
import type { ClaimedPolicy } from './claimed-policy.js';
import type { ApiServerPoliciesOptions, Claims } from './api-server-policies-options.js';
import { injecting, notServed, pending, statesOf, type ClaimedState } from './claimed-state.js';
import { Judges } from './judges.js';
import { placePolicies, type Live, type Placed } from './place-policies.js';
import { idOf, listOwn, policyKinds, type LiveObject } from './policy-object.js';
import { believeRefusalMs } from './refusals.js';
import { servesPlans, servesPolicies } from './served.js';
import { Skips, type Skip } from './skips.js';
import { ownerName, probeName, slotNames } from './slots.js';
import { Surroundings } from './surroundings.js';
import { takeAway } from './take-away.js';
import { Term } from './term.js';

const gatherMs = 250;
const tickMs = 15_000;
const soonMs = 2_000;
const relistPatienceMs = 10_000;

/** The leader's part for pods that the API server instruments by itself. */
export class ApiServerPolicies {
  readonly #options: ApiServerPoliciesOptions;
  readonly #wake: Wake;
  /** Wakes who leaves pods to the webhook at once. */
  readonly #leaving: Wake;
  readonly #judges: Judges;
  readonly #skips: Skips;
  #surroundings: Surroundings;
  #term: Term;
  #states: ReadonlyMap<string, ClaimedState> = new Map();
  /** Whom parameters belong to; `undefined` until it was read in this term. */
  #owner: Owner | undefined;
  /** When the definition was last seen missing. */
  #lostMs = -Infinity;

  constructor(options: ApiServerPoliciesOptions) {
    this.#options = options;
    this.#wake = new Wake(options.sleep);
    this.#leaving = new Wake(options.sleep);
    this.#judges = new Judges(options.onJudged);
    this.#skips = new Skips(options.onJudged);
    this.#term = new Term({ ...options, judges: this.#judges });
    this.#surroundings = this.#newSurroundings();
  }

  /** Call this when policies, facts or a pause may have changed. */
  readonly changed = (): void => {
    this.#term.parameters.changed();
    this.#wake.poke();
  };

  /** Call this when these namespaces or their InstrumentationPlans have changed. */
  readonly namespacesChanged = (namespaces: ReadonlySet<string>): void => {
    this.#term.parameters.changed(namespaces);
    this.#wake.poke();
  };

  /** Call this when `leaveToWebhook` may have another answer. What it says is written at once, and not at a pass's turn. */
  readonly leftChanged = (): void => {
    this.#leaving.poke();
    this.#wake.poke();
  };

  /**
   * By policy: the selectors for which the API server judges the pods that it instrumented. `undefined` while leading, until
   * it is found out what is in force.
   */
  judged(): ReadonlyMap<string, string> | undefined {
    return this.#judges.known;
  }

  /**
   * For which of the policy's pods the mutating webhook is called, where that is not all: only while its selectors are these,
   * and, if it says so, while the API server judges.
   */
  skipOf(policy: string): Skip | undefined {
    return this.#skips.of(policy);
  }

  /** The state of a policy; `undefined` if not known yet. Only while leading. */
  of(policy: string): ClaimedState | undefined {
    return this.#states.get(policy);
  }

  /** Runs on the leader. Ends soon after the signal aborts; never throws for the API server's errors. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#keep(signal), this.#leave(signal)]);
    this.#judges.forget();
    this.#skips.forget();
    this.#states = new Map();
    this.#owner = undefined;
    this.#surroundings = this.#newSurroundings();
    this.#term = new Term({ ...this.#options, judges: this.#judges });
  }

  async #keep(signal: AbortSignal): Promise<void> {
    let failures = 0;
    while (!isAborted(signal)) {
      let waitMs = tickMs;
      try {
        waitMs = await this.#pass(signal);
        failures = 0;
      } catch (error) {
        if (isAborted(signal)) break;
        failures++;
        // It is unknown who judges, so the webhook does.
        if (this.#judges.known === undefined) this.#leaveAllToWebhook();
        waitMs = backOffMs(failures, this.#options.random, error);
        const say = isApiError(error, 'Conflict') ? 'debug' : 'warn';
        this.#options.log[say]({ err: error }, 'the API server’s own policies are not as they should be; tried again');
      }
      await this.#wake.sleep(waitMs, signal, gatherMs);
    }
  }

  /** Leaves to the webhook what it is to have at once, while a pass may be busy with much else. */
  async #leave(signal: AbortSignal): Promise<void> {
    while (!isAborted(signal)) {
      const failed =
        this.#owner === undefined
          ? 0
          : await this.#term.parameters.leave([...this.#options.plans.all()], this.#owner, signal);
      await this.#leaving.sleep(failed > 0 ? soonMs : tickMs, signal);
    }
  }

  /** @returns after how many milliseconds to look again */
  async #pass(signal: AbortSignal): Promise<number> {
    const { client, instance, plans } = this.#options;
    const claims = this.#options.claims();
    if (claims === undefined) return tickMs;
    if (!(await servesPolicies(client, signal))) {
      this.#leaveAllToWebhook();
      this.#say(claims, () => notServed);
      return believeRefusalMs;
    }
    const isDefined = await servesPlans(client, signal);
    if (!isDefined) {
      this.#lostMs = this.#options.clock.monotonicMs();
    } else if (plans.listedMs === undefined || plans.listedMs < this.#lostMs) {
      // Nothing that was written for an earlier definition exists any more.
      this.#term.newPlans();
      await plans.relist(AbortSignal.any([signal, AbortSignal.timeout(relistPatienceMs)]));
    }
    const owner = isDefined ? await readOwner(client, ownerName(instance), signal) : undefined;
    if (this.#owner === undefined && owner !== undefined) this.#leaving.poke();
    this.#owner = owner;
    if (isDefined) plans.ownedBy(owner?.uid);
    const wanted = owner === undefined ? [] : this.#wanted(claims);
    const live = await this.#read(signal);
    // Now, since anything may fail before its turn comes.
    this.#judges.drop(this.#term.writer.changedJudges(live));
    const placed = placePolicies(wanted, live, this.#options);
    await this.#removeOthers(placed, live, signal);
    if (owner === undefined) {
      this.#leaveAllToWebhook();
      this.#say(claims, () =>
        pending(
          `There is no ClusterRole ${ownerName(instance)}, or no kind InstrumentationPlan: apply the chart with apiServerPolicies, and its definitions.`,
        ),
      );
      return tickMs;
    }
    const parameters = await this.#term.parameters.pass(
      placed.map(({ policy }) => policy),
      owner,
      signal,
    );
    await this.#removePlans(new Set(placed.map(({ policy }) => policy.name)), owner, signal);
    const written = { placed, live, owner, signal };
    const judged = await judge(this.#term, written, this.#refused);
    const instrumenting = await instrument(this.#term, written, this.#refused);
    const calls = await callsOf(this.#term, placed, judged, await this.#surroundings.follow(signal), signal);
    this.#skips.settle(calls.skips);
    this.#surroundings.select(placed.map(({ policy }) => policy.namespaceSelector));
    this.#judges.settle(judged);
    const unproven = await whyUnproven(this.#term, instrumenting, written);
    this.#say(claims, (policy) => {
      const state = parameters.states.get(policy);
      if (state === undefined) return pending('More policies than the API server is given names for.');
      if (unproven !== undefined) return pending(`It is not known that the API server instruments: ${unproven}.`);
      const { why } = parameters;
      if (why === undefined || state.namespaces > 0) return injecting(state, calls.why.get(policy));
      return pending(
        `What the API server is to be given could not be written: ${asError(why).message.slice(0, 2_000)}`,
      );
    });
    if (parameters.why !== undefined) throw asError(parameters.why);
    return parameters.isPending || unproven !== undefined ? soonMs : tickMs;
  }

  /** The webhook is called for all pods, and judges them. */
  #leaveAllToWebhook(): void {
    this.#skips.settle(new Map());
    this.#judges.settle(new Map());
  }

  #newSurroundings(): Surroundings {
    return new Surroundings({
      ...this.#options,
      judges: this.#judges,
      skips: this.#skips,
      changedJudge: (id, live) => this.#term.writer.changedJudge(id, live),
      onNews: () => this.#wake.poke(),
    });
  }

  readonly #refused = (policy: string, error: Error): void => {
    this.#options.log.error({ err: error, policy }, 'the API server refuses a policy of its own kind');
    this.#wake.poke();
  };

  #wanted(claims: Claims): readonly ClaimedPolicy[] {
    return [...claims.values()].flatMap((claim) => {
      if ('reason' in claim) return [];
      return this.#term.refusals.counts(claim.name) ? [] : [claim];
    });
  }

  async #read(signal: AbortSignal): Promise<Live> {
    const { client, instance } = this.#options;
    const own = new Set([...slotNames(instance), probeName(instance)]);
    try {
      const lists = await Promise.all(policyKinds.map((kind) => listOwn(client, kind, own, signal)));
      return new Map(lists.flat().map((one) => [idOf(one), one]));
    } catch (error) {
      // Whose rights are gone cannot see the judges go: as after an upgrade to Off whose replicas do not start.
      if (isApiError(error, 'Forbidden')) this.#leaveAllToWebhook();
      throw error;
    }
  }

  /** Removes what is not wanted, in an order in which no pod is wrongly denied or let through. */
  async #removeOthers(placed: readonly Placed[], live: Live, signal: AbortSignal): Promise<void> {
    const { instance, log } = this.#options;
    const kept = new Set(placed.flatMap(({ judging, mutating }) => [...judging, ...mutating]).map(idOf));
    const keepsProbe = ({ kind }: LiveObject): boolean =>
      placed.some(({ judging, mutating }) => [...judging, ...mutating].some((one) => one.kind === kind));
    const gone = [...live.values()].filter(
      (one) => !kept.has(idOf(one)) && !(one.name === probeName(instance) && keepsProbe(one)),
    );
    if (gone.length === 0) return;
    const onGone = (id: string): void => this.#term.writer.forget(id);
    await takeAway({ ...this.#options, judges: this.#judges, skips: this.#skips, onGone }, gone, signal);
    log.info({ objects: gone.length }, 'policies of the API server’s were taken away');
  }

  /**
   * Parameters of policies that are not carried out, and of namespaces that are not theirs any more.
   * @param placed the names of policies that are: what somebody made for them themselves would judge pods; nor does what
   * somebody made themselves count as learned
   */
  async #removePlans(placed: ReadonlySet<string>, { uid }: Owner, signal: AbortSignal): Promise<void> {
    const gone = [...this.#options.plans.all()].filter(({ namespace, name, owners }) => {
      const isOurs = owners.includes(uid);
      if (name === learnedPlanName) return !isOurs;
      return (isOurs || placed.has(name)) && !this.#term.parameters.isWanted(namespace, name);
    });
    if (gone.length > 0) await this.#term.plans.remove(gone, signal);
  }

  #say(claims: Claims, of: (policy: string) => ClaimedState): void {
    const states = statesOf(claims, (policy) => this.#term.refusals.wordsOf(policy), of);
    const isSame =
      states.size === this.#states.size &&
      [...states].every(([name, { message }]) => this.#states.get(name)?.message === message);
    this.#states = states;
    if (!isSame) this.#options.onState();
  }
}
