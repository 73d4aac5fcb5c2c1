import { Agent, type Dispatcher, Pool, ProxyAgent } from 'undici';
import { asError } from '../../time/as-error.js';
import { createGuardedConnector, type Lookup, permittedAddresses } from './connector.js';
import type { EgressGuard } from './egress-guard.js';
import type { HostSettings } from './hosts.js';
import { proxyFor, type ProxySettings } from './proxy.js';
import { unlessAborted } from '../../time/abort.js';

/** What connections are made with. */
export interface DispatchersOptions {
  readonly guard: EgressGuard;
  readonly proxies: ProxySettings;
  readonly lookup: Lookup;
}

const keepAliveTimeoutMs = 15_000;

/** Connection pools: one for each configuration and proxy, so their number does not grow with what pods name. */
export class Dispatchers {
  readonly #guard: EgressGuard;
  readonly #proxies: ProxySettings;
  readonly #lookup: Lookup;
  readonly #direct = new Map<HostSettings, Agent>();
  readonly #proxied = new Map<HostSettings, Map<string, ProxyAgent>>();

  constructor({ guard, proxies, lookup }: DispatchersOptions) {
    this.#guard = guard;
    this.#proxies = proxies;
    this.#lookup = lookup;
  }

  /**
   * What sends a request to the URL. Behind a proxy the guard runs here, on what the host resolves to locally; a host
   * that does not resolve locally is the proxy's to judge.
   *
   * @throws {EgressDeniedError} When the guard refuses the target: see egress-guard.ts.
   */
  async dispatcherFor(url: URL, settings: HostSettings, signal: AbortSignal): Promise<Dispatcher> {
    const uri = proxyFor(url, this.#proxies);
    if (uri === undefined) return this.#agent(settings);
    await unlessAborted(checkTarget(this.#guard, this.#lookup, url), signal);
    return this.#proxyAgent(settings, uri);
  }

  async close(): Promise<void> {
    const proxied = [...this.#proxied.values()].flatMap((byUri) => [...byUri.values()]);
    await Promise.all([...this.#direct.values(), ...proxied].map((agent) => agent.destroy()));
  }

  #agent(settings: HostSettings): Agent {
    const known = this.#direct.get(settings);
    if (known !== undefined) return known;
    const { ca, connectTimeoutMs } = settings;
    const connect = createGuardedConnector({ ca, connectTimeoutMs, guard: this.#guard, lookup: this.#lookup });
    const made = new Agent({ ...poolOptions(settings), connect });
    this.#direct.set(settings, made);
    return made;
  }

  #proxyAgent(settings: HostSettings, uri: string): ProxyAgent {
    const agents = this.#proxied.get(settings) ?? new Map<string, ProxyAgent>();
    this.#proxied.set(settings, agents);
    const made = agents.get(uri) ?? makeProxyAgent(settings, uri);
    agents.set(uri, made);
    return made;
  }
}

function makeProxyAgent(settings: HostSettings, uri: string): ProxyAgent {
  const { ca, connectTimeoutMs, headersTimeoutMs } = settings;
  return new ProxyAgent({
    ...poolOptions(settings),
    uri,
    // Many proxies refuse a tunnel to anything but TLS.
    proxyTunnel: false,
    proxyTls: { timeout: connectTimeoutMs },
    requestTls: { timeout: connectTimeoutMs, ...(ca === undefined ? {} : { ca }) },
    clientFactory: (origin, options) => new Pool(origin, { ...options, headersTimeout: headersTimeoutMs }),
  });
}

function poolOptions(settings: HostSettings): Agent.Options {
  return { connections: settings.maxSockets, keepAliveTimeout: keepAliveTimeoutMs, maxHeaderSize: 32 * 1024 };
}

function checkTarget(guard: EgressGuard, lookup: Lookup, url: URL): Promise<void> {
  const host = url.hostname;
  const port = Number(url.port) || (url.protocol === 'https:' ? 443 : 80);
  return new Promise((resolve, reject) => {
    guard.checkHost(host, port);
    lookup(host, { all: true }, (error, addresses) => {
      try {
        if (error === null) permittedAddresses(guard, host, port, addresses);
        resolve();
      } catch (refusal) {
        reject(asError(refusal));
      }
    });
  });
}
