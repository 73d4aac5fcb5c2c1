import { namespaceKey } from '../../engine/preview/namespace-key.js';
import type { Engine } from '../../engine/engine.js';
import type { JsonObject } from '../../model/json.js';
import { listOf, objectOf, stringOf } from '../../model/json.js';
import type { StringMap } from '../../model/selector.js';
import { mayLookUp } from '../../engine/preview/template-key.js';
import type { LiveGround } from '../live/ground.js';
import { secretStateIn, type KeyReader, type KeyState } from '../live/keys.js';
import type { ChangedRules } from './policies.js';

/** A namespace, and what decides on its pods. */
export interface Place {
  readonly name: string;
  readonly labels: StringMap;
  readonly now: Engine;
  readonly then: Engine;
  /** See `namespaceKey`. */
  readonly key: string;
  /** The access keys that pods would refer to and nobody could look at. */
  readonly unknownKeys: readonly KeyState[];
}

/** Reads of each namespace what decides there, when its first workload comes. */
export class Places {
  readonly #rules: Pick<ChangedRules, 'now' | 'then'>;
  readonly #ground: LiveGround;
  readonly #keys: KeyReader;
  readonly #labels: ReadonlyMap<string, StringMap>;
  readonly #known = new Map<string, Promise<Place>>();
  readonly #owned = new Map<string, Promise<boolean>>();

  /** @param labels of the namespaces, by name */
  constructor(
    rules: Pick<ChangedRules, 'now' | 'then'>,
    ground: LiveGround,
    keys: KeyReader,
    labels: ReadonlyMap<string, StringMap>,
  ) {
    this.#rules = rules;
    this.#ground = ground;
    this.#keys = keys;
    this.#labels = labels;
  }

  of(namespace: string): Promise<Place> {
    const known = this.#known.get(namespace) ?? this.#read(namespace);
    this.#known.set(namespace, known);
    return known;
  }

  /** The places so far. */
  all(): Promise<readonly Place[]> {
    return Promise.all(this.#known.values());
  }

  async #read(name: string): Promise<Place> {
    const { now: rulesNow, then: rulesThen } = this.#rules;
    const [keysNow, keysThen] = await Promise.all([
      this.#keys.in(name, rulesNow),
      this.#keys.in(name, rulesThen),
      this.#ground.learnLimits(name),
    ]);
    const labels = this.#labels.get(name) ?? {};
    const now = this.#ground.engine(rulesNow, secretStateIn(keysNow));
    const then = this.#ground.engine(rulesThen, secretStateIn(keysThen));
    const unknownKeys = keysThen.filter(({ state }) => state === 'unknown');
    return { name, labels, now, then, key: namespaceKey(name, labels, [now, then]), unknownKeys };
  }

  /**
   * What look-ups of a pod's images depend on besides the pod: the namespace, where they use pull secrets of it. Empty if
   * they do not, or if there are none.
   */
  async lookedUpBy({ name }: Place, pod: JsonObject): Promise<string> {
    if (this.#ground.images.lookUp === undefined || !mayLookUp(pod)) return '';
    const spec = objectOf(pod['spec']);
    if (listOf(spec?.['imagePullSecrets']).length > 0) return name;
    const account = stringOf(spec?.['serviceAccountName']) ?? 'default';
    const place = `${name}/${account}`;
    const owned = this.#owned.get(place) ?? this.#hasPullSecrets(name, account);
    this.#owned.set(place, owned);
    return (await owned) ? name : '';
  }

  /** Without the right to read the account, look-ups do not use it either. */
  async #hasPullSecrets(namespace: string, account: string): Promise<boolean> {
    try {
      const names = await this.#ground.secrets.pullSecretsOf(namespace, account, AbortSignal.timeout(10_000));
      return names.length > 0;
    } catch {
      return false;
    }
  }
}
