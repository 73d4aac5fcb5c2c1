import { OutriderError } from '../../model/error.js';
import { inBlock, parseAddress, parseBlock } from './address.js';
import { splitHostPort } from './host-pattern.js';

/** The proxies to go through, as the environment names them. */
export interface ProxySettings {
  /** For `https:` targets, a URL. */
  readonly https?: string;
  /** For `http:` targets, a URL. */
  readonly http?: string;
  /** Hosts, domains, addresses and CIDR blocks that are reached directly, separated by commas; `*` for all. */
  readonly noProxy?: string;
}

/** HTTPS_PROXY, HTTP_PROXY and NO_PROXY; the lower-case spelling wins, as in curl. */
export function proxyFromEnvironment(environment: Readonly<Record<string, string | undefined>>): ProxySettings {
  const read = (name: string): string | undefined => {
    const value = environment[name.toLowerCase()] ?? environment[name];
    return value === '' ? undefined : value;
  };
  // As in curl, `proxy:3128` is meant to be HTTP.
  const readUrl = (name: string): string | undefined => read(name)?.replace(/^(?!\w+:\/\/)/, 'http://');
  const https = readUrl('HTTPS_PROXY');
  const http = readUrl('HTTP_PROXY');
  const noProxy = read('NO_PROXY');
  return {
    ...(https === undefined ? {} : { https }),
    ...(http === undefined ? {} : { http }),
    ...(noProxy === undefined ? {} : { noProxy }),
  };
}

/**
 * @throws {OutriderError} `settings_invalid` for a proxy that is not a `http:` or `https:` URL; it may hold a password,
 * so the message does not quote it.
 */
export function checkProxies(settings: ProxySettings): void {
  for (const [field, text] of Object.entries({ https: settings.https, http: settings.http })) {
    if (text === undefined || (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol))) continue;
    throw new OutriderError('settings_invalid', 'a proxy is an http or https URL', { field: `proxies.${field}` });
  }
}

/**
 * The proxy for a URL, or `undefined` for a direct connection. As in Go's net/http, loopback is always direct, and
 * a NO_PROXY entry matches the host and its subdomains, an address, a block, each with a port if it has one.
 */
export function proxyFor(url: URL, settings: ProxySettings): string | undefined {
  const proxy = url.protocol === 'https:' ? settings.https : settings.http;
  if (proxy === undefined) return undefined;
  const { host } = splitHostPort(url.hostname);
  const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port;
  const address = parseAddress(host);
  if (host === 'localhost' || address?.[0] === 127 || host === '::1') return undefined;
  const entries = (settings.noProxy ?? '').split(/[,\s]+/).filter((entry) => entry !== '');
  const direct = entries.some((entry) => {
    if (entry === '*') return true;
    const block = parseBlock(entry);
    if (block !== undefined) return address !== undefined && inBlock(address, block);
    const rule = splitHostPort(entry);
    if (rule.port !== undefined && rule.port !== port) return false;
    const domain = rule.host.replace(/^\*?\./, '');
    return host === domain || host.endsWith(`.${domain}`);
  });
  return direct ? undefined : proxy;
}
