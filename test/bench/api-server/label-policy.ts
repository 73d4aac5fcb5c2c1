import type { JsonObject } from '../../../src/model/json.js';

const metadata = { name: 'label' };
const group = 'admissionregistration.k8s.io/v1';

/** The smallest MutatingAdmissionPolicy there is a use for: what it costs is what any costs. For pods of the namespace `label`. */
export const labelPolicy: readonly JsonObject[] = [
  {
    apiVersion: group,
    kind: 'MutatingAdmissionPolicy',
    metadata,
    spec: {
      failurePolicy: 'Fail',
      reinvocationPolicy: 'IfNeeded',
      matchConstraints: {
        namespaceSelector: { matchLabels: { bench: 'label' } },
        resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }],
      },
      mutations: [
        {
          patchType: 'JSONPatch',
          jsonPatch: { expression: '[JSONPatch{op: "add", path: "/metadata/labels/made", value: "so"}]' },
        },
      ],
    },
  },
  { apiVersion: group, kind: 'MutatingAdmissionPolicyBinding', metadata, spec: { policyName: 'label' } },
];
