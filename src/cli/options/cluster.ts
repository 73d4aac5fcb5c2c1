import type { Command } from 'commander';
import type { ClusterChoice } from '../../cluster/client/kube-config.js';
import type { OpenCluster } from '../../cluster/live/open-cluster.js';
import { OutriderError } from '../../model/error.js';
import type { SettingKey, Settings } from '../../settings/table.js';
import { type Invocation, textOf } from '../command.js';

/** Opens the cluster that a command line asks for. */
export type ClusterOpener = (choice: ClusterChoice) => Promise<OpenCluster>;

/** The Kubernetes client takes a second to load: only commands that ask a cluster wait for it. */
export const openWithKubeConfig: ClusterOpener = async (choice) =>
  (await import('../../cluster/live/open-cluster.js')).openCluster(choice);

/** Settings that say which installation a command is about. */
export const installationSettingKeys = ['instance', 'ownNamespace'] as const satisfies readonly SettingKey[];

/** The values of {@link installationSettingKeys}. */
export type InstallationSettings = Pick<Settings, (typeof installationSettingKeys)[number]>;

/** Gives a command the options that say which cluster is meant. */
export function addClusterOptions(command: Command): void {
  command
    .option('--context <NAME>', 'the cluster of this kubeconfig context')
    .option('--kubeconfig <FILE>', 'the kubeconfig; default: what kubectl takes');
}

/** Reads the options. */
export function clusterChoice({ flags }: Pick<Invocation, 'flags'>): ClusterChoice {
  const context = textOf(flags['context']);
  const kubeconfig = textOf(flags['kubeconfig']);
  return {
    ...(context === undefined ? {} : { context }),
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
  };
}

/** Gives a command the option that ends a request without an answer. */
export function addTimeoutOption(command: Command): void {
  command.option('--timeout <SECONDS>', 'how long each request to the API server may take', '10');
}

/**
 * Reads the option, in milliseconds.
 *
 * @throws OutriderError `usage`
 */
export function timeoutOf({ flags }: Pick<Invocation, 'flags'>): number {
  const text = textOf(flags['timeout']) ?? '';
  const seconds = Number(text);
  if (text.trim() !== '' && seconds > 0 && seconds <= 600) return seconds * 1000;
  throw new OutriderError('usage', `--timeout is ${JSON.stringify(text)}; give seconds, up to 600.`);
}
