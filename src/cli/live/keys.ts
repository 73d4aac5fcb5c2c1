import type { ApiClient } from '../../cluster/client/api-client.js';
import { keyOf, readSecretState } from '../../cluster/live/read-secret.js';
import type { Engine, SecretState } from '../../engine/engine.js';
import { everyRule, type Rule, type Rules } from '../../engine/rules.js';

/** An access key, and whether it is there. */
export interface KeyState {
  readonly policy: string;
  readonly namespace: string;
  readonly name: string;
  readonly key: string;
  readonly state: SecretState;
}

/** Reads whether access keys are there, each once. */
export class KeyReader {
  readonly #client: ApiClient;
  readonly #ownNamespace: string;
  readonly #read = new Map<string, Promise<SecretState>>();

  /** @param ownNamespace the installation's, which mirrored keys come from */
  constructor(client: ApiClient, ownNamespace: string) {
    this.#client = client;
    this.#ownNamespace = ownNamespace;
  }

  /** The access keys that each policy's pods of a namespace refer to. */
  in(namespace: string, rules: Rules): Promise<readonly KeyState[]> {
    const wanted = everyRule(rules).flatMap(([policy, rule]) => {
      const key = keyOf(rule);
      // A mirrored key is copied from the installation's namespace, if necessary during the call that creates the pod.
      return key === undefined
        ? []
        : [{ policy, namespace: rule.mirror === undefined ? namespace : this.#ownNamespace, ...key }];
    });
    return Promise.all(wanted.map(async (place) => ({ ...place, state: await this.#stateOf(place) })));
  }

  #stateOf({ namespace, name, key }: Omit<KeyState, 'policy' | 'state'>): Promise<SecretState> {
    const place = `${namespace}/${name}/${key}`;
    const read = this.#read.get(place) ?? readSecretState(this.#client, namespace, name, key);
    this.#read.set(place, read);
    return read;
  }
}

/** Whether a key is the one that a rule's pods refer to. */
export function isKeyOf(rule: Rule, { name, key }: KeyState): boolean {
  const own = keyOf(rule);
  return own?.name === name && own.key === key;
}

/** The state of Secrets as an engine asks for it, by the keys that were read. */
export function secretStateIn(keys: readonly KeyState[]): Engine['secretState'] {
  return (namespace, name, key, mirrorOf) => {
    const known =
      mirrorOf === undefined
        ? keys.find((each) => each.namespace === namespace && each.name === name && each.key === key)
        : keys.find((each) => each.policy === mirrorOf && each.key === key);
    // Pull secrets to be mirrored were not read.
    return known?.state ?? 'unknown';
  };
}
