import { OutriderError } from '../../model/error.js';
import { objectOf, stringMembersOf, type JsonObject } from '../../model/json.js';
import type { StringMap } from '../../model/selector.js';
import type { ApiClient } from '../client/api-client.js';
import { isApiError } from '../client/api-error.js';
import { apiVersionOf, pathOf, resources } from '../client/resources.js';
import { refused } from './refusal.js';
import type { NamedWorkload } from './workload-kinds.js';

/**
 * Reads an object.
 *
 * @throws OutriderError `object_missing`, `cluster_unavailable`
 */
export async function readWorkload(
  client: ApiClient,
  { resource, name }: NamedWorkload,
  namespace: string,
): Promise<JsonObject> {
  const what = `${resource.kind} ${name} in namespace ${namespace}`;
  try {
    const object = await client.get(pathOf(resource, { namespace, name }));
    return { ...object, apiVersion: apiVersionOf(resource), kind: resource.kind };
  } catch (error) {
    if (!isApiError(error, 'NotFound')) {
      throw refused(error, client.server, what, `ask for the right to get ${resource.plural} there`);
    }
    // What the API server says about an unknown kind, in contrast to a missing object.
    if (/HTTP 404$|could not find the requested resource/.test(error.message)) {
      const kind = `${resource.plural}.${resource.group} (${resource.version})`;
      const message = `the cluster has no ${kind} (${client.server}): its definitions are not installed; check the kind.`;
      throw new OutriderError('object_missing', message, { cause: error });
    }
    const message = `there is no ${what} (${client.server}); check the name, or give -n NAMESPACE or --context.`;
    throw new OutriderError('object_missing', message, { cause: error });
  }
}

/**
 * Reads a namespace's labels.
 *
 * @param remedy what helps a user who cannot read them
 * @throws OutriderError `object_missing`, `cluster_unavailable`
 */
export async function readNamespaceLabels(
  client: ApiClient,
  name: string,
  remedy = 'ask for the right to get it, or give its labels with --namespace-labels',
): Promise<StringMap> {
  try {
    const { metadata } = await client.get(pathOf(resources.namespaces, { name }));
    return stringMembersOf(objectOf(metadata)?.['labels']);
  } catch (error) {
    if (!isApiError(error, 'NotFound')) {
      throw refused(error, client.server, `namespace ${name}`, remedy);
    }
    const message = `there is no namespace ${name} (${client.server}); give another with -n, or another --context.`;
    throw new OutriderError('object_missing', message, { cause: error });
  }
}
