import type { JsonObject } from '../../model/json.js';
import type { Logger } from '../../observe/logger.js';
import { capped } from '../../model/capped.js';
import type { Timing } from '../../time/sleep.js';
import type { ApiClient } from '../client/api-client.js';
import { resources } from '../client/resources.js';
import { Reflector } from '../watch/reflector.js';
import { agentImagesName, readEntries, type AgentImage, type ReadEntries } from './entries.js';

/** What is needed to follow the ConfigMap. */
export interface KnownAgentImagesOptions extends Timing {
  readonly client: ApiClient;
  readonly log: Logger;
  readonly instance: string;
  readonly ownNamespace: string;
  readonly relistMs: number;
  /** Called when `argvOf` may have another answer, or the ConfigMap changed in another way. */
  readonly onChange: () => void;
  readonly onFailure: (error: unknown) => void;
  /** Ends the watch. */
  readonly signal: AbortSignal;
}

/**
 * What the agents' images start, as the leader keeps it for all replicas. Following starts when this is made. Known entries
 * stay known while the API server does not answer, when an entry becomes invalid, and when it or the whole ConfigMap is
 * deleted. Only another valid entry for the same image replaces one.
 */
export class KnownAgentImages {
  /** Resolves when the ConfigMap was read once, or reading it failed. */
  readonly read: Promise<void>;
  readonly #options: KnownAgentImagesOptions;
  readonly #key: string;
  readonly #reflector: Reflector<ReadEntries>;
  readonly #known = new Map<string, AgentImage>();
  #complaint = '';

  constructor(options: KnownAgentImagesOptions) {
    const { instance, ownNamespace } = options;
    const name = agentImagesName(instance);
    this.#options = options;
    this.#key = `${ownNamespace}/${name}`;
    let done: () => void = () => undefined;
    this.read = new Promise((resolve) => {
      done = resolve;
    });
    this.#reflector = new Reflector<ReadEntries>({
      ...options,
      resource: resources.configMaps,
      namespace: ownNamespace,
      name,
      pick: (configMap: JsonObject) => readEntries(configMap['data']),
      onChange: () => {
        this.#take(this.#reflector.get(this.#key));
        done();
        options.onChange();
      },
      onFailure: (error) => {
        done();
        options.onFailure(error);
      },
    });
  }

  /** What an image starts; `undefined` if that is not known. Can be passed on as it is. */
  readonly argvOf = (image: string): readonly string[] | undefined => this.#known.get(image)?.argv;

  /** What is known about an image. */
  of(image: string): AgentImage | undefined {
    return this.#known.get(image);
  }

  /** The content of the ConfigMap; `undefined` if there is none, or it was not read yet. */
  get standing(): ReadEntries | undefined {
    return this.#reflector.get(this.#key);
  }

  /** Reads the ConfigMap now. @throws as `Reflector.refresh` does */
  async catchUp(signal: AbortSignal): Promise<void> {
    await this.#reflector.refresh(agentImagesName(this.#options.instance), signal);
  }

  #take(read: ReadEntries | undefined): void {
    for (const [image, entry] of read?.images ?? []) {
      const before = this.#known.get(image);
      // The oldest entry is first and is dropped first. Everything that is in the ConfigMap fits.
      this.#known.delete(image);
      this.#known.set(image, before !== undefined && isSame(before, entry) ? before : entry);
    }
    for (const image of this.#known.keys()) {
      if (this.#known.size <= mostKnown) break;
      this.#known.delete(image);
    }
    this.#complain(read?.invalid ?? []);
  }

  /** Logged once for the same entries. */
  #complain(invalid: readonly string[]): void {
    const complaint = capped(invalid);
    if (complaint === this.#complaint) return;
    this.#complaint = complaint;
    if (invalid.length === 0) return;
    const text = 'entries of the ConfigMap with what the agents’ images start are not Outrider’s; they are ignored';
    this.#options.log.warn({ configMap: this.#key, entries: complaint }, text);
  }
}

/** As many as the ConfigMap can hold, and the same number that have left it. */
const mostKnown = 200;

function isSame(one: AgentImage, other: AgentImage): boolean {
  return one.digest === other.digest && one.foundAt === other.foundAt && isSameArgv(one.argv, other.argv);
}

/** Whether two argvs start the same program. */
export function isSameArgv(one: readonly string[] | undefined, other: readonly string[] | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  return one.length === other.length && one.every((word, at) => word === other[at]);
}
