import { Option, type Command } from 'commander';
import type { OpenCluster } from '../../cluster/live/open-cluster.js';
import { findInstallations, type FoundInstallation } from '../../cluster/overview/find-installations.js';
import { readSnapshot } from '../../cluster/overview/read-snapshot.js';
import {
  addClusterOptions,
  addTimeoutOption,
  clusterChoice,
  installationSettingKeys,
  openWithKubeConfig,
  timeoutOf,
  type ClusterOpener,
  type InstallationSettings,
} from '../options/cluster.js';
import { processInterrupts, type Interrupts } from '../options/interrupts.js';
import { OutriderError } from '../../model/error.js';
import { sleepAwake, type Sleep } from '../../time/sleep.js';
import { type CommandDefinition, exitCodes, type Invocation, textOf } from '../command.js';
import type { Io } from '../io.js';
import { addColourOption, addFormatOption, asksForData, colourChoice, dataText } from '../options/output.js';
import { commandSettings } from '../options/settings.js';
import type { Health, StatusReport } from './report.js';
import { watch } from './watch.js';
import { statusOf } from './status-of.js';
import { reportText } from './text.js';
import { styleOf, useColour } from '../text/style.js';

const statusSettings = commandSettings({ 'Installation:': [...installationSettingKeys, 'excludedNamespaces'] });

/** What the command gets from its surroundings, besides a cluster. */
export interface StatusWorld {
  readonly open: ClusterOpener;
  readonly interrupts: () => Interrupts;
  readonly sleep: Sleep;
}

/**
 * `outrider status`: shows whether an installation in a cluster does what its policies say, and what to do if it does not.
 */
export function statusCommand(world: StatusWorld): CommandDefinition {
  return { configure, run: (invocation) => status(invocation, world) };
}

export const command = statusCommand({ open: openWithKubeConfig, interrupts: processInterrupts, sleep: sleepAwake });

const everyMs = 5_000;

function configure(command: Command, { programName }: Io): void {
  command
    .addOption(new Option('-n, --namespace <NAME>', 'namespace of the installation: the same as --own-namespace'))
    .addOption(
      new Option('-A, --all-namespaces', 'every installation of the cluster').conflicts(['namespace', 'instance']),
    )
    .option('-w, --watch', `look again every ${everyMs / 1000} s, until it is ended`);
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
  ${programName} status -A
  ${programName} status -w
  ${programName} status --context production -o json

Exit codes: 0 healthy; 1 something needs attention; 2 nobody can tell, wrong usage, or the cluster does not answer.`,
  );
}

const exitCodeOf: Readonly<Record<Health, number>> = {
  healthy: exitCodes.ok,
  attention: exitCodes.findings,
  unknown: exitCodes.error,
};

/** From best to worst. The worst result counts. */
const worse: readonly Health[] = ['healthy', 'unknown', 'attention'];

async function status(invocation: Invocation, { open, interrupts, sleep }: StatusWorld): Promise<number> {
  const { flags, io } = invocation;
  const settings = statusSettings.read(invocation);
  const timeoutMs = timeoutOf(invocation);
  const cluster = await open(clusterChoice(invocation));
  const look = async () => {
    const found = await installationsOf(invocation, cluster, settings, timeoutMs);
    const reports = await Promise.all(
      found.map(async (one) => {
        const snapshot = await readSnapshot(cluster, { ...one, timeoutMs });
        return statusOf(snapshot, { excluded: settings.excludedNamespaces, programName: io.programName });
      }),
    );
    const health = worse[Math.max(...reports.map((report) => worse.indexOf(report.health)))] ?? 'unknown';
    return { text: textFor(reports, invocation), code: exitCodeOf[health] };
  };
  try {
    if (flags['watch'] === true) {
      const interrupt = interrupts();
      try {
        return await watch(io, { look, everyMs, sleep, signal: interrupt.signal });
      } finally {
        interrupt.end();
      }
    }
    const { text, code } = await look();
    io.stdout.write(text);
    return code;
  } finally {
    await cluster.client.close();
  }
}

/** The installations to report on. @throws OutriderError `object_missing` if -A finds none */
async function installationsOf(
  { flags }: Invocation,
  { client }: OpenCluster,
  { instance, ownNamespace }: InstallationSettings,
  timeoutMs: number,
): Promise<readonly FoundInstallation[]> {
  if (flags['allNamespaces'] !== true) {
    return [{ instance, ownNamespace: textOf(flags['namespace']) ?? ownNamespace }];
  }
  const found = await findInstallations(client, timeoutMs);
  if (found.length > 0) return found;
  const message = `there is no installation in the cluster (${client.server}): no Deployment has the label app.kubernetes.io/name=outrider.`;
  throw new OutriderError('object_missing', message);
}

function textFor(reports: readonly StatusReport[], { flags, io }: Invocation): string {
  const [only] = reports;
  if (asksForData(flags)) {
    return dataText(flags, flags['allNamespaces'] === true || only === undefined ? reports : only);
  }
  const style = styleOf(useColour(colourChoice(flags), io.stdout, io.env));
  return reports.map((report) => reportText(report, style)).join('\n');
}
