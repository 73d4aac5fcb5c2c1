import type { DryRunAnswer } from '../../cluster/dry-run/dry-run-pods.js';
import type { Refusal } from '../../cluster/dry-run/refusal.js';
import { isOwnName } from '../../cluster/registration/entry-names.js';
import { slotNames } from '../../cluster/plans/slots.js';
import { remedyOf, type RefusedPod } from './remedies.js';

/** What the API server says to the pod that a workload would get. */
export type Verdict =
  /** It would be created. */
  | { readonly kind: 'admitted' }
  /** It would be refused. */
  | {
      readonly kind: 'refused';
      readonly refusal: Refusal;
      /** Whether a pod as it is created now would be refused, too; `unknown` if that could not be asked. */
      readonly now: 'admitted' | 'refused' | 'unknown';
      readonly remedy: string;
    }
  /** It was not asked, because nothing changes for the pods or our own policies refuse them. */
  | { readonly kind: 'not_asked'; readonly why: NotAsked }
  /** It was asked, and gave no answer that says anything about the pod. */
  | { readonly kind: 'unknown'; readonly why: string };

/** Why a template was not asked about. */
export type NotAsked =
  /** The policies put nothing into the pod. */
  | 'nothing_added'
  /** The policies themselves would refuse the pod. */
  | 'denied'
  /** The user has not the right to create pods in the namespace. */
  | 'no_right';

/**
 * Makes the verdict.
 *
 * @param instance name of the installation, whose own webhooks know nothing of the policies in question
 * @param then the answer to the pod with our parts
 * @param now the answer to the pod without them; only needed for a refusal
 */
export function verdictOf(
  instance: string,
  pod: Omit<RefusedPod, 'refusedBare'>,
  then: DryRunAnswer,
  now: DryRunAnswer | undefined,
): Verdict {
  switch (then.kind) {
    case 'admitted':
      return { kind: 'admitted' };
    case 'forbidden':
      return { kind: 'not_asked', why: 'no_right' };
    case 'unknown':
      return { kind: 'unknown', why: then.words };
    case 'refused':
      return isOwn(then.refusal, instance) ? installedRefuses(then.refusal) : refusedVerdict(then.refusal, pod, now);
  }
}

function refusedVerdict(
  refusal: Refusal,
  pod: Omit<RefusedPod, 'refusedBare'>,
  now: DryRunAnswer | undefined,
): Verdict {
  const before = now?.kind === 'admitted' || now?.kind === 'refused' ? now.kind : 'unknown';
  const refusedBare = before === 'unknown' ? undefined : before === 'refused';
  return { kind: 'refused', refusal, now: before, remedy: remedyOf(refusal, { ...pod, refusedBare }) };
}

/**
 * The policies that are installed now may refuse a pod with other parts than theirs. That says nothing about the new ones,
 * and hides what others would say.
 */
function installedRefuses({ words }: Refusal): Verdict {
  return { kind: 'unknown', why: `a policy that is installed now refuses parts other than its own: ${words}` };
}

/** Whether it is this installation that refuses. */
export function isOwn({ by, name }: Refusal, instance: string): boolean {
  if (name === undefined) return false;
  if (by === 'Webhook') return isOwnName(name, instance);
  return by === 'ValidatingAdmissionPolicy' && slotNames(instance).includes(name);
}
