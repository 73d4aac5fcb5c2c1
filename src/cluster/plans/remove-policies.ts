import { isObject, listOf, objectOf, stringOf, type JsonObject } from '../../model/json.js';
import type { ApiClient } from '../client/api-client.js';
import { isApiError } from '../client/api-error.js';
import { pathOf, resources } from '../client/resources.js';
import { deleteObject, listOwn, type PolicyKind } from './policy-object.js';
import { ownerName, probeName, slotNames } from './slots.js';

/** The policies that instrument come first. The API server then has no new pods to judge. */
const order: readonly PolicyKind[] = [
  'mutatingPolicyBindings',
  'mutatingPolicies',
  'validatingPolicyBindings',
  'validatingPolicies',
];

type Remover = Pick<ApiClient, 'get' | 'list' | 'delete'>;

/**
 * Removes an installation's own policies in the API server. It works while no replica runs. A running leader does the same,
 * and restores nothing during a pause. An API server that does not serve these policies has none, and a user who cannot list
 * them has made none.
 * @returns how many were deleted
 * @throws ApiError
 */
export async function removePolicies(client: Remover, instance: string): Promise<number> {
  if (!(await mayHaveAny(client, instance))) return 0;
  const own = new Set([...slotNames(instance), probeName(instance)]);
  let removed = 0;
  for (const kind of order) {
    for (const { name } of await noneWhereNotServed(listOwn(client, kind, own))) {
      await deleteObject(client, kind, name);
      removed++;
    }
  }
  return removed;
}

/**
 * Deletes the InstrumentationPlans of an installation.
 * @returns how many
 * @throws ApiError
 */
export async function removePlans(client: Remover, instance: string): Promise<number> {
  if (!(await mayHaveAny(client, instance))) return 0;
  const plans = await noneWhereNotServed(client.list(pathOf(resources.plans)).then(({ items }) => items));
  let removed = 0;
  for (const plan of plans.filter((one) => isOf(one, instance))) {
    const metadata = objectOf(plan['metadata']);
    const namespace = stringOf(metadata?.['namespace']) ?? '';
    const name = stringOf(metadata?.['name']) ?? '';
    try {
      await client.delete(pathOf(resources.plans, { namespace, name }));
      removed++;
    } catch (error) {
      if (!isApiError(error, 'NotFound')) throw error;
    }
  }
  return removed;
}

/**
 * Whether there can be any: without the ClusterRole that all of them belong to, the garbage collector takes what is left.
 * Who may not read it is told nothing by that.
 */
async function mayHaveAny(client: Remover, instance: string): Promise<boolean> {
  try {
    await client.get(pathOf(resources.clusterRoles, { name: ownerName(instance) }));
    return true;
  } catch (error) {
    if (isApiError(error, 'NotFound')) return false;
    if (isApiError(error, 'Forbidden')) return true;
    throw error;
  }
}

function isOf(plan: JsonObject, instance: string): boolean {
  return listOf(objectOf(plan['metadata'])?.['ownerReferences'])
    .filter(isObject)
    .some(({ name }) => name === ownerName(instance));
}

async function noneWhereNotServed<Item>(items: Promise<readonly Item[]>): Promise<readonly Item[]> {
  try {
    return await items;
  } catch (error) {
    if (isApiError(error, 'NotFound', 'Forbidden')) return [];
    throw error;
  }
}
