import { HttpMethod, RequestContext, type KubeConfig } from '@kubernetes/client-node';
import { Agent, type Dispatcher } from 'undici';
import { OutriderError } from '../../model/error.js';

// The client makes a dispatcher, and so a TLS connection, for each call. We keep one, and replace it from time to time,
// because only a new one uses a renewed client certificate or authority.
const keepDispatcherMs = 10 * 60 * 1000;

/** The header fields that authenticate, and the dispatcher to send with. */
export interface Authentication {
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly dispatcher: Dispatcher | undefined;
}

/** The user to impersonate. */
export interface Impersonation {
  readonly user?: string;
  readonly groups?: readonly string[];
}

/** The connections to one API server, and what a request needs. */
export class Connection {
  /** The address of the API server, without a slash at the end. */
  readonly server: string;
  readonly #config: KubeConfig;
  readonly #nowMs: () => number;
  /** Dispatchers that still finish requests in progress. */
  readonly #old = new Set<Dispatcher>();
  #dispatcher: Dispatcher | undefined;
  #madeMs = -Infinity;
  readonly #impersonation: Readonly<Record<string, string | string[]>>;

  /** @throws OutriderError `cluster_unavailable` if the configuration names no cluster */
  constructor(
    config: KubeConfig,
    nowMs: () => number = () => performance.now(),
    { user, groups = [] }: Impersonation = {},
  ) {
    const cluster = config.getCurrentCluster();
    if (cluster === null) throw new OutriderError('cluster_unavailable', 'the kubeconfig has no current context.');
    this.server = cluster.server.replace(/\/+$/, '');
    this.#config = config;
    this.#nowMs = nowMs;
    this.#impersonation = {
      ...(user === undefined ? {} : { 'Impersonate-User': user }),
      ...(groups.length === 0 ? {} : { 'Impersonate-Group': [...groups] }),
    };
  }

  /**
   * What a request needs. Call it for each request, because tokens are renewed.
   * @param how.newConnection returns a dispatcher without connections, which the caller destroys
   */
  async authenticate({ newConnection = false } = {}): Promise<Authentication> {
    const context = new RequestContext(this.server, HttpMethod.GET);
    await this.#config.applySecurityAuthentication(context);
    const headers = { ...context.getHeaders(), ...this.#impersonation };
    if (newConnection) return { headers, dispatcher: context.getDispatcher() ?? new Agent() };
    if (this.#nowMs() - this.#madeMs > keepDispatcherMs) {
      if (this.#dispatcher !== undefined) this.#retire(this.#dispatcher);
      this.#dispatcher = context.getDispatcher();
      this.#madeMs = this.#nowMs();
    }
    return { headers, dispatcher: this.#dispatcher };
  }

  /** Closes all connections at once. */
  async close(): Promise<void> {
    const all = this.#dispatcher === undefined ? [...this.#old] : [...this.#old, this.#dispatcher];
    await Promise.all(all.map((one) => one.destroy()));
  }

  /** Lets requests in progress finish. */
  #retire(dispatcher: Dispatcher): void {
    this.#old.add(dispatcher);
    const forget = (): void => void this.#old.delete(dispatcher);
    dispatcher.close().then(forget, forget);
  }
}
