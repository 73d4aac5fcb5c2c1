import { objectOf, stringOf, type JsonObject } from '../../model/json.js';
import type { ApiClient } from '../client/api-client.js';
import { isApiError } from '../client/api-error.js';
import { pathOf, resources } from '../client/resources.js';

/** Name of the ConfigMap, in the installation's namespace. */
function ledgerName(instance: string): string {
  return `${instance}-mirrored`;
}

interface Place {
  readonly namespace: string;
  readonly name: string;
}

/**
 * The names that copies have or had, with the policies that they are for. It is what allows copies to be found again
 * without a right to list the Secrets of a cluster, which would be a right to read them all.
 */
export class Ledger {
  readonly #client: ApiClient;
  readonly #place: Place;
  #there: boolean;
  #copies: ReadonlyMap<string, string>;

  private constructor(client: ApiClient, place: Place, configMap: JsonObject | undefined) {
    this.#client = client;
    this.#place = place;
    this.#there = configMap !== undefined;
    this.#copies = copiesOf(configMap);
  }

  /** Reads the ledger; one that is not there is empty. @throws ApiError */
  static async read(client: ApiClient, ownNamespace: string, instance: string): Promise<Ledger> {
    const place = { namespace: ownNamespace, name: ledgerName(instance) };
    try {
      return new Ledger(client, place, await client.get(pathOf(resources.configMaps, place)));
    } catch (error) {
      if (isApiError(error, 'NotFound')) return new Ledger(client, place, undefined);
      throw error;
    }
  }

  /** Copy's name → policy's name. */
  get copies(): ReadonlyMap<string, string> {
    return this.#copies;
  }

  /** Writes the copies; nothing when they stand there already. @throws ApiError */
  async write(wanted: ReadonlyMap<string, string>): Promise<void> {
    const copies = this.#copies;
    if (wanted.size === copies.size && [...wanted].every(([copy, policy]) => copies.get(copy) === policy)) return;
    const object: JsonObject = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { ...this.#place, labels: { 'app.kubernetes.io/managed-by': 'outrider' } },
      data: Object.fromEntries(wanted),
    };
    const { namespace } = this.#place;
    // Only the leader writes here.
    if (this.#there) await this.#client.replace(pathOf(resources.configMaps, this.#place), object);
    else await this.#client.create(pathOf(resources.configMaps, { namespace }), object);
    this.#there = true;
    this.#copies = new Map(wanted);
  }

  /** Removes the ledger itself. @throws ApiError */
  async remove(): Promise<void> {
    if (this.#there) await this.#client.delete(pathOf(resources.configMaps, this.#place));
    this.#there = false;
    this.#copies = new Map();
  }
}

function copiesOf(configMap: JsonObject | undefined): ReadonlyMap<string, string> {
  const copies = new Map<string, string>();
  for (const [copy, policy] of Object.entries(objectOf(configMap?.['data']) ?? {})) {
    const text = stringOf(policy);
    if (text !== undefined) copies.set(copy, text);
  }
  return copies;
}
