import type { Clock } from '../../time/clock.js';
import { basicCredential } from '../credentials/credential.js';
import type { Credential } from '../types.js';
import type { CloudHttp } from './http.js';
import { CloudError, fieldIn, objectIn, type CloudProvider } from './provider.js';
import { TokenCache, type Token } from './token-cache.js';

const hostPattern = /^(?:[a-z0-9-]+\.)?gcr\.io$|^[a-z0-9-]+\.pkg\.dev$/;

/**
 * Tokens for Artifact Registry and Container Registry, from the metadata server: with workload identity those of this
 * process's ServiceAccount.
 *
 * @param options `endpoint`: in place of `http://metadata.google.internal`.
 */
export function createGcpProvider(options: {
  readonly http: CloudHttp;
  readonly clock: Clock;
  readonly endpoint?: string;
}): CloudProvider {
  const { http, clock, endpoint = 'http://metadata.google.internal' } = options;
  const cache = new TokenCache<Credential>({ clock });
  const name = 'the metadata server';

  async function token(signal: AbortSignal): Promise<Token<Credential>> {
    const url = `${endpoint}/computeMetadata/v1/instance/service-accounts/default/token`;
    const answer = await http({ method: 'GET', url, headers: { 'metadata-flavor': 'Google' } }, signal);
    // Google's clients ask for this, to know a metadata server from a stranger at its address.
    if (answer.headers['metadata-flavor'] !== 'Google') throw new CloudError(`${name} is not Google’s`);
    const object = objectIn(answer, name);
    const value = basicCredential('oauth2accesstoken', fieldIn(object, 'access_token', name), 'gcp');
    const seconds = object['expires_in'];
    return { value, lifeMs: typeof seconds === 'number' ? seconds * 1_000 : 300_000 };
  }

  return {
    name: 'gcp',
    handles: (registry) => hostPattern.test(registry),
    credential: (_registry, signal) => cache.get('token', signal, token),
  };
}
