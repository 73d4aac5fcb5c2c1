import type { Command } from 'commander';
import { exitCodes, type CommandDefinition, type Invocation } from '../command.js';
import type { Io } from '../io.js';
import { clusterChoice, openWithKubeConfig, type ClusterOpener } from '../options/cluster.js';
import { addColourOption, colourChoice } from '../options/output.js';
import { askedNamespace, addPreviewOptions, previewFormat, previewSettings } from '../preview/options.js';
import { previewOf } from '../preview/open.js';
import { growthOf } from '../preview/sums.js';
import { summaryOf } from '../preview/summary.js';
import { printUnread } from '../preview/unread.js';
import { styleOf, useColour } from '../text/style.js';
import { writeJson } from './json.js';
import { markdownText } from './markdown.js';
import { diffText } from './text.js';

/** Something would be denied: for people and pipelines more than a change. */
const denied = 3;

/** `outrider diff`: shows what policies would do to a cluster’s workloads, beside what is done now. */
export function diffCommand(open: ClusterOpener): CommandDefinition {
  return { configure, run: (invocation) => diff(invocation, open) };
}

export const command = diffCommand(openWithKubeConfig);

function configure(command: Command, { programName }: Io): void {
  addPreviewOptions(command, 'every workload, with details');
  addColourOption(command);
  command.addHelpText(
    'after',
    `
Now: what the cluster's policies do to a new pod of each workload. Then: what they would do with those of --policy, which
take the place of the cluster's policies and profiles of the same name, and are added to the others. To see a policy go,
give it with mode: 'Off', or --without NAME. Outrider need not be installed.

Everything is read, with your rights, and nothing is written: namespaces, workloads page by page, LimitRanges, quotas,
whether Secrets are there, and images as explain does it (--no-lookup asks no registry). What you may not list is named, and
the command then ends with 2.

Examples:
  ${programName} diff --policy policy.yaml -n shop
  ${programName} diff --policy policies/ -A
  ${programName} diff --policy policy.yaml --set spec.mode=Off -A -o wide
  ${programName} diff --without payments -A
  ${programName} diff --policy policies/ -A --no-lookup -o markdown > comment.md

Exit codes: 0 nothing changes; 1 something changes; 3 pods of a workload would be denied, also where they are now; 2 wrong
usage, bad input, or not everything could be looked at.`,
  );
}

async function diff(invocation: Invocation, open: ClusterOpener): Promise<number> {
  const { io, flags } = invocation;
  const settings = previewSettings.read(invocation);
  const format = previewFormat(invocation);
  const cluster = await open(clusterChoice(invocation));
  try {
    const all = askedNamespace(invocation, cluster.namespace) === undefined;
    const preview = await previewOf(invocation, settings, cluster, { onTemplate: () => Promise.resolve(undefined) });
    const growth = await growthOf(preview, cluster.client);
    const summary = summaryOf(preview);
    if (format === 'json') writeJson(preview, { growth, summary, server: cluster.client.server }, io.stdout);
    else if (format === 'markdown') io.stdout.write(markdownText(preview, growth, summary));
    else {
      const style = styleOf(useColour(colourChoice(flags), io.stdout, io.env));
      io.stdout.write(diffText(preview, growth, summary, { wide: format === 'wide', namespaces: all, style }));
    }
    const isWhole = printUnread(preview, io);
    if (!isWhole) return exitCodes.error;
    if (summary.denied > 0) return denied;
    return summary.changed > 0 ? exitCodes.findings : exitCodes.ok;
  } finally {
    await cluster.client.close();
  }
}
