import type { JsonObject } from '../../model/json.js';
import type { StringMap } from '../../model/selector.js';
import type { ClusterMetrics, WatchedKind } from '../../observe/cluster-metrics.js';
import type { Logger } from '../../observe/logger.js';
import type { CompileOptions } from '../../engine/rules.js';
import type { ApiClient } from '../client/api-client.js';
import { resources } from '../client/resources.js';
import type { Timing } from '../../time/sleep.js';
import { Reflector } from '../watch/reflector.js';
import type { ClusterConfiguration } from './cluster-configuration.js';
import { LiveReads } from './live-reads.js';
import { PolicyBook } from './policy-book.js';
import { ProfileBook } from './profile-book.js';
import { pickLabels, pickObject, type WatchedObject } from './watched-object.js';

/** What is needed to read the state. */
export interface ClusterStateOptions extends Timing {
  readonly client: ApiClient;
  readonly log: Logger;
  readonly metrics: Pick<ClusterMetrics, 'countWatchFailure'>;
  /** How often everything is listed again. */
  readonly relistMs: number;
  /** Ends the watches. */
  readonly signal: AbortSignal;
  /** What policies are compiled with, such as the operator's image map. */
  readonly compile?: CompileOptions;
}

/** What changed. */
export interface ClusterChange {
  /** Whether a policy or a profile changed: what is served, or what is wrong. */
  readonly configuration: boolean;
  /** Names of the namespaces whose labels changed, that are new, or that are gone. */
  readonly namespaces: ReadonlySet<string>;
}

const kinds = ['policies', 'profiles', 'namespaces'] as const;
const noNamespaces: ReadonlySet<string> = new Set();

/** Policies, profiles and namespaces of a cluster. Watches follow them from when this is made. */
export class ClusterState {
  /** Resolves when all three were listed once, however long that takes. */
  readonly synced: Promise<void>;
  readonly #options: ClusterStateOptions;
  readonly #profileBook = new ProfileBook();
  readonly #policyBook: PolicyBook;
  readonly #policies: Reflector<WatchedObject>;
  readonly #profiles: Reflector<WatchedObject>;
  readonly #namespaces: Reflector<StringMap>;
  readonly #live: LiveReads;
  readonly #listeners = new Set<(change: ClusterChange) => void>();
  #configuration: ClusterConfiguration | undefined;

  constructor(options: ClusterStateOptions) {
    this.#options = options;
    this.#policyBook = new PolicyBook(options.compile ?? {});
    this.#policies = this.#follow('policies');
    this.#profiles = this.#follow('profiles');
    this.#namespaces = this.#followNamespaces();
    const reflectors = { policies: this.#policies, profiles: this.#profiles, namespaces: this.#namespaces };
    this.#live = new LiveReads({ ...options, ...reflectors });
    this.synced = Promise.all(Object.values(reflectors).map(({ synced }) => synced)).then(() => undefined);
  }

  /** The current configuration; the same object until something changes. Empty before `synced`. */
  configuration(): ClusterConfiguration {
    return (this.#configuration ??= {
      rules: this.#policyBook.rules,
      policies: this.#policyBook.states,
      profiles: this.#profileBook.states,
      namespaces: new Map(this.#namespaces.entries()),
    });
  }

  /** `undefined` for a namespace that is not known. */
  namespaceLabels(name: string): StringMap | undefined {
    return this.#namespaces.get(name);
  }

  /** The status that a policy or a profile has in the API server, as far as it is known. */
  statusOf(kind: 'policies' | 'profiles', name: string): JsonObject | undefined {
    return (kind === 'policies' ? this.#policies : this.#profiles).get(name)?.status;
  }

  /**
   * Calls the listener after each change, once for all changes that came together. Errors that it throws are logged.
   * @returns ends the calls
   */
  onChange(listener: (change: ClusterChange) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Takes over what `LiveReads.reread` finds. Can be passed on as it is. */
  readonly reread = (namespace: string, caller: AbortSignal): Promise<boolean> => this.#live.reread(namespace, caller);

  /** Takes over what `LiveReads.catchUp` finds. */
  catchUp(): Promise<void> {
    return this.#live.catchUp();
  }

  /** Call this when `compile.argvOf` has another answer. Can be passed on as it is. */
  readonly argvChanged = (): void => this.#compile();

  /** Seconds since the API server last answered about each; Infinity before its first answer. */
  staleness(): ReadonlyMap<WatchedKind, number> {
    const nowMs = this.#options.clock.monotonicMs();
    const reflectors = { policies: this.#policies, profiles: this.#profiles, namespaces: this.#namespaces };
    const secondsOf = (kind: (typeof kinds)[number]): number =>
      (nowMs - (reflectors[kind].lastContactMs ?? -Infinity)) / 1000;
    return new Map(kinds.map((kind) => [kind, secondsOf(kind)]));
  }

  #follow(kind: 'policies' | 'profiles'): Reflector<WatchedObject> {
    return new Reflector({
      ...this.#options,
      resource: resources[kind],
      pick: pickObject(resources[kind]),
      onChange: () => this.#compile(),
      onFailure: () => this.#options.metrics.countWatchFailure(kind),
    });
  }

  #followNamespaces(): Reflector<StringMap> {
    return new Reflector({
      ...this.#options,
      resource: resources.namespaces,
      metadataOnly: true,
      pick: pickLabels,
      onChange: (namespaces) => this.#tell({ configuration: false, namespaces }),
      onFailure: () => this.#options.metrics.countWatchFailure('namespaces'),
    });
  }

  #compile(): void {
    // A policy is not invalid because its profile was not read yet.
    if (this.#policies.listedMs === undefined || this.#profiles.listedMs === undefined) return;
    const profilesChanged = this.#profileBook.update(itemsOf(this.#profiles));
    const policiesChanged = this.#policyBook.update(itemsOf(this.#policies), this.#profileBook.registry);
    if (profilesChanged || policiesChanged) this.#tell({ configuration: true, namespaces: noNamespaces });
  }

  #tell(change: ClusterChange): void {
    this.#configuration = undefined;
    for (const listener of [...this.#listeners]) {
      try {
        listener(change);
      } catch (error) {
        this.#options.log.error({ err: error }, 'a change of policies, profiles or namespaces could not be passed on');
      }
    }
  }
}

function* itemsOf<Item>(reflector: Reflector<Item>): IterableIterator<Item> {
  for (const [, item] of reflector.entries()) yield item;
}
