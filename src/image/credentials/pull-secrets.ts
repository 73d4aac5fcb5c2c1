import { LRUCache } from 'lru-cache';
import type { CredentialNote, CredentialRequest, CredentialSource, ImageLog } from '../types.js';
import { parseDockerConfig, unusedText, type DockerConfig } from './docker-config.js';
import { isFor, Keyring } from './keyring.js';

/** A Secret as far as pull secrets need it. */
export interface PullSecret {
  readonly type: string;
  /** Values by key, decoded from base64. */
  readonly data: Readonly<Record<string, Uint8Array>>;
}

/** Reads from the cluster what pull secrets need. Both reject when the API server cannot be asked or refuses. */
export interface SecretSource {
  /** `undefined` when there is no such Secret. */
  secret(namespace: string, name: string, signal: AbortSignal): Promise<PullSecret | undefined>;
  /** Names of the `imagePullSecrets` of a ServiceAccount; empty when there is no such account. */
  pullSecretsOf(namespace: string, serviceAccount: string, signal: AbortSignal): Promise<readonly string[]>;
}

/** A Secret's name and namespace. */
export interface SecretName {
  readonly namespace: string;
  readonly name: string;
}

const formats = [
  { type: 'kubernetes.io/dockerconfigjson', key: '.dockerconfigjson', format: 'json' },
  { type: 'kubernetes.io/dockercfg', key: '.dockercfg', format: 'legacy' },
] as const;

/** One Secret's entries for look-ups, and why others are not used. */
type SecretEntries = Pick<DockerConfig, 'entries' | 'unused'>;

/**
 * The credentials in a pull secret. A docker config's helpers are ignored in it, because a tenant must not choose programs
 * to run here.
 *
 * @returns why, when the Secret is of another type, or holds nothing that can be read
 */
function entriesOfSecret(secret: PullSecret, source: string): SecretEntries | string {
  const format = formats.find(({ type }) => type === secret.type);
  if (format === undefined) return 'its type is none of a pull secret';
  const bytes = secret.data[format.key];
  if (bytes === undefined) return `it has no ${format.key}`;
  const config = parseDockerConfig(Buffer.from(bytes).toString('utf8'), source, format.format);
  if (config === undefined) return `its ${format.key} is no JSON object`;
  const { entries, unused } = config;
  const isBare = entries.length === 0 && unused.every(({ place }) => place === undefined);
  return isBare ? (unused[0]?.why ?? 'it has no entry in auths') : config;
}

const mostSaid = 1_000;
const none: SecretEntries = { entries: [], unused: [] };

/** Reads pull secrets, and logs why parts of them are not used, once for as long as that does not change. */
class PullSecretReader {
  readonly #from: SecretSource;
  readonly #log: ImageLog;
  readonly #said = new LRUCache<string, string>({ max: mostSaid });

  constructor(from: SecretSource, log: ImageLog) {
    this.#from = from;
    this.#log = log;
  }

  /** @param source what people are told the credentials come from */
  async read(
    { namespace, name }: SecretName,
    source: string,
    signal: AbortSignal,
    note: CredentialNote,
  ): Promise<SecretEntries> {
    try {
      const secret = await this.#from.secret(namespace, name, signal);
      // The kubelet continues without a missing Secret, and so do we (E11).
      if (secret === undefined) return leftOut(note, `${source} (there is none)`);
      const read = entriesOfSecret(secret, source);
      if (typeof read === 'string') {
        if (this.#isNew({ namespace, name }, read)) {
          this.#log.warn({ namespace, name, type: secret.type, why: read }, 'A pull secret cannot be used.');
        }
        return leftOut(note, `${source} (${read})`);
      }
      this.#sayUnused({ namespace, name }, read);
      return read;
    } catch (error) {
      this.#log.warn({ namespace, name, err: error }, 'A pull secret cannot be read.');
      return leftOut(note, `${source} (it cannot be read)`);
    }
  }

  /** Reports the unusable parts of the Secret that are meant for the image. */
  noteUnused({ unused }: SecretEntries, source: string, image: string, note: CredentialNote): void {
    for (const { place, why } of unused) {
      if (place !== undefined && isFor(place, image)) note(`${source}, entry ${place} (${why})`);
    }
  }

  #sayUnused({ namespace, name }: SecretName, { unused }: SecretEntries): void {
    const entries = unusedText(unused);
    if (entries === '' || !this.#isNew({ namespace, name }, entries)) return;
    this.#log.warn({ namespace, name, entries }, 'Entries of a pull secret are not used.');
  }

  #isNew({ namespace, name }: SecretName, text: string): boolean {
    const key = `${namespace}/${name}`;
    if (this.#said.get(key) === text) return false;
    this.#said.set(key, text);
    return true;
  }
}

function leftOut(note: CredentialNote, text: string): SecretEntries {
  note(text);
  return none;
}

async function namesFor(
  from: SecretSource,
  { namespace, serviceAccount, imagePullSecrets }: CredentialRequest,
  log: ImageLog,
  signal: AbortSignal,
): Promise<readonly string[]> {
  try {
    const inherited = await from.pullSecretsOf(namespace, serviceAccount, signal);
    return [...new Set([...imagePullSecrets, ...inherited])];
  } catch (error) {
    log.warn({ namespace, serviceAccount, err: error }, 'A ServiceAccount’s pull secrets cannot be read.');
    return imagePullSecrets;
  }
}

const unheard: CredentialNote = () => undefined;

/**
 * Credentials from the pod's pull secrets and its ServiceAccount's, as one keyring: the more specific place wins over
 * the order of the Secrets, which decides among equals (E11).
 */
export function createPullSecretSource(from: SecretSource, log: ImageLog): CredentialSource {
  const reader = new PullSecretReader(from, log);
  return {
    async credentials({ registry, repository }, request, signal, note = unheard) {
      const image = `${registry}/${repository}`;
      const names = await namesFor(from, request, log, signal);
      const lists = await Promise.all(
        names.map(async (name) => {
          const source = `secret ${request.namespace}/${name}`;
          const read = await reader.read({ namespace: request.namespace, name }, source, signal, note);
          reader.noteUnused(read, source, image, note);
          return read.entries;
        }),
      );
      return new Keyring(lists.flat()).find(image);
    },
  };
}

/** Credentials from one Secret of the operator's choice, for the pods of every namespace. */
export function createDefaultPullSecretSource(from: SecretSource, secret: SecretName, log: ImageLog): CredentialSource {
  const reader = new PullSecretReader(from, log);
  const source = 'default pull secret';
  return {
    async credentials({ registry, repository }, _request, signal, note = unheard) {
      const image = `${registry}/${repository}`;
      const read = await reader.read(secret, source, signal, note);
      reader.noteUnused(read, source, image, note);
      return new Keyring(read.entries).find(image);
    },
  };
}
