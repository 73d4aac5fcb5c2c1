import { listOf, objectOf, stringOf, type JsonObject } from '../model/json.js';
import type { CredentialRequest } from './types.js';

/**
 * Whose rights a pod's look-ups have: its namespace's, with its ServiceAccount and pull secrets.
 *
 * @param namespace the request's, since a pod may leave its own out (E29).
 */
export function rightsOf(pod: JsonObject, namespace: string): CredentialRequest {
  const spec = objectOf(pod['spec']) ?? {};
  const names = listOf(spec['imagePullSecrets']).map((item) => stringOf(objectOf(item)?.['name']) ?? '');
  return {
    namespace,
    serviceAccount: stringOf(spec['serviceAccountName']) ?? stringOf(spec['serviceAccount']) ?? 'default',
    imagePullSecrets: [...new Set(names.filter((name) => name !== ''))],
  };
}
