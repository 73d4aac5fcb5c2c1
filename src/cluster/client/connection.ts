import { HttpMethod, RequestContext, type KubeConfig } from '@kubernetes/client-node';
import type { Dispatcher } from 'undici';
import { OutriderError } from '../../model/error.js';

/** Connections to one API server, and what a request has to carry. */
export interface Connection {
  /** Address of the API server, without a slash at the end. */
  readonly server: string;
  /** Header fields that authenticate, and where to send: asked for with each request, since tokens are renewed. */
  authenticate(): Promise<{
    readonly headers: Readonly<Record<string, string>>;
    readonly dispatcher: Dispatcher | undefined;
  }>;
  /** Closes every connection, at once. */
  close(): Promise<void>;
}

// The client makes a dispatcher, and with it a TLS connection, for each call. One is kept, and made anew from time to
// time, because a renewed client certificate or authority only gets into a new one.
const keepDispatcherMs = 10 * 60 * 1000;

/** @throws OutriderError `cluster_unavailable` when the configuration names no cluster */
export function openConnection(config: KubeConfig, nowMs: () => number = () => performance.now()): Connection {
  const cluster = config.getCurrentCluster();
  if (cluster === null) throw new OutriderError('cluster_unavailable', 'the kubeconfig has no current context.');
  const server = cluster.server.replace(/\/+$/, '');
  const old = new Set<Dispatcher>();
  let dispatcher: Dispatcher | undefined;
  let madeMs = -Infinity;
  return {
    server,
    authenticate: async () => {
      const context = new RequestContext(server, HttpMethod.GET);
      await config.applySecurityAuthentication(context);
      if (nowMs() - madeMs > keepDispatcherMs) {
        if (dispatcher !== undefined) retire(dispatcher, old);
        dispatcher = context.getDispatcher();
        madeMs = nowMs();
      }
      return { headers: context.getHeaders(), dispatcher };
    },
    close: async () => {
      const all = dispatcher === undefined ? [...old] : [...old, dispatcher];
      await Promise.all(all.map((one) => one.destroy()));
    },
  };
}

/** Lets what is under way come to its end. */
function retire(dispatcher: Dispatcher, old: Set<Dispatcher>): void {
  old.add(dispatcher);
  const forget = (): void => void old.delete(dispatcher);
  dispatcher.close().then(forget, forget);
}
