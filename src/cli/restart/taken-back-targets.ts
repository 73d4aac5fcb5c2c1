import type { ApiClient } from '../../cluster/client/api-client.js';
import { holdTry } from '../../cluster/live/hold-try.js';
import { isApiError } from '../../cluster/client/api-error.js';
import { readTakenBackWorkloads, takenBackPath } from '../../cluster/live/read-taken-back.js';
import { refused } from '../../cluster/live/refusal.js';
import { readWorkload } from '../../cluster/live/read-workload.js';
import { listPodsOf } from '../../cluster/rollout/list-pods.js';
import { OutriderError } from '../../model/error.js';
import { isObject, listOf, objectOf, stringOf, type JsonObject } from '../../model/json.js';
import { names } from '../../model/names.js';
import type { TakenBackEntry } from '../../model/taken-back.js';
import { workloadKind } from '../../model/workload-kinds.js';
import { selectTakenBack, type TakenBackSelection } from '../live/select-taken-back.js';
import type { InstallationSettings } from '../options/cluster.js';
import { calledWorkload } from '../text/taken-back.js';
import type { Target } from './round.js';
import type { PodNeed, WorkloadState } from './workload-state.js';

/**
 * Reads which workloads were taken back, and those of them that are selected, each when its turn comes.
 *
 * @param warn receives what is left out
 * @throws OutriderError `cluster_unavailable`, `object_missing`
 */
export async function takenBackTargets(
  selection: TakenBackSelection,
  client: ApiClient,
  installation: InstallationSettings,
  warn: (text: string) => void,
): Promise<AsyncIterable<Target>> {
  const what = `ConfigMap ${takenBackPath(installation)}`;
  const content = await readTakenBackWorkloads(client, installation).catch((error: unknown) => {
    throw refused(error, client.server, what, '');
  });
  if (content === undefined) {
    const message = `${client.server} forbids its user to read ${what} (403), which says what was taken back; ask for that right, or use kubectl rollout restart.`;
    throw new OutriderError('cluster_unavailable', message);
  }
  const { entries, others } = selectTakenBack(content.entries, selection);
  for (const name of others) warn(`${name} was not taken back: it is left as it is`);
  return each(entries, client, installation, warn);
}

async function* each(
  entries: readonly TakenBackEntry[],
  client: ApiClient,
  installation: InstallationSettings,
  warn: (text: string) => void,
): AsyncGenerator<Target> {
  for (const entry of entries) {
    const { kind, apiVersion, namespace, name } = entry;
    const resource = workloadKind(kind, apiVersion);
    if (resource === undefined) {
      warn(`${calledWorkload(entry)} -n ${namespace}: its controller is not known; restart it the way that says`);
      continue;
    }
    try {
      const object = await readWorkload(client, { resource, name }, namespace);
      const judge = async (now: JsonObject): Promise<WorkloadState> =>
        takenBackState(entry, await listPodsOf(client, now, namespace));
      const hold = (untilMs: number): Promise<string | undefined> => holdFor(entry, untilMs, client, installation);
      yield { resource, name, namespace, object, judge, takenBackMs: Date.parse(entry.since), hold };
    } catch (error) {
      if (!(error instanceof OutriderError) || error.code !== 'object_missing') throw error;
      warn(`${calledWorkload(entry)} -n ${namespace} is there no more`);
    }
  }
}

/**
 * Which of a workload’s pods hang: those that carry the mark of our parts and are not Ready. Pods without the mark run as
 * they would without Outrider.
 */
export function takenBackState({ policy }: TakenBackEntry, pods: readonly JsonObject[]): WorkloadState {
  return { policy, pods: pods.map(needOf) };
}

/** A try of an entry must not get one of the pods that are to run again. */
async function holdFor(
  entry: TakenBackEntry,
  untilMs: number,
  client: ApiClient,
  installation: InstallationSettings,
): Promise<string | undefined> {
  if (entry.stage === 'LeftAlone' && Date.parse(entry.at) >= untilMs) return undefined;
  try {
    await holdTry(client, installation, entry, untilMs);
    return undefined;
  } catch (error) {
    if (isApiError(error, 'Forbidden')) {
      return `it is tried again meanwhile, so that a new pod gets parts of ours, and you may not patch ConfigMap ${takenBackPath(installation)}`;
    }
    throw refused(error, client.server, 'what was taken back', 'ask for the right to patch it');
  }
}

function needOf({ metadata, status }: JsonObject): PodNeed {
  const about = objectOf(metadata);
  const name = stringOf(about?.['name']) ?? '';
  if (objectOf(about?.['labels'])?.[names.status] === undefined) return { name, state: 'missed', detail: '' };
  const isReady = listOf(objectOf(status)?.['conditions'])
    .filter(isObject)
    .some((condition) => condition['type'] === 'Ready' && condition['status'] === 'True');
  return isReady
    ? { name, state: 'instrumented', detail: '' }
    : { name, state: 'broken', detail: 'it is not Ready, and has parts of ours' };
}
