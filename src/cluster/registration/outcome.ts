import type { ConditionReason } from '../../model/status.js';
import type { FoundWays } from '../../model/ways.js';
import { namesOf, type DesiredRegistration, type PolicyEntries } from './desired.js';
import { mostConditions } from './match-conditions.js';
import type { RegisteredPolicy } from './registered-policy.js';

/** Whether a policy's webhooks are written as they should be: the condition `WebhookConfigured`. */
export interface PolicyRegistration {
  /** Also true if nothing is needed. */
  readonly configured: boolean;
  readonly reason: Extract<
    ConditionReason,
    | 'Configured'
    | 'Off'
    | 'NothingToDo'
    | 'SelectsNothing'
    | 'Paused'
    | 'CertificatePending'
    | 'Drifted'
    | 'NotWritten'
    | 'TooManyConditions'
  >;
  /** For people. */
  readonly message: string;
  /** The ways into its running pods that they cover; absent if that is unknown. */
  readonly ways?: FoundWays;
}

/** The problem that affects all policies. */
export function allWith(
  policies: readonly RegisteredPolicy[],
  reason: PolicyRegistration['reason'],
  message: string,
): ReadonlyMap<string, PolicyRegistration> {
  return new Map(policies.map(({ name }) => [name, { configured: false, reason, message }]));
}

/** What was seen of one configuration. */
export interface SeenConfiguration {
  /** Names of entries that are not as they should be. */
  readonly wrong: ReadonlySet<string>;
  /** What others added to the selectors, by entry. */
  readonly foreign: ReadonlyMap<string, readonly string[]>;
  /** The API server's answer to the last write, if it failed. */
  readonly failure: string | undefined;
}

/** The outcome for each policy. */
export function outcomes(
  desired: DesiredRegistration,
  seen: { readonly mutating: SeenConfiguration; readonly validating: SeenConfiguration },
  conditionsRefused: string | undefined,
): ReadonlyMap<string, PolicyRegistration> {
  return new Map(
    [...desired.byPolicy].map(([policy, entries]) => {
      const outcome = outcomeOf(entries, seen, conditionsRefused);
      return [policy, entries.found === undefined ? outcome : { ...outcome, ways: entries.found }];
    }),
  );
}

const without: Readonly<Record<NonNullable<PolicyEntries['none']>, string>> = {
  Off: 'the policy is Off: it is not registered with the API server',
  NothingToDo: 'the policy is not valid, has no last valid version and prefers Availability: its pods are left alone',
  SelectsNothing: 'no object can have the labels that the policy’s selectors ask for',
};

function outcomeOf(
  entries: PolicyEntries,
  seen: { readonly mutating: SeenConfiguration; readonly validating: SeenConfiguration },
  conditionsRefused: string | undefined,
): PolicyRegistration {
  if (entries.none !== undefined) {
    return { configured: true, reason: entries.none, message: without[entries.none] };
  }
  const doors = (['mutating', 'validating'] as const).flatMap((kind) =>
    namesOf(entries, kind).map((entry) => [entry, seen[kind]] as const),
  );
  for (const [entry, { wrong, failure }] of doors) {
    if (!wrong.has(entry)) continue;
    return failure === undefined
      ? {
          configured: false,
          reason: 'Drifted',
          message: `somebody else changed the webhook ${entry}; it is put right as soon as the limit on repairs allows`,
        }
      : { configured: false, reason: 'NotWritten', message: `the webhook ${entry} cannot be written: ${failure}` };
  }
  const { tooManyConditions } = entries;
  if (tooManyConditions !== undefined) {
    return {
      configured: false,
      reason: 'TooManyConditions',
      message: `with the conditions for what the policy admits, its webhooks would have ${tooManyConditions} match conditions, and the API server takes ${mostConditions}: they are called for the admitted pods too, which fail while no replica answers; give fewer with --match-conditions`,
    };
  }
  const foreign = [...new Set(doors.flatMap(([entry, { foreign }]) => foreign.get(entry) ?? []))];
  const remarks = [
    ...(foreign.length === 0 ? [] : [`others narrowed its selectors: ${foreign.join(', ')}`]),
    ...(conditionsRefused === undefined ? [] : [`the API server refused the matchConditions: ${conditionsRefused}`]),
  ];
  return {
    configured: true,
    reason: 'Configured',
    message: ['the policy’s webhooks are written', ...remarks].join('; '),
  };
}
