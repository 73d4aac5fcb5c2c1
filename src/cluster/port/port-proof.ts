import { timingSafeEqual } from 'node:crypto';
import { carriesToken, tokenOf } from '../../model/door-token.js';
import { allDoors, type DoorName } from '../../model/doors.js';
import type { JsonObject } from '../../model/json.js';
import type { ConfigurationKind } from '../registration/entry.js';
import { pathsIn } from '../registration/webhook-configuration.js';
import { noPortKeys, portKeysIn, type PortKeys } from './port-keys.js';

/**
 * What a replica knows about the port's proof: which tokens it accepts, and whether a call without one proves nothing. It
 * takes over the Secret and both webhook configurations as they change. If the Secret is gone or invalid, what was known
 * stays in use.
 *
 * Proof is required if the Secret says so, unless an entry of ours in the configurations has no token. Then the API server
 * itself calls without one, because a replica of an older version wrote the entry.
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

  /**
   * Whether a call comes from the API server, as far as that can be told. The time of the comparison reveals nothing about
   * the token.
   */
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

  /** Takes over what the Secret holds; `undefined` if it does not exist. */
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

  /** Takes over the state of a configuration; `undefined` if it does not exist, so that no call uses it. */
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
