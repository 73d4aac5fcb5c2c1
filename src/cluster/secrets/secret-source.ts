import type { Clock } from '../../time/clock.js';
import type { PullSecret, SecretSource } from '../../image/credentials/pull-secrets.js';
import { listOf, objectOf, stringOf, type JsonObject } from '../../model/json.js';
import type { ApiClient } from '../client/api-client.js';
import { ApiError, isApiError } from '../client/api-error.js';
import { isObjectName } from '../../model/object-name.js';
import { pathOf, resources, type Resource } from '../client/resources.js';
import { OnDemand } from '../on-demand.js';

/** What the source needs. */
export interface SecretSourceOptions {
  readonly client: ApiClient;
  readonly clock: Clock;
}

const foundMs = 30_000;
const missingMs = 10_000;
const requestMs = 5_000;
const mostEntries = 1_000;
const mostBytes = 16 * 1024 * 1024;

/** The keys of pull secrets. Nothing else of a Secret is kept. */
const pullSecretKeys: Readonly<Record<string, string>> = {
  'kubernetes.io/dockerconfigjson': '.dockerconfigjson',
  'kubernetes.io/dockercfg': '.dockercfg',
};

/**
 * Reads pull secrets and ServiceAccounts when a look-up needs them: one GET each, kept for 30 s (10 s where there is none,
 * or none may be read), never listed. For a Secret of another type, only the type is kept.
 *
 * Both methods reject with an error that says what cannot be read and what helps, and contains nothing of a Secret.
 */
export function createSecretSource({ client, clock }: SecretSourceOptions): SecretSource {
  const reader = <T>(resource: Resource, read: (object: JsonObject) => T, size: (value: T) => number) =>
    new OnDemand<T | undefined>({
      read: (key) => getObject(client, resource, key, read),
      freshMs: (value) => (value === undefined ? missingMs : foundMs),
      failureMs: missingMs,
      maxEntries: mostEntries,
      size: { of: (value) => (value === undefined ? 1 : size(value)), max: mostBytes },
      clock,
    });
  const secrets = reader(resources.secrets, pullSecretOf, sizeOf);
  const accounts = reader(resources.serviceAccounts, pullSecretNames, (names) => names.join().length);
  return {
    secret: (namespace, name, signal) => ask(secrets, namespace, name, signal),
    pullSecretsOf: async (namespace, account, signal) => (await ask(accounts, namespace, account, signal)) ?? [],
  };
}

function ask<T>(from: OnDemand<T>, namespace: string, name: string, signal: AbortSignal): Promise<T> {
  return from.get(`${namespace}/${name}`, signal);
}

async function getObject<T>(
  client: ApiClient,
  resource: Resource,
  key: string,
  read: (object: JsonObject) => T,
): Promise<T | undefined> {
  const slash = key.indexOf('/');
  const namespace = key.slice(0, slash);
  const name = key.slice(slash + 1);
  if (!isObjectName(namespace) || !isObjectName(name)) return undefined;
  try {
    return read(await client.get(pathOf(resource, { namespace, name }), { timeoutMs: requestMs }));
  } catch (error) {
    if (isApiError(error, 'NotFound')) return undefined;
    if (!isApiError(error, 'Forbidden')) throw error;
    const { status, reason } = error;
    const remedy = `let Outrider’s ServiceAccount get ${resource.plural}, or set --pull-secrets=false`;
    throw new ApiError(`${resource.kind} ${key} may not be read; ${remedy}`, { status, reason, cause: error });
  }
}

function pullSecretOf(object: JsonObject): PullSecret {
  const type = stringOf(object['type']) ?? '';
  const key = Object.hasOwn(pullSecretKeys, type) ? pullSecretKeys[type] : undefined;
  const encoded = key === undefined ? undefined : stringOf(objectOf(object['data'])?.[key]);
  if (key === undefined || encoded === undefined) return { type, data: {} };
  return { type, data: { [key]: Buffer.from(encoded, 'base64') } };
}

function sizeOf({ data }: PullSecret): number {
  return Object.values(data).reduce((sum, bytes) => sum + bytes.length, 100);
}

function pullSecretNames(account: JsonObject): readonly string[] {
  return listOf(account['imagePullSecrets']).flatMap((one) => stringOf(objectOf(one)?.['name']) ?? []);
}
