import { createHash } from 'node:crypto';
import type { Credential } from '../types.js';

/** No credential: what a registry shows to everyone. */
export const anonymous: Credential = { kind: 'anonymous', source: 'anonymous', fingerprint: 'anonymous' };

function fingerprintOf(kind: string, ...secrets: readonly string[]): string {
  return createHash('sha256')
    .update(JSON.stringify([kind, ...secrets]))
    .digest('hex');
}

/** A user name and a password. */
export function basicCredential(username: string, password: string, source: string): Credential {
  return { kind: 'basic', username, password, source, fingerprint: fingerprintOf('basic', username, password) };
}

/** An OAuth2 refresh token, which a registry's token service exchanges. */
export function identityTokenCredential(identityToken: string, source: string, username?: string): Credential {
  return {
    kind: 'identity-token',
    identityToken,
    ...(username === undefined ? {} : { username }),
    source,
    fingerprint: fingerprintOf('identity-token', username ?? '', identityToken),
  };
}

/** A bearer token that a registry takes as it is. */
export function registryTokenCredential(registryToken: string, source: string): Credential {
  return {
    kind: 'registry-token',
    registryToken,
    source,
    fingerprint: fingerprintOf('registry-token', registryToken),
  };
}

/** The credentials in order, without duplicates: the first one with a fingerprint stays. */
export function distinct(credentials: readonly Credential[]): readonly Credential[] {
  const seen = new Set<string>();
  return credentials.filter(({ fingerprint }) => {
    if (seen.has(fingerprint)) return false;
    seen.add(fingerprint);
    return true;
  });
}
