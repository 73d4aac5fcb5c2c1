import { workloadKinds } from '../../model/workload-kinds.js';

/** A kind of object as the API server addresses it. */
export interface Resource {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  /** The plural name, as in the path. */
  readonly plural: string;
  readonly kind: string;
}

const core = { group: '', version: 'v1' } as const;
const rbac = { group: 'rbac.authorization.k8s.io', version: 'v1' } as const;
const registration = { group: 'admissionregistration.k8s.io', version: 'v1' } as const;
const own = { group: 'outrider.dev', version: 'v1alpha1' } as const;

/** Every kind of object that is read or written in a cluster, including those that make pods. */
export const resources = {
  ...workloadKinds,
  policies: { ...own, plural: 'instrumentationpolicies', kind: 'InstrumentationPolicy' },
  profiles: { ...own, plural: 'instrumentationprofiles', kind: 'InstrumentationProfile' },
  plans: { ...own, plural: 'instrumentationplans', kind: 'InstrumentationPlan' },
  namespaces: { ...core, plural: 'namespaces', kind: 'Namespace' },
  nodes: { ...core, plural: 'nodes', kind: 'Node' },
  secrets: { ...core, plural: 'secrets', kind: 'Secret' },
  serviceAccounts: { ...core, plural: 'serviceaccounts', kind: 'ServiceAccount' },
  services: { ...core, plural: 'services', kind: 'Service' },
  limitRanges: { ...core, plural: 'limitranges', kind: 'LimitRange' },
  resourceQuotas: { ...core, plural: 'resourcequotas', kind: 'ResourceQuota' },
  configMaps: { ...core, plural: 'configmaps', kind: 'ConfigMap' },
  leases: { group: 'coordination.k8s.io', version: 'v1', plural: 'leases', kind: 'Lease' },
  events: { group: 'events.k8s.io', version: 'v1', plural: 'events', kind: 'Event' },
  clusterRoles: { ...rbac, plural: 'clusterroles', kind: 'ClusterRole' },
  mutatingWebhooks: {
    ...registration,
    plural: 'mutatingwebhookconfigurations',
    kind: 'MutatingWebhookConfiguration',
  },
  validatingWebhooks: {
    ...registration,
    plural: 'validatingwebhookconfigurations',
    kind: 'ValidatingWebhookConfiguration',
  },
  mutatingPolicies: { ...registration, plural: 'mutatingadmissionpolicies', kind: 'MutatingAdmissionPolicy' },
  mutatingPolicyBindings: {
    ...registration,
    plural: 'mutatingadmissionpolicybindings',
    kind: 'MutatingAdmissionPolicyBinding',
  },
  validatingPolicies: { ...registration, plural: 'validatingadmissionpolicies', kind: 'ValidatingAdmissionPolicy' },
  validatingPolicyBindings: {
    ...registration,
    plural: 'validatingadmissionpolicybindings',
    kind: 'ValidatingAdmissionPolicyBinding',
  },
} as const satisfies Record<string, Resource>;

/** An object, or a list of objects. */
export interface Address {
  /** Absent for cluster-scoped objects, and for lists over all namespaces. */
  readonly namespace?: string;
  /** Absent for a list, and for creating. */
  readonly name?: string;
  /** Such as `status`. */
  readonly subresource?: string;
}

/** The `apiVersion` of a resource's objects. */
export function apiVersionOf({ group, version }: Resource): string {
  return group === '' ? version : `${group}/${version}`;
}

/** The API server's path of an object or a list. */
export function pathOf(resource: Resource, { namespace, name, subresource }: Address = {}): string {
  const { group, version, plural } = resource;
  const parts = group === '' ? ['api', version] : ['apis', group, version];
  if (namespace !== undefined) parts.push('namespaces', namespace);
  parts.push(plural);
  if (name !== undefined) parts.push(name);
  if (subresource !== undefined) parts.push(subresource);
  return `/${parts.map(encodeURIComponent).join('/')}`;
}
