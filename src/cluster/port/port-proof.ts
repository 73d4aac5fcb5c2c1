import { timingSafeEqual } from 'node:crypto';
import { carriesToken, tokenOf } from '../../model/door-token.js';
import { allDoors, type DoorName } from '../../model/doors.js';
import type { JsonObject } from '../../model/json.js';
import type { ConfigurationKind } from '../registration/entry.js';
import { pathsIn } from '../registration/webhook-configuration.js';
import { noPortKeys, portKeysIn, type PortKeys } from './port-keys.js';

/**
 * What a replica knows of the port's proof: which tokens it accepts, and whether a call without one proves nothing. Fed with
 * the Secret and both webhook configurations as they change. What was known stays where the Secret is gone or spoiled.
 *
 * Proof is asked for where the Secret says so, unless an entry of ours stands in the configurations without a token: then the
 * API server itself calls without, by the word of a replica of an older version.
 */
export class PortProof {
  readonly #instance: string;
  readonly #listeners: (() => void)[] = [];
  readonly #plain = new Map<ConfigurationKind, boolean>();
  #keys: PortKeys = noPortKeys;
  #accepted: ReadonlyMap<DoorName, readonly Buffer[]> = new Map();
  #asks = false;

  /** @param instance name of the installation */
  constructor(instance: string) {
    this.#instance = instance;
  }

  /** The keys that were last read. */
  get keys(): PortKeys {
    return this.#keys;
  }

  /** Whether a call without a token proves nothing. */
  get asks(): boolean {
    return this.#asks;
  }

  /** Calls the listener after each change. */
  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** Whether a call is the API server's, as far as it can be told. Compares in a time that tells nothing of the token. */
  isProven(door: DoorName, token: string | undefined): boolean {
    if (!this.#asks) return true;
    if (token === undefined) return false;
    const shown = Buffer.from(token, 'latin1');
    let found = false;
    for (const accepted of this.#accepted.get(door) ?? []) {
      if (accepted.length === shown.length && timingSafeEqual(accepted, shown)) found = true;
    }
    return found;
  }

  /** Takes over what the Secret holds; `undefined`: it is not there. */
  takeSecret(secret: JsonObject | undefined): void {
    const keys = portKeysIn(secret);
    if (keys.current !== undefined) {
      this.#keys = keys;
      const all = [keys.current, keys.next, keys.previous].filter((key) => key !== undefined);
      this.#accepted = new Map(
        allDoors.map(({ name, path }) => [name, all.map((key) => Buffer.from(tokenOf(key, path), 'latin1'))]),
      );
    }
    this.#settle();
  }

  /** Takes over how a configuration stands; `undefined`: it is not there, and then nobody calls by it. */
  takeConfiguration(kind: ConfigurationKind, configuration: JsonObject | undefined): void {
    const hasPlain = pathsIn(configuration, this.#instance).some((path) => !carriesToken(path));
    this.#plain.set(kind, hasPlain);
    this.#settle();
  }

  #settle(): void {
    this.#asks = this.#keys.asked && ![...this.#plain.values()].includes(true);
    for (const listener of this.#listeners) listener();
  }
}
