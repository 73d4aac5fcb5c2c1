import type { ImageOutcome, ImageRequest, ImageResolver } from '../model/image.js';
import type { ImageStats } from '../model/image-stats.js';
import type { Clock } from '../time/clock.js';
import { SharedCalls, TooManyCalls } from '../time/shared-calls.js';
import type { LookupStep, Trace } from './attempt.js';
import { CacheCounter } from './cache/counter.js';
import { defaultCacheLimits, ImageCache, type CacheLimits } from './cache/image-cache.js';
import { CredentialMemory } from './credentials/memory.js';
import { Fetcher } from './fetcher.js';
import { questionKey, questionReader, type ImageQuestion } from './image-question.js';
import { Lookup, type LookupResult } from './lookup.js';
import { LookupShares, TooManyOfNamespace, type LookupCaps } from './lookup-shares.js';
import { failed } from './outcome.js';
import type { NodeFacts } from './pod-platforms.js';
import type { PlatformRow } from './reading.js';
import { keepReferences, referenceKey } from './reference.js';
import { RegistryError, type Credential, type CredentialSource, type ImageLog, type RegistryClient } from './types.js';

/** What a resolver needs. */
export interface ResolverOptions {
  readonly client: RegistryClient;
  readonly credentials: CredentialSource;
  readonly clock: Clock;
  readonly log: ImageLog;
  readonly nodes?: NodeFacts;
  readonly limits?: Partial<CacheLimits>;
  /** How long a pod's credentials are assumed to be the same, in milliseconds. Default: a minute. */
  readonly credentialTtlMs?: number;
  /** After this a look-up is given up even if a caller waits, in milliseconds. Default: 30 seconds. */
  readonly longestMs?: number;
  /** Most look-ups in progress. Default: 2,000. */
  readonly maximum?: number;
  /** Most look-ups of a pod, and in progress for a namespace. */
  readonly lookups?: Partial<LookupCaps>;
  /**
   * Whether only one person asks. A registry that hangs for some of their images is then not asked for any. With several
   * tenants, one with a slow repository could cause the others' look-ups to be refused. Default: no.
   */
  readonly isOnePersons?: boolean;
  /** From 0 to below 1; spreads the ends of cached answers. Default: `Math.random`. */
  readonly random?: () => number;
}

/** The full report on one look-up, for `outrider image`. */
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

/** A request that was read; or what is wrong with it. */
type Read = { readonly question: ImageQuestion } | { readonly outcome: ImageOutcome };

/** Knows what images say: from the cache, then from their registries. */
export class RegistryResolver implements ImageResolver {
  /** What registries have said, to be kept in a file. */
  readonly cache: ImageCache;
  readonly #clock: Clock;
  readonly #counter: CacheCounter;
  readonly #questionOf: (request: ImageRequest) => ImageQuestion;
  readonly #fetcher: Fetcher;
  readonly #lookup: Lookup;
  readonly #shares: LookupShares;
  readonly #underWay: SharedCalls<LookupResult>;

  constructor(options: ResolverOptions) {
    const { client, credentials, clock, log, nodes, longestMs = 30_000, random = Math.random } = options;
    const limits = { ...defaultCacheLimits, ...options.limits };
    const { staleMs, entries } = limits;
    const counter = new CacheCounter();
    const cache = new ImageCache({ clock, limits, counter, random });
    const memory = new CredentialMemory({ clock, ttlMs: options.credentialTtlMs ?? 60_000, staleMs, entries });
    // A question to a registry ends before the look-up that asked it, so that its failure is remembered.
    const fetcher = new Fetcher({
      client,
      cache,
      clock,
      counter,
      log,
      longestMs: (longestMs * 2) / 3,
      isOnePersons: options.isOnePersons ?? false,
    });
    this.cache = cache;
    this.#clock = clock;
    this.#counter = counter;
    this.#questionOf = questionReader(nodes, keepReferences());
    this.#fetcher = fetcher;
    this.#lookup = new Lookup({ cache, counter, memory, fetcher, credentials, clock, log });
    this.#shares = new LookupShares(options.lookups);
    this.#underWay = new SharedCalls({
      whenLeft: 'goOn',
      longestMs,
      most: options.maximum ?? 2_000,
      onJoin: () => counter.count('joined'),
    });
  }

  /** What the cache says, without any I/O. `undefined` when it says nothing. */
  known(request: ImageRequest): ImageOutcome | undefined {
    const read = this.#read(request);
    if ('outcome' in read) return read.outcome;
    return this.#lookup.cached(read.question, 'fresh')?.outcome ?? this.#leftAlone(read.question);
  }

  async lookUp(request: ImageRequest, signal: AbortSignal): Promise<ImageOutcome> {
    const read = this.#read(request);
    if ('outcome' in read) return read.outcome;
    const { question } = read;
    if (!this.#shares.admits(request.pod, questionKey(question))) return tooMany(question, 'the pod asks for too many');
    return (await this.#share(question, signal, undefined)).outcome;
  }

  /** A look-up with its steps. Never rejects. */
  async describe(request: ImageRequest, signal: AbortSignal): Promise<LookupReport> {
    const startMs = this.#clock.monotonicMs();
    const steps: LookupStep[] = [];
    const read = this.#read(request);
    const { outcome, digest, rows, credential }: LookupResult =
      'outcome' in read
        ? { outcome: read.outcome, rows: [] }
        : await this.#share(read.question, signal, (step) => void steps.push(step));
    return {
      outcome,
      reference: 'question' in read ? referenceKey(read.question.reference) : undefined,
      digest,
      platforms: rows,
      credential: credential === undefined ? undefined : { source: credential.source, kind: credential.kind },
      steps,
      tookMs: this.#clock.monotonicMs() - startMs,
    };
  }

  stats(): ImageStats {
    const { entries, bytes } = this.cache.content;
    return { ...this.#counter.totals(), inFlight: this.#underWay.size, entries, bytes };
  }

  /** Ends what is in progress. */
  close(): void {
    this.#underWay.close();
    this.#fetcher.close();
  }

  #read(request: ImageRequest): Read {
    try {
      return { question: this.#questionOf(request) };
    } catch (error) {
      if (!(error instanceof RegistryError)) throw error;
      return { outcome: failed(error.reason, request.reference, error.message) };
    }
  }

  /**
   * While the registry is not asked, it is known that there is no answer, so no caller waits for another's attempt. If there
   * is an older answer, a look-up must check whether the pod still has the credential for it.
   */
  #leftAlone(question: ImageQuestion): ImageOutcome | undefined {
    const { reference } = question;
    if (!this.#fetcher.leavesAlone(reference) || this.#lookup.cached(question, 'stale') !== undefined) return undefined;
    this.#counter.count('negative');
    return failed('registry_unreachable', reference.text, 'the registry did not answer lately');
  }

  async #share(question: ImageQuestion, signal: AbortSignal, trace: Trace | undefined): Promise<LookupResult> {
    try {
      return await this.#underWay.run(questionKey(question), signal, (own) =>
        this.#shares.during(question.who.namespace, () => this.#lookup.run(question, own, trace)),
      );
    } catch (error) {
      return this.#lookup.cached(question, 'stale') ?? unanswered(question, error);
    }
  }
}

function unanswered(question: ImageQuestion, error: unknown): LookupResult {
  if (error instanceof TooManyOfNamespace) {
    return { outcome: tooMany(question, 'too many look-ups of its namespace are under way'), rows: [] };
  }
  const why = error instanceof TooManyCalls ? 'too many look-ups are under way' : 'no answer in the time there was';
  return { outcome: failed('lookup_timeout', question.reference.text, why), rows: [] };
}

function tooMany({ reference }: ImageQuestion, why: string): ImageOutcome {
  return failed('too_many_lookups', reference.text, why);
}
