import { LRUCache } from 'lru-cache';
import { type Credential, RegistryError } from '../types.js';
import { type Challenge, parseChallenges } from './challenge.js';
import { basicHeader, type TokenService } from './token-service.js';
import type { RegistryRequest } from './transport.js';
import type { RegistryAnswer } from './answer.js';

/** An Authorization header and what it was made for. */
interface Proof {
  readonly header: string;
  /** The request for it. It is remembered when the registry has accepted the header. */
  readonly demand: Demand | undefined;
  readonly token: string | undefined;
  readonly isCached: boolean;
}

/** The authentication that an origin requires. */
type Demand =
  | { readonly scheme: 'basic' }
  | { readonly scheme: 'bearer'; readonly realm: string; readonly service: string | undefined; readonly scope: string };

const maxRemembered = 2000;
const maxParameterLength = 2048;
/** One request with what is remembered, one with a first token, and one with a token of wider scope. */
const maxAttempts = 3;

/** Asks once and follows redirects. */
export type Send = (request: RegistryRequest, signal: AbortSignal) => Promise<RegistryAnswer>;

/**
 * Sends requests to a registry with the authentication that it requires. This is remembered for each origin, so that the
 * next request is right at once.
 */
export class Authenticator {
  readonly #send: Send;
  readonly #tokens: TokenService;
  readonly #demands = new LRUCache<string, Demand>({ max: maxRemembered });

  constructor(send: Send, tokens: TokenService) {
    this.#send = send;
    this.#tokens = tokens;
  }

  /**
   * The answer after every possible response to challenges. A remaining 401 is final.
   *
   * @param repository The repository as the host knows it, for the token's scope.
   * @throws {RegistryError} What getting a token throws.
   */
  async ask(
    request: RegistryRequest,
    repository: string,
    credential: Credential,
    signal: AbortSignal,
  ): Promise<RegistryAnswer> {
    let proof = await this.#firstProof(request, repository, credential, signal);
    let answer = await this.#send(withHeader(request, proof), signal);
    for (let attempt = 1; attempt < maxAttempts; attempt++) {
      const demand = nextDemand(answer, request, repository, credential, proof);
      if (demand === undefined) break;
      const next = await this.#prove(request.url, demand, credential, proof?.token, signal);
      if (next === undefined) break;
      proof = next;
      answer = await this.#send(withHeader(request, proof), signal);
    }
    if (answer.status === 401) this.#forget(request, repository);
    else if (proof?.demand !== undefined) this.#remember(request, repository, proof.demand);
    return answer;
  }

  /** The header to send before any challenge. */
  async #firstProof(
    request: RegistryRequest,
    repository: string,
    credential: Credential,
    signal: AbortSignal,
  ): Promise<Proof | undefined> {
    if (credential.kind === 'registry-token') return sentAsItIs(credential);
    const remembered = this.#remembered(request, repository);
    if (remembered === undefined) return undefined;
    try {
      return await this.#prove(request.url, remembered, credential, undefined, signal);
    } catch (error) {
      // The registry may have another token server by now. The next look-up learns it from the registry.
      if (error instanceof RegistryError) this.#forget(request, repository);
      throw error;
    }
  }

  async #prove(
    registry: URL,
    demand: Demand,
    credential: Credential,
    rejected: string | undefined,
    signal: AbortSignal,
  ): Promise<Proof | undefined> {
    if (demand.scheme === 'basic') {
      const { authorization } = basicHeader(credential);
      return authorization === undefined
        ? undefined
        : { header: authorization, demand, token: undefined, isCached: false };
    }
    const { realm, service, scope } = demand;
    const token = await this.#tokens.token({ realm, registry, service, scope, credential }, rejected, signal);
    return { header: `Bearer ${token.text}`, demand, token: token.text, isCached: token.isCached };
  }

  #remembered({ url }: RegistryRequest, repository: string): Demand | undefined {
    return this.#demands.get(placeOf(url, repository)) ?? forRepository(this.#demands.get(url.origin), repository);
  }

  #remember({ url }: RegistryRequest, repository: string, demand: Demand): void {
    this.#demands.set(placeOf(url, repository), demand);
    this.#demands.set(url.origin, demand);
  }

  #forget({ url }: RegistryRequest, repository: string): void {
    this.#demands.delete(url.origin);
    this.#demands.delete(placeOf(url, repository));
  }
}

function placeOf({ origin }: URL, repository: string): string {
  return `${origin} ${repository}`;
}

/** What to try next after an answer; `undefined` if the answer is final. */
function nextDemand(
  answer: RegistryAnswer,
  request: RegistryRequest,
  repository: string,
  credential: Credential,
  sent: Proof | undefined,
): Demand | undefined {
  // These credentials are not for a host that a redirect led to.
  if (answer.url.origin !== request.url.origin || credential.kind === 'registry-token') return undefined;
  const challenges = parseChallenges(answer.headers['www-authenticate']);
  const isInsufficient = challenges.some(({ parameters }) => parameters.get('error') === 'insufficient_scope');
  if (answer.status !== 401 && !(answer.status === 403 && isInsufficient)) return undefined;

  const bearer = challenges.find(
    (challenge) => challenge.scheme === 'bearer' && isRealm(challenge.parameters.get('realm')),
  );
  const basic = challenges.some((challenge) => challenge.scheme === 'basic');
  if (bearer !== undefined) {
    const demand = bearerDemand(bearer, repository, isInsufficient && sent?.token !== undefined);
    const isNew = sent?.token === undefined || sent.isCached || !sameDemand(demand, sent.demand);
    if (isNew) return demand;
  }
  const canBasic = basic && credential.kind === 'basic' && sent?.demand?.scheme !== 'basic';
  if (canBasic) return { scheme: 'basic' };
  if (sent === undefined && bearer === undefined) throw unmet(answer, challenges);
  return undefined;
}

function bearerDemand(challenge: Challenge, repository: string, asItIs: boolean): Demand {
  const { parameters } = challenge;
  const asked = bounded(parameters.get('scope'));
  const scope = asItIs ? asked : pullOnly(asked);
  const realm = parameters.get('realm') ?? '';
  return {
    scheme: 'bearer',
    realm,
    service: bounded(parameters.get('service')),
    scope: scope ?? pullScope(repository),
  };
}

/** What a registry says about itself is remembered, so it has to be short. */
function bounded(text: string | undefined): string | undefined {
  return (text?.length ?? 0) > maxParameterLength ? undefined : text;
}

/** A look-up never needs more than to pull, whatever the registry offers. */
function pullOnly(scope: string | undefined): string | undefined {
  const scopes = (scope ?? '').split(/\s+/).flatMap((part) => {
    const [, resource, actions = ''] = /^(repository:.+):([^:]*)$/.exec(part) ?? [];
    return resource !== undefined && actions.split(',').includes('pull') ? [`${resource}:pull`] : [];
  });
  return scopes.length === 0 ? undefined : scopes.join(' ');
}

function pullScope(repository: string): string {
  return `repository:${repository}:pull`;
}

function forRepository(demand: Demand | undefined, repository: string): Demand | undefined {
  return demand?.scheme === 'bearer' ? { ...demand, scope: pullScope(repository) } : demand;
}

function sameDemand(one: Demand, other: Demand | undefined): boolean {
  if (one.scheme !== 'bearer' || other?.scheme !== 'bearer') return one.scheme === other?.scheme;
  return one.realm === other.realm && one.service === other.service && one.scope === other.scope;
}

function isRealm(realm: string | undefined): boolean {
  if (realm === undefined || realm.length > maxParameterLength || !URL.canParse(realm)) return false;
  const url = new URL(realm);
  return (url.protocol === 'https:' || url.protocol === 'http:') && url.username === '' && url.password === '';
}

function sentAsItIs(credential: Credential): Proof {
  const token = credential.registryToken ?? '';
  if (!/^[\x21-\x7e]+$/.test(token)) {
    throw new RegistryError(
      'image_unauthorized',
      `the registry token of ${credential.source} cannot stand in a header`,
    );
  }
  return { header: `Bearer ${token}`, demand: undefined, token: undefined, isCached: false };
}

function withHeader(request: RegistryRequest, proof: Proof | undefined): RegistryRequest {
  return proof === undefined ? request : { ...request, headers: { ...request.headers, authorization: proof.header } };
}

function unmet(answer: RegistryAnswer, challenges: readonly Challenge[]): RegistryError {
  const schemes = [...new Set(challenges.map(({ scheme }) => scheme.slice(0, 40)))].join(', ');
  const asks = schemes === '' ? 'names no way to do so' : `asks for ${schemes}`;
  return new RegistryError(
    'image_unauthorized',
    `${answer.url.host} wants to know who is asking and ${asks}, which cannot be answered`,
    { status: answer.status },
  );
}
