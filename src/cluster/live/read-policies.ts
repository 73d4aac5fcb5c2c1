import { parseConfiguration, type ParsedConfiguration } from '../../documents/configuration.js';
import { OutriderError } from '../../model/error.js';
import { objectOf, stringOf, type JsonObject } from '../../model/json.js';
import type { ApiClient } from '../client/api-client.js';
import { isApiError } from '../client/api-error.js';
import { apiVersionOf, pathOf, resources, type Resource } from '../client/resources.js';
import { refused } from './refusal.js';

/**
 * Reads a cluster's policies and profiles.
 *
 * @throws OutriderError `cluster_unavailable`: also where the kinds are not there
 */
export async function readPolicies(client: ApiClient): Promise<ParsedConfiguration> {
  const [policies, profiles] = await Promise.all([
    readKind(client, resources.policies),
    readKind(client, resources.profiles),
  ]);
  return configurationOf(policies, profiles);
}

/** The configuration that objects of the two kinds come to. Pure. */
export function configurationOf(policies: readonly JsonObject[], profiles: readonly JsonObject[]): ParsedConfiguration {
  const texts = (resource: Resource, objects: readonly JsonObject[]) =>
    objects.map(({ metadata, spec }) => {
      const name = stringOf(objectOf(metadata)?.['name']) ?? '';
      // Only what somebody wrote: the server's own fields are long, and none of ours.
      const document = { apiVersion: apiVersionOf(resource), kind: resource.kind, metadata: { name }, spec };
      return { name: `${resource.kind.toLowerCase()}/${name}`, text: JSON.stringify(document) };
    });
  return parseConfiguration([...texts(resources.profiles, profiles), ...texts(resources.policies, policies)]);
}

async function readKind(client: ApiClient, resource: Resource): Promise<readonly JsonObject[]> {
  try {
    return (await client.list(pathOf(resource))).items;
  } catch (error) {
    if (isApiError(error, 'NotFound')) {
      const message = `${client.server} does not know the kind ${resource.kind}; install it with outrider crds | kubectl apply --server-side -f -, or give --policy or --profile.`;
      throw new OutriderError('cluster_unavailable', message, { cause: error });
    }
    const remedy = `ask for the right to list ${resource.plural}.${resource.group}, or give --policy or --profile`;
    throw refused(error, client.server, resource.plural, remedy);
  }
}
