import type { ApiClient } from '../../../cluster/client/api-client.js';
import { ApiServerPolicies } from '../../../cluster/plans/api-server-policies.js';
import type { Claims } from '../../../cluster/plans/api-server-policies-options.js';
import type { ClaimedPolicy } from '../../../cluster/plans/claimed-policy.js';
import type { ClaimedState } from '../../../cluster/plans/claimed-state.js';
import { selectorsKey } from '../../../cluster/plans/judged-entries.js';
import type { KnownPlans } from '../../../cluster/plans/known-plans.js';
import { configOf } from '../../../cluster/plans/learned-images.js';
import type { LeaveToWebhook } from '../../../cluster/plans/parameters.js';
import { fittedPlan } from '../../../cluster/plans/plan-contents.js';
import { withoutExcluded } from '../../../cluster/registration/entry.js';
import { parseMatchConditions } from '../../../cluster/registration/match-conditions.js';
import { registeredPolicies, type RegisteredPolicy } from '../../../cluster/registration/registered-policy.js';
import { acceptable } from '../../../cluster/registration/selectors.js';
import { apiServerObjectsOf } from '../../../engine/api-server/objects.js';
import { imageArgvOf } from '../../../engine/api-server/images.js';
import { planParametersOf } from '../../../engine/api-server/parameters.js';
import type { Engine } from '../../../engine/engine.js';
import type { Rule } from '../../../engine/rules.js';
import { learnedPlanName, type PlanParameters } from '../../../model/instrumentation-plan.js';
import type { NotClaimable } from '../../../model/not-claimable.js';
import type { LabelSelector } from '../../../model/selector.js';
import { namespaceLabelsOf } from '../../../model/selector.js';
import { installationOf } from './installation.js';
import type { LeadingOptions } from './options.js';

/** What this part needs, in addition to the leader's options. */
export interface LedApiServerPoliciesOptions extends Pick<
  LeadingOptions,
  'settings' | 'watching' | 'state' | 'engine'
> {
  readonly client: ApiClient;
  readonly plans: KnownPlans;
  readonly isUnchanging: (reference: string) => boolean;
  /** Whether this replica answers: nothing is written before. */
  readonly isServing: () => boolean;
  readonly isPaused: () => boolean;
  /** Policies and namespaces that are left to the webhook for now; `leftChanged` says when that changes. Absent: none. */
  readonly leaveToWebhook?: LeaveToWebhook;
  readonly onJudged: () => void;
  readonly onState: () => void;
}

/** The leader's part for what the API server does by itself, made of policies and the current engine. */
export class LedApiServerPolicies {
  readonly #options: LedApiServerPoliciesOptions;
  readonly #policies: ApiServerPolicies;

  constructor(options: LedApiServerPoliciesOptions) {
    const { settings, watching, client, plans } = options;
    this.#options = options;
    this.#policies = new ApiServerPolicies({
      ...watching,
      client,
      instance: settings.instance,
      ownNamespace: settings.ownNamespace,
      plans,
      matchConditions: parseMatchConditions(settings.matchConditions),
      totalBytes: settings.planTotalBytes / 2,
      claims: () => this.#claims(),
      ...(options.leaveToWebhook === undefined ? {} : { leaveToWebhook: options.leaveToWebhook }),
      onJudged: options.onJudged,
      onState: options.onState,
    });
  }

  /** Call this when policies, facts or a pause may have changed. */
  readonly changed = (): void => this.#policies.changed();

  /** Call this when something in these namespaces has changed. */
  readonly namespacesChanged = (namespaces: ReadonlySet<string>): void => this.#policies.namespacesChanged(namespaces);

  /** Call this when `leaveToWebhook` may have another answer. */
  readonly leftChanged = (): void => this.#policies.leftChanged();

  /** The state of a policy. */
  of(policy: string): ClaimedState | undefined {
    return this.#policies.of(policy);
  }

  /** The policies with what the API server instruments and judges of them; `undefined` until that is known. */
  withJudges(policies: readonly RegisteredPolicy[]): readonly RegisteredPolicy[] | undefined {
    const judged = this.#policies.judged();
    if (judged === undefined) return undefined;
    return policies.map((policy) => {
      const { name, namespaceSelector, podSelector } = policy;
      const key = selectorsKey(namespaceSelector, podSelector);
      const isJudged = judged.get(name) === key;
      const skip = this.#policies.skipOf(name);
      const isSkipped = skip?.key === key && (isJudged || !skip.needsJudge);
      return {
        ...policy,
        ...(isJudged ? { judgesItself: true } : {}),
        ...(isSkipped ? { calledFor: skip.calledFor } : {}),
      };
    });
  }

  run(term: AbortSignal): Promise<void> {
    return this.#policies.run(term);
  }

  #claims(): Claims | undefined {
    const { isServing, isPaused, state, engine } = this.#options;
    if (isPaused()) return new Map();
    if (!isServing()) return undefined;
    const now = engine();
    const claims = new Map<string, ClaimedPolicy | NotClaimable>();
    const conditions = this.#conditions();
    for (const { name, policy } of state.configuration().policies) {
      const rule = now.rules.byPolicy.get(name);
      if (policy === undefined || rule === undefined) claims.set(name, { reason: 'policy_invalid', detail: name });
      else claims.set(name, this.#claimOf(name, policy.spec.match, rule, now, conditions.get(name) ?? 0));
    }
    return claims;
  }

  /** By policy: how many match conditions its webhook has. */
  #conditions(): ReadonlyMap<string, number> {
    const { state, settings } = this.#options;
    const ofAll = parseMatchConditions(settings.matchConditions).length;
    const policies = registeredPolicies(state.configuration().policies);
    return new Map(policies.map(({ name, asksFor }) => [name, ofAll + asksFor.length]));
  }

  #claimOf(
    name: string,
    {
      namespaceSelector,
      podSelector,
    }: { readonly namespaceSelector: LabelSelector; readonly podSelector: LabelSelector },
    rule: Rule,
    engine: Engine,
    conditions: number,
  ): ClaimedPolicy | NotClaimable {
    const namespaces = acceptable(withoutExcluded(namespaceSelector, installationOf(this.#options.settings)));
    const pods = acceptable(podSelector);
    if (namespaces === undefined || pods === undefined || name === learnedPlanName) {
      return { reason: 'not_sayable', detail: 'its name or its selectors' };
    }
    const objects = (slot: string) =>
      apiServerObjectsOf({
        policyName: name,
        engine,
        name: slot,
        labels: {},
        namespaceSelector: namespaces,
        objectSelector: pods,
      });
    const made = objects(name);
    if (!made.claimable) return made.why;
    return {
      name,
      key: selectorsKey(namespaceSelector, podSelector),
      namespaceSelector: namespaces,
      conditions,
      namespaces: this.#namespacesOf(name, engine),
      objects,
      prepare: async (namespace, signal) => {
        const limited = (): AbortSignal => AbortSignal.any([signal, AbortSignal.timeout(prepareMs)]);
        await Promise.all([
          engine.credentials?.prepare(namespace, rule, true, limited),
          engine.limits?.prepare(namespace, 'mutate', limited),
        ]);
      },
      plan: (namespace, before) => this.#planOf(name, engine, namespace, before),
    };
  }

  /** Namespaces with the most recently created pods come first. */
  #namespacesOf(policy: string, engine: Engine): readonly string[] {
    const { state, plans } = this.#options;
    const ranked = engine.rules.policies.ranked.find(({ name }) => name === policy);
    if (ranked === undefined) return [];
    const found: { readonly name: string; readonly usedAt: string }[] = [];
    for (const [name, labels] of state.configuration().namespaces) {
      if (engine.excludedNamespaces.has(name) || !ranked.matchesNamespace(namespaceLabelsOf(name, labels))) continue;
      const used = Object.values(plans.learned(name)?.images ?? {}).map(({ usedAt }) => usedAt);
      found.push({ name, usedAt: used.reduce((latest, one) => (one > latest ? one : latest), '') });
    }
    return found
      .sort((a, b) => (a.usedAt === b.usedAt ? (a.name < b.name ? -1 : 1) : a.usedAt < b.usedAt ? 1 : -1))
      .map(({ name }) => name);
  }

  #planOf(policyName: string, engine: Engine, namespace: string, before: PlanParameters | undefined) {
    const { plans, state, settings, isUnchanging } = this.#options;
    const namespaceLabels = namespaceLabelsOf(namespace, state.namespaceLabels(namespace) ?? {});
    return fittedPlan<NotClaimable>(
      plans.learned(namespace)?.images ?? {},
      (reference, image, { plans: [plan] }) =>
        plan !== undefined && isUnchanging(reference) ? imageArgvOf(configOf(image), plan.terms) : undefined,
      (images) => planParametersOf({ policyName, engine, namespace, namespaceLabels, images, before }),
      (made): made is PlanParameters => !('reason' in made),
      settings.planBytes,
    );
  }
}

/** How long one namespace may delay the others. */
const prepareMs = 5_000;
