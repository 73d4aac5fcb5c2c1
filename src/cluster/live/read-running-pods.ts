import { isArray, isObject, listOf, objectOf, stringOf, type JsonObject } from '../../model/json.js';
import type { ApiClient } from '../client/api-client.js';
import { pathOf, resources } from '../client/resources.js';

const mostPods = 100;

/**
 * Reads pods that a workload's selector selects: at most a hundred that are not terminating.
 *
 * @returns `undefined` for an object without a selector, and if pods cannot be read
 */
export async function readRunningPods(
  client: ApiClient,
  workload: JsonObject,
  namespace: string,
): Promise<readonly JsonObject[] | undefined> {
  const labelSelector = selectorText(objectOf(workload['spec'])?.['selector']);
  if (labelSelector === undefined) return undefined;
  try {
    const page = await client.get(pathOf(resources.pods, { namespace }), { query: { labelSelector, limit: mostPods } });
    return listOf(page['items']).filter(isObject).filter(isRunning);
  } catch {
    // Explaining what happens to a new pod still works.
    return undefined;
  }
}

function isRunning({ metadata, status }: JsonObject): boolean {
  const phase = stringOf(objectOf(status)?.['phase']);
  return objectOf(metadata)?.['deletionTimestamp'] === undefined && phase !== 'Succeeded' && phase !== 'Failed';
}

/**
 * A selector as a query parameter. A ReplicationController has plain labels, the other kinds have a LabelSelector.
 *
 * @returns `undefined` if there is none, if it selects everything, or if it has an unknown operator
 */
export function selectorText(value: unknown): string | undefined {
  const selector = objectOf(value);
  if (selector === undefined) return undefined;
  const isPlain = !('matchLabels' in selector) && !('matchExpressions' in selector);
  const labels = isPlain ? selector : (objectOf(selector['matchLabels']) ?? {});
  const terms = Object.entries(labels).map(([name, wanted]) => `${name}=${stringOf(wanted) ?? ''}`);
  for (const item of listOf(selector['matchExpressions'])) {
    const expression = objectOf(item);
    const key = stringOf(expression?.['key']) ?? '';
    const values = isArray(expression?.['values']) ? expression['values'].map(String).join(',') : '';
    const operator = stringOf(expression?.['operator']);
    if (operator === 'In') terms.push(`${key} in (${values})`);
    else if (operator === 'NotIn') terms.push(`${key} notin (${values})`);
    else if (operator === 'Exists') terms.push(key);
    else if (operator === 'DoesNotExist') terms.push(`!${key}`);
    else return undefined;
  }
  return terms.length === 0 ? undefined : terms.join(',');
}
