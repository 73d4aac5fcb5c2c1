import { Option, type Command } from 'commander';
import { coverageText, type WorkloadCoverage } from '../../model/coverage.js';
import { OutriderError } from '../../model/error.js';
import { exitCodes, textOf, type CommandDefinition, type Invocation } from '../command.js';
import type { Io } from '../io.js';
import { openWideEngine } from '../live/wide-engine.js';
import {
  addClusterOptions,
  clusterChoice,
  installationSettingKeys,
  openWithKubeConfig,
  type ClusterOpener,
} from '../options/cluster.js';
import { addColourOption, colourChoice } from '../options/output.js';
import { commandSettings } from '../options/settings.js';
import { styleOf, useColour } from '../text/style.js';
import { addFailOnOption, failOnStates } from './fail-on.js';
import { lookAtPods, type Look } from './look.js';
import { remedyFor } from './remedy.js';
import { lookText } from './text.js';

const coverageSettings = commandSettings({ 'Installation:': installationSettingKeys });

/** `outrider coverage`: whether running pods have what their policies ask for, and what helps where they do not. */
export function coverageCommand(open: ClusterOpener): CommandDefinition {
  return { configure, run: (invocation) => coverage(invocation, open) };
}

export const command = coverageCommand(openWithKubeConfig);

function configure(command: Command, { programName }: Io): void {
  command
    .addOption(new Option('-n, --namespace <NAME>', 'namespace to look at; default: the kubeconfig’s'))
    .addOption(new Option('-A, --all-namespaces', 'all namespaces').conflicts('namespace'))
    .addOption(
      new Option(
        '-o, --output <FORMAT>',
        'table: what is wrong (default); wide: everything, with details; json',
      ).choices(['table', 'wide', 'json']),
    );
  addFailOnOption(command);
  addClusterOptions(command);
  addColourOption(command);
  coverageSettings.addTo(command);
  command.addHelpText(
    'after',
    `
It looks itself, with your rights: at the pods, the policies and the installation's flags. Nothing is written, and no
registry is asked. Access keys are compared by the leader alone: see the policies' status.

Examples:
  ${programName} coverage -n shop
  ${programName} coverage -A -o wide
  ${programName} coverage -A --fail-on missed,forged

Exit codes: 0 it has looked; 1 a pod is in a state of --fail-on; 2 wrong usage, or what has to be read cannot be.`,
  );
}

async function coverage(invocation: Invocation, open: ClusterOpener): Promise<number> {
  const { flags, io, args } = invocation;
  const [stray] = args;
  if (stray !== undefined) throw new OutriderError('usage', `${stray} stands without an option; give -n ${stray}.`);
  const failing = failOnStates(invocation);
  const settings = coverageSettings.read(invocation);
  const cluster = await open(clusterChoice(invocation));
  try {
    const all = flags['allNamespaces'] === true;
    const namespace = all ? undefined : (textOf(flags['namespace']) ?? cluster.namespace);
    const { engine, knowsInstallation } = await openWideEngine(invocation, settings, cluster);
    if (!knowsInstallation) {
      io.stderr.write(
        `outrider: note: the flags of ${settings.ownNamespace}/${settings.instance} cannot be read; images of what Outrider adds are not compared\n`,
      );
    }
    const look = await lookAtPods(cluster, engine, namespace);
    io.stdout.write(
      flags['output'] === 'json'
        ? `${JSON.stringify(jsonOf(look, cluster.client.server, io.programName), undefined, 2)}\n`
        : lookText(look, {
            wide: flags['output'] === 'wide',
            namespaces: all,
            programName: io.programName,
            style: styleOf(useColour(colourChoice(flags), io.stdout, io.env)),
          }),
    );
    return failing.some((state) => look.counts[state] > 0) ? exitCodes.findings : exitCodes.ok;
  } finally {
    await cluster.client.close();
  }
}

function jsonOf(look: Look, server: string, programName: string) {
  const { counts, pods, readWhole, policies, workloads } = look;
  return {
    server,
    pods,
    readWhole,
    counts,
    policies: [...policies].map(([policy, found]) => ({
      policy,
      pods: found.pods,
      readWhole: found.readWhole,
      namespaces: found.namespaces,
      counts: found.counts,
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
    next: remedyFor(one, programName),
  };
}
