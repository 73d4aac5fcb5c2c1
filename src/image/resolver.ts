import type { ImageConfig, ImageOutcome, ImageRequest, ImageResolver } from '../model/image.js';
import type { ImageStats } from '../model/image-stats.js';
import { createImageCache, defaultCacheLimits, type CacheLimits, type ImageCache } from './cache/image-cache.js';
import { createCacheCounter } from './cache/stats.js';
import type { Clock } from '../time/clock.js';
import { SharedCalls, TooManyCalls } from '../time/shared-calls.js';
import { createFetcher } from './fetcher.js';
import { createImageMap } from './image-map.js';
import { referenceKey } from './keys.js';
import type { ImageLog } from './log.js';
import { createLookup, type Answer } from './lookup.js';
import { createCredentialMemory } from './memory.js';
import { failed } from './outcome.js';
import { keepReferences } from './parsed-references.js';
import type { NodeFacts } from './placement.js';
import type { PlatformRow } from './reading.js';
import { createSubjects, subjectKey, type Subject } from './subject.js';
import type { LookupStep, Trace } from './trace.js';
import { RegistryError, type Credential, type CredentialSource, type RegistryClient } from './types.js';

/** What a resolver works with. */
export interface ResolverOptions {
  readonly client: RegistryClient;
  readonly credentials: CredentialSource;
  /** The operator's map: reference, in any way of writing it, to what the image starts. */
  readonly map: ReadonlyMap<string, ImageConfig>;
  readonly clock: Clock;
  readonly log: ImageLog;
  readonly nodes?: NodeFacts;
  readonly limits?: Partial<CacheLimits>;
  /** For how long a pod's credentials are believed to be the same, in milliseconds. Default: a minute. */
  readonly credentialTtlMs?: number;
  /** After this a look-up is given up even if somebody waits, in milliseconds. Default: 30 seconds. */
  readonly longestMs?: number;
  /** Most look-ups under way. Default: 2,000. */
  readonly maximum?: number;
  /** From 0 to below 1; spreads the ends of cached answers. Default: `Math.random`. */
  readonly random?: () => number;
}

/** Everything there is to say of one look-up, for `outrider image`. */
export interface LookupReport {
  readonly outcome: ImageOutcome;
  /** The reference in full; `undefined` when it is not valid. */
  readonly reference: string | undefined;
  readonly digest: string | undefined;
  readonly platforms: readonly PlatformRow[];
  /** Where the credential came from that the registry let in, and its kind. */
  readonly credential: { readonly source: string; readonly kind: Credential['kind'] } | undefined;
  readonly steps: readonly LookupStep[];
  readonly tookMs: number;
}

/** A resolver and what belongs to running one. */
export interface RunningResolver extends ImageResolver {
  /** A look-up with its steps. Never rejects. */
  describe(request: ImageRequest, signal: AbortSignal): Promise<LookupReport>;
  readonly cache: ImageCache;
  stats(): ImageStats;
  /** Ends what is under way. */
  close(): void;
}

/**
 * Makes the resolver: the operator's map, then the cache, then the registry.
 *
 * @throws RegistryError `image_reference_invalid` for a key of the map that is no reference.
 */
export function createImageResolver(options: ResolverOptions): RunningResolver {
  const { client, credentials, clock, log, nodes, longestMs = 30_000, maximum = 2_000, random = Math.random } = options;
  const limits = { ...defaultCacheLimits, ...options.limits };
  const map = createImageMap(options.map);
  const subjectOf = createSubjects(nodes, keepReferences());
  const counter = createCacheCounter();
  const cache = createImageCache({ clock, limits, counter, random });
  // A question to a registry ends before the look-up that asked it, so that its failure is remembered.
  const fetcher = createFetcher({ client, cache, clock, counter, log, longestMs: (longestMs * 2) / 3 });
  const memory = createCredentialMemory({
    clock,
    ttlMs: options.credentialTtlMs ?? 60_000,
    staleMs: limits.staleMs,
    entries: limits.entries,
  });
  const lookup = createLookup({ cache, counter, memory, fetcher, credentials, clock, log });
  const underWay = new SharedCalls<Answer>({
    whenLeft: 'goOn',
    longestMs,
    most: maximum,
    onJoin: () => counter.count('joined'),
  });

  /** The subject, or the outcome where there is nothing to look up. */
  function begin(request: ImageRequest): { readonly subject: Subject } | { readonly outcome: ImageOutcome } {
    try {
      const subject = subjectOf(request);
      const config = map.find(subject.reference);
      return config === undefined ? { subject } : { outcome: { ok: true, config, source: 'map' } };
    } catch (error) {
      if (!(error instanceof RegistryError)) throw error;
      return { outcome: failed(error.reason, request.reference, error.message) };
    }
  }

  /**
   * That there is no answer is known while the registry is left alone: nobody waits for a trial that another makes.
   * Where there is an older answer, a look-up has to see whether the pod still has the credential for it.
   */
  function refused(subject: Subject): ImageOutcome | undefined {
    if (!fetcher.leavesAlone(subject.reference) || lookup.cached(subject, 'stale') !== undefined) return undefined;
    counter.count('negative');
    return failed('registry_unreachable', subject.reference.text, 'the registry did not answer lately');
  }

  async function answer(subject: Subject, signal: AbortSignal, trace: Trace | undefined): Promise<Answer> {
    const { text } = subject.reference;
    try {
      return await underWay.run(subjectKey(subject), signal, (own) => lookup.run(subject, own, trace));
    } catch (error) {
      const why = error instanceof TooManyCalls ? 'too many look-ups are under way' : 'no answer in the time there was';
      return lookup.cached(subject, 'stale') ?? { outcome: failed('lookup_timeout', text, why), rows: [] };
    }
  }

  return {
    known(request) {
      const start = begin(request);
      return 'outcome' in start
        ? start.outcome
        : (lookup.cached(start.subject, 'fresh')?.outcome ?? refused(start.subject));
    },
    async lookUp(request, signal) {
      const start = begin(request);
      return 'outcome' in start ? start.outcome : (await answer(start.subject, signal, undefined)).outcome;
    },
    async describe(request, signal) {
      const startMs = clock.monotonicMs();
      const steps: LookupStep[] = [];
      const start = begin(request);
      const subject = 'subject' in start ? start.subject : undefined;
      const { outcome, digest, rows, credential }: Answer =
        'outcome' in start
          ? { outcome: start.outcome, rows: [] }
          : await answer(start.subject, signal, (step) => void steps.push(step));
      return {
        outcome,
        reference: subject === undefined ? undefined : referenceKey(subject.reference),
        digest,
        platforms: rows,
        credential: credential === undefined ? undefined : { source: credential.source, kind: credential.kind },
        steps,
        tookMs: clock.monotonicMs() - startMs,
      };
    },
    cache,
    stats: () => ({
      hits: counter.total('hit'),
      misses: counter.total('miss'),
      stale: counter.total('stale'),
      negatives: counter.total('negative'),
      joined: counter.total('joined'),
      evictions: counter.total('eviction'),
      inFlight: underWay.size,
      entries: cache.content.entries,
      bytes: cache.content.bytes,
    }),
    close() {
      underWay.close();
      fetcher.close();
    },
  };
}
