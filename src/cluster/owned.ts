import { objectOf, stringOf, type JsonObject } from '../model/json.js';
import type { ApiClient } from './client/api-client.js';
import { isApiError } from './client/api-error.js';
import { apiVersionOf, pathOf, resources } from './client/resources.js';

/**
 * A client that makes the installation's ConfigMap, which the chart creates, the owner of new objects in the installation's
 * namespace. When the ConfigMap is deleted, the garbage collector deletes them too. Without that ConfigMap, they have no
 * owner.
 */
export function owningClient(client: ApiClient, ownNamespace: string, instance: string): ApiClient {
  const place = { namespace: ownNamespace, name: instance };
  const owners = async (signal: AbortSignal | undefined): Promise<readonly JsonObject[]> => {
    try {
      const path = pathOf(resources.configMaps, place);
      const { metadata } = await client.get(path, signal === undefined ? {} : { signal });
      const uid = stringOf(objectOf(metadata)?.['uid']);
      const { kind } = resources.configMaps;
      return uid === undefined ? [] : [{ apiVersion: apiVersionOf(resources.configMaps), kind, name: instance, uid }];
    } catch (error) {
      if (isApiError(error, 'NotFound', 'Forbidden')) return [];
      throw error;
    }
  };
  return {
    ...client,
    create: async (path, object, options) => {
      const metadata = objectOf(object['metadata']) ?? {};
      if (metadata['namespace'] !== ownNamespace || metadata['ownerReferences'] !== undefined) {
        return client.create(path, object, options);
      }
      const ownerReferences = await owners(options?.signal);
      return client.create(path, { ...object, metadata: { ...metadata, ownerReferences } }, options);
    },
  };
}
