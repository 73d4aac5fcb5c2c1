import { whoAmI } from '../../cluster/live/who-am-i.js';
import type { OpenCluster } from '../../cluster/live/open-cluster.js';
import { pauseAt, pauseSentence, secondsText, untilText, type Pause } from '../../cluster/registration/pause-record.js';
import {
  isInstalled,
  pauseInstallation,
  removeEverything,
  type InstallationName,
} from '../../cluster/registration/pause.js';
import { readConfiguration } from '../../cluster/registration/write.js';
import { OutriderError } from '../../model/error.js';
import { addClusterOptions, clusterChoice, openWithKubeConfig, type ClusterOpener } from '../options/cluster.js';
import { type CommandDefinition, exitCodes, type Invocation, textOf } from '../command.js';
import { parseDuration } from '../options/duration.js';
import { addFormatOption, asksForData, dataText } from '../options/output.js';
import { durationText } from '../text/phrases.js';
import { confirm } from './confirm.js';
import { addInstallationOptions, installationOf, withInstallation } from './installation.js';

/** `outrider pause`: stops changing and checking pods for a while. */
export function pauseCommand({ open }: { readonly open: ClusterOpener }): CommandDefinition {
  return {
    configure(command, { programName }) {
      command
        .option(
          '--for <DURATION>',
          `how long, such as 30m, 4h or 1d; forever: until ${programName} resume (default: ${usualDuration})`,
        )
        .option('--reason <TEXT>', 'why, for those who ask; that of a pause that is under way stays otherwise')
        .option('-y, --yes', 'do not ask')
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
date. On a terminal it asks first. Elsewhere it wants --for or --yes. A second pause replaces the first one's end, and its
reason where it gives one.

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
  const { durationMs, length } = durationOf(flags);
  const remove = flags['removeSecrets'] === true;
  if (remove && durationMs !== Infinity) {
    throw new OutriderError('usage', '--remove-secrets is for the end of an installation; give --for forever with it.');
  }
  const { client, clock } = await open(clusterChoice(invocation));
  try {
    // The first answer also gives the API server's date.
    const by = await whoAmI(client);
    const earlier = await withInstallation(client.server, which, async () => {
      if (!remove && !(await isInstalled(client, which))) {
        throw new OutriderError('cluster_unavailable', missing(which));
      }
      return readPause(client, which.instance, clock.wallMs());
    });
    const reason = textOf(flags['reason']);
    const marker = pauseOf(durationMs, clock.wallMs(), by, reason ?? earlier?.reason);
    const consent = { yes: flags['yes'] === true, explicit: flags['for'] !== undefined };
    const instead = '--yes, or say with --for how long';
    if (!(await confirm(io, sentenceFor(which, length, marker, earlier), consent, instead))) {
      io.stderr.write('nothing was changed\n');
      return exitCodes.error;
    }
    const done = await withInstallation(client.server, which, async () => {
      if (remove) return removeEverything(client, which, marker, { clock });
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
      ...(earlier === undefined ? {} : { earlier: { until: untilText(earlier), reason: earlier.reason ?? null } }),
      ...(done.secrets === undefined
        ? {}
        : { secrets: done.secrets, secretsLeft: done.secretsLeft, unowned: done.unowned }),
    };
    io.stdout.write(asksForData(flags) ? dataText(flags, result) : textFor(result, which, length, io.programName));
    return result.paused && done.secretsLeft.length === 0 ? exitCodes.ok : exitCodes.findings;
  } finally {
    await client.close();
  }
}

const usualDuration = '1h';

/**
 * The duration, and the same in words.
 *
 * @throws OutriderError `usage`
 */
function durationOf(flags: Invocation['flags']): { readonly durationMs: number; readonly length: string } {
  const text = textOf(flags['for']) ?? usualDuration;
  if (text === 'forever') return { durationMs: Infinity, length: 'until it is resumed' };
  const durationMs = parseDuration(text);
  if (durationMs !== undefined) return { durationMs, length: `for ${durationText(durationMs / 1000)}` };
  const problem = `--for is ${JSON.stringify(text)}; give a duration such as 30m, 4h or 1d, or forever.`;
  throw new OutriderError('usage', problem, { field: 'for' });
}

function pauseOf(durationMs: number, nowMs: number, by: string | undefined, reason: string | undefined): Pause {
  // The marker holds whole seconds. Round up, so that the pause is never shorter than requested.
  const untilMs = Math.ceil((nowMs + durationMs) / 1000) * 1000;
  if (untilMs !== Infinity && untilMs > latestMs) {
    throw new OutriderError('usage', '--for ends after the year 9999; give forever.', { field: 'for' });
  }
  return { untilMs, since: secondsText(nowMs), by, reason, marker: 'configurations' };
}

const latestMs = Date.UTC(9999, 11, 31);

/** The pause that is in progress, by the marker of either webhook configuration. @throws ApiError */
async function readPause(client: OpenCluster['client'], instance: string, nowMs: number): Promise<Pause | undefined> {
  const [mutating, validating] = await Promise.all(
    (['mutating', 'validating'] as const).map((kind) => readConfiguration(client, kind, instance)),
  );
  return pauseAt({ mutating, validating, configMap: undefined }, nowMs);
}

/** What is about to happen, for the question to the person. */
function sentenceFor(
  { instance, ownNamespace }: InstallationName,
  length: string,
  marker: Pause,
  earlier: Pause | undefined,
): string {
  const end = marker.untilMs === Infinity ? length : `${length}, until ${untilText(marker)}`;
  const before =
    earlier === undefined ? '' : ` It is paused already, ${pauseSentence({ ...earlier, until: untilText(earlier) })}.`;
  return `This takes the webhooks of ${instance} in ${ownNamespace} out of the cluster ${end}: new pods are neither instrumented nor checked.${before}`;
}

function textFor(
  result: {
    readonly paused: boolean;
    readonly until: string | null;
    readonly emptied: readonly string[];
    readonly left: readonly string[];
    readonly reason: string | null;
    readonly earlier?: { readonly until: string; readonly reason: string | null };
    readonly secrets?: readonly string[];
    readonly secretsLeft?: readonly string[];
    readonly unowned?: readonly string[];
  },
  { instance, ownNamespace }: InstallationName,
  length: string,
  programName: string,
): string {
  const { earlier, reason } = result;
  const because = reason === null ? '' : ` (${reason})`;
  const lines = [
    result.until === null
      ? `${instance} in ${ownNamespace} has no webhook configuration: nothing is left to pause`
      : `${instance} in ${ownNamespace} is paused ${result.until === 'forever' ? `until ${programName} resume` : `${length}, until ${result.until}`}${because}`,
    ...(earlier === undefined
      ? []
      : [
          `it was paused already, until ${earlier.until === 'forever' ? `${programName} resume` : earlier.until}${earlier.reason === null || earlier.reason === reason ? '' : ` (${earlier.reason})`}: that end is replaced`,
        ]),
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
