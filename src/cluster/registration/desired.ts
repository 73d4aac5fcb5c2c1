import { createHash } from 'node:crypto';
import { pods, selfTest, type SubjectRow } from '../../model/doors.js';
import type { JsonObject } from '../../model/json.js';
import { names } from '../../model/names.js';
import { canDeny, type Policy, type Prefer } from '../../model/policy.js';
import type { LabelSelector } from '../../model/selector.js';
import type { KnownOfPolicy } from '../../policy/compile.js';
import type { MatchCondition } from './match-conditions.js';
import { acceptable } from './selectors.js';

/** What of a policy says which entries it has. */
export interface RegisteredPolicy {
  readonly name: string;
  readonly mode: 'Off' | 'Report' | 'Inject';
  readonly prefer: Prefer;
  /** False for a policy that is not valid and has no last valid version: it changes no pod. */
  readonly valid: boolean;
  readonly canDeny: boolean;
  readonly namespaceSelector: LabelSelector;
  readonly podSelector: LabelSelector;
}

/** How the API server reaches the webhook: by a Service in the installation's namespace, or by address. */
export type WebhookAddress =
  { readonly service: { readonly name: string; readonly port: number } } | { readonly url: string };

/** What all entries have in common. */
export interface Installation {
  readonly instance: string;
  readonly ownNamespace: string;
  readonly excludedNamespaces: readonly string[];
  readonly address: WebhookAddress;
  /** 1 to 30: how long the API server waits. */
  readonly timeoutSeconds: number;
}

/** Which of the two configurations. */
export type ConfigurationKind = 'mutating' | 'validating';

/** One webhook of a configuration, every field of it: what the API server would fill in is said. */
export type WebhookEntry = {
  readonly name: string;
  readonly clientConfig: JsonObject;
  readonly rules: readonly JsonObject[];
  readonly failurePolicy: 'Ignore' | 'Fail';
  readonly matchPolicy: 'Equivalent';
  readonly namespaceSelector: LabelSelector;
  readonly objectSelector: LabelSelector;
  readonly sideEffects: 'NoneOnDryRun' | 'None';
  readonly timeoutSeconds: number;
  readonly admissionReviewVersions: readonly string[];
  readonly matchConditions: readonly MatchCondition[];
  /** Of a mutating one. */
  readonly reinvocationPolicy?: 'IfNeeded' | 'Never';
};

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
}

const domain = 'outrider.dev';
const longestName = 253;
/** No policy's entry can have this name: those have the installation's name between the policy's and the domain. */
export const selfTestName = `self-test.${domain}`;
const namespaceName = 'kubernetes.io/metadata.name';
// An unreachable webhook costs the self-test this time twice.
const selfTestTimeoutSeconds = 5;

/** A valid policy, or the last valid version of one. */
export function registered({ metadata, spec }: Policy): RegisteredPolicy {
  return {
    name: metadata.name,
    mode: spec.mode,
    prefer: spec.prefer,
    valid: true,
    canDeny: canDeny(spec),
    namespaceSelector: spec.match.namespaceSelector,
    podSelector: spec.match.podSelector,
  };
}

/** A policy that is not valid and has no last valid version. Under Security it denies (E41). */
export function registeredInvalid(known: KnownOfPolicy): RegisteredPolicy {
  const { name, mode, prefer, namespaceSelector, podSelector } = known;
  return { name, mode, prefer, valid: false, canDeny: prefer === 'Security', namespaceSelector, podSelector };
}

/** What is registered of policies, as the cluster's state has them: what is served of each, else what is known of it. */
export function registeredPolicies(
  states: readonly { readonly policy: Policy | undefined; readonly known: KnownOfPolicy | undefined }[],
): readonly RegisteredPolicy[] {
  return states.flatMap(({ policy, known }) => {
    if (policy !== undefined) return [registered(policy)];
    return known === undefined ? [] : [registeredInvalid(known)];
  });
}

/**
 * Works out both configurations: for each policy that changes pods, or would if it were not only reporting, a mutating
 * entry, which never blocks; for each that can deny a validating one. Names and order depend on nothing but the
 * policies' names.
 *
 * @param caBundle base64 of PEM
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
    const without = (none: PolicyEntries['none']) =>
      byPolicy.set(policy.name, { mutating: undefined, validating: undefined, none });
    if (policy.mode === 'Off') {
      without('Off');
      continue;
    }
    const denies = policy.canDeny && policy.mode === 'Inject';
    if (!policy.valid && !denies) {
      without('NothingToDo');
      continue;
    }
    const namespaceSelector = acceptable(withoutExcluded(policy.namespaceSelector, installation));
    const objectSelector = acceptable(policy.podSelector);
    if (namespaceSelector === undefined || objectSelector === undefined) {
      without('SelectsNothing');
      continue;
    }
    const name = entryName(policy.name, installation.instance);
    const common = {
      name,
      rules: rulesOf(pods),
      matchPolicy: 'Equivalent',
      namespaceSelector,
      objectSelector,
      sideEffects: pods.sideEffects,
      timeoutSeconds: installation.timeoutSeconds,
      admissionReviewVersions: ['v1'],
      matchConditions,
    } as const;
    if (policy.valid) {
      mutating.push({
        ...common,
        clientConfig: clientConfig(installation, pods.doors.mutate.path, caBundle),
        failurePolicy: 'Ignore',
        reinvocationPolicy: pods.reinvocationPolicy,
      });
    }
    if (denies) {
      validating.push({
        ...common,
        clientConfig: clientConfig(installation, pods.doors.validate.path, caBundle),
        failurePolicy: policy.prefer === 'Security' ? 'Fail' : 'Ignore',
      });
    }
    byPolicy.set(policy.name, {
      mutating: policy.valid ? name : undefined,
      validating: denies ? name : undefined,
      none: undefined,
    });
  }
  return { mutating, validating, byPolicy };
}

/**
 * Name of a policy's entry: fully qualified, one for each policy of an installation, and at most 253 characters, as the
 * API server wants it.
 */
export function entryName(policy: string, instance: string): string {
  const suffix = suffixOf(instance);
  if (policy.length + suffix.length <= longestName) return `${policy}${suffix}`;
  const hash = createHash('sha256').update(policy).digest('hex').slice(0, 16);
  const start = policy.slice(0, longestName - suffix.length - hash.length - 1).replace(/[-.]+$/, '');
  return `${start}-${hash}${suffix}`;
}

/** Whether a webhook's name is one that this installation gives. */
export function isOwnName(name: string, instance: string): boolean {
  return name === selfTestName || name.endsWith(suffixOf(instance));
}

function suffixOf(instance: string): string {
  return `.${instance}.${domain}`;
}

/**
 * Called for nothing but the self-test's own ConfigMap. The mutating entry proves with its patch that it was called;
 * the validating one fails where the API server cannot reach us, so that the answer says why.
 */
function selfTestEntry(kind: ConfigurationKind, installation: Installation, caBundle: string): WebhookEntry {
  const { path } = kind === 'mutating' ? selfTest.doors.mutate : selfTest.doors.validate;
  return {
    name: selfTestName,
    clientConfig: clientConfig(installation, path, caBundle),
    rules: rulesOf(selfTest),
    failurePolicy: kind === 'mutating' ? 'Ignore' : 'Fail',
    matchPolicy: 'Equivalent',
    namespaceSelector: {
      matchExpressions: [{ key: namespaceName, operator: 'In', values: [installation.ownNamespace] }],
    },
    objectSelector: { matchLabels: { [names.selfTest]: 'true' } },
    sideEffects: selfTest.sideEffects,
    timeoutSeconds: Math.min(selfTestTimeoutSeconds, installation.timeoutSeconds),
    admissionReviewVersions: ['v1'],
    matchConditions: [],
    ...(kind === 'mutating' ? { reinvocationPolicy: selfTest.reinvocationPolicy } : {}),
  };
}

function withoutExcluded(selector: LabelSelector, installation: Installation): LabelSelector {
  const values = [...new Set(['kube-system', installation.ownNamespace, ...installation.excludedNamespaces])].sort();
  return {
    ...selector,
    matchExpressions: [...(selector.matchExpressions ?? []), { key: namespaceName, operator: 'NotIn', values }],
  };
}

function clientConfig({ address, ownNamespace }: Installation, path: string, caBundle: string): JsonObject {
  if ('url' in address) return { url: `${address.url.replace(/\/+$/, '')}${path}`, caBundle };
  const { name, port } = address.service;
  return { service: { name, namespace: ownNamespace, path, port }, caBundle };
}

function rulesOf({ requests }: SubjectRow): readonly JsonObject[] {
  const { resource, subResource } = requests;
  return [
    {
      apiGroups: [requests.apiGroup],
      apiVersions: [requests.apiVersion],
      operations: requests.operations,
      resources: [subResource === '' ? resource : `${resource}/${subResource}`],
      scope: 'Namespaced',
    },
  ];
}
