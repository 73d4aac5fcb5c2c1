import { isApiError } from '../../../src/cluster/client/api-error.js';
import { pathOf, resources, type Resource } from '../../../src/cluster/client/resources.js';
import type { JsonObject } from '../../../src/model/json.js';
import { clientOf } from './in-cluster.js';

/** Kinds by what kubectl calls them. */
const kinds: Readonly<Record<string, Resource>> = {
  configmap: resources.configMaps,
  deployment: resources.deployments,
  ipol: resources.policies,
  iplan: resources.plans,
  lease: resources.leases,
  mutatingadmissionpolicy: resources.mutatingPolicies,
  mutatingadmissionpolicybinding: resources.mutatingPolicyBindings,
  mutatingwebhookconfiguration: resources.mutatingWebhooks,
  pod: resources.pods,
  role: { group: 'rbac.authorization.k8s.io', version: 'v1', plural: 'roles', kind: 'Role' },
  secret: resources.secrets,
  serviceaccount: resources.serviceAccounts,
  validatingadmissionpolicy: resources.validatingPolicies,
  validatingadmissionpolicybinding: resources.validatingPolicyBindings,
  validatingwebhookconfiguration: resources.validatingWebhooks,
};

/** Reads objects as the admin, over a connection that is kept: a test that waits for something asks hundreds of times. */
export interface AdminReader {
  /** @throws when it is not there, or no API server answers */
  readonly get: (kind: string, name: string, namespace?: string) => Promise<JsonObject>;
  /** The objects of a kind in a namespace. */
  readonly list: (kind: string, namespace: string, labelSelector?: string) => Promise<readonly JsonObject[]>;
  close(): Promise<void>;
}

/** Opens a connection when it is first asked. */
export function createAdminReader(kubeconfig: string): AdminReader {
  const client = clientOf(kubeconfig);
  const resourceOf = (kind: string): Resource => {
    const resource = kinds[kind];
    if (resource === undefined) throw new Error(`what ${kind} is has to be said here`);
    return resource;
  };
  return {
    get: async (kind, name, namespace) => {
      const path = pathOf(resourceOf(kind), { name, ...(namespace === undefined ? {} : { namespace }) });
      try {
        return await client.get(path);
      } catch (error) {
        // A connection to an API server that has been started again since.
        if (!isApiError(error, 'NoAnswer')) throw error;
        return await client.get(path, { newConnection: true });
      }
    },
    list: async (kind, namespace, labelSelector) =>
      (await client.list(pathOf(resourceOf(kind), { namespace }), { query: { labelSelector } })).items,
    close: () => client.close(),
  };
}
