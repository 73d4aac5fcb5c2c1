import { objectOf, stringOf, type JsonObject } from '../../model/json.js';
import type { ApiClient } from '../client/api-client.js';
import { isApiError } from '../client/api-error.js';
import { pathOf, resources } from '../client/resources.js';

/** Name of the ConfigMap, in the installation's namespace. */
function ledgerName(instance: string): string {
  return `${instance}-mirrored`;
}

/** Where the ledger is, and how to reach it. */
export interface LedgerOptions {
  readonly client: ApiClient;
  readonly ownNamespace: string;
  readonly instance: string;
}

/** The ledger as it was read. */
export interface LedgerPage {
  /** Copy's name → policy's name. */
  readonly copies: ReadonlyMap<string, string>;
  /** `undefined` when there is no ledger. */
  readonly configMap: JsonObject | undefined;
}

const requestMs = 5_000;
// Other replicas also write, but only once for each copy's name.
const attempts = 5;

/**
 * The names that copies have or had, with their policies. With it, copies can be found again without the right to list the
 * Secrets of a cluster, which would be a right to read them all. Every replica that makes a copy writes here first. So
 * nothing is cached: each change applies to the current state only.
 */
export class Ledger {
  readonly #client: ApiClient;
  readonly #place: { readonly namespace: string; readonly name: string };

  constructor({ client, ownNamespace, instance }: LedgerOptions) {
    this.#client = client;
    this.#place = { namespace: ownNamespace, name: ledgerName(instance) };
  }

  /** Reads the ledger. A missing ledger is empty. @throws ApiError */
  async read(): Promise<LedgerPage> {
    try {
      const path = pathOf(resources.configMaps, this.#place);
      const configMap = await this.#client.get(path, { timeoutMs: requestMs });
      return { copies: copiesOf(configMap), configMap };
    } catch (error) {
      if (isApiError(error, 'NotFound')) return { copies: new Map(), configMap: undefined };
      throw error;
    }
  }

  /** Adds copies to the ledger. @returns all of its copies @throws ApiError */
  add(copies: Iterable<readonly [copy: string, policy: string]>): Promise<ReadonlyMap<string, string>> {
    const added = [...copies];
    return this.#change((before) => new Map([...before, ...added]));
  }

  /** Removes copies from the ledger. @throws ApiError */
  async strike(gone: readonly string[]): Promise<void> {
    await this.#change((before) => new Map([...before].filter(([copy]) => !gone.includes(copy))));
  }

  /** Removes the ledger itself, as it was read. @throws ApiError `Conflict` if someone has written since */
  async remove({ configMap }: LedgerPage): Promise<void> {
    if (configMap === undefined) return;
    const { resourceVersion } = objectOf(configMap['metadata']) ?? {};
    const options = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { resourceVersion } };
    try {
      await this.#client.delete(pathOf(resources.configMaps, this.#place), options, { timeoutMs: requestMs });
    } catch (error) {
      if (!isApiError(error, 'NotFound')) throw error;
    }
  }

  async #change(
    edit: (before: ReadonlyMap<string, string>) => ReadonlyMap<string, string>,
  ): Promise<ReadonlyMap<string, string>> {
    for (let left = attempts; ; left--) {
      const { copies, configMap } = await this.read();
      const wanted = edit(copies);
      if (isSame(wanted, copies)) return copies;
      try {
        await this.#write(wanted, configMap);
        return wanted;
      } catch (error) {
        if (left <= 1 || !isApiError(error, 'Conflict', 'AlreadyExists', 'NotFound')) throw error;
      }
    }
  }

  async #write(copies: ReadonlyMap<string, string>, before: JsonObject | undefined): Promise<void> {
    const data = Object.fromEntries(copies);
    const options = { timeoutMs: requestMs };
    if (before !== undefined) {
      // With its resourceVersion, and its owner.
      await this.#client.replace(pathOf(resources.configMaps, this.#place), { ...before, data }, options);
      return;
    }
    const metadata = { ...this.#place, labels: { 'app.kubernetes.io/managed-by': 'outrider' } };
    const { namespace } = this.#place;
    const object: JsonObject = { apiVersion: 'v1', kind: 'ConfigMap', metadata, data };
    await this.#client.create(pathOf(resources.configMaps, { namespace }), object, options);
  }
}

function isSame(some: ReadonlyMap<string, string>, others: ReadonlyMap<string, string>): boolean {
  return some.size === others.size && [...some].every(([copy, policy]) => others.get(copy) === policy);
}

function copiesOf(configMap: JsonObject): ReadonlyMap<string, string> {
  const copies = new Map<string, string>();
  for (const [copy, policy] of Object.entries(objectOf(configMap['data']) ?? {})) {
    const text = stringOf(policy);
    if (text !== undefined) copies.set(copy, text);
  }
  return copies;
}
