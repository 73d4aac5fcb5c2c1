import { isApiError } from '../../cluster/client/api-error.js';
import { untilText, type Pause } from '../../cluster/registration/pause-marker.js';
import {
  removeConfigurations,
  removeEverything,
  setMarker,
  type InstallationName,
} from '../../cluster/registration/pause.js';
import { OutriderError } from '../../model/error.js';
import { parseGoDuration } from '../../server/go-duration.js';
import { addClusterOptions, clusterChoice, openWithKubeConfig, type ClusterOpener } from '../options/cluster.js';
import { type CommandDefinition, exitCodes, type Invocation, textOf } from '../command.js';
import { addFormatOption } from '../options/output.js';
import { addInstallationOptions, installationOf, withInstallation } from './installation.js';

/** What `pause` works with beside the command line. */
export interface PauseDependencies {
  readonly open: ClusterOpener;
  /** Milliseconds since 1970. */
  readonly nowMs: () => number;
}

/** `outrider pause`: no pod is changed or checked for a while. */
export function pauseCommand(dependencies: PauseDependencies): CommandDefinition {
  return {
    configure(command, { programName }) {
      command
        .option('--for <DURATION>', 'how long, such as 30m or 4h; forever: until outrider resume', '1h')
        .option('--reason <TEXT>', 'why, for those who ask')
        .option(
          '--remove-secrets',
          'also delete the mirrored Secrets: before an installation is taken away; needs no ConfigMap',
        );
      addFormatOption(command);
      addInstallationOptions(command);
      addClusterOptions(command);
      command.addHelpText(
        'after',
        `
Sets a marker that every replica reads, and deletes the webhook configurations itself: it works while Outrider is down.
New pods are then neither instrumented nor denied, whatever their policy says. Pods that run stay as they are.

Examples:
  ${programName} pause --for 30m --reason "registry is down"
  ${programName} pause --for forever -n outrider-system
  ${programName} pause --for forever --remove-secrets

Exit codes: 0 paused; 1 a webhook configuration keeps coming back, or a mirrored Secret is left; 2 wrong usage, or the cluster refuses.`,
      );
    },
    run: (invocation) => pause(invocation, dependencies),
  };
}

export const command = pauseCommand({ open: openWithKubeConfig, nowMs: () => Date.now() });

async function pause(invocation: Invocation, { open, nowMs }: PauseDependencies): Promise<number> {
  const { flags, io } = invocation;
  const which = installationOf(invocation);
  const marker = pauseOf(flags, nowMs());
  const remove = flags['removeSecrets'] === true;
  if (remove && marker.untilMs !== Infinity) {
    throw new OutriderError('usage', '--remove-secrets is for the end of an installation; give --for forever with it.');
  }
  const { client } = await open(clusterChoice(invocation));
  try {
    const done = await withInstallation(
      client.server,
      which,
      async () => {
        if (remove) return removeEverything(client, which, marker.reason);
        await setMarker(client, which, marker);
        const removed = await removeConfigurations(client, which.instance, marker);
        return { marked: true, ...removed, secrets: undefined, secretsLeft: [] };
      },
      (error) => (isApiError(error, 'NotFound') ? missing(which) : undefined),
    );
    const result = {
      paused: done.left.length === 0,
      until: done.marked ? untilText(marker) : null,
      reason: marker.reason ?? null,
      deleted: done.deleted,
      left: done.left,
      ...(done.secrets === undefined ? {} : { secrets: done.secrets, secretsLeft: done.secretsLeft }),
    };
    io.stdout.write(flags['output'] === 'json' ? `${JSON.stringify(result, undefined, 2)}\n` : textFor(result, which));
    return result.paused && done.secretsLeft.length === 0 ? exitCodes.ok : exitCodes.findings;
  } finally {
    await client.close();
  }
}

function pauseOf(flags: Invocation['flags'], nowMs: number): Pause {
  const text = textOf(flags['for']) ?? '';
  const reason = textOf(flags['reason']);
  if (text === 'forever') return { untilMs: Infinity, reason };
  const durationMs = parseGoDuration(text);
  if (durationMs === undefined) {
    throw new OutriderError(
      'usage',
      `--for is ${JSON.stringify(text)}; give a duration such as 30m or 4h, or forever.`,
      {
        field: 'for',
      },
    );
  }
  // The marker holds whole seconds: never less than what was asked for.
  const untilMs = Math.ceil((nowMs + durationMs) / 1000) * 1000;
  if (untilMs > latestMs) {
    throw new OutriderError('usage', `--for ${text} ends after the year 9999; give forever.`, { field: 'for' });
  }
  return { untilMs, reason };
}

const latestMs = Date.UTC(9999, 11, 31);

function textFor(
  result: {
    readonly paused: boolean;
    readonly until: string | null;
    readonly deleted: readonly string[];
    readonly left: readonly string[];
    readonly secrets?: readonly string[];
    readonly secretsLeft?: readonly string[];
  },
  { instance, ownNamespace }: InstallationName,
): string {
  const lines = [
    result.until === null
      ? `${instance} in ${ownNamespace} has no ConfigMap for a marker: nothing is left to pause`
      : `${instance} in ${ownNamespace} is paused ${result.until === 'forever' ? 'until outrider resume' : `until ${result.until}`}`,
    ...result.deleted.map((kind) => `deleted the ${kind} webhook configuration`),
    ...(result.secrets === undefined ? [] : [`deleted ${result.secrets.length} mirrored Secrets`]),
    ...(result.secretsLeft ?? []).map(
      (secret) => `the mirrored Secret ${secret} cannot be deleted: may you get and delete it?`,
    ),
    ...result.left.map(
      (kind) => `the ${kind} webhook configuration ${instance} keeps coming back: is something else applying it?`,
    ),
  ];
  return `${lines.join('\n')}\n`;
}

function missing({ instance, ownNamespace }: InstallationName): string {
  return `there is no ConfigMap ${instance} in namespace ${ownNamespace}, so there is nowhere to put the marker; give the installation with --instance and -n.`;
}
