import { RegistryError } from '../types.js';
import type { Hosts } from './hosts.js';
import type { RegistryRequest, Transport } from './transport.js';
import { headerOf, type RegistryAnswer } from './answer.js';

const maxRedirects = 5;
const redirectStatuses: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/**
 * Asks, and follows where the answer points: a registry's blobs often lie in a store of another host. Credentials never
 * go to another origin (E12), a redirect never leads from TLS to plain HTTP unless the target is configured for it, and
 * every hop passes the deny list and the egress guard, which lets nobody but a private registry lead into a private
 * network (E13, F15).
 *
 * @throws {RegistryError} What the transport throws; `registry_denied`; `registry_error` for a redirect that cannot be
 *   followed, or the sixth in a row.
 */
export async function askFollowing(
  transport: Transport,
  hosts: Hosts,
  request: RegistryRequest,
  signal: AbortSignal,
): Promise<RegistryAnswer> {
  let next = request;
  for (let hop = 0; hop <= maxRedirects; hop++) {
    const answer = await transport.exchange(next, signal);
    if (!redirectStatuses.has(answer.status)) return answer;
    next = redirected(next, answer, hosts);
  }
  throw new RegistryError('registry_error', `${request.url.host} redirects more than ${maxRedirects} times`);
}

function redirected(request: RegistryRequest, answer: RegistryAnswer, hosts: Hosts): RegistryRequest {
  const { host } = request.url;
  const url = targetOf(headerOf(answer, 'location'), request.url);
  if (url === undefined) {
    throw new RegistryError('registry_error', `${host} redirects to nowhere`, { status: answer.status });
  }
  hosts.checkHost(url.host);
  const ledBy = request.ledBy ?? request.url;
  if (url.origin === request.url.origin) return { ...request, url, ledBy };
  const settings = hosts.settings(url.host);
  if (url.protocol === 'http:' && request.url.protocol === 'https:' && !settings.plainHttp) {
    throw new RegistryError('registry_denied', `${host} redirects from TLS to plain HTTP at ${url.host}`);
  }
  const headers = Object.fromEntries(Object.entries(request.headers).filter(([name]) => name !== 'authorization'));
  return { ...request, url, settings, headers, ledBy };
}

function targetOf(location: string | undefined, base: URL): URL | undefined {
  if (location === undefined || !URL.canParse(location, base.href)) return undefined;
  const url = new URL(location, base.href);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return undefined;
  url.username = '';
  url.password = '';
  url.hash = '';
  return url;
}
