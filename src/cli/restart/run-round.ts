import type { OpenCluster } from '../../cluster/live/open-cluster.js';
import { readStandstill, type Standstill } from '../../cluster/live/read-standstill.js';
import { apiVersionOf, pathOf } from '../../cluster/client/resources.js';
import { listPodsOf } from '../../cluster/rollout/list-pods.js';
import { restartPatch } from '../../cluster/rollout/restart-patch.js';
import { pauseSentence, untilText } from '../../cluster/registration/pause-record.js';
import type { Invocation } from '../command.js';
import { openLiveCluster, type LiveSettings } from '../live/engine.js';
import type { RoundReport } from './result.js';
import { RestartRound, type RoundAccess, type RoundOptions, type Target } from './round.js';
import { targetsOf, type Asked } from './targets.js';

/** A round as a command line asks for it. */
export interface AskedRound extends Omit<RoundOptions, 'access' | 'onProgress'> {
  readonly settings: LiveSettings;
  readonly asked: Asked;
  readonly progress: (text: string) => void;
}

/**
 * Runs a round in a cluster, unless the installation stands still: new pods would then be no better.
 *
 * @throws OutriderError, or an AggregateError of them
 */
export async function runRound(
  invocation: Invocation,
  cluster: OpenCluster,
  round: AskedRound,
): Promise<RoundReport | { readonly standstill: string }> {
  const { settings, asked, progress, programName } = round;
  const { client } = cluster;
  const standstill = await readStandstill(client, settings, cluster.clock);
  if (standstill !== undefined) return { standstill: standstillText(standstill, programName) };
  const live = await openLiveCluster(invocation, settings, cluster, true);
  try {
    const targets = await targetsOf(asked, client, live, (text) => progress(`outrider: warning: ${text}`));
    return await new RestartRound({
      ...round,
      access: accessTo(client),
      onProgress: (target, text) =>
        progress(`  ${target.resource.kind} ${target.name} -n ${target.namespace}: ${text}`),
    }).run(targets);
  } finally {
    await live.images.close();
  }
}

/** The cluster as a round reads and writes it. */
export function accessTo(client: OpenCluster['client']): RoundAccess {
  const pathTo = ({ resource, namespace, name }: Target): string => pathOf(resource, { namespace, name });
  return {
    read: async (target) => typed(target, await client.get(pathTo(target))),
    restart: async (target, object, { at, fieldManager, dryRun }) =>
      typed(
        target,
        await client.patch(pathTo(target), 'merge', restartPatch(object, at), {
          query: { fieldManager, ...(dryRun ? { dryRun: 'All' } : {}) },
        }),
      ),
    pods: async (target, object) => {
      try {
        return await listPodsOf(client, object, target.namespace);
      } catch {
        // They are only looked at to say more of a failure.
        return [];
      }
    },
  };
}

function typed<Value>({ resource }: Target, object: Value) {
  return { ...object, apiVersion: apiVersionOf(resource), kind: resource.kind };
}

function standstillText(standstill: Standstill, programName: string): string {
  if (standstill.cause === 'paused') {
    const { pause } = standstill;
    return `Outrider is paused ${pauseSentence({ ...pause, until: untilText(pause) })}, and new pods are created as they are; ${programName} resume ends that.`;
  }
  return `the API server has no webhook configuration of this installation, and new pods are created as they are; see ${programName} status.`;
}
