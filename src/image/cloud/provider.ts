import type { OwnCredentialOrigin } from '../../model/registry-config.js';
import { isObject, type JsonObject } from '../../model/json.js';
import { WaitEnded } from '../../time/abort.js';
import type { Credential, CredentialSource, ImageLog } from '../types.js';
import type { CloudAnswer } from './http.js';

/** Gets credentials for one cloud's registries with the identity this process was given. */
export interface CloudProvider {
  readonly name: string;
  readonly origin: OwnCredentialOrigin;
  /** Whether the registry, a lower-case host, is one of this cloud's that needs a credential. */
  handles(registry: string): boolean;
  /** Rejects with a `CloudError`. Answers are kept until shortly before they end. */
  credential(registry: string, signal: AbortSignal): Promise<Credential>;
}

/** A cloud's endpoint gave no credential. The message holds no secret and nothing of the answer's body. */
export class CloudError extends Error {
  override readonly name = 'CloudError';
}

/** Credentials by this process's identity in a cloud, for the registries of that cloud. */
export function createCloudSource(providers: readonly CloudProvider[], log: ImageLog): CredentialSource {
  return {
    async credentials({ registry }, _request, signal) {
      const host = registry.toLowerCase();
      const provider = providers.find((one) => one.handles(host));
      if (provider === undefined) return [];
      try {
        return [await provider.credential(host, signal)];
      } catch (error) {
        if (!(error instanceof WaitEnded)) {
          log.warn({ provider: provider.name, registry: host, err: error }, 'A cloud gave no credential.');
        }
        return [];
      }
    },
  };
}

/** The answer's JSON object. @throws CloudError for another status than 200 or another body. */
export function objectIn(answer: CloudAnswer, endpoint: string): JsonObject {
  if (answer.status !== 200) throw new CloudError(`${endpoint} answers ${answer.status}`);
  try {
    const parsed: unknown = JSON.parse(answer.text);
    if (isObject(parsed)) return parsed;
  } catch {
    // The error's text would quote the body, which may hold a secret.
  }
  throw new CloudError(`${endpoint} answers with what is no JSON object`);
}

/** A string field that must be there. @throws CloudError. */
export function fieldIn(object: JsonObject, field: string, endpoint: string): string {
  const value = object[field];
  if (typeof value !== 'string' || value === '') throw new CloudError(`${endpoint} answers without ${field}`);
  return value;
}
