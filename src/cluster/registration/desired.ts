import { pods } from '../../model/doors.js';
import type { LabelSelector } from '../../model/selector.js';
import type { FoundWays } from '../../model/ways.js';
import { entryName } from './entry-names.js';
import {
  clientConfig,
  rulesOf,
  selfTestEntry,
  withoutExcluded,
  type ConfigurationKind,
  type Installation,
  type WebhookEntry,
} from './entry.js';
import { mostConditions, type MatchCondition } from './match-conditions.js';
import type { ObjectVersion, RegisteredPolicy } from './registered-policy.js';
import { acceptable } from './selectors.js';
import { calledForCondition, notClaimed } from './not-claimed.js';
import { wayEntriesOf, type OfferedWays } from './way-entries.js';

/** The entries of both configurations, and which of them each policy has. */
export interface DesiredRegistration {
  readonly mutating: readonly WebhookEntry[];
  readonly validating: readonly WebhookEntry[];
  /** By policy name. For a policy without entries: why it has none. */
  readonly byPolicy: ReadonlyMap<string, PolicyEntries>;
}

/** The names of a policy's entries. */
export interface PolicyEntries {
  readonly mutating: string | undefined;
  readonly validating: string | undefined;
  /** Why there is none, if there is none. */
  readonly none: 'Off' | 'NothingToDo' | 'SelectsNothing' | undefined;
  /** The names of the entries for its running pods. */
  readonly ways?: { readonly mutating: readonly string[]; readonly validating: readonly string[] };
  /** The ways into its running pods that these entries cover; absent if the policy does not mention any. */
  readonly found?: FoundWays;
  /**
   * How many match conditions the entries would have, if that is more than the API server accepts. Then they get none of the
   * policy's.
   */
  readonly tooManyConditions?: number;
  /** The version of the policy that they were made from. */
  readonly madeFrom?: ObjectVersion;
}

/** The names of all of a policy's entries in one configuration. */
export function namesOf(entries: PolicyEntries, kind: ConfigurationKind): readonly string[] {
  const { [kind]: first, ways } = entries;
  return [...(first === undefined ? [] : [first]), ...(ways?.[kind] ?? [])];
}

/**
 * Works out both configurations: a mutating entry, which never blocks, for each policy that changes pods, or would if it did
 * not only report; a validating entry for each policy that can deny; and the entries for running pods. Names and order
 * depend only on the policies' names.
 *
 * @param caBundle base64 of PEM
 * @param matchConditions the setting's, for every policy's entries for new pods
 * @param offered the ways into running pods that this installation covers; absent: none
 */
export function desiredRegistration(
  policies: readonly RegisteredPolicy[],
  installation: Installation,
  caBundle: string,
  matchConditions: readonly MatchCondition[],
  offered?: OfferedWays,
): DesiredRegistration {
  const byPolicy = new Map<string, PolicyEntries>();
  const mutating: WebhookEntry[] = [selfTestEntry('mutating', installation, caBundle)];
  const validating: WebhookEntry[] = [selfTestEntry('validating', installation, caBundle)];
  for (const policy of [...policies].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const entries = entriesOf(policy, installation, caBundle, matchConditions);
    if (entries.mutating !== undefined) mutating.push(entries.mutating);
    if (entries.validating !== undefined) validating.push(entries.validating);
    const running = offered === undefined ? undefined : wayEntriesOf(policy, installation, caBundle, offered);
    mutating.push(...(running?.mutating ?? []));
    validating.push(...(running?.validating ?? []));
    byPolicy.set(policy.name, {
      mutating: entries.mutating?.name,
      validating: entries.validating?.name,
      none: entries.none,
      ...(running === undefined
        ? {}
        : {
            ways: { mutating: running.mutating.map(nameOf), validating: running.validating.map(nameOf) },
            found: running.found,
          }),
      ...(entries.tooManyConditions === undefined ? {} : { tooManyConditions: entries.tooManyConditions }),
      ...(policy.madeFrom === undefined ? {} : { madeFrom: policy.madeFrom }),
    });
  }
  return { mutating, validating, byPolicy };
}

function nameOf({ name }: WebhookEntry): string {
  return name;
}

/** Leaves out the pods that the API server instrumented and judges by itself. */
function withoutClaimed(selector: LabelSelector): LabelSelector {
  return { ...selector, matchExpressions: [...(selector.matchExpressions ?? []), notClaimed] };
}

/** Where there is no room for one more, the webhook is called for all pods. */
function withCalledFor(
  conditions: readonly MatchCondition[],
  calledFor: string | undefined,
): readonly MatchCondition[] {
  if (calledFor === undefined || conditions.length >= mostConditions) return conditions;
  return [...conditions, calledForCondition(calledFor)];
}

/** A policy's entries for new pods themselves. */
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
    matchConditions: withCalledFor(common.matchConditions, policy.calledFor),
    clientConfig: clientConfig(installation, pods.doors.mutate.path, caBundle),
    failurePolicy: 'Ignore',
    reinvocationPolicy: pods.reinvocationPolicy,
  };
  const validating: WebhookEntry = {
    ...common,
    ...(policy.judgesItself === true ? { objectSelector: withoutClaimed(objectSelector) } : {}),
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
