import type { Command } from 'commander';
import { OutriderError } from '../../model/error.js';
import {
  addClusterOptions,
  installationSettingKeys,
  openWithKubeConfig,
  type ClusterOpener,
} from '../options/cluster.js';
import { type CommandDefinition, exitCodes, type Invocation } from '../command.js';
import type { Explanation } from './explanation.js';
import { podExplanationOf } from './pod.js';
import { taskExplanationOf } from './task.js';
import { explanationText } from './text.js';
import { printRefused } from '../files/refused.js';
import { instrumentFiles } from '../offline/instrument-files.js';
import type { Io } from '../io.js';
import { printPartial, type PartialLook } from '../live/records.js';
import { lookupSettingKeys } from '../image/lookups.js';
import { addNamespaceOptions } from '../options/namespaces.js';
import {
  addColourOption,
  addFormatOption,
  addInputOption,
  asksForData,
  colourChoice,
  dataText,
  givesFiles,
  inputPaths,
  isInput,
} from '../options/output.js';
import { addPolicyOptions, loadPolicies } from '../options/policy.js';
import { clusterSettingKeys, commandSettings } from '../options/settings.js';
import { addOnlyOption } from '../options/task.js';
import { addTemplatePathOption } from '../options/template-path.js';
import { table } from '../text/table.js';
import { unseenIn, unseenRow } from '../files/unseen-objects.js';
import { styleOf, useColour } from '../text/style.js';

const explainSettings = commandSettings({
  'Cluster:': clusterSettingKeys,
  'Installation:': installationSettingKeys,
  'Look-up:': lookupSettingKeys,
});

/** `outrider explain`: shows what would happen to each pod, in manifests or of objects in a cluster, and why. */
export function explainCommand(open: ClusterOpener): CommandDefinition {
  return { configure, run: (invocation) => explain(invocation, open) };
}

export const command = explainCommand(openWithKubeConfig);

function configure(command: Command, { programName }: Io): void {
  command.argument(
    '[OBJECT...]',
    'objects of a cluster, as kubectl names them: deploy/web, pod/web-0, cronjob/report, ns/shop for its workloads; or manifests: files such as web.yaml, folders such as apps/, URLs',
  );
  addInputOption(command);
  addFormatOption(command);
  addColourOption(command);
  addPolicyOptions(command);
  addNamespaceOptions(
    command,
    'namespace of the objects (default: the context’s), or of manifests that name none (default: default)',
  );
  command.option('-l, --selector <LABELS>', 'the workloads of the namespace with these labels, such as app=web');
  explainSettings.addTo(command);
  addClusterOptions(command);
  addTemplatePathOption(command);
  addOnlyOption(command);
  command.usage('(OBJECT... | FILE...) [OPTIONS]');
  command.addHelpText(
    'after',
    `
Examples:
  ${programName} explain deploy/web -n shop
  ${programName} explain pod/web-6d4cf56db6-x2x7p job/seed --context production -o json
  ${programName} explain -l app=web -n shop
  ${programName} explain deploy/web --policy policy.yaml
  ${programName} explain web.yaml --profile sysdig --set region=us2
  kubectl get deploy web -o yaml | ${programName} explain -f - --policy policy.yaml
  ${programName} explain -f manifests/ --policy policy.yaml -o json

Objects are read from the cluster, and unless --policy or --profile is given its policies too. Files need no cluster,
and one of the two.

Where you may not read the policies, it lists what your running pods carry, and ends with 2.

Exit codes: 0 explained, whatever the decision; 2 wrong usage, bad input, what has to be read may not be, or the cluster
does not answer. A file that cannot be read is named, and the others are explained.`,
  );
}

async function explain(invocation: Invocation, open: ClusterOpener): Promise<number> {
  const { io, flags } = invocation;
  const { explanations, refused, partial }: Explained = isLive(invocation)
    ? {
        ...(await (await import('./live.js')).explainLive(invocation, explainSettings.read(invocation), open)),
        refused: [],
      }
    : await explainFiles(invocation);
  if (partial !== undefined) return printPartial(partial, invocation);
  if (asksForData(flags)) {
    io.stdout.write(dataText(flags, explanations));
  } else if (explanations.length === 0) {
    io.stderr.write('There is no pod, no pod template and no task in the input.\n');
  } else {
    const style = styleOf(useColour(colourChoice(flags), io.stdout, io.env));
    io.stdout.write(explanations.map((each) => explanationText(each, style)).join('\n'));
  }
  printRefused(refused, io);
  return refused.length > 0 ? exitCodes.error : exitCodes.ok;
}

interface Explained {
  readonly explanations: readonly Explanation[];
  /** Why some input files are left out. */
  readonly refused: readonly OutriderError[];
  readonly partial?: PartialLook;
}

/** Whether objects are asked for. @throws OutriderError `usage` for both at once, or what only goes with objects */
function isLive({ flags, args }: Invocation): boolean {
  const objects = args.filter((word) => !isInput(word));
  const files = objects.length < args.length || givesFiles({ flags });
  const selects = flags['selector'] !== undefined;
  if ((objects.length > 0 || selects) && !files) return true;
  if (selects) throw new OutriderError('usage', '-l selects objects of a cluster; leave the files out.');
  const cluster = ['context', 'kubeconfig'].find((name) => flags[name] !== undefined);
  if (objects.length > 0) {
    const message = `${objects.join(' ')} and files are two inputs; give objects of a cluster, or files.`;
    throw new OutriderError('usage', message);
  }
  if (cluster === undefined) return false;
  throw new OutriderError('usage', `--${cluster} is about objects of a cluster; name one, such as deploy/web.`);
}

async function explainFiles(invocation: Invocation): Promise<Explained> {
  const paths = inputPaths(invocation);
  const settings = explainSettings.read(invocation);
  const policies = await loadPolicies(invocation, settings);
  const { files, refused, namespaces, engine } = await instrumentFiles(invocation, paths, {
    settings,
    policies,
    trace: true,
  });
  const { io, flags } = invocation;
  const style = styleOf(useColour(colourChoice(flags), io.stderr, io.env));
  // Not on standard output, which has one text or list entry for each pod template and task, and nothing else.
  io.stderr.write(table(unseenIn(files).map((each) => unseenRow(each, style))));
  const explanations = files.flatMap(({ input, documents }) =>
    documents.flatMap(({ document, number, edits }) =>
      edits.map((edit) => {
        const place = { file: input.name, document: number, line: document.line };
        return edit.namespace === undefined
          ? taskExplanationOf(edit, place, policies.rules)
          : podExplanationOf(edit, place, engine, namespaces.labels(edit.namespace));
      }),
    ),
  );
  return { explanations, refused };
}
