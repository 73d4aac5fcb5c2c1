import type { JsonObject } from '../../model/json.js';
import type { StringMap } from '../../model/selector.js';
import type { ClusterMetrics, WatchedKind } from '../../observe/cluster-metrics.js';
import type { Logger } from '../../observe/logger.js';
import type { CompileOptions } from '../../engine/rules.js';
import type { ApiClient } from '../client/api-client.js';
import { resources } from '../client/resources.js';
import type { Timing } from '../../time/sleep.js';
import { startReflector, type Reflector } from '../watch/reflector.js';
import type { ClusterConfiguration } from './cluster-configuration.js';
import { PolicyBook } from './policy-book.js';
import { ProfileBook } from './profile-book.js';
import { createCatchUp, createReread, type CatchUp, type Reread } from './reread.js';
import { pickLabels, pickObject, type WatchedObject } from './watched-object.js';

/** What the state is read with. */
export interface ClusterStateOptions extends Timing {
  readonly client: ApiClient;
  readonly log: Logger;
  readonly metrics: Pick<ClusterMetrics, 'countWatchFailure'>;
  /** How often everything is listed anew. */
  readonly relistMs: number;
  /** Ends the watches. */
  readonly signal: AbortSignal;
  /** What policies are compiled with, such as the operator's image map. */
  readonly compile?: CompileOptions;
}

/** What changed. */
export interface ClusterChange {
  /** A policy or a profile: what is served, or what is wrong. */
  readonly configuration: boolean;
  /** Names of the namespaces whose labels changed, that are new, or that are gone. */
  readonly namespaces: ReadonlySet<string>;
}

/** Policies, profiles and namespaces of a cluster, followed by watches. */
export interface ClusterState {
  /** Resolves when all three were listed once, however long that takes. */
  readonly synced: Promise<void>;
  /** All that is known now; the same object until something changes. Empty before `synced`. */
  configuration(): ClusterConfiguration;
  /** `undefined` for a namespace that is not known. */
  namespaceLabels(name: string): StringMap | undefined;
  /** The status that a policy or a profile has in the API server, as far as it is known. */
  statusOf(kind: 'policies' | 'profiles', name: string): JsonObject | undefined;
  /**
   * Calls the listener after each change, once for all that came together. What it throws is logged.
   * @returns ends the calls
   */
  onChange(listener: (change: ClusterChange) => void): () => void;
  /**
   * Reads the namespace, the policies and the profiles live and takes them over (E41): true when anything changed. Calls for
   * one namespace are joined, and one that was read a moment ago is not read again.
   * @throws ApiError when the API server does not say; what the signal aborts with
   */
  readonly reread: Reread;
  /**
   * Reads the policies and the profiles live and takes them over, however lately that was done.
   * @throws ApiError when the API server does not say
   */
  readonly catchUp: CatchUp;
  /** Seconds since the API server last said anything about each; Infinity before it first did. */
  staleness(): ReadonlyMap<WatchedKind, number>;
}

const nothing: ReadonlySet<string> = new Set();

/** Starts to follow a cluster's policies, profiles and namespaces. */
export function openClusterState(options: ClusterStateOptions): ClusterState {
  const { log, clock, metrics } = options;
  const profileBook = new ProfileBook();
  const policyBook = new PolicyBook(options.compile ?? {});
  const listeners = new Set<(change: ClusterChange) => void>();
  let cached: ClusterConfiguration | undefined;

  const tell = (change: ClusterChange): void => {
    cached = undefined;
    for (const listener of [...listeners]) {
      try {
        listener(change);
      } catch (error) {
        log.error({ err: error }, 'a change of policies, profiles or namespaces could not be passed on');
      }
    }
  };
  const compile = (): void => {
    // A policy is not wrong because its profile is not read yet.
    if (policies.listedMs === undefined || profiles.listedMs === undefined) return;
    const profilesChanged = profileBook.update(itemsOf(profiles));
    const policiesChanged = policyBook.update(itemsOf(policies), profileBook.registry);
    if (profilesChanged || policiesChanged) tell({ configuration: true, namespaces: nothing });
  };
  const follow = (kind: 'policies' | 'profiles'): Reflector<WatchedObject> =>
    startReflector({
      ...options,
      resource: resources[kind],
      pick: pickObject(resources[kind]),
      onChange: compile,
      onFailure: () => metrics.countWatchFailure(kind),
    });

  const policies = follow('policies');
  const profiles = follow('profiles');
  const namespaces = startReflector({
    ...options,
    resource: resources.namespaces,
    metadataOnly: true,
    pick: pickLabels,
    onChange: (changed) => tell({ configuration: false, namespaces: changed }),
    onFailure: () => metrics.countWatchFailure('namespaces'),
  });
  const reflectors = { policies, profiles, namespaces };

  return {
    synced: Promise.all([policies.synced, profiles.synced, namespaces.synced]).then(() => undefined),
    configuration: () =>
      (cached ??= {
        rules: policyBook.rules,
        policies: policyBook.states,
        profiles: profileBook.states,
        namespaces: new Map(namespaces.entries()),
      }),
    namespaceLabels: (name) => namespaces.get(name),
    statusOf: (kind, name) => reflectors[kind].get(name)?.status,
    onChange: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    catchUp: createCatchUp({ ...options, policies, profiles }),
    reread: createReread({ policies, profiles, namespaces, clock, signal: options.signal }),
    staleness: () => {
      const nowMs = clock.monotonicMs();
      const since = ({ lastContactMs }: Reflector<unknown>): number => (nowMs - (lastContactMs ?? -Infinity)) / 1000;
      return new Map<WatchedKind, number>(
        (['policies', 'profiles', 'namespaces'] as const).map((kind) => [kind, since(reflectors[kind])]),
      );
    },
  };
}

function* itemsOf<Item>(reflector: Reflector<Item>): IterableIterator<Item> {
  for (const [, item] of reflector.entries()) yield item;
}
