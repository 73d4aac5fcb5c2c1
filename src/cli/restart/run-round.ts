import type { OpenCluster } from '../../cluster/live/open-cluster.js';
import { readStandstill, type Standstill } from '../../cluster/live/read-standstill.js';
import { apiVersionOf, pathOf } from '../../cluster/client/resources.js';
import { listPodsOf } from '../../cluster/rollout/list-pods.js';
import { restartPatch } from '../../cluster/rollout/restart-patch.js';
import { pauseSentence, untilText } from '../../cluster/registration/pause-record.js';
import type { Invocation } from '../command.js';
import { openLiveCluster } from '../live/engine.js';
import type { LiveSettings } from '../live/ground.js';
import type { RoundReport } from './result.js';
import { RestartRound, type RoundAccess, type RoundOptions, type Target } from './round.js';
import { takenBackTargets } from './taken-back-targets.js';
import { targetsOf, type AskedOfRound } from './targets.js';

/** A round as the command line requests it. */
export interface AskedRound extends Omit<RoundOptions, 'access' | 'onProgress'> {
  readonly settings: LiveSettings;
  readonly asked: AskedOfRound;
  readonly progress: (text: string) => void;
}

/**
 * Runs a round in a cluster, unless the installation does not work at the moment: new pods would then be no better.
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
  const run = (targets: AsyncIterable<Target>): Promise<RoundReport> =>
    new RestartRound({
      ...round,
      access: accessTo(client),
      onProgress: (target, text) =>
        progress(`  ${target.resource.kind} ${target.name} -n ${target.namespace}: ${text}`),
    }).run(targets);
  const warn = (text: string): void => progress(`outrider: warning: ${text}`);
  // Such a restart takes parts of ours off. It helps whether or not new pods are sent to the webhook.
  if ('takenBack' in asked) return run(await takenBackTargets(asked.takenBack, client, settings, warn));
  const standstill = await readStandstill(client, settings, cluster.clock);
  if (standstill !== undefined && standstill.cause !== 'unread') {
    return { standstill: standstillText(standstill, programName) };
  }
  const live = await openLiveCluster(invocation, settings, cluster, true);
  try {
    return await run(await targetsOf(asked, client, live, warn));
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
        // The pods are only looked at to explain a failure.
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
