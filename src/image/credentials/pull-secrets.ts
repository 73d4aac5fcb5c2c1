import type { CredentialRequest, CredentialSource, ImageLog } from '../types.js';
import { parseDockerConfig } from './docker-config.js';
import { Keyring, type KeyringEntry } from './keyring.js';

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

/**
 * The credentials in a pull secret. A mounted docker config's helpers are not followed: a tenant must not choose
 * programs to run here.
 *
 * @returns `undefined` when the Secret is of another type, or holds nothing that can be read.
 */
function entriesOfSecret(secret: PullSecret, source: string): readonly KeyringEntry[] | undefined {
  const format = formats.find(({ type }) => type === secret.type);
  const bytes = format === undefined ? undefined : secret.data[format.key];
  if (format === undefined || bytes === undefined) return undefined;
  return parseDockerConfig(Buffer.from(bytes).toString('utf8'), source, format.format)?.entries;
}

async function read(
  from: SecretSource,
  { namespace, name }: SecretName,
  source: string,
  log: ImageLog,
  signal: AbortSignal,
): Promise<readonly KeyringEntry[]> {
  try {
    const secret = await from.secret(namespace, name, signal);
    // The kubelet goes on without a Secret that is not there; so do we (E11).
    if (secret === undefined) return [];
    const entries = entriesOfSecret(secret, source);
    if (entries === undefined) log.warn({ namespace, name, type: secret.type }, 'A pull secret cannot be used.');
    return entries ?? [];
  } catch (error) {
    log.warn({ namespace, name, err: error }, 'A pull secret cannot be read.');
    return [];
  }
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

/**
 * Credentials from the pod's pull secrets and its ServiceAccount's, as one keyring: the more specific place wins over
 * the order of the Secrets, which decides among equals (E11).
 */
export function createPullSecretSource(from: SecretSource, log: ImageLog): CredentialSource {
  return {
    async credentials({ registry, repository }, request, signal) {
      const names = await namesFor(from, request, log, signal);
      const lists = await Promise.all(
        names.map((name) => {
          const place = { namespace: request.namespace, name };
          return read(from, place, `secret ${place.namespace}/${name}`, log, signal);
        }),
      );
      return new Keyring(lists.flat()).find(`${registry}/${repository}`);
    },
  };
}

/** Credentials from one Secret of the operator's choice, for the pods of every namespace. */
export function createDefaultPullSecretSource(from: SecretSource, secret: SecretName, log: ImageLog): CredentialSource {
  return {
    async credentials({ registry, repository }, _request, signal) {
      const entries = await read(from, secret, 'default pull secret', log, signal);
      return new Keyring(entries).find(`${registry}/${repository}`);
    },
  };
}
