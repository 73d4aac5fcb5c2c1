import { Option, type Command } from 'commander';
import { coverageText, type WorkloadCoverage } from '../../model/coverage.js';
import { OutriderError } from '../../model/error.js';
import { exitCodes, textOf, type CommandDefinition, type Invocation } from '../command.js';
import type { Io } from '../io.js';
import { lookAtRecords, printPartial, unlessForbidden } from '../live/records.js';
import { selectTakenBack } from '../live/select-taken-back.js';
import { openWideEngine } from '../live/wide-engine.js';
import {
  addClusterOptions,
  clusterChoice,
  installationSettingKeys,
  openWithKubeConfig,
  type ClusterOpener,
} from '../options/cluster.js';
import { namespaceIn } from '../../cluster/live/workload-kinds.js';
import { addColourOption, asksForData, colourChoice, dataText } from '../options/output.js';
import { commandSettings } from '../options/settings.js';
import { styleOf, useColour } from '../text/style.js';
import { addFailOnOption, failOnStates } from './fail-on.js';
import { lookAtPods, type Look } from './look.js';
import { remedyFor } from './remedy.js';
import { takenBackData, takenBackText } from './taken-back.js';
import { lookText } from './text.js';

const coverageSettings = commandSettings({ 'Installation:': installationSettingKeys });

/** `outrider coverage`: shows whether running pods have what their policies ask for, and how to fix those that do not. */
export function coverageCommand(open: ClusterOpener): CommandDefinition {
  return { configure, run: (invocation) => coverage(invocation, open) };
}

export const command = coverageCommand(openWithKubeConfig);

function configure(command: Command, { programName }: Io): void {
  command
    .argument('[NAMESPACE...]', 'the namespace to look at, as ns/shop: the same as -n shop')
    .addOption(new Option('-n, --namespace <NAME>', 'namespace to look at; default: the kubeconfig’s'))
    .addOption(new Option('-A, --all-namespaces', 'all namespaces').conflicts('namespace'))
    .addOption(
      new Option(
        '-o, --output <FORMAT>',
        'table: what is wrong (default); wide: everything, with details; json; yaml',
      ).choices(['table', 'wide', 'json', 'yaml']),
    );
  addFailOnOption(command);
  addClusterOptions(command);
  addColourOption(command);
  coverageSettings.addTo(command);
  command.addHelpText(
    'after',
    `
It looks itself, with your rights: at the pods, the policies and the installation's flags. Nothing is written, and no
registry is asked: what a policy in mode Report would do with an image that nobody has looked up is not known here, and the
last line says what the leader found. Access keys are compared by the leader alone: see the policies' status. Where you
may not read the policies, it lists what the pods carry, and ends with 2.

Examples:
  ${programName} coverage -n shop
  ${programName} coverage -A -o wide
  ${programName} coverage -A --fail-on missed,forged

Exit codes: 0 it has looked; 1 a pod is in a state of --fail-on; 2 wrong usage, or what has to be read cannot be.`,
  );
}

async function coverage(invocation: Invocation, open: ClusterOpener): Promise<number> {
  const { flags, io, args } = invocation;
  const { args: rest, namespace: given } = namespaceIn(args, textOf(flags['namespace']));
  const [stray] = rest;
  if (stray !== undefined) {
    const message = stray.includes('/')
      ? `coverage looks at namespaces; ${io.programName} explain ${stray} and ${io.programName} verify ${stray} look at one workload.`
      : `${stray} stands without an option; give -n ${stray}.`;
    throw new OutriderError('usage', message);
  }
  if (given !== undefined && flags['allNamespaces'] === true) {
    throw new OutriderError('usage', `ns/${given} and -A are two answers; give one.`);
  }
  const failing = failOnStates(invocation);
  const settings = coverageSettings.read(invocation);
  const cluster = await open(clusterChoice(invocation));
  try {
    const all = flags['allNamespaces'] === true;
    const namespace = all ? undefined : (given ?? cluster.namespace);
    const opened = await openWideEngine(invocation, settings, cluster).catch(unlessForbidden);
    if (opened instanceof OutriderError) {
      return printPartial(await lookAtRecords(cluster.client, opened, namespace), invocation);
    }
    const { engine, knowsInstallation, takenBack, unread } = opened;
    if (!knowsInstallation) {
      io.stderr.write(
        `outrider: note: the flags of ${settings.ownNamespace}/${settings.instance} cannot be read; images of what Outrider adds are not compared\n`,
      );
    }
    for (const what of unread) {
      io.stderr.write(`outrider: note: ${what} may not be read; which workloads were taken back is not known\n`);
    }
    const look = await lookAtPods(cluster, engine, namespace);
    const { entries } = selectTakenBack(takenBack, { policy: undefined, namespace });
    const nowMs = cluster.clock.wallMs();
    const { programName } = io;
    const options = {
      wide: flags['output'] === 'wide',
      namespaces: all,
      programName,
      style: styleOf(useColour(colourChoice(flags), io.stdout, io.env)),
    };
    io.stdout.write(
      asksForData(flags)
        ? dataText(flags, {
            ...jsonOf(look, cluster.client.server, programName),
            takenBack: takenBackData(entries, nowMs, programName),
          })
        : `${lookText(look, options)}${takenBackText(entries, nowMs, options)}`,
    );
    return failing.some((state) => look.counts[state] > 0) ? exitCodes.findings : exitCodes.ok;
  } finally {
    await cluster.client.close();
  }
}

function jsonOf(look: Look, server: string, programName: string) {
  const { counts, pods, readWhole, byApiServer, policies, workloads, reports } = look;
  return {
    server,
    pods,
    readWhole,
    byApiServer,
    counts,
    policies: [...policies].map(([policy, found]) => ({
      policy,
      pods: found.pods,
      readWhole: found.readWhole,
      byApiServer: found.byApiServer,
      namespaces: found.namespaces,
      counts: found.counts,
      ...(found.would === undefined ? {} : { would: found.would, leaderFound: reports.get(policy) }),
    })),
    workloads: workloads.map((one) => rowOf(one, programName)),
  };
}

function rowOf(one: WorkloadCoverage, programName: string) {
  const { policy, namespace, workload, pods, counts, state, reason, detail, pod } = one;
  const { summary, remedy } = coverageText(reason);
  return {
    policy,
    namespace,
    workload,
    pods,
    counts,
    state,
    reason,
    detail: detail === '' ? summary : detail,
    remedy,
    pod,
    ...(one.would === undefined ? {} : { would: one.would }),
    next: remedyFor(one, programName),
  };
}
