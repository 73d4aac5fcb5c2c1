import { whoAmI } from '../../cluster/live/who-am-i.js';
import { secondsText, untilText, type Pause } from '../../cluster/registration/pause-record.js';
import {
  isInstalled,
  pauseInstallation,
  removeEverything,
  type InstallationName,
} from '../../cluster/registration/pause.js';
import { OutriderError } from '../../model/error.js';
import { parseGoDuration } from '../../server/go-duration.js';
import { addClusterOptions, clusterChoice, openWithKubeConfig, type ClusterOpener } from '../options/cluster.js';
import { type CommandDefinition, exitCodes, type Invocation, textOf } from '../command.js';
import { addFormatOption } from '../options/output.js';
import { addInstallationOptions, installationOf, withInstallation } from './installation.js';

/** `outrider pause`: no pod is changed or checked for a while. */
export function pauseCommand({ open }: { readonly open: ClusterOpener }): CommandDefinition {
  return {
    configure(command, { programName }) {
      command
        .option('--for <DURATION>', 'how long, such as 30m or 4h; forever: until outrider resume', '1h')
        .option('--reason <TEXT>', 'why, for those who ask')
        .option(
          '--remove-secrets',
          'also delete the mirrored Secrets: before an installation is taken away; makes no configurations',
        );
      addFormatOption(command);
      addInstallationOptions(command);
      addClusterOptions(command);
      command.addHelpText(
        'after',
        `
Marks the webhook configurations, so that every replica knows, and takes the webhooks out itself: it works while Outrider
is down. New pods are then neither instrumented nor denied, whatever their policy says. Pods that run stay as they are.
Who pauses, since when and why stands in the marker, in outrider status and in an Event. --for counts by the API server's
date.

Examples:
  ${programName} pause --for 30m --reason "registry is down"
  ${programName} pause --for forever -n outrider-system
  ${programName} pause --for forever --remove-secrets

Exit codes: 0 paused; 1 webhooks keep coming back, or a mirrored Secret is left; 2 wrong usage, or the cluster refuses.`,
      );
    },
    run: (invocation) => pause(invocation, open),
  };
}

export const command = pauseCommand({ open: openWithKubeConfig });

async function pause(invocation: Invocation, open: ClusterOpener): Promise<number> {
  const { flags, io } = invocation;
  const which = installationOf(invocation);
  const durationMs = durationOf(flags);
  const remove = flags['removeSecrets'] === true;
  if (remove && durationMs !== Infinity) {
    throw new OutriderError('usage', '--remove-secrets is for the end of an installation; give --for forever with it.');
  }
  const { client, clock } = await open(clusterChoice(invocation));
  try {
    // The first answer also tells the API server's date.
    const by = await whoAmI(client);
    const marker = pauseOf(durationMs, clock.wallMs(), by, textOf(flags['reason']));
    const done = await withInstallation(client.server, which, async () => {
      if (remove) return removeEverything(client, which, marker, { clock });
      if (!(await isInstalled(client, which))) throw new OutriderError('cluster_unavailable', missing(which));
      const emptied = await pauseInstallation(client, which.instance, marker, { create: true, clock });
      return { marked: true, ...emptied, unowned: [], secrets: undefined, secretsLeft: [] };
    });
    const result = {
      paused: done.left.length === 0,
      until: done.marked ? untilText(marker) : null,
      since: marker.since ?? null,
      by: by ?? null,
      reason: marker.reason ?? null,
      emptied: done.emptied,
      left: done.left,
      ...(done.secrets === undefined
        ? {}
        : { secrets: done.secrets, secretsLeft: done.secretsLeft, unowned: done.unowned }),
    };
    io.stdout.write(flags['output'] === 'json' ? `${JSON.stringify(result, undefined, 2)}\n` : textFor(result, which));
    return result.paused && done.secretsLeft.length === 0 ? exitCodes.ok : exitCodes.findings;
  } finally {
    await client.close();
  }
}

/** @throws OutriderError `usage` */
function durationOf(flags: Invocation['flags']): number {
  const text = textOf(flags['for']) ?? '';
  if (text === 'forever') return Infinity;
  const durationMs = parseGoDuration(text);
  if (durationMs !== undefined) return durationMs;
  const problem = `--for is ${JSON.stringify(text)}; give a duration such as 30m or 4h, or forever.`;
  throw new OutriderError('usage', problem, { field: 'for' });
}

function pauseOf(durationMs: number, nowMs: number, by: string | undefined, reason: string | undefined): Pause {
  // The marker holds whole seconds: never less than what was asked for.
  const untilMs = Math.ceil((nowMs + durationMs) / 1000) * 1000;
  if (untilMs !== Infinity && untilMs > latestMs) {
    throw new OutriderError('usage', '--for ends after the year 9999; give forever.', { field: 'for' });
  }
  return { untilMs, since: secondsText(nowMs), by, reason, marker: 'configurations' };
}

const latestMs = Date.UTC(9999, 11, 31);

function textFor(
  result: {
    readonly paused: boolean;
    readonly until: string | null;
    readonly emptied: readonly string[];
    readonly left: readonly string[];
    readonly secrets?: readonly string[];
    readonly secretsLeft?: readonly string[];
    readonly unowned?: readonly string[];
  },
  { instance, ownNamespace }: InstallationName,
): string {
  const lines = [
    result.until === null
      ? `${instance} in ${ownNamespace} has no webhook configuration: nothing is left to pause`
      : `${instance} in ${ownNamespace} is paused ${result.until === 'forever' ? 'until outrider resume' : `until ${result.until}`}`,
    ...result.emptied.map((kind) => `took the webhooks out of the ${kind} webhook configuration`),
    ...(result.secrets === undefined ? [] : [`deleted ${result.secrets.length} mirrored Secrets`]),
    ...(result.secretsLeft ?? []).map(
      (secret) => `the mirrored Secret ${secret} cannot be deleted: may you get and delete it?`,
    ),
    ...(result.unowned ?? []).map(
      (kind) =>
        `the empty ${kind} webhook configuration belongs to nobody: once no replica runs, kubectl delete ${kind}webhookconfiguration ${instance}`,
    ),
    ...result.left.map(
      (kind) =>
        `the webhooks of the ${kind} webhook configuration ${instance} keep coming back: does something else apply it, or do replicas of an earlier version run?`,
    ),
  ];
  return `${lines.join('\n')}\n`;
}

function missing({ instance, ownNamespace }: InstallationName): string {
  return `there is neither a webhook configuration ${instance} nor a ConfigMap ${instance} in namespace ${ownNamespace}; give the installation with --instance and -n.`;
}
