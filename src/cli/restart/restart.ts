import type { Command } from 'commander';
import { namedWorkloads } from '../../cluster/live/workload-kinds.js';
import { OutriderError } from '../../model/error.js';
import { sleepAwake } from '../../time/sleep.js';
import { systemClock, type Clock } from '../../time/clock.js';
import { type CommandDefinition, exitCodes, type Invocation, textOf } from '../command.js';
import { lookupSettingKeys } from '../image/lookups.js';
import type { Io } from '../io.js';
import {
  addClusterOptions,
  clusterChoice,
  installationSettingKeys,
  openWithKubeConfig,
  type ClusterOpener,
} from '../options/cluster.js';
import { parseDuration } from '../options/duration.js';
import { addColourOption, addFormatOption, asksForData, colourChoice, dataText } from '../options/output.js';
import { clusterSettingKeys, commandSettings } from '../options/settings.js';
import { plain } from '../text/plain.js';
import { styleOf, useColour } from '../text/style.js';
import { processInterrupts, type Interrupts } from '../options/interrupts.js';
import { isUnsettled, type RoundReport } from './result.js';
import type { AskedOfRound } from './targets.js';
import { resultText, summaryText } from './text.js';
import type { Wanted } from './verdict.js';

const restartSettings = commandSettings({
  'Cluster:': clusterSettingKeys,
  'Installation:': installationSettingKeys,
  'Look-up:': lookupSettingKeys,
});

/** What the command gets from its surroundings, besides a cluster. */
export interface RestartWorld {
  readonly open: ClusterOpener;
  readonly interrupts: () => Interrupts;
}

/** `outrider restart`: gives workloads new pods if their pods lack what new ones get. */
export function restartCommand(world: RestartWorld): CommandDefinition {
  return { configure, run: (invocation) => restart(invocation, world) };
}

export const command = restartCommand({ open: openWithKubeConfig, interrupts: processInterrupts });

function configure(command: Command, { programName }: Io): void {
  command.argument('[OBJECT...]', 'workloads, as kubectl names them: deploy/web, sts/db, ds/log, rollout/api');
  command
    .option('--policy <NAME>', 'all workloads whose pods this policy of the cluster is for')
    .option('--missed', 'only for pods that have none of the parts, or not all')
    .option('--stale', 'only for pods with the parts of another plan')
    .option(
      '--taken-back',
      'workloads whose new pods are left alone, for pods that still hang because of a part of ours; with --policy, -n or -A: all of them there',
    )
    .option('-n, --namespace <NAME>', 'their namespace (default: the context’s)')
    .option('-A, --all-namespaces', 'with --policy or --taken-back: in all namespaces')
    .option('--dry-run', 'restart nothing: say what would be, and have the API server check the change')
    .option('--max <N>', 'restart at most so many workloads')
    .option('--timeout <DURATION>', 'how long each rollout may take', '10m')
    .option(
      '--field-manager <NAME>',
      'who writes the change (default: outrider-restart; where Flux owns the object, flux-client-side-apply)',
    );
  addFormatOption(command);
  addColourOption(command);
  restartSettings.addTo(command);
  addClusterOptions(command);
  command.usage('(OBJECT... | --policy NAME | --taken-back) [OPTIONS]');
  command.addHelpText(
    'after',
    `
Restarts as kubectl rollout restart does, with your rights: one workload at a time, and only where a new pod would get
parts that those which run lack. It waits for each rollout, looks at the new pods, and stops at the first that fails. It
keeps no record: the same command goes on where it was ended, by Ctrl-C too. What is paused, in the middle of a rollout,
failing already, OnDelete or an operator’s is left as it is, and so are Jobs and pods by themselves; it says what to do.

Examples:
  ${programName} restart deploy/web -n shop --dry-run
  ${programName} restart deploy/web sts/db -n shop
  ${programName} restart --policy payments -A --missed --max 5
  ${programName} restart --policy payments -n shop -o json
  ${programName} restart --taken-back -n shop --dry-run

Exit codes: 0 restarted, or nothing to do; 1 something was not restarted, or failed; 2 wrong usage, bad input, or the
cluster cannot be looked at.`,
  );
}

/** The options of a command line that are not about the cluster. */
interface RestartOptions {
  readonly wanted: Wanted;
  readonly dryRun: boolean;
  readonly max: number;
  readonly timeoutMs: number;
  readonly fieldManager: string | undefined;
}

async function restart(invocation: Invocation, { open, interrupts }: RestartWorld): Promise<number> {
  const { io, flags } = invocation;
  const options = optionsOf(invocation);
  checkAsked(invocation);
  const settings = restartSettings.read(invocation);
  const isJson = asksForData(flags);
  const style = styleOf(useColour(colourChoice(flags), io.stdout, io.env));
  const progressStyle = styleOf(useColour(colourChoice(flags), io.stderr, io.env));
  const progress = (text: string): void => io.stderr.write(`${progressStyle.dim(plain(text))}\n`);
  const cluster = await open(clusterChoice(invocation));
  const interrupt = interrupts();
  try {
    const { runRound } = await import('./run-round.js');
    const outcome = await runRound(invocation, cluster, {
      ...options,
      settings,
      asked: askedOf(invocation, cluster.namespace),
      signal: interrupt.signal,
      clock: roundClock(cluster.clock),
      sleep: sleepAwake,
      programName: io.programName,
      progress,
      onResult: (result) => {
        // For the many workloads that lack nothing, only their number matters, unless they were named.
        if (isJson || (result.outcome === 'unchanged' && invocation.args.length === 0)) return;
        io.stdout.write(resultText(result, style));
      },
    });
    if ('standstill' in outcome) {
      if (isJson)
        io.stdout.write(
          dataText(flags, dataOf({ results: [], stopped: undefined }, options.dryRun, outcome.standstill)),
        );
      io.stderr.write(`outrider: error: nothing is restarted: ${outcome.standstill}\n`);
      return exitCodes.findings;
    }
    const { max } = options;
    io.stdout.write(
      isJson
        ? dataText(flags, dataOf(outcome, options.dryRun))
        : summaryText(outcome, { max, programName: io.programName }),
    );
    return isUnsettled(outcome) ? exitCodes.findings : exitCodes.ok;
  } finally {
    interrupt.end();
    await cluster.client.close();
  }
}

/** The API server's date, which pods' ages refer to, and a clock of our own that only moves forward. */
function roundClock(server: Clock): Clock {
  return { monotonicMs: () => systemClock.monotonicMs(), wallMs: () => server.wallMs() };
}

function dataOf({ results, stopped }: RoundReport, dryRun: boolean, standstill?: string): object {
  const said = standstill === undefined ? {} : { standstill };
  return { dryRun, stopped: stopped ?? null, ...said, results };
}

/** @throws OutriderError `usage` */
function checkAsked({ flags, args }: Invocation): void {
  const policy = textOf(flags['policy']);
  const all = flags['allNamespaces'] === true;
  const takenBack = flags['takenBack'] === true;
  const problem =
    args.length === 0 && policy === undefined && !takenBack
      ? 'nothing is asked for; name workloads, such as deploy/web, or give --policy NAME.'
      : args.length > 0 && policy !== undefined
        ? `${args.join(' ')} and --policy are two ways to ask; give one.`
        : all && (args.length > 0 || (policy === undefined && !takenBack))
          ? '-A is for --policy and --taken-back; workloads that are named are in one namespace.'
          : all && flags['namespace'] !== undefined
            ? '-n and -A are two answers; give one.'
            : takenBack && (flags['missed'] === true || flags['stale'] === true)
              ? '--taken-back is for pods that hang; leave --missed and --stale out.'
              : undefined;
  if (problem !== undefined) throw new OutriderError('usage', problem);
  // Report wrong arguments before looking at anything.
  namedWorkloads(args);
}

function askedOf({ flags, args }: Invocation, contextNamespace: string): AskedOfRound {
  const policy = textOf(flags['policy']);
  const namespace = textOf(flags['namespace']) ?? contextNamespace;
  const place = flags['allNamespaces'] === true ? undefined : namespace;
  if (flags['takenBack'] === true) {
    const objects = namedWorkloads(args);
    return { takenBack: objects.length > 0 ? { objects, namespace } : { policy, namespace: place } };
  }
  return policy === undefined ? { objects: args, namespace } : { policy, namespace: place };
}

/** @throws OutriderError `usage` */
function optionsOf({ flags }: Invocation): RestartOptions {
  const timeout = textOf(flags['timeout']) ?? '';
  const timeoutMs = parseDuration(timeout);
  if (timeoutMs === undefined) {
    throw new OutriderError('usage', `--timeout is ${JSON.stringify(timeout)}; give a duration such as 90s or 10m.`);
  }
  const most = textOf(flags['max']);
  if (most !== undefined && !/^[1-9]\d{0,5}$/.test(most)) {
    throw new OutriderError('usage', `--max is ${JSON.stringify(most)}; give a number of workloads, from 1.`);
  }
  const fieldManager = textOf(flags['fieldManager']);
  // The length that the API server accepts.
  if (fieldManager !== undefined && !/^[\x20-\x7e]{1,128}$/.test(fieldManager)) {
    throw new OutriderError('usage', '--field-manager must have 1 to 128 printable characters.');
  }
  return {
    wanted: wantedOf(flags),
    dryRun: flags['dryRun'] === true,
    max: most === undefined ? Infinity : Number(most),
    timeoutMs,
    fieldManager,
  };
}

function wantedOf(flags: Invocation['flags']): Wanted {
  const broken = flags['takenBack'] === true;
  const missed = flags['missed'] === true;
  const stale = flags['stale'] === true;
  if (broken) return { missed: false, stale: false, broken };
  return missed === stale ? { missed: true, stale: true, broken } : { missed, stale, broken };
}
