import { randomUUID } from 'node:crypto';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { DryRunPods } from '../../cluster/dry-run/dry-run-pods.js';
import { systemClock } from '../../time/clock.js';
import { sleepAwake } from '../../time/sleep.js';
import { exitCodes, type CommandDefinition, type Invocation } from '../command.js';
import type { Io } from '../io.js';
import { clusterChoice, openWithKubeConfig, type ClusterOpener } from '../options/cluster.js';
import { processInterrupts } from '../options/interrupts.js';
import { addColourOption, colourChoice } from '../options/output.js';
import { previewOf } from '../preview/open.js';
import { addPreviewOptions, previewFormat, previewSettings } from '../preview/options.js';
import { growthOf } from '../preview/sums.js';
import { summaryOf } from '../preview/summary.js';
import { printUnread } from '../preview/unread.js';
import { styleOf, useColour } from '../text/style.js';
import { apart, askAbout } from './ask-templates.js';
import { Asker } from './asker.js';
import { countsOf, type JudgedPreview } from './findings.js';
import { writePreflightJson } from './json.js';
import { preflightMarkdown } from './markdown.js';
import { preflightText } from './text.js';

/** Something would be refused. */
const refused = 3;
const usualRate = 20;
const highestRate = 500;

/** `outrider preflight`: asks the API server who would refuse the pods that policies would make. */
export function preflightCommand(open: ClusterOpener): CommandDefinition {
  return { configure, run: (invocation) => preflight(invocation, open) };
}

export const command = preflightCommand(openWithKubeConfig);

function configure(command: Command, { programName }: Io): void {
  addPreviewOptions(command, 'also every workload');
  command.addOption(
    new Option('--rate <N>', `dry runs per second at most, up to ${highestRate}`).default(usualRate).argParser(rateOf),
  );
  addColourOption(command);
  command.addHelpText(
    'after',
    `
Decides as diff does, and then asks the API server to create a pod of each distinct template with our parts in it, as a dry
run: nothing is stored. So everybody who would refuse it does: Pod Security, LimitRanges, quotas, OpenShift's security
context constraints, Kyverno, Gatekeeper, and any other webhook or ValidatingAdmissionPolicy. Each refusal is given in its
own words, with what to change. A pod that is refused is asked about without our parts, too, to tell what is so already.

It needs the right to create pods, and uses it for dry runs only. What is sent is the template, which the API server has
already, and what the policies add; no Secret is sent. Webhooks get these pods with dryRun: true.

Examples:
  ${programName} preflight --policy policy.yaml -n shop
  ${programName} preflight --policy policies/ -A
  ${programName} preflight --policy policies/ -A -l tier=web --rate 5
  ${programName} preflight --policy policies/ -A --no-lookup -o markdown > comment.md

Exit codes: 0 nothing changes; 1 something changes, and nobody refuses it; 3 pods of a workload would be refused or denied,
also where they are now; 2 wrong usage, bad input, or not everything could be looked at or asked about.`,
  );
}

async function preflight(invocation: Invocation, open: ClusterOpener): Promise<number> {
  const { io, flags } = invocation;
  const settings = previewSettings.read(invocation);
  const format = previewFormat(invocation);
  const cluster = await open(clusterChoice(invocation));
  const interrupts = processInterrupts();
  try {
    const { client } = cluster;
    const pods = new DryRunPods({
      client,
      clock: systemClock,
      sleep: sleepAwake,
      signal: interrupts.signal,
      perSecond: typeof flags['rate'] === 'number' ? flags['rate'] : usualRate,
    });
    const asker = new Asker({ pods, instance: settings.instance, uid: randomUUID, random: Math.random });
    const preview = await previewOf(invocation, settings, cluster, {
      onTemplate: (decided) => askAbout(decided, asker),
      apart,
    });
    const growth = await growthOf(preview, client);
    const counts = countsOf(preview);
    const totals = { counts, workloads: preview.rows.length, asked: asker.asked };
    if (format === 'json') {
      const about = { ...totals, server: client.server, requests: pods.requests };
      writePreflightJson(preview, growth, about, io.stdout);
    } else if (format === 'markdown') io.stdout.write(preflightMarkdown(preview, growth, totals));
    else {
      const style = styleOf(useColour(colourChoice(flags), io.stdout, io.env));
      io.stdout.write(preflightText(preview, growth, totals, { wide: format === 'wide', style }));
    }
    return exitCodeOf(preview, asker.withoutRight, invocation);
  } finally {
    interrupts.end();
    await cluster.client.close();
  }
}

function exitCodeOf(preview: JudgedPreview, withoutRight: readonly string[], { io }: Pick<Invocation, 'io'>): number {
  const { refused: refusals, denied, unknown } = countsOf(preview);
  const isRead = printUnread(preview, io);
  if (withoutRight.length > 0) io.stderr.write(noRightText(withoutRight, io.programName));
  if (!isRead || withoutRight.length > 0 || unknown > 0) return exitCodes.error;
  if (refusals + denied > 0) return refused;
  return summaryOf(preview).changed > 0 ? exitCodes.findings : exitCodes.ok;
}

/** What a user can do who may not create pods. */
function noRightText(namespaces: readonly string[], programName: string): string {
  const shown = namespaces.slice(0, 5).join(', ');
  const more = namespaces.length > 5 ? ` and ${namespaces.length - 5} more` : '';
  return `outrider: error: you may not create pods in ${shown}${more}, so nobody could be asked there: ask for the right to create pods, which dry runs need, too, or see what ${programName} diff says without it [docs/errors.md#cluster_unavailable]\n`;
}

function rateOf(text: string): number {
  const rate = Number(text);
  if (/^\d{1,3}$/.test(text) && rate >= 1 && rate <= highestRate) return rate;
  throw new InvalidArgumentError(`A whole number from 1 to ${highestRate} is asked for.`);
}
