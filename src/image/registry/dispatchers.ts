import type { LookupAddress } from 'node:dns';
import { LRUCache } from 'lru-cache';
import { Agent, type Dispatcher, Pool, ProxyAgent } from 'undici';
import { asError } from '../../time/as-error.js';
import { createGuardedConnector, type Lookup, permittedAddresses } from './connector.js';
import { isNearby, type ClientGuard, type EgressGuard } from './egress-guard.js';
import type { HostSettings } from './hosts.js';
import { proxyFor, type ProxySettings } from './proxy.js';
import { unlessAborted } from '../../time/abort.js';

/** What is needed to make connections. */
export interface DispatchersOptions {
  readonly guard: ClientGuard;
  readonly proxies: ProxySettings;
  readonly lookup: Lookup;
}

const keepAliveTimeoutMs = 15_000;

/** Connection pools: one for each configuration and proxy, so their number does not grow with what pods name. */
export class Dispatchers {
  readonly #guard: ClientGuard;
  readonly #proxies: ProxySettings;
  readonly #lookup: Lookup;
  // By the guard that their connections pass. A connection made for a private registry is not reused when another registry
  // leads there.
  readonly #direct = new Map<EgressGuard, Map<HostSettings, Agent>>();
  /** Whether a host was nearby when it was last connected to. */
  readonly #nearby = new LRUCache<string, boolean>({ max: 2_000 });
  readonly #proxied = new Map<HostSettings, Map<string, ProxyAgent>>();

  constructor({ guard, proxies, lookup }: DispatchersOptions) {
    this.#guard = guard;
    this.#proxies = proxies;
    this.#lookup = lookup;
  }

  /**
   * The dispatcher for a request to the URL. Behind a proxy the guard runs here, on the host's local addresses. If a host
   * does not resolve locally, the proxy must judge it.
   *
   * @param ledBy the registry that has named the URL, if it is not its own. Only a registry that is nearby itself may lead
   *   into a private network
   * @throws {EgressDeniedError} When the guard refuses the target: see egress-guard.ts.
   */
  async dispatcherFor(
    url: URL,
    settings: HostSettings,
    signal: AbortSignal,
    ledBy: URL | undefined,
  ): Promise<Dispatcher> {
    const isAway = ledBy !== undefined && ledBy.host !== url.host && this.#nearby.get(ledBy.host) !== true;
    const guard = isAway ? this.#guard.publicOnly : this.#guard;
    const uri = proxyFor(url, this.#proxies);
    if (uri === undefined) return this.#agent(settings, guard);
    const addresses = await unlessAborted(checkTarget(guard, this.#lookup, url), signal);
    this.#nearby.set(url.host, addresses.length > 0 && addresses.every(({ address }) => isNearby(address)));
    return this.#proxyAgent(settings, uri);
  }

  async close(): Promise<void> {
    const proxied = [...this.#proxied.values()].flatMap((byUri) => [...byUri.values()]);
    const direct = [...this.#direct.values()].flatMap((bySettings) => [...bySettings.values()]);
    await Promise.all([...direct, ...proxied].map((agent) => agent.destroy()));
  }

  #agent(settings: HostSettings, guard: EgressGuard): Agent {
    const bySettings = this.#direct.get(guard) ?? new Map<HostSettings, Agent>();
    this.#direct.set(guard, bySettings);
    const known = bySettings.get(settings);
    if (known !== undefined) return known;
    const { ca, connectTimeoutMs } = settings;
    const onConnected = (host: string, address: string): void => void this.#nearby.set(host, isNearby(address));
    const connect = createGuardedConnector({ ca, connectTimeoutMs, guard, lookup: this.#lookup, onConnected });
    const made = new Agent({ ...poolOptions(settings), connect });
    bySettings.set(settings, made);
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

/** The addresses of a host that the guard lets through; none where it does not resolve here. */
function checkTarget(guard: EgressGuard, lookup: Lookup, url: URL): Promise<readonly LookupAddress[]> {
  const host = url.hostname;
  const port = Number(url.port) || (url.protocol === 'https:' ? 443 : 80);
  return new Promise((resolve, reject) => {
    guard.checkHost(host, port);
    lookup(host, { all: true }, (error, addresses) => {
      try {
        resolve(error === null ? permittedAddresses(guard, host, port, addresses) : []);
      } catch (refusal) {
        reject(asError(refusal));
      }
    });
  });
}
