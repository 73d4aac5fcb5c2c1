import { KubeConfig } from '@kubernetes/client-node';
import { OutriderError } from '../../model/error.js';

/** Which cluster is meant. */
export interface ClusterChoice {
  /** Path of a kubeconfig; absent: what kubectl would take, and in a pod its ServiceAccount. */
  readonly kubeconfig?: string;
  /** Context in it; absent: the current one. */
  readonly context?: string;
  /** What else a person without a kubeconfig can do, for the message: `or …`. */
  readonly instead?: string;
}

/** The client's own name for the context that it makes up where there is no configuration at all. */
const madeUpContext = 'loaded-context';

/**
 * Reads how a cluster is reached.
 *
 * @throws OutriderError `cluster_unavailable`: no configuration, an unreadable one, or an unknown context
 */
export function loadKubeConfig({ kubeconfig, context, instead }: ClusterChoice): KubeConfig {
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
  return config;
}

function unavailable(message: string, cause?: unknown): OutriderError {
  return new OutriderError('cluster_unavailable', message, { cause });
}
