import { KubeConfig } from '@kubernetes/client-node';
import { OutriderError } from '../../model/error.js';

/** The choice of a cluster. */
export interface ClusterChoice {
  /** Path of a kubeconfig; absent: the one that kubectl would use, and in a pod its ServiceAccount. */
  readonly kubeconfig?: string;
  /** Context in it; absent: the current one. */
  readonly context?: string;
  /** A bearer token in place of the context's user. */
  readonly token?: string;
  /** What a person without a kubeconfig can do instead, for the message: `or …`. */
  readonly instead?: string;
}

/** The client's name for the context that it makes up if there is no configuration at all. */
const madeUpContext = 'loaded-context';

/**
 * Reads how to reach a cluster.
 *
 * @throws OutriderError `cluster_unavailable`: no configuration, an unreadable one, or an unknown context
 */
export function loadKubeConfig({ kubeconfig, context, token, instead }: ClusterChoice): KubeConfig {
  const config = new KubeConfig();
  try {
    if (kubeconfig === undefined) config.loadFromDefault();
    else config.loadFromFile(kubeconfig);
  } catch (cause) {
    const which = kubeconfig ?? 'the kubeconfig';
    const text = cause instanceof Error ? cause.message : String(cause);
    throw unavailable(`${which} cannot be read: ${text}; check its path and its form.`, cause);
  }
  if (config.getCurrentContext() === madeUpContext) {
    const ways =
      instead === undefined ? 'set KUBECONFIG, or give --kubeconfig' : `set KUBECONFIG, give --kubeconfig, ${instead}`;
    throw unavailable(`there is no kubeconfig; ${ways}.`);
  }
  if (context !== undefined) {
    if (config.getContextObject(context) === null) {
      const names = config.getContexts().map(({ name }) => name);
      throw unavailable(`there is no context ${context}; there are ${names.join(', ') || 'none'}.`);
    }
    config.setCurrentContext(context);
  }
  if (config.getCurrentCluster() === null) {
    throw unavailable('the kubeconfig has no current context; give --context.');
  }
  if (token !== undefined) useToken(config, token);
  return config;
}

/** Otherwise the context user's other credentials would be sent as well, or asked for. */
function useToken(config: KubeConfig, token: string): void {
  const name = config.getContextObject(config.getCurrentContext())?.user ?? '';
  config.users = [...config.users.filter((user) => user.name !== name), { name, token }];
}

function unavailable(message: string, cause?: unknown): OutriderError {
  return new OutriderError('cluster_unavailable', message, { cause });
}
