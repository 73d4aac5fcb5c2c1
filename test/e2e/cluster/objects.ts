import { listOf, objectOf, stringOf, type JsonObject } from '../../../src/model/json.js';
import { apiVersion } from '../../../src/model/names.js';

type Labels = Readonly<Record<string, string>>;

/** The label that the chart's default policy asks for. */
export const labelled: Labels = { 'outrider.dev/inject': 'enabled' };

export function namespace(name: string, labels: Labels = {}): JsonObject {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } };
}

/** What controllers make in a namespace, and pods need. */
export function serviceAccount(namespace: string): JsonObject {
  return { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace } };
}

/** A policy with the built-in profile of Sysdig for the namespaces with these labels. */
export function policy(name: string, namespaceLabels: Labels, spec: JsonObject = {}): JsonObject {
  return {
    apiVersion,
    kind: 'InstrumentationPolicy',
    metadata: { name },
    spec: {
      match: { namespaceSelector: { matchLabels: namespaceLabels } },
      profile: { name: 'sysdig', settings: { region: 'us2' } },
      ...spec,
    },
  };
}

/** The Secret that the profile's agent reads its access key from. */
export function accessKey(namespace: string, name = 'sysdig-agent', value = 'one'): JsonObject {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace },
    data: { 'access-key': Buffer.from(value).toString('base64') },
  };
}

/** Amounts that the plug-in LimitRanger gives containers which have none. */
export function limitRange(namespace: string): JsonObject {
  return {
    apiVersion: 'v1',
    kind: 'LimitRange',
    metadata: { name: 'defaults', namespace },
    spec: {
      limits: [
        {
          type: 'Container',
          default: { cpu: '750m', memory: '640Mi', 'ephemeral-storage': '2Gi' },
          defaultRequest: { cpu: '50m', memory: '64Mi', 'ephemeral-storage': '1Gi' },
        },
      ],
    },
  };
}

/** A policy's conditions, each as `Type=Status Reason`. */
export function conditionsOf(policy: JsonObject): readonly string[] {
  return listOf(objectOf(policy['status'])?.['conditions']).map((condition) => {
    const { type, status, reason } = objectOf(condition) ?? {};
    return `${stringOf(type) ?? ''}=${stringOf(status) ?? ''} ${stringOf(reason) ?? ''}`;
  });
}

/** What a policy's status says about one condition. */
export function messageOf(policy: JsonObject, type: string): string {
  const all = listOf(objectOf(policy['status'])?.['conditions']).map((condition) => objectOf(condition) ?? {});
  return stringOf(all.find((condition) => condition['type'] === type)?.['message']) ?? '';
}
