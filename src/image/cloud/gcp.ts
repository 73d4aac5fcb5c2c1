import type { Clock } from '../../time/clock.js';
import { basicCredential } from '../credentials/credential.js';
import type { Credential } from '../types.js';
import type { CloudHttp } from './http.js';
import { CloudError, fieldIn, objectIn, type CloudProvider } from './provider.js';
import { TokenCache, type Token } from './token-cache.js';

const hostPattern = /^(?:[a-z0-9-]+\.)?gcr\.io$|^[a-z0-9-]+\.pkg\.dev$/;

const server = 'the metadata server';

/** What is needed to get tokens for Google's registries. */
export interface GcpOptions {
  readonly http: CloudHttp;
  readonly clock: Clock;
  /** In place of `http://metadata.google.internal`. */
  readonly endpoint?: string;
}

/**
 * Tokens for Artifact Registry and Container Registry, from the metadata server: with workload identity those of this
 * process's ServiceAccount.
 */
export class GcpProvider implements CloudProvider {
  readonly name = 'gcp';
  readonly origin = 'Gcp';
  readonly #http: CloudHttp;
  readonly #endpoint: string;
  readonly #tokens: TokenCache<Credential>;

  constructor({ http, clock, endpoint = 'http://metadata.google.internal' }: GcpOptions) {
    this.#http = http;
    this.#endpoint = endpoint;
    this.#tokens = new TokenCache({ clock });
  }

  handles(registry: string): boolean {
    return hostPattern.test(registry);
  }

  credential(_registry: string, signal: AbortSignal): Promise<Credential> {
    return this.#tokens.get('token', signal, (own) => this.#token(own));
  }

  async #token(signal: AbortSignal): Promise<Token<Credential>> {
    const url = `${this.#endpoint}/computeMetadata/v1/instance/service-accounts/default/token`;
    const answer = await this.#http({ method: 'GET', url, headers: { 'metadata-flavor': 'Google' } }, signal);
    // Google's clients check this header, to tell a metadata server from anything else at its address.
    if (answer.headers['metadata-flavor'] !== 'Google') throw new CloudError(`${server} is not Google’s`);
    const object = objectIn(answer, server);
    const value = basicCredential('oauth2accesstoken', fieldIn(object, 'access_token', server), 'gcp');
    const seconds = object['expires_in'];
    return { value, lifeMs: typeof seconds === 'number' ? seconds * 1_000 : 300_000 };
  }
}
