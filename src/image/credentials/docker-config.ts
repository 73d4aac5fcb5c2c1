import { isObject, objectOf, parsedJson, stringMembersOf, stringOf, type JsonObject } from '../../model/json.js';
import type { Credential } from '../types.js';
import { basicCredential, identityTokenCredential, registryTokenCredential } from './credential.js';
import type { KeyringEntry } from './keyring.js';

/** What a docker config says of credentials. */
export interface DockerConfig {
  readonly entries: readonly KeyringEntry[];
  /** Helper by registry host: `docker-credential-` and this name is the program. */
  readonly credHelpers: Readonly<Record<string, string>>;
  /** Helper for every other registry. */
  readonly credsStore: string | undefined;
}

/** User and password out of `auth`: base64 of `user:password`, where the password may hold colons. */
function decodeAuth(auth: string): { readonly username: string; readonly password: string } | undefined {
  const trimmed = auth.trim();
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(trimmed)) return undefined;
  const text = Buffer.from(trimmed, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon < 0) return undefined;
  // Docker's own client pads with NUL characters.
  return { username: text.slice(0, colon), password: text.slice(colon + 1).replace(/\0+$/, '') };
}

function credentialOf(entry: JsonObject, source: string): Credential | undefined {
  const registryToken = stringOf(entry['registrytoken']);
  if (registryToken !== undefined && registryToken !== '') return registryTokenCredential(registryToken, source);
  const auth = stringOf(entry['auth']);
  const decoded = auth === undefined || auth === '' ? undefined : decodeAuth(auth);
  if (auth !== undefined && auth !== '' && decoded === undefined) return undefined;
  const username = decoded?.username ?? stringOf(entry['username']) ?? '';
  const password = decoded?.password ?? stringOf(entry['password']) ?? '';
  const identityToken = stringOf(entry['identitytoken']);
  if (identityToken !== undefined && identityToken !== '') {
    return identityTokenCredential(identityToken, source, username === '' ? undefined : username);
  }
  // With this user name, docker's helpers hand out a refresh token in the place of the password.
  if (username === '<token>') return identityTokenCredential(password, source);
  return username === '' && password === '' ? undefined : basicCredential(username, password, source);
}

function entriesOf(auths: JsonObject, source: string): readonly KeyringEntry[] {
  return Object.entries(auths).flatMap(([location, value]) => {
    const credential = isObject(value) ? credentialOf(value, source) : undefined;
    return credential === undefined ? [] : [{ location, credential }];
  });
}

/**
 * Reads a docker config: `{"auths": …}`, or the older `.dockercfg` with the registries at the top. An entry that
 * cannot be read is left out, so that one bad entry does not cost the others.
 *
 * @param text JSON.
 * @param source what people are told the credentials come from.
 * @param format `json` for `config.json` and `.dockerconfigjson`, `legacy` for `.dockercfg`.
 * @returns `undefined` when the text is no JSON object.
 */
export function parseDockerConfig(text: string, source: string, format: 'json' | 'legacy'): DockerConfig | undefined {
  const parsed = parsedJson(text);
  if (!isObject(parsed)) return undefined;
  if (format === 'legacy') return { entries: entriesOf(parsed, source), credHelpers: {}, credsStore: undefined };
  return {
    entries: entriesOf(objectOf(parsed['auths']) ?? {}, source),
    credHelpers: stringMembersOf(parsed['credHelpers']),
    credsStore: stringOf(parsed['credsStore']),
  };
}
