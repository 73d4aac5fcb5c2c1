import { provenPath } from '../../model/door-token.js';
import { selfTest, type SubjectRow } from '../../model/doors.js';
import type { JsonObject } from '../../model/json.js';
import { names } from '../../model/names.js';
import type { LabelSelector } from '../../model/selector.js';
import { selfTestName } from './entry-names.js';
import type { MatchCondition } from './match-conditions.js';

/** How the API server reaches the webhook: through a Service in the installation's namespace, or by address. */
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
  /** Further annotations of both configurations. */
  readonly annotations?: Readonly<Record<string, string>>;
  /** The key whose tokens the entries carry; absent if they carry none. */
  readonly portKey?: string | undefined;
}

/** Which of the two configurations. */
export type ConfigurationKind = 'mutating' | 'validating';

/** One webhook of a configuration, with every field, including those that the API server would fill in. */
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
  /** For a mutating webhook. */
  readonly reinvocationPolicy?: 'IfNeeded' | 'Never';
};

const namespaceName = 'kubernetes.io/metadata.name';
// If the webhook is unreachable, the self-test waits this long twice.
const selfTestTimeoutSeconds = 5;

/**
 * Only called for the self-test's own ConfigMap. The mutating entry proves with its patch that it was called. The validating
 * one fails if the API server cannot reach us, so that the answer says why.
 */
export function selfTestEntry(kind: ConfigurationKind, installation: Installation, caBundle: string): WebhookEntry {
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

/** A policy's namespaceSelector without the namespaces that are never touched. */
export function withoutExcluded(selector: LabelSelector, installation: Installation): LabelSelector {
  const values = [...new Set(['kube-system', installation.ownNamespace, ...installation.excludedNamespaces])].sort();
  return {
    ...selector,
    matchExpressions: [...(selector.matchExpressions ?? []), { key: namespaceName, operator: 'NotIn', values }],
  };
}

/** The address at which the API server calls a door, with the token that proves the call. */
export function clientConfig(
  { address, ownNamespace, portKey }: Installation,
  doorPath: string,
  caBundle: string,
): JsonObject {
  const path = provenPath(doorPath, portKey);
  if ('url' in address) return { url: `${address.url.replace(/\/+$/, '')}${path}`, caBundle };
  const { name, port } = address.service;
  return { service: { name, namespace: ownNamespace, path, port }, caBundle };
}

/** The requests that belong to a subject. */
export function rulesOf({ requests }: SubjectRow): readonly JsonObject[] {
  return requests.map(({ apiGroup, apiVersion, operations, resource, subResource }) => ({
    apiGroups: [apiGroup],
    apiVersions: [apiVersion],
    operations,
    resources: [subResource === '' ? resource : `${resource}/${subResource}`],
    scope: 'Namespaced',
  }));
}
