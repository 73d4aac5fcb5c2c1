import type { JsonObject } from '../../../src/model/json.js';

/** One webhook of a configuration, as far as the tests vary it. */
export interface Entry {
  readonly name: string;
  readonly url: string;
  readonly caBundle: string;
  readonly failurePolicy: 'Ignore' | 'Fail';
  /** Labels of the namespaces whose pods it is called for. */
  readonly namespaces: Readonly<Record<string, string>>;
  readonly rules?: readonly JsonObject[];
  /** Of a mutating webhook: whether it is called again when another one changed the pod after it. */
  readonly reinvocationPolicy?: 'Never' | 'IfNeeded';
}

const podsAreCreated: readonly JsonObject[] = [
  { apiGroups: [''], apiVersions: ['v1'], resources: ['pods'], operations: ['CREATE'], scope: 'Namespaced' },
];

/** Every kind of the core group, and what is done to a pod after its creation. */
export const everything: readonly JsonObject[] = [
  { apiGroups: [''], apiVersions: ['v1'], resources: ['*/*'], operations: ['CREATE', 'UPDATE'], scope: 'Namespaced' },
];

/** A MutatingWebhookConfiguration as Outrider is registered: see docs/architecture.md, the two doors. */
export function mutatingConfiguration(name: string, entries: readonly Entry[]): JsonObject {
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    metadata: { name },
    webhooks: entries.map((entry) => ({
      ...webhook(entry),
      reinvocationPolicy: entry.reinvocationPolicy ?? 'IfNeeded',
    })),
  };
}

export function validatingConfiguration(name: string, entries: readonly Entry[]): JsonObject {
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingWebhookConfiguration',
    metadata: { name },
    webhooks: entries.map(webhook),
  };
}

function webhook({ name, url, caBundle, failurePolicy, namespaces, rules = podsAreCreated }: Entry): JsonObject {
  return {
    name,
    clientConfig: { url, caBundle },
    rules,
    failurePolicy,
    matchPolicy: 'Equivalent',
    namespaceSelector: { matchLabels: namespaces },
    sideEffects: 'NoneOnDryRun',
    timeoutSeconds: 10,
    admissionReviewVersions: ['v1'],
  };
}
