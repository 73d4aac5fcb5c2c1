import { pods } from '../../model/doors.js';
import { entryName } from './entry-names.js';
import {
  clientConfig,
  rulesOf,
  selfTestEntry,
  withoutExcluded,
  type Installation,
  type WebhookEntry,
} from './entry.js';
import { mostConditions, type MatchCondition } from './match-conditions.js';
import type { ObjectVersion, RegisteredPolicy } from './registered-policy.js';
import { acceptable } from './selectors.js';

/** The entries of both configurations, and which of them each policy has. */
export interface DesiredRegistration {
  readonly mutating: readonly WebhookEntry[];
  readonly validating: readonly WebhookEntry[];
  /** By policy name; a policy without entries has none, and why. */
  readonly byPolicy: ReadonlyMap<string, PolicyEntries>;
}

/** The names of a policy's entries. */
export interface PolicyEntries {
  readonly mutating: string | undefined;
  readonly validating: string | undefined;
  /** Why there is none, where there is none. */
  readonly none: 'Off' | 'NothingToDo' | 'SelectsNothing' | undefined;
  /** How many match conditions they would have, where that is more than the API server takes: then none of the policy's. */
  readonly tooManyConditions?: number;
  /** The version of the policy that they were made from. */
  readonly madeFrom?: ObjectVersion;
}

/**
 * Works out both configurations: for each policy that changes pods, or would if it were not only reporting, a mutating
 * entry, which never blocks; for each that can deny a validating one. Names and order depend on nothing but the
 * policies' names.
 *
 * @param caBundle base64 of PEM
 * @param matchConditions the setting's, for every policy's entries
 */
export function desiredRegistration(
  policies: readonly RegisteredPolicy[],
  installation: Installation,
  caBundle: string,
  matchConditions: readonly MatchCondition[],
): DesiredRegistration {
  const byPolicy = new Map<string, PolicyEntries>();
  const mutating: WebhookEntry[] = [selfTestEntry('mutating', installation, caBundle)];
  const validating: WebhookEntry[] = [selfTestEntry('validating', installation, caBundle)];
  for (const policy of [...policies].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const entries = entriesOf(policy, installation, caBundle, matchConditions);
    if (entries.mutating !== undefined) mutating.push(entries.mutating);
    if (entries.validating !== undefined) validating.push(entries.validating);
    byPolicy.set(policy.name, {
      mutating: entries.mutating?.name,
      validating: entries.validating?.name,
      none: entries.none,
      ...(entries.tooManyConditions === undefined ? {} : { tooManyConditions: entries.tooManyConditions }),
      ...(policy.madeFrom === undefined ? {} : { madeFrom: policy.madeFrom }),
    });
  }
  return { mutating, validating, byPolicy };
}

/** A policy's entries themselves. */
interface Entries extends Pick<PolicyEntries, 'none' | 'tooManyConditions'> {
  readonly mutating?: WebhookEntry;
  readonly validating?: WebhookEntry;
}

function entriesOf(
  policy: RegisteredPolicy,
  installation: Installation,
  caBundle: string,
  matchConditions: readonly MatchCondition[],
): Entries {
  if (policy.mode === 'Off') return { none: 'Off' };
  const denies = policy.canDeny && policy.mode === 'Inject';
  if (!policy.valid && !denies) return { none: 'NothingToDo' };
  const namespaceSelector = acceptable(withoutExcluded(policy.namespaceSelector, installation));
  const objectSelector = acceptable(policy.podSelector);
  if (namespaceSelector === undefined || objectSelector === undefined) return { none: 'SelectsNothing' };
  const wanted = [...matchConditions, ...policy.asksFor];
  const isTooMany = wanted.length > mostConditions;
  const common = {
    name: entryName(policy.name, installation.instance),
    rules: rulesOf(pods),
    matchPolicy: 'Equivalent',
    namespaceSelector,
    objectSelector,
    sideEffects: pods.sideEffects,
    timeoutSeconds: installation.timeoutSeconds,
    admissionReviewVersions: ['v1'],
    matchConditions: isTooMany ? matchConditions : wanted,
  } as const;
  const mutating: WebhookEntry = {
    ...common,
    clientConfig: clientConfig(installation, pods.doors.mutate.path, caBundle),
    failurePolicy: 'Ignore',
    reinvocationPolicy: pods.reinvocationPolicy,
  };
  const validating: WebhookEntry = {
    ...common,
    clientConfig: clientConfig(installation, pods.doors.validate.path, caBundle),
    failurePolicy: policy.prefer === 'Security' ? 'Fail' : 'Ignore',
  };
  return {
    none: undefined,
    ...(policy.valid ? { mutating } : {}),
    ...(denies ? { validating } : {}),
    ...(isTooMany ? { tooManyConditions: wanted.length } : {}),
  };
}
