import { Option, type Command } from 'commander';
import { namespaceIn } from '../../cluster/live/workload-kinds.js';
import { OutriderError } from '../../model/error.js';
import { collect, textOf, type Invocation } from '../command.js';
import { lookupSettingKeys } from '../image/lookups.js';
import { addClusterOptions, installationSettingKeys } from '../options/cluster.js';
import { addPolicyOptions } from '../options/policy.js';
import { clusterSettingKeys, commandSettings } from '../options/settings.js';

/** The settings that a preview uses. */
export const previewSettings = commandSettings({
  'Cluster:': clusterSettingKeys,
  'Installation:': installationSettingKeys,
  'Look-up:': lookupSettingKeys,
});

/** The forms of a preview. */
export type PreviewFormat = 'table' | 'wide' | 'json' | 'markdown';

const formats = ['table', 'wide', 'json', 'markdown'] as const satisfies readonly PreviewFormat[];

/** Gives a command the options that say which policies change, which workloads to look at, and how to print the result. */
export function addPreviewOptions(command: Command, wide: string): void {
  command
    .argument('[NAMESPACE...]', 'the namespace to look at, as ns/shop: the same as -n shop')
    .option('-n, --namespace <NAME>', 'namespace of the workloads (default: the context’s)')
    .addOption(new Option('-A, --all-namespaces', 'all namespaces that a policy matches').conflicts('namespace'))
    .option('-l, --selector <LABELS>', 'only workloads with these labels, such as app=web')
    .addOption(
      new Option(
        '-o, --output <FORMAT>',
        `table: what changes (default); wide: ${wide}; json; markdown: for a comment on a pull request`,
      ).choices(formats),
    )
    .option(
      '--namespace-labels <K=V,…>',
      'labels of the namespace, over those that it has: what if it were labelled so; with -n',
    );
  addPolicyOptions(command);
  command.addOption(
    new Option('--without <NAME>', 'what if the cluster had no such policy; repeatable')
      .argParser(collect)
      .helpGroup('Policy:'),
  );
  previewSettings.addTo(command);
  addClusterOptions(command);
}

/** The form that a command line asks for. */
export function previewFormat({ flags }: Pick<Invocation, 'flags'>): PreviewFormat {
  return formats.find((format) => format === textOf(flags['output'])) ?? 'table';
}

/**
 * The namespace that a command line asks for.
 *
 * @param usual the kubeconfig's
 * @returns `undefined` for all of them
 * @throws OutriderError `usage`
 */
export function askedNamespace({ flags, args }: Pick<Invocation, 'flags' | 'args'>, usual: string): string | undefined {
  const { args: rest, namespace } = namespaceIn(args, textOf(flags['namespace']));
  const [stray] = rest;
  if (stray !== undefined) {
    throw new OutriderError(
      'usage',
      `${stray} stands without an option; give a namespace with -n, a policy with --policy.`,
    );
  }
  const all = flags['allNamespaces'] === true;
  if (all && namespace !== undefined) {
    throw new OutriderError('usage', `ns/${namespace} and -A are two answers; give one.`);
  }
  return all ? undefined : (namespace ?? usual);
}
