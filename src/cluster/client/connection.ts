import { HttpMethod, RequestContext, type KubeConfig } from '@kubernetes/client-node';
import { Agent, type Dispatcher } from 'undici';
import { OutriderError } from '../../model/error.js';

// The client makes a dispatcher, and with it a TLS connection, for each call. One is kept, and made anew from time to
// time, because a renewed client certificate or authority only gets into a new one.
const keepDispatcherMs = 10 * 60 * 1000;

/** Header fields that authenticate, and where to send. */
export interface Authentication {
  readonly headers: Readonly<Record<string, string>>;
  readonly dispatcher: Dispatcher | undefined;
}

/** Connections to one API server, and what a request has to carry. */
export class Connection {
  /** Address of the API server, without a slash at the end. */
  readonly server: string;
  readonly #config: KubeConfig;
  readonly #nowMs: () => number;
  /** Those that are ending what is under way. */
  readonly #old = new Set<Dispatcher>();
  #dispatcher: Dispatcher | undefined;
  #madeMs = -Infinity;

  /** @throws OutriderError `cluster_unavailable` when the configuration names no cluster */
  constructor(config: KubeConfig, nowMs: () => number = () => performance.now()) {
    const cluster = config.getCurrentCluster();
    if (cluster === null) throw new OutriderError('cluster_unavailable', 'the kubeconfig has no current context.');
    this.server = cluster.server.replace(/\/+$/, '');
    this.#config = config;
    this.#nowMs = nowMs;
  }

  /**
   * What a request has to carry: asked for with each one, since tokens are renewed.
   * @param how.newConnection gives a dispatcher without connections, which the caller destroys
   */
  async authenticate({ newConnection = false } = {}): Promise<Authentication> {
    const context = new RequestContext(this.server, HttpMethod.GET);
    await this.#config.applySecurityAuthentication(context);
    if (newConnection) return { headers: context.getHeaders(), dispatcher: context.getDispatcher() ?? new Agent() };
    if (this.#nowMs() - this.#madeMs > keepDispatcherMs) {
      if (this.#dispatcher !== undefined) this.#retire(this.#dispatcher);
      this.#dispatcher = context.getDispatcher();
      this.#madeMs = this.#nowMs();
    }
    return { headers: context.getHeaders(), dispatcher: this.#dispatcher };
  }

  /** Closes every connection, at once. */
  async close(): Promise<void> {
    const all = this.#dispatcher === undefined ? [...this.#old] : [...this.#old, this.#dispatcher];
    await Promise.all(all.map((one) => one.destroy()));
  }

  /** Lets what is under way come to its end. */
  #retire(dispatcher: Dispatcher): void {
    this.#old.add(dispatcher);
    const forget = (): void => void this.#old.delete(dispatcher);
    dispatcher.close().then(forget, forget);
  }
}
