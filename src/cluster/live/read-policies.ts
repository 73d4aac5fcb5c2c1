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
 * A cluster's policies and profiles, compiled as the webhook does. An object that is not valid has no last valid version
 * here. Only its status says which one a replica continues with.
 */
export type LivePolicies = Pick<ClusterConfiguration, 'rules' | 'policies' | 'profiles'>;

/**
 * Reads a cluster's policies and profiles.
 *
 * @throws OutriderError `cluster_unavailable`: also if the kinds do not exist
 */
export async function readPolicies(client: ApiClient, options: CompileOptions = {}): Promise<LivePolicies> {
  const { policies, profiles } = await readPolicyObjects(client);
  return policiesOf(policies, profiles, options);
}

/** Objects of the two kinds, as they are in a cluster. */
export interface PolicyObjects {
  readonly policies: readonly JsonObject[];
  readonly profiles: readonly JsonObject[];
}

/**
 * Reads a cluster's policies and profiles as they are.
 *
 * @throws OutriderError `cluster_unavailable`: also if the kinds do not exist
 */
export async function readPolicyObjects(client: ApiClient): Promise<PolicyObjects> {
  const [policies, profiles] = await Promise.all([
    readKind(client, resources.policies),
    readKind(client, resources.profiles),
  ]);
  return { policies, profiles };
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

/** A cluster's policies, and those that it would have after a change. */
export interface ChangedPolicies {
  readonly now: LivePolicies;
  readonly then: LivePolicies;
}

/**
 * Compiles objects of the two kinds before and after a change, as a replica does that has seen both: what the change makes
 * invalid goes on with its last valid version. Pure.
 */
export function changedPoliciesOf(
  before: PolicyObjects,
  after: PolicyObjects,
  options: CompileOptions = {},
): ChangedPolicies {
  const profileBook = new ProfileBook();
  const policyBook = new PolicyBook(options);
  const take = ({ policies, profiles }: PolicyObjects): LivePolicies => {
    profileBook.update(picked(resources.profiles, profiles));
    policyBook.update(picked(resources.policies, policies), profileBook.registry);
    return { rules: policyBook.rules, policies: policyBook.states, profiles: profileBook.states };
  };
  return { now: take(before), then: take(after) };
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
