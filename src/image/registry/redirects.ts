import type { ReasonCode } from '../../model/reasons.js';
import { RegistryError } from '../types.js';
import type { HostSettings, Hosts } from './hosts.js';
import type { RegistryRequest, Transport } from './transport.js';
import { headerOf, type RegistryAnswer } from './answer.js';

const maxRedirects = 5;
const redirectStatuses: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/**
 * Asks, and follows where the answer points: a registry's blobs often lie in a store of another host. Credentials never go
 * to another origin (E12), a redirect never leads from TLS to plain HTTP unless the target is configured for it, and every
 * hop passes the deny list and the egress guard, which lets only a private registry lead into a private network (E13, F15).
 * The same rules apply to a token server's redirects (W7), which may lead to plain HTTP only if that is configured for the
 * target.
 *
 * @throws {RegistryError} What the transport throws; `registry_denied`; `image_unauthorized` for a credential in the
 *   body that another origin would have to get; `registry_error` for a redirect that cannot be followed, or the sixth in
 *   a row.
 */
export async function askFollowing(
  transport: Transport,
  hosts: Hosts,
  request: RegistryRequest,
  signal: AbortSignal,
): Promise<RegistryAnswer> {
  let next = request;
  for (let hop = 0; hop < maxRedirects; hop++) {
    const answer = await transport.exchange(next, signal);
    if (!redirectStatuses.has(answer.status)) return answer;
    next = redirected(next, answer, hosts);
  }
  const last = await transport.exchange(next, signal);
  if (!redirectStatuses.has(last.status)) return last;
  throw refusal(request, last, 'registry_error', `redirects more than ${maxRedirects} times`);
}

/**
 * Whether a token may be asked for there: a realm is the registry's word, and without TLS any machine would answer to
 * it (F15).
 *
 * @throws {RegistryError} `registry_denied`
 */
export function checkTokenServer(url: URL, settings: HostSettings): void {
  if (url.protocol !== 'http:' || settings.plainHttp) return;
  throw new RegistryError(
    'registry_denied',
    `the token server ${url.host} speaks plain HTTP, for which plainHttp has to be configured`,
  );
}

function redirected(request: RegistryRequest, answer: RegistryAnswer, hosts: Hosts): RegistryRequest {
  const url = targetOf(headerOf(answer, 'location'), request.url);
  if (url === undefined) throw refusal(request, answer, 'registry_error', 'redirects to nowhere');
  hosts.checkHost(url.host);
  const ledBy = request.ledBy ?? request.url;
  const next = withMethodFor(answer.status, request);
  if (url.origin === request.url.origin) return { ...next, url, ledBy };
  const settings = hosts.settings(url.host);
  if (request.purpose === 'token') checkTokenServer(url, settings);
  if (url.protocol === 'http:' && request.url.protocol === 'https:' && !settings.plainHttp) {
    throw refusal(request, answer, 'registry_denied', `redirects from TLS to plain HTTP at ${url.host}`);
  }
  if (next.body !== undefined) {
    // The only bodies are those of OAuth2, with a refresh token in them.
    throw refusal(
      request,
      answer,
      'image_unauthorized',
      `redirects a credential to ${url.host}, which does not get it`,
    );
  }
  return { ...next, url, settings, headers: without(next.headers, 'authorization'), ledBy };
}

/** A POST becomes a GET without a body, except for the two statuses that forbid it (RFC 9110, section 15.4). */
function withMethodFor(status: number, request: RegistryRequest): RegistryRequest {
  if (request.method !== 'POST' || status === 307 || status === 308) return request;
  const { purpose, url, headers, limitBytes, settings, ledBy } = request;
  const common = { purpose, url, limitBytes, settings, ...(ledBy === undefined ? {} : { ledBy }) };
  return { ...common, method: 'GET', headers: without(headers, 'content-type') };
}

function without(headers: RegistryRequest['headers'], left: string): RegistryRequest['headers'] {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name !== left));
}

function refusal(
  request: RegistryRequest,
  { status }: RegistryAnswer,
  reason: ReasonCode,
  what: string,
): RegistryError {
  const facts = { status, isTokenServers: request.purpose === 'token' };
  return new RegistryError(reason, `${request.url.host} ${what}`, facts);
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
