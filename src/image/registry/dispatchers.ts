import { Agent, type Dispatcher, Pool, ProxyAgent } from 'undici';
import { asError } from '../../time/as-error.js';
import { createGuardedConnector, type Lookup, permittedAddresses } from './connector.js';
import type { EgressGuard } from './egress-guard.js';
import type { HostSettings } from './hosts.js';
import { proxyFor, type ProxySettings } from './proxy.js';
import { unlessAborted } from '../../time/abort.js';

/** Connection pools: one for each configuration and proxy, so their number does not grow with what pods name. */
export interface Dispatchers {
  /**
   * What sends a request to the URL. Behind a proxy the guard runs here, on what the host resolves to locally; a host
   * that does not resolve locally is the proxy's to judge.
   *
   * @throws {EgressDeniedError} When the guard refuses the target: see egress-guard.ts.
   */
  dispatcherFor(url: URL, settings: HostSettings, signal: AbortSignal): Promise<Dispatcher>;
  close(): Promise<void>;
}

const keepAliveTimeoutMs = 15_000;

export function createDispatchers(guard: EgressGuard, proxies: ProxySettings, lookup: Lookup): Dispatchers {
  const direct = new Map<HostSettings, Agent>();
  const proxied = new Map<HostSettings, Map<string, ProxyAgent>>();

  function agent(settings: HostSettings): Agent {
    const known = direct.get(settings);
    if (known !== undefined) return known;
    const { ca, connectTimeoutMs } = settings;
    const made = new Agent({
      ...poolOptions(settings),
      connect: createGuardedConnector({ ca, connectTimeoutMs, guard, lookup }),
    });
    direct.set(settings, made);
    return made;
  }

  function proxyAgent(settings: HostSettings, uri: string): ProxyAgent {
    const agents = proxied.get(settings) ?? new Map<string, ProxyAgent>();
    proxied.set(settings, agents);
    const known = agents.get(uri);
    if (known !== undefined) return known;
    const { ca, connectTimeoutMs, headersTimeoutMs } = settings;
    const made = new ProxyAgent({
      ...poolOptions(settings),
      uri,
      // Many proxies refuse a tunnel to anything but TLS.
      proxyTunnel: false,
      proxyTls: { timeout: connectTimeoutMs },
      requestTls: { timeout: connectTimeoutMs, ...(ca === undefined ? {} : { ca }) },
      clientFactory: (origin, options) => new Pool(origin, { ...options, headersTimeout: headersTimeoutMs }),
    });
    agents.set(uri, made);
    return made;
  }

  return {
    async dispatcherFor(url, settings, signal) {
      const uri = proxyFor(url, proxies);
      if (uri === undefined) return agent(settings);
      await unlessAborted(checkTarget(guard, lookup, url), signal);
      return proxyAgent(settings, uri);
    },
    async close() {
      const agents = [...direct.values(), ...[...proxied.values()].flatMap((byUri) => [...byUri.values()])];
      await Promise.all(agents.map((each) => each.destroy()));
    },
  };
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
