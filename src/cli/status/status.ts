import { Option, type Command } from 'commander';
import { readSnapshot } from '../../cluster/overview/read-snapshot.js';
import {
  addClusterOptions,
  addTimeoutOption,
  clusterChoice,
  installationSettingKeys,
  openWithKubeConfig,
  timeoutOf,
  type ClusterOpener,
} from '../options/cluster.js';
import { type CommandDefinition, exitCodes, type Invocation, textOf } from '../command.js';
import type { Io } from '../io.js';
import { addColourOption, addFormatOption, colourChoice } from '../options/output.js';
import { commandSettings } from '../options/settings.js';
import type { Health } from './report.js';
import { statusOf } from './status-of.js';
import { reportText } from './text.js';
import { styleOf, useColour } from '../text/style.js';

const statusSettings = commandSettings({ 'Installation:': [...installationSettingKeys, 'excludedNamespaces'] });

/**
 * `outrider status`: whether an installation in a cluster does what its policies say, and what to do where it does not.
 */
export function statusCommand(open: ClusterOpener): CommandDefinition {
  return { configure, run: (invocation) => status(invocation, open) };
}

export const command = statusCommand(openWithKubeConfig);

function configure(command: Command, { programName }: Io): void {
  command.addOption(new Option('-n, --namespace <NAME>', 'namespace of the installation: the same as --own-namespace'));
  addClusterOptions(command);
  addTimeoutOption(command);
  addFormatOption(command);
  addColourOption(command);
  statusSettings.addTo(command);
  command.addHelpText(
    'after',
    `
Everything is read, nothing is written; what you may not read is said to be unknown.

Examples:
  ${programName} status
  ${programName} status -n security --instance outrider-canary
  ${programName} status --context production -o json

Exit codes: 0 healthy; 1 something needs attention; 2 nobody can tell, wrong usage, or the cluster does not answer.`,
  );
}

const exitCodeOf: Readonly<Record<Health, number>> = {
  healthy: exitCodes.ok,
  attention: exitCodes.findings,
  unknown: exitCodes.error,
};

async function status(invocation: Invocation, open: ClusterOpener): Promise<number> {
  const { flags, io } = invocation;
  const { instance, ownNamespace, excludedNamespaces } = statusSettings.read(invocation);
  const timeoutMs = timeoutOf(invocation);
  const cluster = await open(clusterChoice(invocation));
  try {
    const snapshot = await readSnapshot(cluster, {
      instance,
      ownNamespace: textOf(flags['namespace']) ?? ownNamespace,
      timeoutMs,
    });
    const report = statusOf(snapshot, { excluded: excludedNamespaces, programName: io.programName });
    io.stdout.write(
      flags['output'] === 'json'
        ? `${JSON.stringify(report, undefined, 2)}\n`
        : reportText(report, styleOf(useColour(colourChoice(flags), io.stdout, io.env))),
    );
    return exitCodeOf[report.health];
  } finally {
    await cluster.client.close();
  }
}
