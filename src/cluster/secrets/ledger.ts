import { objectOf, stringOf, type JsonObject } from '../../model/json.js';
import type { ApiClient } from '../client/api-client.js';
import { isApiError } from '../client/api-error.js';
import { pathOf, resources } from '../client/resources.js';

/**
 * The names that copies have or had, with the policies that they are for. It is what allows copies to be found again
 * without a right to list the Secrets of a cluster, which would be a right to read them all.
 */
export interface Ledger {
  /** Copy's name → policy's name. */
  readonly copies: ReadonlyMap<string, string>;
  /** Writes the copies; nothing when they stand there already. @throws ApiError */
  write(copies: ReadonlyMap<string, string>): Promise<void>;
  /** Removes the ledger itself. @throws ApiError */
  remove(): Promise<void>;
}

/** Name of the ConfigMap, in the installation's namespace. */
export function ledgerName(instance: string): string {
  return `${instance}-mirrored`;
}

/** Reads the ledger; one that is not there is empty. @throws ApiError */
export async function openLedger(client: ApiClient, ownNamespace: string, instance: string): Promise<Ledger> {
  const name = ledgerName(instance);
  const path = pathOf(resources.configMaps, { namespace: ownNamespace, name });
  let there = true;
  let copies: ReadonlyMap<string, string> = new Map();
  try {
    copies = copiesOf(await client.get(path));
  } catch (error) {
    if (!isApiError(error, 'NotFound')) throw error;
    there = false;
  }
  return {
    get copies() {
      return copies;
    },
    write: async (wanted) => {
      if (wanted.size === copies.size && [...wanted].every(([copy, policy]) => copies.get(copy) === policy)) return;
      const object: JsonObject = {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name, namespace: ownNamespace, labels: { 'app.kubernetes.io/managed-by': 'outrider' } },
        data: Object.fromEntries(wanted),
      };
      // Only the leader writes here.
      if (there) await client.replace(path, object);
      else await client.create(pathOf(resources.configMaps, { namespace: ownNamespace }), object);
      there = true;
      copies = new Map(wanted);
    },
    remove: async () => {
      if (there) await client.delete(path);
      there = false;
      copies = new Map();
    },
  };
}

function copiesOf(configMap: JsonObject): ReadonlyMap<string, string> {
  const copies = new Map<string, string>();
  for (const [copy, policy] of Object.entries(objectOf(configMap['data']) ?? {})) {
    const text = stringOf(policy);
    if (text !== undefined) copies.set(copy, text);
  }
  return copies;
}
