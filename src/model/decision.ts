import type { Prefer } from './policy.js';
import type { ReasonCode } from './reasons.js';

/** Which of the two webhooks is called: the one that changes pods, or the one that checks them at the end. */
export type Door = 'mutate' | 'validate';

/** What happens to a pod. `deny` is never given by the mutating door. */
export type DecisionKind = 'inject' | 'partial' | 'skip' | 'deny';

/** One check on the way to a decision, for `explain`. */
export interface Step {
  /** What was looked at: `policy payments`, `namespace`, `capability`, a container's name, … */
  readonly subject: string;
  /** `pass`: continues. `stop`: decides against. `note`: worth knowing, but decides nothing. */
  readonly result: 'pass' | 'stop' | 'note';
  /** The finding, in a few words. */
  readonly detail: string;
  /** Given for `stop` and for a `note` that is a remark. */
  readonly reason?: ReasonCode;
}

/** One decision about one pod. */
export interface Decision {
  readonly decision: DecisionKind;
  readonly reason: ReasonCode;
  /** A sentence for people that names what the reason is about: a container, an image, a field. */
  readonly detail: string;
  /** Name of the policy that won; `undefined` when none matched. */
  readonly policy: string | undefined;
  readonly prefer: Prefer | undefined;
  readonly steps: readonly Step[];
  /** What a policy in mode Report would do in mode Inject. Absent for every other policy. */
  readonly would?: WouldBe | undefined;
}

/** A decision that is not carried out, because the policy only reports. */
export interface WouldBe extends Finding {
  readonly decision: DecisionKind;
}

/** A selected container as the injection sees it: it can be instrumented, or it is left out for a reason. */
export interface ContainerFinding {
  readonly name: string;
  readonly list: 'containers' | 'initContainers';
  readonly leftOut?: { readonly reason: ReasonCode; readonly detail: string };
}

/** A reason and its subject. */
export interface Finding {
  readonly reason: ReasonCode;
  readonly detail: string;
}
