import { awaitConfigurations, resumeInstallation } from '../../cluster/registration/pause.js';
import { OutriderError } from '../../model/error.js';
import { addClusterOptions, clusterChoice, openWithKubeConfig, type ClusterOpener } from '../options/cluster.js';
import { type CommandDefinition, exitCodes, type Invocation, textOf } from '../command.js';
import { parseDuration } from '../options/duration.js';
import { addFormatOption, asksForData, dataText } from '../options/output.js';
import { addInstallationOptions, installationOf, withInstallation } from './installation.js';

/** `outrider resume`: ends a pause. */
export function resumeCommand({ open }: { readonly open: ClusterOpener }): CommandDefinition {
  return {
    configure(command, { programName }) {
      command.option('--timeout <DURATION>', 'how long to wait for the webhook configurations to be back', '30s');
      addFormatOption(command);
      addInstallationOptions(command);
      addClusterOptions(command);
      command.addHelpText(
        'after',
        `
Takes the marker of outrider pause away, and waits until the leader has put the webhooks back.

Examples:
  ${programName} resume
  ${programName} resume -n outrider-system --timeout 2m

Exit codes: 0 resumed; 1 the marker is gone, and the leader has not written the configurations in time; 2 wrong usage,
or the cluster refuses.`,
      );
    },
    run: (invocation) => resume(invocation, open),
  };
}

export const command = resumeCommand({ open: openWithKubeConfig });

async function resume(invocation: Invocation, open: ClusterOpener): Promise<number> {
  const { flags, io } = invocation;
  const which = installationOf(invocation);
  const timeout = textOf(flags['timeout']) ?? '';
  const patienceMs = parseDuration(timeout);
  if (patienceMs === undefined) {
    throw new OutriderError('usage', `--timeout is ${JSON.stringify(timeout)}; give a duration such as 30s or 2m.`, {
      field: 'timeout',
    });
  }
  const { client } = await open(clusterChoice(invocation));
  const { instance, ownNamespace } = which;
  const json = asksForData(flags);
  try {
    const { found } = await withInstallation(client.server, which, () => resumeInstallation(client, which));
    if (!found) {
      throw new OutriderError(
        'cluster_unavailable',
        `there is neither a webhook configuration ${instance} nor a ConfigMap ${instance} in namespace ${ownNamespace}; give the installation with --instance and -n.`,
      );
    }
    if (!json) {
      io.stderr.write(
        `${instance} in ${ownNamespace} is no longer paused; waiting for its leader to write the webhook configurations\n`,
      );
    }
    const missing = await withInstallation(client.server, which, () =>
      awaitConfigurations(client, instance, patienceMs),
    );
    if (json) {
      io.stdout.write(dataText(flags, { resumed: missing.length === 0, missing }));
    } else if (missing.length === 0) {
      io.stdout.write(`${instance} in ${ownNamespace} is at work again\n`);
    } else {
      io.stdout.write(
        `after ${timeout} the ${missing.join(' and ')} webhook configuration has no webhooks: does ${instance} run? See ${io.programName} status\n`,
      );
    }
    return missing.length === 0 ? exitCodes.ok : exitCodes.findings;
  } finally {
    await client.close();
  }
}
