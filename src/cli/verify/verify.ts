import { Option, type Command } from 'commander';
import {
  addClusterOptions,
  addTimeoutOption,
  installationSettingKeys,
  openWithKubeConfig,
  type ClusterOpener,
} from '../options/cluster.js';
import { collect, type CommandDefinition, exitCodes, type Invocation } from '../command.js';
import type { Io } from '../io.js';
import { addColourOption, addFormatOption, asksForData, colourChoice, dataText } from '../options/output.js';
import { commandSettings } from '../options/settings.js';
import { styleOf, useColour } from '../text/style.js';
import type { Result } from './report.js';
import { verifyText } from './text.js';

const verifySettings = commandSettings({ 'Installation:': installationSettingKeys });

/** `outrider verify`: shows whether the processes of running pods are traced, by what the kernel reports about each. */
export function verifyCommand(open: ClusterOpener): CommandDefinition {
  return { configure, run: (invocation) => verify(invocation, open) };
}

export const command = verifyCommand(openWithKubeConfig);

function configure(command: Command, { programName }: Io): void {
  command.argument(
    '[OBJECT...]',
    'objects of a cluster, as kubectl names them: deploy/web, pod/web-0; ns/shop for all workloads in it',
  );
  command
    .option('-n, --namespace <NAME>', 'namespace of the objects (default: the context’s); alone, all workloads in it')
    .option('-l, --selector <LABELS>', 'the pods with these labels, in the namespace')
    .option('--policy <NAME>', 'the workloads of this policy of the cluster, in all namespaces or in that of -n')
    .option('--pods <COUNT>', 'pods of each workload that are looked at: the oldest, the newest, and between', '3')
    .option('--max <COUNT>', 'workloads that are looked at; that there are more is said', '100')
    .option(
      '--debug-container',
      'where a look is not possible otherwise, add a debug container, which stays in the pod’s spec',
    )
    .option('--image <IMAGE>', 'Outrider’s image for debug containers (default: the installation’s)')
    .addOption(
      new Option('--tracer <NAME>', 'a further name that the tracer’s process may have; repeatable').argParser(collect),
    );
  addClusterOptions(command);
  addTimeoutOption(command);
  addFormatOption(command);
  addColourOption(command);
  verifySettings.addTo(command);
  command.usage('(OBJECT... | -n NAMESPACE | --policy NAME) [OPTIONS]');
  command.addHelpText(
    'after',
    `
Examples:
  ${programName} verify deploy/web -n shop
  ${programName} verify -n shop -o json
  ${programName} verify --policy payments --debug-container

It looks with your rights: by exec into the agent’s container where that has Outrider’s tools (get and create pods/exec),
which leaves nothing behind. With --debug-container it looks from a debug container where that is not so (patch
pods/ephemeralcontainers, get pods/log).

Exit codes: 0 all that is to be traced is; 1 something is not; 2 something could not be looked at and nothing untraced was
seen, nothing there is to be traced, wrong usage, or the cluster does not answer.`,
  );
}

const exitCodeOf: Readonly<Record<Result, number>> = {
  traced: exitCodes.ok,
  untraced: exitCodes.findings,
  not_known: exitCodes.error,
  nothing: exitCodes.error,
};

async function verify(invocation: Invocation, open: ClusterOpener): Promise<number> {
  const { flags, io } = invocation;
  const settings = verifySettings.read(invocation);
  const report = await (await import('./live.js')).verifyLive(invocation, settings, open);
  io.stdout.write(
    asksForData(flags)
      ? dataText(flags, report)
      : verifyText(report, styleOf(useColour(colourChoice(flags), io.stdout, io.env))),
  );
  // The pods that were left out may be in any state.
  return report.leftOut > 0 && report.result === 'traced' ? exitCodes.error : exitCodeOf[report.result];
}
