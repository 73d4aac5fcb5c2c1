import { readTakenBack, takenBackName, type TakenBackContent } from '../../model/taken-back.js';
import type { ApiClient } from '../client/api-client.js';
import { isApiError } from '../client/api-error.js';
import { pathOf, resources } from '../client/resources.js';

/** Which installation is meant. */
interface Installation {
  readonly instance: string;
  readonly ownNamespace: string;
}

/** The path of the ConfigMap that the leader of an installation keeps workloads in that were taken back. */
export function takenBackPath({ instance, ownNamespace }: Installation): string {
  return pathOf(resources.configMaps, { namespace: ownNamespace, name: takenBackName(instance) });
}

/**
 * Reads which workloads an installation leaves alone because its parts kept their pods from running.
 *
 * @returns `undefined` if the user may not read it; nothing taken back if there is no such ConfigMap
 * @throws ApiError for any other refusal
 */
export async function readTakenBackWorkloads(
  client: Pick<ApiClient, 'get'>,
  installation: Installation,
): Promise<TakenBackContent | undefined> {
  try {
    const { data } = await client.get(takenBackPath(installation));
    return readTakenBack(data);
  } catch (error) {
    if (isApiError(error, 'NotFound')) return readTakenBack(undefined);
    if (isApiError(error, 'Forbidden')) return undefined;
    throw error;
  }
}
