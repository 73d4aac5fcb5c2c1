import { Option, type Command } from 'commander';
import type { ClusterRequest, OpenCluster } from '../../cluster/live/open-cluster.js';
import { OutriderError } from '../../model/error.js';
import type { SettingKey, Settings } from '../../settings/table.js';
import { collect, type Invocation, textOf, textsOf } from '../command.js';
import { parseDuration } from './duration.js';

/** Opens the cluster that a command line asks for. */
export type ClusterOpener = (choice: ClusterRequest) => Promise<OpenCluster>;

/** The Kubernetes client takes a second to load, so only commands that use a cluster load it. */
export const openWithKubeConfig: ClusterOpener = async (choice) =>
  (await import('../../cluster/live/open-cluster.js')).openCluster(choice);

/** Settings that select the installation that a command is about. */
export const installationSettingKeys = ['instance', 'ownNamespace'] as const satisfies readonly SettingKey[];

/** The values of {@link installationSettingKeys}. */
export type InstallationSettings = Pick<Settings, (typeof installationSettingKeys)[number]>;

/** Gives a command the options that select the cluster and the user. */
export function addClusterOptions(command: Command): void {
  command
    .option('--context <NAME>', 'the cluster of this kubeconfig context')
    .option('--kubeconfig <FILE>', 'the kubeconfig; default: what kubectl takes');
  const options = [
    new Option('--as <USER>', 'ask as this user, whom you may impersonate'),
    new Option('--as-group <GROUP>', 'and as one of this group; repeatable').argParser(collect),
    new Option('--token <TOKEN>', 'this bearer token in place of the context’s user; others here can see it in ps'),
    new Option(
      '--request-timeout <DURATION>',
      'how long each request to the API server may take: seconds, or 30s, 1m; 0: ten minutes (default: 10s)',
    ),
  ];
  for (const option of options) command.addOption(option.helpGroup('Connection:'));
}

/**
 * Reads the options.
 *
 * @throws OutriderError `usage`
 */
export function clusterChoice({ flags }: Pick<Invocation, 'flags'>): ClusterRequest {
  const context = textOf(flags['context']);
  const kubeconfig = textOf(flags['kubeconfig']);
  const token = textOf(flags['token']);
  const user = textOf(flags['as']);
  const groups = textsOf(flags['asGroup']);
  if (user === undefined && groups.length > 0) {
    throw new OutriderError('usage', '--as-group is for somebody who is named with --as; give both.');
  }
  const requestTimeoutMs = requestTimeoutOf({ flags });
  return {
    ...(context === undefined ? {} : { context }),
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
    ...(token === undefined ? {} : { token }),
    ...(user === undefined ? {} : { impersonation: { user, groups } }),
    ...(requestTimeoutMs === undefined ? {} : { requestTimeoutMs }),
  };
}

const longestMs = 600_000;

/** `--request-timeout` as kubectl reads it. @throws OutriderError `usage` */
function requestTimeoutOf({ flags }: Pick<Invocation, 'flags'>): number | undefined {
  const text = textOf(flags['requestTimeout']);
  if (text === undefined) return undefined;
  if (/^0+[a-z]*$/.test(text)) return longestMs;
  const timeoutMs = parseDuration(/^\d+$/.test(text) ? `${text}s` : text);
  if (timeoutMs !== undefined && timeoutMs <= longestMs) return timeoutMs;
  const message = `--request-timeout is ${JSON.stringify(text)}; give a duration such as 30s or 1m, up to ten minutes.`;
  throw new OutriderError('usage', message);
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
  const requested = requestTimeoutOf({ flags });
  if (requested !== undefined) return requested;
  const text = textOf(flags['timeout']) ?? '';
  const seconds = Number(text);
  if (text.trim() !== '' && seconds > 0 && seconds <= 600) return seconds * 1000;
  throw new OutriderError('usage', `--timeout is ${JSON.stringify(text)}; give seconds, up to 600.`);
}
