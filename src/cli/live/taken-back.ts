import type { ApiClient } from '../../cluster/client/api-client.js';
import { readTakenBackWorkloads } from '../../cluster/live/read-taken-back.js';
import { takenBackKey, takenBackName, type TakenBack, type TakenBackByKey } from '../../model/taken-back.js';
import type { InstallationSettings } from '../options/cluster.js';

/** The workloads whose new pods an installation leaves alone, as far as they can be read. */
export interface TakenBackThere {
  readonly entries: TakenBackByKey;
  /** What the user may not read, in words. */
  readonly unread: readonly string[];
}

export const noneTakenBack: TakenBackThere = { entries: new Map(), unread: [] };

/** What the entries mean for a new pod that is not the one of a try. */
export function leftAloneBy(entries: TakenBackByKey): TakenBack {
  return { of: (workload) => entries.get(takenBackKey(workload())), mayTry: () => false };
}

/** Reads the workloads whose new pods an installation leaves alone; none without the right to it. */
export async function readTakenBack(client: ApiClient, installation: InstallationSettings): Promise<TakenBackThere> {
  const content = await readTakenBackWorkloads(client, installation);
  if (content !== undefined) return { entries: content.entries, unread: [] };
  return {
    ...noneTakenBack,
    unread: [`ConfigMap ${installation.ownNamespace}/${takenBackName(installation.instance)}`],
  };
}
