import type { ConditionReason } from '../../model/status.js';
import { namesOf, type PolicyEntries } from './desired.js';
import type { ConfigurationKind } from './entry.js';
import type { LoadedVersions } from './loaded-versions.js';
import type { ObjectVersion } from './registered-policy.js';

/** Whether the API server is known to call the webhook for a policy's pods. */
export interface PolicyInForce {
  /** The version of the policy that this is about. */
  readonly of: ObjectVersion | undefined;
  /** `undefined`: earlier leaders reported that it was in force, and that is not proven again yet. */
  readonly inForce: boolean | undefined;
  readonly reason: Extract<
    ConditionReason,
    'Off' | 'SelectsNothing' | 'NothingToDo' | 'Proven' | 'Proving' | 'OlderReplicas' | 'Unreachable' | 'NotProven'
  >;
  /** A sentence or more, for people. */
  readonly message: string;
  /** Since when that is so, in milliseconds since 1970 by the API server's date. */
  readonly sinceMs: number;
}

/** What it is judged by, besides the policy's entries. */
export interface Evidence {
  readonly loaded: Readonly<Record<ConfigurationKind, Pick<LoadedVersions, 'has'>>>;
  /** Whether the path of the self-test names the configuration. */
  readonly hashed: boolean;
  /** Whether the API server was last seen not to reach the webhook. */
  readonly isUnreachable: boolean;
  /** Why there is no proof, if that takes too long. */
  readonly trouble: string | undefined;
}

type Found = Pick<PolicyInForce, 'inForce' | 'reason' | 'message'>;

const without: Readonly<Record<NonNullable<PolicyEntries['none']>, Found>> = {
  Off: { inForce: true, reason: 'Off', message: 'The policy is Off: the API server is not to call for its pods.' },
  SelectsNothing: {
    inForce: true,
    reason: 'SelectsNothing',
    message: 'No object can have the labels that the policy’s selectors ask for.',
  },
  NothingToDo: { inForce: false, reason: 'NothingToDo', message: 'No version of the policy is carried out.' },
};

const proven: Found = {
  inForce: true,
  reason: 'Proven',
  message: 'Five new connections in a row met API servers that call the webhook for the policy’s pods.',
};

/** Says whether a policy is in force. Pure. */
export function inForceOf(entries: PolicyEntries, { loaded, hashed, isUnreachable, trouble }: Evidence): Found {
  if (entries.none !== undefined) return without[entries.none];
  if (isUnreachable) {
    return { inForce: false, reason: 'Unreachable', message: 'The API server does not reach the webhook.' };
  }
  const known = (['mutating', 'validating'] as const).flatMap((kind) =>
    namesOf(entries, kind).map((name) => loaded[kind].has(name)),
  );
  if (known.every((has) => has === true)) return proven;
  const inForce = known.includes(false) ? false : undefined;
  if (!hashed) {
    const message =
      'A replica that cannot tell by which configuration it was called is there, or may be; it is found out once that is gone.';
    return { inForce, reason: 'OlderReplicas', message };
  }
  if (trouble !== undefined) return { inForce, reason: 'NotProven', message: `It is not proven yet: ${trouble}.` };
  const message = 'Whether the API server has loaded the policy’s webhooks is being found out.';
  return { inForce, reason: 'Proving', message };
}
