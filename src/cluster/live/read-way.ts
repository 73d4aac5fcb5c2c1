import { wayOf, type Way } from '../../engine/api-server/way.js';
import { isObject, listOf, objectOf, stringOf, type JsonObject } from '../../model/json.js';
import type { StringMap } from '../../model/selector.js';
import type { ApiClient } from '../client/api-client.js';
import { isApiError } from '../client/api-error.js';
import { pathOf, resources } from '../client/resources.js';
import { readPlan } from '../plans/known-plans.js';

/** A pod that may come, and the policy that wins it. */
export interface AskedWay {
  readonly policy: string;
  readonly namespace: string;
  readonly namespaceLabels: StringMap;
  readonly pod: JsonObject;
}

/**
 * Finds out which way a new pod would be instrumented, with the caller's rights.
 * @returns `undefined` if the API server instruments none of the policy's pods because it was not set up to; `unread`, with the
 * object, if that cannot be told
 * @throws ApiError if the API server does not answer
 */
export async function readWay(
  client: Pick<ApiClient, 'get'>,
  { policy, namespace, namespaceLabels, pod }: AskedWay,
): Promise<Way | { readonly unread: string } | undefined> {
  const live = await orUnread(client.get(pathOf(resources.policies, { name: policy })));
  if (live === 'unread') return { unread: `InstrumentationPolicy ${policy}` };
  const condition = listOf(objectOf(live?.['status'])?.['conditions'])
    .filter(isObject)
    .find(({ type }) => type === 'ApiServerInjects');
  if (condition === undefined) return undefined;
  const plan = await orUnread(client.get(pathOf(resources.plans, { namespace, name: policy })));
  if (plan === 'unread') return { unread: `InstrumentationPlan ${namespace}/${policy}` };
  return wayOf({
    pod,
    namespace,
    namespaceLabels,
    condition: { status: stringOf(condition['status']) ?? '', message: stringOf(condition['message']) ?? '' },
    plan: plan === undefined ? undefined : readPlan(plan).spec,
  });
}

async function orUnread(request: Promise<JsonObject>): Promise<JsonObject | 'unread' | undefined> {
  try {
    return await request;
  } catch (error) {
    if (isApiError(error, 'NotFound')) return undefined;
    if (isApiError(error, 'Forbidden')) return 'unread';
    throw error;
  }
}
