import type { JsonObject } from '../../../src/model/json.js';
import { datadogNode } from '../../../src/profile/datadog-node.js';
import type { FakeApi } from '../fake-api.js';

export const lists = {
  policies: '/apis/outrider.dev/v1alpha1/instrumentationpolicies',
  profiles: '/apis/outrider.dev/v1alpha1/instrumentationprofiles',
  namespaces: '/api/v1/namespaces',
} as const;

/** The profile that policies of these tests name unless they say otherwise. */
export const sysdig = { name: 'sysdig', settings: { region: 'us2' } };

export function policyObject(name: string, spec: JsonObject, about: JsonObject = {}): JsonObject {
  const metadata = { name, uid: `uid-${name}`, generation: 1, ...about };
  return {
    apiVersion: 'outrider.dev/v1alpha1',
    kind: 'InstrumentationPolicy',
    metadata,
    spec: { profile: sysdig, ...spec },
  };
}

/** A user's profile that is a built-in one under another name. */
export function profileObject(name: string, spec: JsonObject = {}, about: JsonObject = {}): JsonObject {
  const metadata = { name, uid: `uid-${name}`, generation: 1, ...about };
  const copied: unknown = JSON.parse(JSON.stringify(datadogNode.spec));
  const own = typeof copied === 'object' && copied !== null ? copied : {};
  return { apiVersion: 'outrider.dev/v1alpha1', kind: 'InstrumentationProfile', metadata, spec: { ...own, ...spec } };
}

export function putPolicy(
  api: FakeApi,
  name: string,
  spec: JsonObject,
  about: JsonObject = {},
  silently = false,
): void {
  api.put(`${lists.policies}/${name}`, policyObject(name, spec, about), silently);
}

export function putProfile(api: FakeApi, name: string, spec: JsonObject = {}, about: JsonObject = {}): void {
  api.put(`${lists.profiles}/${name}`, profileObject(name, spec, about));
}

export function putNamespace(api: FakeApi, name: string, labels: JsonObject, silently = false): void {
  api.put(`${lists.namespaces}/${name}`, { metadata: { name, labels } }, silently);
}
