/**
 * Says whether a running pod has what its policy asks for now. Nothing is looked up and nothing is written.
 *
 * A record (label and annotations) is a claim, which anybody can write; a plan that is met is evidence. A pod that was
 * read whole is judged by what is in it: the engine is asked as the validating door would ask it. Of a pod of which
 * only metadata is known, the claim is compared with the current plan, and no more is said.
 */
import type { CoverageReason, CoverageState, PodVerdict, WouldBeOf } from '../../model/coverage.js';
import { objectOf, stringMembersOf, stringOf, type JsonObject } from '../../model/json.js';
import { names } from '../../model/names.js';
import { screen } from '../../policy/screen.js';
import { canaryWorkload, chooseRule } from '../canary.js';
import type { Engine } from '../engine.js';
import type { Rule, Rules } from '../rules.js';
import { forClaims, withoutLookUps } from './looks.js';
import { ageOfPlan, type PlanAge } from './plan-name.js';
import { askAnew, decidedOn, type Asked, type PodPlace } from './ask.js';
import { tryAsBefore } from './as-before.js';
import { wouldBeOf } from './would-be.js';
import { structureOf } from './structure.js';
import { isPartialAsClaimed } from './partial-claim.js';
import { whyMissed, type CalledFor } from './why-missed.js';

/** What pods are judged against. */
export interface JudgeOptions {
  /** The current engine. */
  readonly engine: Engine;
  /** Rules that were in force before, as far as they are known: by them, pods of an earlier plan can be judged whole. */
  readonly earlier: readonly Rules[];
  /** Since when the API server calls the webhook for a policy's pods, and when it failed to. */
  readonly calledFor: (policy: string) => CalledFor;
}

/** What a pod says about itself. */
interface Claim {
  /** The label's value. */
  readonly status: string;
  readonly plan: string | undefined;
  readonly key: string | undefined;
  readonly reason: string | undefined;
}

/** Judges running pods by the rules in force when it was created. A sweep creates one. */
export class CoverageJudge {
  readonly #options: JudgeOptions;
  readonly #claiming: Engine;
  readonly #others: Engine;
  /** Whether the last pod that makes no claim was judged by an image that nobody has looked up. */
  #isAssumed = false;

  constructor(options: JudgeOptions) {
    this.#options = options;
    this.#claiming = forClaims(options.engine);
    this.#others = withoutLookUps(options.engine, () => (this.#isAssumed = true));
  }

  /**
   * Judges by metadata alone a pod that carries our label.
   * @returns `undefined` for a pod of no policy, or of one that is off
   */
  byRecord(pod: JsonObject, place: PodPlace): PodVerdict | undefined {
    const { rules, excludedNamespaces } = this.#options.engine;
    const metadata = objectOf(pod['metadata']) ?? {};
    const about = {
      namespace: place.namespace,
      namespaceLabels: place.labels,
      podLabels: stringMembersOf(metadata['labels']),
    };
    const { stop, policy } = screen(rules.policies, about, excludedNamespaces, false);
    if (policy === undefined || stop?.reason === 'policy_off') return undefined;
    const whole = rules.byPolicy.get(policy.name);
    if (stop !== undefined || whole === undefined) {
      const { reason, detail } = stop ?? { reason: 'policy_invalid', detail: '' };
      const reports = (policy.valid ? policy.spec.mode : policy.mode) === 'Report';
      return {
        policy: policy.name,
        state: 'excused',
        reason,
        detail,
        ...(reports ? { would: instrumentedBefore } : {}),
      };
    }
    if (policy.spec.mode === 'Report') {
      return claimOf(metadata) === undefined
        ? { ...forged(policy.name, 'its label names no state of ours'), would: instrumentedBefore }
        : { ...leftAlone(policy.name, 'its record says that it is instrumented'), would: instrumentedBefore };
    }
    const { rule, step } = chooseRule(whole, place.namespace, canaryWorkload(metadata));
    if (rule === undefined) {
      return { policy: policy.name, state: 'excused', reason: 'canary_excluded', detail: step?.detail ?? '' };
    }
    const claim = claimOf(metadata);
    if (claim === undefined) return forged(policy.name, 'its label names no state of ours');
    return { policy: policy.name, ...this.#ofClaim(claim, rule, place.namespace) };
  }

  /**
   * Judges a pod that was read whole.
   * @returns `undefined` for a pod of no policy, or of one that is off
   */
  whole(pod: JsonObject, place: PodPlace): PodVerdict | undefined {
    const metadata = objectOf(pod['metadata']) ?? {};
    const isLabelled = stringOf(objectOf(metadata['labels'])?.[names.status]) !== undefined;
    this.#isAssumed = false;
    const asked = askAnew(pod, place, isLabelled ? this.#claiming : this.#others);
    const { policy, reason } = asked.outcome.decision;
    if (policy === undefined || reason === 'policy_off') return undefined;
    const would = wouldBeOf(asked.outcome.decision, this.#isAssumed);
    if (would !== undefined) {
      const verdict = this.#reported(policy, metadata, asked, isLabelled);
      return { ...verdict, would: isLabelled ? instrumentedBefore : would };
    }
    if (!isLabelled) return { policy, ...this.#unclaimed(pod, policy, asked) };
    if (asked.outcome.rule === undefined || asked.rule === undefined) {
      return { policy, state: 'excused', reason, detail: asked.outcome.decision.detail };
    }
    const claim = claimOf(metadata);
    if (claim === undefined) return forged(policy, 'its label names no state of ours');
    return { policy, ...this.#claimed(pod, place, claim, asked, asked.rule) };
  }

  /** A pod of a policy that only reports. What it claims is judged by what can be seen of it. */
  #reported(policy: string, metadata: JsonObject, { outcome, rule, view }: Asked, isLabelled: boolean): PodVerdict {
    const { reason, detail } = outcome.decision;
    if (!isLabelled) return { policy, state: 'excused', reason, detail };
    if (claimOf(metadata) === undefined) return forged(policy, 'its label names no state of ours');
    // Where a node's agent does the work, a pod has no part that could be looked for.
    const hasParts = rule === undefined || rule.recipe.wrapper !== undefined;
    const found =
      view === undefined || !hasParts ? undefined : structureOf(view, this.#options.engine.rules.tracers).found;
    if (found === 'absent') return forged(policy, 'nothing of a tracer is in it');
    return leftAlone(policy, found === 'whole' ? 'it is instrumented' : 'its record says that it is instrumented');
  }

  /** A pod that says nothing about itself. */
  #unclaimed(pod: JsonObject, policy: string, asked: Asked): Omit<PodVerdict, 'policy'> {
    const said = decidedOn(asked);
    if (said.state !== 'missed') return said;
    const why = whyMissed(pod, this.#options.calledFor(policy));
    return { state: 'missed', reason: why.reason, detail: `${why.detail}; ${said.detail}` };
  }

  /** A pod that claims to be instrumented, read whole. */
  #claimed(pod: JsonObject, place: PodPlace, claim: Claim, asked: Asked, rule: Rule): Omit<PodVerdict, 'policy'> {
    const said = decidedOn(asked);
    const { rules } = this.#options.engine;
    const byRecord = this.#ofClaim(claim, rule, place.namespace);
    const age: PlanAge = claim.plan === undefined ? 'unknown' : ageOfPlan(claim.plan, rule, rules);
    if (said.state === 'instrumented') {
      // It has what it should have, whatever plan it names.
      return byRecord.state === 'instrumented' || byRecord.state === 'partial' ? said : { ...byRecord, state: 'stale' };
    }
    if (said.state === 'partial') return byRecord.state === 'stale' ? byRecord : said;
    if (age === 'current') return this.#ofThisPlan(pod, place, claim, asked, rule);
    const before = this.#byEarlier(pod, place, claim);
    if (before !== undefined) return before ? byRecord : voidClaim(said.detail);
    const { view } = asked;
    const structure = view === undefined ? { found: 'absent' as const } : structureOf(view, rules.tracers);
    if (structure.found === 'whole') return byRecord;
    const isKnown = age === 'other' || byRecord.state === 'stale';
    if (structure.found === 'absent') {
      return isKnown ? voidClaim('nothing of a tracer is in it') : byRecord;
    }
    return {
      state: 'unproven',
      reason: 'parts_of_another',
      detail: `plan ${claim.plan ?? 'none'}; ${structure.detail}`,
    };
  }

  /** A pod that claims the current plan, and does not meet it. */
  #ofThisPlan(pod: JsonObject, place: PodPlace, claim: Claim, asked: Asked, rule: Rule): Omit<PodVerdict, 'policy'> {
    const { state, reason, detail } = decidedOn(asked);
    if (claim.status === 'partial' && isPartialAsClaimed(asked)) {
      return { state: 'partial', reason: 'some_containers_left_out', detail: claim.reason ?? detail };
    }
    const before = tryAsBefore(pod, place, asked, rule, this.#claiming);
    if (before !== undefined) return { state: 'stale', reason: 'other_settings', detail: before };
    // Nothing was planned, since a new pod would be left alone: what it claims is judged by what can be seen of it.
    const isLeftAlone = state === 'excused' && !aboutParts.has(reason);
    const { rules } = this.#options.engine;
    if (isLeftAlone && asked.view !== undefined && structureOf(asked.view, rules.tracers).found === 'whole') {
      return { state: 'stale', reason, detail: `a new pod would be left alone: ${detail}` };
    }
    return voidClaim(detail);
  }

  /** Whether a pod is whole by rules that were in force before; `undefined` where those of its plan are not known. */
  #byEarlier(pod: JsonObject, place: PodPlace, { plan }: Claim): boolean | undefined {
    if (plan === undefined) return undefined;
    let known: boolean | undefined;
    for (const rules of this.#options.earlier) {
      const asked = askAnew(pod, place, { ...this.#claiming, rules });
      // Rules that left it alone, as a canary does, planned nothing that it could be held to.
      const { rule } = asked.outcome;
      if (rule === undefined || ageOfPlan(plan, rule, rules) !== 'current') continue;
      const { state } = decidedOn(asked);
      if (state === 'instrumented' || state === 'partial') return true;
      known = tryAsBefore(pod, place, asked, rule, { ...this.#claiming, rules }) !== undefined;
      if (known) return true;
    }
    return known;
  }

  /** What a record alone says. */
  #ofClaim({ status, plan, key, reason }: Claim, rule: Rule, namespace: string): Omit<PodVerdict, 'policy'> {
    const { rules } = this.#options.engine;
    const age: PlanAge = plan === undefined ? 'unknown' : ageOfPlan(plan, rule, rules);
    if (age === 'unknown') {
      return {
        state: 'unproven',
        reason: 'unknown_plan',
        detail: `plan ${plan ?? 'none'}; a new pod gets ${rule.stamp}`,
      };
    }
    const hasOtherKey = this.#isOtherKey(key, rule, namespace);
    const also = hasOtherKey ? '; with another access key, too' : '';
    if (age === 'other') {
      return {
        state: 'stale',
        reason: 'other_plan',
        detail: `plan ${plan ?? ''}; a new pod gets ${rule.stamp}${also}`,
      };
    }
    if (hasOtherKey) {
      return { state: 'stale', reason: 'other_key', detail: `key ${key ?? ''} is not the one of now` };
    }
    if (status === 'partial') {
      return { state: 'partial', reason: 'some_containers_left_out', detail: reason ?? 'its record says so' };
    }
    return { state: 'instrumented', reason: 'by_its_record', detail: '' };
  }

  /** Whether a pod was made with another access key than there is now, where both are known. */
  #isOtherKey(key: string | undefined, { recipe }: Rule, namespace: string): boolean {
    if (key === undefined || recipe.credentials === undefined) return false;
    const { name, key: field } = recipe.credentials;
    const now = this.#options.engine.credentials?.version(namespace, name, field);
    return now !== undefined && now !== key;
  }
}

/** Reasons that are about what is in the pod of the instrumentation. */
const aboutParts: ReadonlySet<CoverageReason> = new Set<CoverageReason>([
  'parts_differ',
  'parts_missing',
  'tampered',
  'instrumented_otherwise',
]);

function claimOf(metadata: JsonObject): Claim | undefined {
  const status = stringOf(objectOf(metadata['labels'])?.[names.status]);
  if (status !== 'injected' && status !== 'partial') return undefined;
  const annotations = objectOf(metadata['annotations']);
  const text = (name: string): string | undefined => stringOf(annotations?.[name]);
  return { status, plan: text(names.plan), key: text(names.credentials), reason: text(names.reason) };
}

/** A pod with our parts in it, or with our record, is not what a new one comes as. */
const instrumentedBefore: WouldBeOf = { decision: 'unknown', reason: 'instrumented_before' };

/** A pod that is instrumented, under a policy that only reports. */
function leftAlone(policy: string, why: string): PodVerdict {
  return { policy, state: 'stale', reason: 'report_mode', detail: `${why}; a new pod would be left alone` };
}

function voidClaim(detail: string): { readonly state: CoverageState; readonly reason: CoverageReason; detail: string } {
  return { state: 'forged', reason: 'claim_void', detail };
}

function forged(policy: string, detail: string): PodVerdict {
  return { policy, ...voidClaim(detail) };
}
