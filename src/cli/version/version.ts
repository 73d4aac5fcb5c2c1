import process from 'node:process';
import { Option, type Command } from 'commander';
import { stringify } from 'yaml';
import type { Part } from '../../cluster/overview/part.js';
import { readVersions, type Versions } from '../../cluster/overview/read-versions.js';
import { OutriderError } from '../../model/error.js';
import { version } from '../../model/version.js';
import { type CommandDefinition, exitCodes, type Invocation, textOf } from '../command.js';
import type { Io } from '../io.js';
import {
  addClusterOptions,
  addTimeoutOption,
  clusterChoice,
  installationSettingKeys,
  openWithKubeConfig,
  timeoutOf,
  type ClusterOpener,
} from '../options/cluster.js';
import { commandSettings } from '../options/settings.js';
import { versionReport, versionText, type ClientVersion } from './report.js';

const versionSettings = commandSettings({ 'Installation:': installationSettingKeys });

/** `outrider version`: shows the version of this program and of the replicas in a cluster. */
export function versionCommand(open: ClusterOpener): CommandDefinition {
  return { configure, run: (invocation) => printVersions(invocation, open) };
}

export const command = versionCommand(openWithKubeConfig);

function configure(command: Command, { programName }: Io): void {
  command.option('--client', 'of this program alone; asks no cluster');
  command.addOption(new Option('-n, --namespace <NAME>', 'namespace of the installation: the same as --own-namespace'));
  addClusterOptions(command);
  addTimeoutOption(command);
  command.addOption(
    new Option('-o, --output <FORMAT>', 'text for people (default), json or yaml').choices(['text', 'json', 'yaml']),
  );
  versionSettings.addTo(command);
  command.addHelpText(
    'after',
    `
Each replica is asked through the API server, by the right to get pods/proxy. Without that right the tag of its image
stands in for its answer.

Examples:
  ${programName} version
  ${programName} version --client
  ${programName} version -n security -o json

Exit codes: 0 said, also where the server's version is not known and why is said; 2 wrong usage.`,
  );
}

async function printVersions(invocation: Invocation, open: ClusterOpener): Promise<number> {
  const { flags, io } = invocation;
  const { instance, ownNamespace } = versionSettings.read(invocation);
  const timeoutMs = timeoutOf(invocation);
  const at = { namespace: textOf(flags['namespace']) ?? ownNamespace, instance };
  const client: ClientVersion = {
    version,
    node: process.version,
    platform: `${process.platform}/${process.arch}`,
  };
  const report =
    flags['client'] === true ? { client } : versionReport(client, at, await ask(invocation, open, at, timeoutMs));
  if (flags['output'] === 'json') io.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`);
  else io.stdout.write(flags['output'] === 'yaml' ? stringify(report) : versionText(report));
  return exitCodes.ok;
}

/** An unreachable cluster is part of the answer, not an error. */
async function ask(
  invocation: Invocation,
  open: ClusterOpener,
  at: { readonly namespace: string; readonly instance: string },
  timeoutMs: number,
): Promise<Part<Versions>> {
  try {
    const cluster = await open(clusterChoice(invocation));
    try {
      const request = { instance: at.instance, ownNamespace: at.namespace, timeoutMs };
      return { known: true, value: await readVersions(cluster, request) };
    } finally {
      await cluster.client.close();
    }
  } catch (error) {
    if (!(error instanceof OutriderError) || error.code !== 'cluster_unavailable') throw error;
    return { known: false, cause: 'no_answer', why: error.message };
  }
}
