import { LRUCache } from 'lru-cache';
import { isObject, stringOf, type JsonObject } from '../../model/json.js';
import { type Credential, RegistryError } from '../types.js';
import { goField } from '../go-fields.js';
import { answerError } from './failure.js';
import type { Hosts } from './hosts.js';
import { SharedCalls } from '../../time/shared-calls.js';
import { askFollowing, checkTokenServer } from './redirects.js';
import type { RegistryRequest, Transport } from './transport.js';
import type { RegistryAnswer } from './answer.js';

/** The scope of a token. */
export interface WantedToken {
  /** The token server, from a Bearer challenge. */
  readonly realm: string;
  /** Whose challenge it was. */
  readonly registry: URL;
  readonly service: string | undefined;
  /** One or more scopes, separated by spaces: `repository:library/nginx:pull`. */
  readonly scope: string;
  readonly credential: Credential;
}

export interface Token {
  readonly text: string;
  /** It was in the cache, so the registry may have stopped taking it. */
  readonly isCached: boolean;
}

const maxTokens = 2000;
const maxTokenLength = 16 * 1024;
const maxTokensLength = 8 * 1024 * 1024;
const answerLimitBytes = 256 * 1024;
const defaultLifetimeMs = 60_000;
const maxLifetimeMs = 60 * 60_000;
/** A token is not used in its last tenth, nor in its last ten seconds, so that it holds until the registry reads it. */
const maxMarginMs = 10_000;

interface KeptToken {
  readonly text: string;
  readonly expiresAtMs: number;
}

/** What is needed to get tokens. */
export interface TokenServiceOptions {
  readonly transport: Transport;
  readonly hosts: Hosts;
  /** The time now, milliseconds since 1970. */
  readonly clock: () => number;
}

/** Gets Bearer tokens from token servers (distribution's token authentication: by GET, and by POST for OAuth2). */
export class TokenService {
  readonly #transport: Transport;
  readonly #hosts: Hosts;
  readonly #clock: () => number;
  readonly #underWay = new SharedCalls<string>({ whenLeft: 'abort' });
  readonly #kept = new LRUCache<string, KeptToken>({
    max: maxTokens,
    maxSize: maxTokensLength,
    sizeCalculation: ({ text }, key) => text.length + key.length,
  });

  constructor({ transport, hosts, clock }: TokenServiceOptions) {
    this.#transport = transport;
    this.#hosts = hosts;
    this.#clock = clock;
  }

  /**
   * A token from the cache or the server; callers that want the same one share one request.
   *
   * @param rejected A token that a registry has just refused: it is dropped from the cache.
   * @throws {RegistryError} `image_unauthorized` when the server refuses the credential, `registry_denied` for a realm
   *   that may not be asked, else what the transport throws.
   */
  async token(wanted: WantedToken, rejected: string | undefined, signal: AbortSignal): Promise<Token> {
    const key = JSON.stringify([wanted.realm, wanted.service, wanted.scope, wanted.credential.fingerprint]);
    const known = this.#kept.get(key);
    if (known !== undefined && known.text !== rejected && known.expiresAtMs > this.#clock()) {
      return { text: known.text, isCached: true };
    }
    this.#kept.delete(key);
    const text = await this.#underWay.run(key, signal, (shared) => this.#fetch(key, wanted, shared));
    return { text, isCached: false };
  }

  async #fetch(key: string, wanted: WantedToken, signal: AbortSignal): Promise<string> {
    const request = requestFor(wanted, this.#hosts);
    const askedAtMs = this.#clock();
    const answer = await askFollowing(this.#transport, this.#hosts, request, signal);
    if (answer.status !== 200) throw refusal(request, answer, this.#clock());
    const token = readToken(answer, askedAtMs);
    this.#kept.set(key, token);
    return token.text;
  }
}

function requestFor(wanted: WantedToken, hosts: Hosts): RegistryRequest {
  const { credential } = wanted;
  const url = new URL(wanted.realm);
  hosts.checkHost(url.host);
  const settings = hosts.settings(url.host);
  checkTokenServer(url, settings);
  const fields = fieldsOf(wanted);
  const ledBy = wanted.registry;
  const common = { purpose: 'token', url, settings, limitBytes: answerLimitBytes, ledBy } as const;
  if (credential.kind === 'identity-token') {
    fields.append('grant_type', 'refresh_token');
    fields.append('client_id', 'outrider');
    fields.append('refresh_token', credential.identityToken ?? '');
    const headers = { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' };
    return { ...common, method: 'POST', headers, body: fields.toString() };
  }
  for (const [name, value] of fields) url.searchParams.append(name, value);
  if (credential.kind === 'basic') url.searchParams.append('account', credential.username ?? '');
  const headers = { accept: 'application/json', ...basicHeader(credential) };
  return { ...common, method: 'GET', headers };
}

/** By GET each scope is a parameter of its own; the form of OAuth2 has one, with spaces. */
function fieldsOf({ service, scope, credential }: WantedToken): URLSearchParams {
  const fields = new URLSearchParams();
  if (service !== undefined) fields.append('service', service);
  const scopes = credential.kind === 'identity-token' ? [scope] : scope.split(' ');
  for (const one of scopes) fields.append('scope', one);
  return fields;
}

/** The Authorization header of a user name and password; none for any other kind of credential. */
export function basicHeader(credential: Credential): { readonly authorization?: string } {
  if (credential.kind !== 'basic') return {};
  const pair = `${credential.username ?? ''}:${credential.password ?? ''}`;
  return { authorization: `Basic ${Buffer.from(pair, 'utf8').toString('base64')}` };
}

function refusal(request: RegistryRequest, answer: RegistryAnswer, nowMs: number): RegistryError {
  const error = answerError(`token server ${request.url.host}`, answer, nowMs);
  // OAuth2 answers 400 invalid_grant to a refresh token that does not hold (RFC 6749, section 5.2).
  const isRefusal = error.reason === 'image_unauthorized' || (request.method === 'POST' && answer.status === 400);
  const facts = { status: answer.status, isTokenServers: true };
  if (isRefusal) return new RegistryError('image_unauthorized', error.message, facts);
  if (error.reason === 'image_not_found') return new RegistryError('registry_error', error.message, facts);
  const { reason, message, registryCode, retryAfterMs } = error;
  return new RegistryError(reason, message, {
    ...facts,
    ...(registryCode === undefined ? {} : { registryCode }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}

function readToken(answer: RegistryAnswer, askedAtMs: number): KeptToken {
  const body = parseBody(answer);
  // Some servers write both fields, and leave the unused one empty (W8).
  const text = stringOf(goField(body, 'token')) || stringOf(goField(body, 'access_token')) || '';
  // RFC 6750's b64token, and what else can be in a header.
  if (text.length > maxTokenLength || !/^[\x21-\x7e]+$/.test(text)) {
    throw new RegistryError('registry_error', `token server ${answer.url.host} gives no token`, {
      status: answer.status,
      isTokenServers: true,
    });
  }
  const seconds = goField(body, 'expires_in');
  const lifetimeMs =
    typeof seconds === 'number' && seconds > 0 ? Math.min(seconds * 1000, maxLifetimeMs) : defaultLifetimeMs;
  const issuedAtMs = Date.parse(stringOf(goField(body, 'issued_at')) ?? '');
  // A server whose clock runs ahead does not make its tokens live longer.
  const startMs = Number.isNaN(issuedAtMs) ? askedAtMs : Math.min(issuedAtMs, askedAtMs);
  return { text, expiresAtMs: startMs + lifetimeMs - Math.min(lifetimeMs / 10, maxMarginMs) };
}

function parseBody(answer: RegistryAnswer): JsonObject {
  try {
    const body: unknown = JSON.parse(new TextDecoder().decode(answer.body));
    return isObject(body) ? body : {};
  } catch {
    return {};
  }
}
