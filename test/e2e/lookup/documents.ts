import type { JsonObject } from '../../../src/model/json.js';

const apiVersion = 'outrider.dev/v1alpha1';

/** A namespace with the label that the policies below select by. */
export function namespaceOf(name: string): JsonObject {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels: { tier: name } } };
}

/** A policy for the namespace of the same name. */
export function policyOf(name: string, spec: JsonObject, agentImage?: string): JsonObject {
  return {
    apiVersion,
    kind: 'InstrumentationPolicy',
    metadata: { name },
    spec: {
      match: { namespaceSelector: { matchLabels: { tier: name } } },
      profile: { name: 'sysdig', settings: { region: 'us2' } },
      ...(agentImage === undefined ? {} : { agent: { image: agentImage } }),
      ...spec,
    },
  };
}

/** What images start, without a registry. */
export function imageMapOf(images: JsonObject): JsonObject {
  return { apiVersion, kind: 'ImageMap', images };
}

/** A pod of one container. */
export function podOf(namespace: string, image: string, container: JsonObject = {}): JsonObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web', namespace },
    spec: { containers: [{ name: 'app', image, ...container }] },
  };
}
