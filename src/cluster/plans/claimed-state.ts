import type { NotClaimable } from '../../model/not-claimable.js';
import type { ClaimedPolicy } from './claimed-policy.js';
import type { ConditionReason, ConditionStatus } from '../../model/status.js';

/** The state of one policy: the condition `ApiServerInjects`. */
export interface ClaimedState {
  readonly status: ConditionStatus;
  readonly reason: Extract<
    ConditionReason,
    'ApiServerInjects' | 'NotServed' | 'ParametersTruncated' | 'CelRefused' | 'NotClaimable' | 'Pending'
  >;
  /** A sentence or more, for people. */
  readonly message: string;
}

/** The result for the parameters of one policy. */
export interface ParametersState {
  /** In how many namespaces the API server instruments the policy's pods. */
  readonly namespaces: number;
  /** The number of images, counted once for each namespace. */
  readonly images: number;
  /** Images and namespaces that did not fit. */
  readonly leftOut: number;
  /** Why a namespace is left to the webhook, for one such namespace. */
  readonly refused: { readonly namespace: string; readonly why: NotClaimable; readonly count: number } | undefined;
}

/** The state if the API server does not serve the APIs that are needed. */
export const notServed: ClaimedState = {
  status: 'False',
  reason: 'NotServed',
  message:
    'The API server does not serve MutatingAdmissionPolicy v1, which Kubernetes has from 1.36 on: the webhook instruments the policy’s pods.',
};

/** The state of a policy that only the webhook carries out. */
export function notClaimable({ reason, detail }: NotClaimable): ClaimedState {
  return {
    status: 'False',
    reason: 'NotClaimable',
    message: `The webhook instruments the policy’s pods: ${reason}${detail === '' ? '' : `, ${detail}`}.`,
  };
}

/** The state if the API server rejects an object of ours. @param words the API server's own words */
export function celRefused(words: string): ClaimedState {
  return {
    status: 'False',
    reason: 'CelRefused',
    message: `The API server refused what would have it instrument the policy’s pods; the webhook does: ${words.slice(0, 2_000)}`,
  };
}

/** The state while this is not done, or cannot be done. */
export function pending(why: string): ClaimedState {
  return { status: 'Unknown', reason: 'Pending', message: why };
}

/**
 * The state of a policy that the API server carries out.
 * @param called why the webhook is called for these pods, too; `undefined` if it is not
 */
export function injecting(
  { namespaces, images, leftOut, refused }: ParametersState,
  called: string | undefined,
): ClaimedState {
  const scope = `The API server instruments the policy’s pods by itself in ${counted(namespaces, 'namespace')}, with ${counted(images, 'image')} known there`;
  const calls =
    called === undefined ? ' The webhook is not called for them.' : ` The webhook is called for them, too: ${called}.`;
  const left =
    refused === undefined
      ? ''
      : ` It leaves ${counted(refused.count, 'namespace')} to the webhook, such as ${refused.namespace}: ${refused.why.reason}, ${refused.why.detail}.`;
  const rest = `${calls}${left}`;
  if (leftOut > 0) {
    return {
      status: 'True',
      reason: 'ParametersTruncated',
      message: `${scope}; ${leftOut} more did not fit within plan-bytes and plan-total-bytes, and are left to the webhook.${rest}`,
    };
  }
  if (namespaces === 0 && refused !== undefined) return notClaimable(refused.why);
  return { status: 'True', reason: 'ApiServerInjects', message: `${scope}; the webhook does the rest.${rest}` };
}

/**
 * The states of all policies.
 * @param claims by policy: what the API server could do, or why it could not
 * @param refusalOf the API server's words, if it refuses an object of the policy
 * @param of the state of one that it could carry out
 */
export function statesOf(
  claims: ReadonlyMap<string, ClaimedPolicy | NotClaimable>,
  refusalOf: (policy: string) => string | undefined,
  of: (policy: string) => ClaimedState,
): ReadonlyMap<string, ClaimedState> {
  return new Map(
    [...claims].map(([name, claim]) => {
      if ('reason' in claim) return [name, notClaimable(claim)];
      const words = refusalOf(name);
      return [name, words === undefined ? of(name) : celRefused(words)];
    }),
  );
}

function counted(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}
