import type { CompileOptions } from '../../engine/rules.js';
import { OutriderError } from '../../model/error.js';
import type { JsonObject } from '../../model/json.js';
import type { ApiClient } from '../client/api-client.js';
import { isApiError } from '../client/api-error.js';
import { pathOf, resources, type Resource } from '../client/resources.js';
import type { ClusterConfiguration } from '../state/cluster-configuration.js';
import { PolicyBook } from '../state/policy-book.js';
import { ProfileBook } from '../state/profile-book.js';
import { pickObject, type WatchedObject } from '../state/watched-object.js';
import { refused } from './refusal.js';

/**
 * What a cluster's policies and profiles come to, by the reading of the webhook itself. An object that is not valid has
 * no last valid version here: which one a replica goes on with, only its status says.
 */
export type LivePolicies = Pick<ClusterConfiguration, 'rules' | 'policies' | 'profiles'>;

/**
 * Reads a cluster's policies and profiles.
 *
 * @throws OutriderError `cluster_unavailable`: also where the kinds are not there
 */
export async function readPolicies(client: ApiClient, options: CompileOptions = {}): Promise<LivePolicies> {
  const [policies, profiles] = await Promise.all([
    readKind(client, resources.policies),
    readKind(client, resources.profiles),
  ]);
  return policiesOf(policies, profiles, options);
}

/** Compiles objects of the two kinds. Pure. */
export function policiesOf(
  policies: readonly JsonObject[],
  profiles: readonly JsonObject[],
  options: CompileOptions = {},
): LivePolicies {
  const profileBook = new ProfileBook();
  profileBook.update(picked(resources.profiles, profiles));
  const policyBook = new PolicyBook(options);
  policyBook.update(picked(resources.policies, policies), profileBook.registry);
  return { rules: policyBook.rules, policies: policyBook.states, profiles: profileBook.states };
}

function picked(resource: Resource, objects: readonly JsonObject[]): readonly WatchedObject[] {
  const pick = pickObject(resource);
  return objects.flatMap((object) => pick(object) ?? []);
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
