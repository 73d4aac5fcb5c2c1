import type { Command } from 'commander';
import { isApiError } from '../../cluster/client/api-error.js';
import { markRetry } from '../../cluster/live/mark-retry.js';
import type { OpenCluster } from '../../cluster/live/open-cluster.js';
import { readTakenBackWorkloads } from '../../cluster/live/read-taken-back.js';
import { namedWorkloads } from '../../cluster/live/workload-kinds.js';
import { OutriderError } from '../../model/error.js';
import { takenBackName, type TakenBackContent } from '../../model/taken-back.js';
import { type CommandDefinition, exitCodes, type Invocation, textOf } from '../command.js';
import type { Io } from '../io.js';
import { selectTakenBack, type TakenBackSelection } from '../live/select-taken-back.js';
import {
  addClusterOptions,
  clusterChoice,
  installationSettingKeys,
  openWithKubeConfig,
  type ClusterOpener,
  type InstallationSettings,
} from '../options/cluster.js';
import { addColourOption, addFormatOption, asksForData, colourChoice, dataText } from '../options/output.js';
import { commandSettings } from '../options/settings.js';
import { styleOf, useColour } from '../text/style.js';
import { retryData, retryText } from './text.js';

const retrySettings = commandSettings({ 'Installation:': installationSettingKeys });

/** `outrider retry`: has workloads tried again at once whose new pods are left alone. */
export function retryCommand(open: ClusterOpener): CommandDefinition {
  return { configure, run: (invocation) => retry(invocation, open) };
}

export const command = retryCommand(openWithKubeConfig);

function configure(command: Command, { programName }: Io): void {
  command.argument('[OBJECT...]', 'workloads, as kubectl names them: deploy/web, sts/db, ds/log, rollout/api');
  command
    .option('--policy <NAME>', 'all workloads that were taken back from this policy')
    .option('-n, --namespace <NAME>', 'their namespace (default: the context’s)')
    .option('-A, --all-namespaces', 'all that were taken back, in all namespaces');
  addFormatOption(command);
  addColourOption(command);
  retrySettings.addTo(command);
  addClusterOptions(command);
  command.usage('(OBJECT... | --policy NAME | -A) [OPTIONS]');
  command.addHelpText(
    'after',
    `
A workload whose pods did not run because of a part of ours is left alone for a while: outrider coverage says which. This
has the leader try it again now: the next new pod gets our parts, and the others too once that one has run for a while. It
needs the right to patch a ConfigMap in Outrider’s namespace. Without it, a change of the workload’s template has the same
effect. No pod is created or restarted.

Examples:
  ${programName} retry deploy/web -n shop
  ${programName} retry --policy payments -A
  ${programName} retry -A -o json

Exit codes: 0 asked for, or nothing to try; 2 wrong usage, or the cluster refuses.`,
  );
}

async function retry(invocation: Invocation, open: ClusterOpener): Promise<number> {
  const { io, flags } = invocation;
  checkAsked(invocation);
  const settings = retrySettings.read(invocation);
  const cluster = await open(clusterChoice(invocation));
  try {
    const content = await readContent(cluster, settings);
    const { entries, others } = selectTakenBack(content.entries, selectionOf(invocation, cluster.namespace));
    const at = new Date(cluster.clock.wallMs()).toISOString();
    if (entries.length > 0) {
      await markRetry(cluster.client, settings, entries, at).catch((error: unknown) => {
        throw refusal(error, cluster, settings, 'patch');
      });
    }
    const style = styleOf(useColour(colourChoice(flags), io.stdout, io.env));
    io.stdout.write(
      asksForData(flags) ? dataText(flags, retryData(entries, others)) : retryText(entries, others, style),
    );
    return exitCodes.ok;
  } finally {
    await cluster.client.close();
  }
}

async function readContent(cluster: OpenCluster, settings: InstallationSettings): Promise<TakenBackContent> {
  try {
    const content = await readTakenBackWorkloads(cluster.client, settings);
    if (content !== undefined) return content;
  } catch (error) {
    throw refusal(error, cluster, settings, 'get');
  }
  throw forbidden(cluster, settings, 'get');
}

/** @throws OutriderError `usage` */
function checkAsked({ flags, args }: Invocation): void {
  const policy = textOf(flags['policy']);
  const all = flags['allNamespaces'] === true;
  const problem =
    args.length === 0 && policy === undefined && !all
      ? 'nothing is asked for; name workloads, such as deploy/web, or give --policy NAME or -A.'
      : args.length > 0 && policy !== undefined
        ? `${args.join(' ')} and --policy are two ways to ask; give one.`
        : args.length > 0 && all
          ? '-A is for all that were taken back; workloads that are named are in one namespace.'
          : all && flags['namespace'] !== undefined
            ? '-n and -A are two answers; give one.'
            : undefined;
  if (problem !== undefined) throw new OutriderError('usage', problem);
  // Report wrong arguments before looking at anything.
  namedWorkloads(args);
}

function selectionOf({ flags, args }: Invocation, contextNamespace: string): TakenBackSelection {
  const namespace = textOf(flags['namespace']) ?? contextNamespace;
  if (args.length > 0) return { objects: namedWorkloads(args), namespace };
  const all = flags['allNamespaces'] === true;
  return { policy: textOf(flags['policy']), namespace: all ? undefined : namespace };
}

function refusal(error: unknown, cluster: OpenCluster, settings: InstallationSettings, verb: string): unknown {
  if (!isApiError(error)) return error;
  if (error.reason === 'Forbidden') return forbidden(cluster, settings, verb, error);
  const message = `${cluster.client.server} answers: ${error.message}; try again later.`;
  return new OutriderError('cluster_unavailable', message, { cause: error });
}

function forbidden(
  { client }: OpenCluster,
  { instance, ownNamespace }: InstallationSettings,
  verb: string,
  cause?: unknown,
): OutriderError {
  const what = `${verb} ConfigMap ${ownNamespace}/${takenBackName(instance)}`;
  const helps = 'ask whoever runs Outrider, or change the workload’s pod template, such as an annotation of it';
  return new OutriderError(
    'cluster_unavailable',
    `${client.server} forbids its user to ${what} (403); ${helps}: a new template is tried at once.`,
    ...(cause === undefined ? [] : [{ cause }]),
  );
}
