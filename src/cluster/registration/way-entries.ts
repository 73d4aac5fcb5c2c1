import { updates, type Subject, type SubjectRow } from '../../model/doors.js';
import { ways, type FoundWays } from '../../model/ways.js';
import { wayEntryName } from './entry-names.js';
import { clientConfig, rulesOf, withoutExcluded, type Installation, type WebhookEntry } from './entry.js';
import type { MatchCondition } from './match-conditions.js';
import type { RegisteredPolicy, WantedWays } from './registered-policy.js';
import { acceptable } from './selectors.js';
import { unlessFrom, unlessSameImages } from './way-conditions.js';

/** The ways into running pods that the installation covers. */
export interface OfferedWays {
  /** The ways for which every replica has a door. */
  readonly subjects: ReadonlySet<Subject>;
  /** Why other ways are missing. */
  readonly lack: FoundWays['lack'];
  /** Groups that the installation exempts. */
  readonly breakGlassGroups: readonly string[];
}

/** The entries of one policy for the ways into its running pods. */
export interface WayEntries {
  readonly mutating: readonly WebhookEntry[];
  readonly validating: readonly WebhookEntry[];
  readonly found: FoundWays;
}

/**
 * A policy's webhook entries for what happens to its running pods. They have the policy's namespaces, but not the
 * installation's match conditions, which are about new pods and would fail on anything else.
 *
 * There is a mutating entry if something is traced. It never blocks. A validating entry blocks while no replica answers only
 * if the policy prefers Security, the way is traced or denied, and some user is exempt from it. Otherwise an outage would
 * lock out the people who could end it.
 */
export function wayEntriesOf(
  policy: RegisteredPolicy,
  installation: Installation,
  caBundle: string,
  offered: OfferedWays,
): WayEntries {
  const { ways: wanted } = policy;
  const asked = wanted === undefined ? [] : ways.filter(({ key }) => wanted[key] !== 'Allow');
  const served = asked.filter(({ key }) => offered.subjects.has(key));
  const common = { policy, installation, caBundle, breakGlass: offered.breakGlassGroups };
  const made = wanted === undefined ? [] : served.map((way) => entriesOf(way, { ...common, wanted }));
  const found = {
    wanted: asked.map(({ key }) => key),
    registered: served.map(({ key }) => key),
    lack: served.length < asked.length ? offered.lack : undefined,
    withoutBreakGlass: served.filter((_, index) => made[index]?.lacksBreakGlass === true).map(({ key }) => key),
  };
  return {
    mutating: made.flatMap(({ mutating }) => mutating),
    validating: made.flatMap(({ validating }) => validating),
    found,
  };
}

interface Parts {
  readonly policy: RegisteredPolicy;
  readonly wanted: WantedWays;
  readonly installation: Installation;
  readonly caBundle: string;
  readonly breakGlass: readonly string[];
}

interface Made {
  readonly mutating: readonly WebhookEntry[];
  readonly validating: readonly WebhookEntry[];
  readonly lacksBreakGlass: boolean;
}

const none: Made = { mutating: [], validating: [], lacksBreakGlass: false };

function entriesOf(way: (typeof ways)[number], parts: Parts): Made {
  const { policy, wanted, installation, caBundle, breakGlass } = parts;
  const namespaceSelector = acceptable(withoutExcluded(policy.namespaceSelector, installation));
  // A connect request has no labels, so any label selector would match none of them.
  const isPod = way.requests.every(({ kind }) => kind === 'Pod');
  const objectSelector = isPod ? acceptable(policy.podSelector) : {};
  if (namespaceSelector === undefined || objectSelector === undefined) return none;
  const mode = wanted[way.key];
  const exempt = way.key === 'updates' ? { users: [], groups: [] } : wanted.exempt;
  const callers = { users: exempt.users, groups: [...breakGlass, ...exempt.groups] };
  const fromOthers = unlessFrom(callers);
  const failsClosed = policy.prefer === 'Security' && (mode === 'Trace' || mode === 'Deny');
  const common = {
    name: wayEntryName(policy.name, way.key, installation.instance),
    rules: rulesOf(way),
    matchPolicy: 'Equivalent',
    namespaceSelector,
    objectSelector,
    sideEffects: way.sideEffects,
    timeoutSeconds: installation.timeoutSeconds,
    admissionReviewVersions: ['v1'],
    matchConditions: conditionsOf(way, fromOthers),
  } as const;
  const doors: SubjectRow['doors'] = way.doors;
  const mutate = mode === 'Trace' ? doors.mutate : undefined;
  return {
    mutating:
      mutate === undefined
        ? []
        : [
            {
              ...common,
              clientConfig: clientConfig(installation, mutate.path, caBundle),
              failurePolicy: 'Ignore',
              reinvocationPolicy: way.reinvocationPolicy,
            },
          ],
    validating: [
      {
        ...common,
        clientConfig: clientConfig(installation, way.doors.validate.path, caBundle),
        failurePolicy: failsClosed && fromOthers !== undefined ? 'Fail' : 'Ignore',
      },
    ],
    lacksBreakGlass: failsClosed && fromOthers === undefined,
  };
}

function conditionsOf({ key }: SubjectRow, fromOthers: MatchCondition | undefined): readonly MatchCondition[] {
  return [...(fromOthers === undefined ? [] : [fromOthers]), ...(key === updates.key ? [unlessSameImages] : [])];
}
