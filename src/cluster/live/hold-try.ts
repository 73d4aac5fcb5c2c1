import { readTakenBack, takenBackKey, takenBackText, type WorkloadName } from '../../model/taken-back.js';
import { objectOf } from '../../model/json.js';
import type { ApiClient } from '../client/api-client.js';
import { isApiError } from '../client/api-error.js';
import { takenBackPath } from './read-taken-back.js';

const attempts = 4;

/**
 * Has a workload left alone until a given time, so that none of its new pods is used to try it again. An entry that says so
 * already, or is gone, stays as it is.
 *
 * @throws ApiError
 */
export async function holdTry(
  client: Pick<ApiClient, 'get' | 'patch'>,
  installation: { readonly instance: string; readonly ownNamespace: string },
  workload: WorkloadName,
  untilMs: number,
): Promise<void> {
  const path = takenBackPath(installation);
  const key = takenBackKey(workload);
  for (let attempt = 1; ; attempt++) {
    const { metadata, data } = await client.get(path);
    const entry = readTakenBack(data).entries.get(key);
    if (entry === undefined || (entry.stage === 'LeftAlone' && Date.parse(entry.at) >= untilMs)) return;
    const at = `${new Date(untilMs).toISOString().slice(0, 19)}Z`;
    const text = takenBackText({ ...entry, stage: 'LeftAlone', at });
    if (text === undefined) return;
    try {
      const resourceVersion = objectOf(metadata)?.['resourceVersion'] ?? null;
      const patch = { metadata: { resourceVersion }, data: { [key]: text } };
      await client.patch(path, 'merge', patch, { query: { fieldManager: 'outrider-restart' } });
      return;
    } catch (error) {
      if (!isApiError(error, 'Conflict') || attempt === attempts) throw error;
    }
  }
}
