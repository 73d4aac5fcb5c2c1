import { isObject, parsedJson, stringMembersOf, stringOf, type JsonObject } from '../../model/json.js';
import { goField, goStruct } from '../go-fields.js';
import type { Credential } from '../types.js';
import { decodeAuth } from './auth-field.js';
import { basicCredential, identityTokenCredential, registryTokenCredential } from './credential.js';
import { placeKey, type KeyringEntry } from './keyring.js';

/** An entry that yields no credential. */
export interface UnusedEntry {
  /** The place that it is for, without parts that may be secret; `undefined` if it names no host. */
  readonly place: string | undefined;
  /** In a few words: `its auth is not base64`. Never with a secret in them. */
  readonly why: string;
  /** Whether it is completely empty, as docker writes it if a helper keeps the credential. */
  readonly isEmpty: boolean;
}

/** What a docker config says about credentials. */
export interface DockerConfig {
  readonly entries: readonly KeyringEntry[];
  readonly unused: readonly UnusedEntry[];
  /** Helper by registry host: `docker-credential-` and this name is the program. */
  readonly credHelpers: Readonly<Record<string, string>>;
  /** Helper for every other registry. */
  readonly credsStore: string | undefined;
}

type Read = Credential | Pick<UnusedEntry, 'why' | 'isEmpty'>;

const fields = ['registrytoken', 'identitytoken', 'auth', 'username', 'password'] as const;

function credentialOf(entry: JsonObject, source: string): Read {
  const texts: Partial<Record<(typeof fields)[number], string>> = {};
  for (const field of fields) {
    const value = goField(entry, field) ?? '';
    if (typeof value !== 'string') return unusable(`its ${field} is no text`);
    texts[field] = value;
  }
  const { registrytoken = '', identitytoken = '', auth = '' } = texts;
  if (registrytoken !== '') return registryTokenCredential(registrytoken, source);
  let { username = '', password = '' } = texts;
  if (auth !== '') {
    const decoded = decodeAuth(auth);
    if ('why' in decoded) return unusable(decoded.why);
    ({ username, password } = decoded);
  }
  if (identitytoken !== '') {
    return identityTokenCredential(identitytoken, source, username === '' ? undefined : username);
  }
  // With this user name, docker's helpers return a refresh token in place of the password.
  if (username === '<token>') return identityTokenCredential(password, source);
  if (username !== '' || password !== '') return basicCredential(username, password, source);
  return { why: 'it has neither a user name nor a token', isEmpty: true };
}

function unusable(why: string): Read {
  return { why, isEmpty: false };
}

function entriesOf(auths: JsonObject, source: string): Pick<DockerConfig, 'entries' | 'unused'> {
  const entries: KeyringEntry[] = [];
  const unused: UnusedEntry[] = [];
  for (const [location, value] of Object.entries(auths)) {
    const place = placeKey(location);
    const read = place === undefined ? unusable('its key names no host') : readEntry(value, source);
    if ('why' in read) unused.push({ place, ...read });
    else entries.push({ location, credential: read });
  }
  return { entries, unused };
}

function readEntry(value: unknown, source: string): Read {
  return isObject(value ?? {}) ? credentialOf(isObject(value) ? value : {}, source) : unusable('it is no object');
}

/**
 * Reads a docker config as the kubelet does: `{"auths": …}`, or the older `.dockercfg` with the registries at the top; keys
 * count in any case. An unreadable entry is left out with its reason, so that one bad entry does not affect the others (W9).
 *
 * @param text JSON.
 * @param source what people are told the credentials come from.
 * @param format `json` for `config.json` and `.dockerconfigjson`, `legacy` for `.dockercfg`.
 * @returns `undefined` when the text is no JSON object.
 */
export function parseDockerConfig(text: string, source: string, format: 'json' | 'legacy'): DockerConfig | undefined {
  const parsed = parsedJson(text);
  if (!isObject(parsed)) return undefined;
  if (format === 'legacy') return { ...entriesOf(parsed, source), credHelpers: {}, credsStore: undefined };
  const auths = goStruct(parsed, 'auths') ?? {};
  const read = isObject(auths)
    ? entriesOf(auths, source)
    : { entries: [], unused: [{ place: undefined, why: 'auths is no object', isEmpty: false }] };
  return {
    ...read,
    credHelpers: stringMembersOf(goStruct(parsed, 'credhelpers')),
    credsStore: stringOf(goField(parsed, 'credsstore')),
  };
}

const mostListed = 10;

/** Entries that are not used, in one line for a log. */
export function unusedText(unused: readonly UnusedEntry[]): string {
  const listed = unused.slice(0, mostListed).map(({ place, why }) => (place === undefined ? why : `${place}: ${why}`));
  const more = unused.length > mostListed ? [`${unused.length - mostListed} more`] : [];
  return [...listed, ...more].join('; ');
}
