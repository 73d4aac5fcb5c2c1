import { KnownEntries, type Tried } from '../../engine/take-back/left-alone.js';
import { capped } from '../../model/capped.js';
import type { JsonObject } from '../../model/json.js';
import { readTakenBack, takenBackName, type TakenBack, type TakenBackContent } from '../../model/taken-back.js';
import type { Logger } from '../../observe/logger.js';
import type { Timing } from '../../time/sleep.js';
import type { ApiClient } from '../client/api-client.js';
import { resources } from '../client/resources.js';
import { Reflector } from '../watch/reflector.js';

/** What is needed to follow the ConfigMap. */
export interface KnownTakenBackOptions extends Timing {
  readonly client: ApiClient;
  readonly log: Logger;
  readonly instance: string;
  readonly ownNamespace: string;
  readonly relistMs: number;
  /** How long a part has to fail before a workload is left alone. */
  readonly afterMs: number;
  /** Called when `now` is another object. */
  readonly onChange: () => void;
  readonly onFailure: (error: unknown) => void;
  /** Ends the watch. */
  readonly signal: AbortSignal;
}

/**
 * The workloads that instrumentation was taken back from, as the leader keeps them for all replicas. Following starts when
 * this is made. While the API server does not answer, what is known stays; a ConfigMap that was deleted says that there are
 * none.
 */
export class KnownTakenBack {
  /** Resolves when the ConfigMap was read once, or reading it failed. */
  readonly read: Promise<void>;
  readonly #options: KnownTakenBackOptions;
  readonly #key: string;
  readonly #reflector: Reflector<TakenBackContent>;
  readonly #tried = new Map<string, Tried>();
  #now: TakenBack;
  #places: ReadonlySet<string> = new Set();
  #complaint = '';

  constructor(options: KnownTakenBackOptions) {
    const { instance, ownNamespace } = options;
    const name = takenBackName(instance);
    this.#options = options;
    this.#key = `${ownNamespace}/${name}`;
    this.#now = this.#entriesOf(nothing);
    let done: () => void = () => undefined;
    this.read = new Promise((resolve) => {
      done = resolve;
    });
    this.#reflector = new Reflector<TakenBackContent>({
      ...options,
      resource: resources.configMaps,
      namespace: ownNamespace,
      name,
      pick: (configMap: JsonObject) => readTakenBack(configMap['data']),
      onChange: () => {
        this.#take(this.content);
        done();
        options.onChange();
      },
      onFailure: (error) => {
        done();
        options.onFailure(error);
      },
    });
  }

  /** What engines use: another object whenever it changes. */
  get now(): TakenBack {
    return this.#now;
  }

  /** The content of the ConfigMap, as far as it was read. */
  get content(): TakenBackContent {
    return this.#reflector.get(this.#key) ?? nothing;
  }

  /** Whether a workload of a policy was taken back in a namespace, so that the webhook has to see each of its pods there. */
  readonly isIn = (policy: string, namespace: string): boolean => this.#places.has(placeOf(namespace, policy));

  #take(content: TakenBackContent): void {
    this.#places = new Set([...content.entries.values()].map(({ namespace, policy }) => placeOf(namespace, policy)));
    this.#now = this.#entriesOf(content);
    const complaint = capped(content.invalid);
    if (complaint !== this.#complaint && complaint !== '') {
      const text = 'entries of the ConfigMap with what was taken back are not Outrider’s; they are ignored';
      this.#options.log.warn({ configMap: this.#key, entries: complaint }, text);
    }
    this.#complaint = complaint;
  }

  #entriesOf({ entries }: TakenBackContent): KnownEntries {
    const { clock, afterMs } = this.#options;
    return new KnownEntries(entries, { tried: this.#tried, clock, forgetMs: 3 * afterMs });
  }
}

function placeOf(namespace: string, policy: string): string {
  return `${namespace}/${policy}`;
}

const nothing: TakenBackContent = { entries: new Map(), retries: new Set(), invalid: [] };
