import type { ImageOutcome } from '../model/image.js';
import type { ReasonCode } from '../model/reasons.js';
import { unlessAborted, WaitEnded } from '../time/abort.js';
import type { Clock } from '../time/clock.js';
import type { Attempt, Trace } from './attempt.js';
import type { Content } from './cache/content.js';
import type { CacheCounter } from './cache/counter.js';
import type { ImageCache } from './cache/image-cache.js';
import type { Tolerance } from './cache/timed.js';
import type { CredentialMemory } from './credentials/memory.js';
import type { Fetcher } from './fetcher.js';
import type { ImageQuestion } from './image-question.js';
import { failed, notUsed, outcomeOf, worthAnother, type Failure } from './outcome.js';
import { readImageOf, type PlatformRow, type Reading } from './reading.js';
import { referenceKey, repositoryKey } from './reference.js';
import { RegistryError, type Credential, type CredentialSource, type ImageLog } from './types.js';

/** What a look-up results in: an outcome and what it rests on. */
export interface LookupResult {
  readonly outcome: ImageOutcome;
  /** Digest that the reference names. */
  readonly digest?: string;
  /** What the image starts on each platform that was looked at. */
  readonly rows: readonly PlatformRow[];
  /** The credential that the registry let in. */
  readonly credential?: Credential;
}

/** What look-ups need. */
export interface LookupParts {
  readonly cache: ImageCache;
  readonly counter: CacheCounter;
  readonly memory: CredentialMemory;
  readonly fetcher: Fetcher;
  readonly credentials: CredentialSource;
  readonly clock: Clock;
  readonly log: ImageLog;
}

/** The failures of a registry for which an older answer may be used (E14). A refusal is not one of them. */
const troubles: ReadonlySet<ReasonCode> = new Set([
  'registry_unreachable',
  'registry_rate_limited',
  'registry_error',
  'too_many_lookups',
  'lookup_timeout',
]);

type Read = Exclude<Reading, { kind: 'missing' }>;

/** Looks images up, first in the cache. */
export class Lookup {
  readonly #cache: ImageCache;
  readonly #counter: CacheCounter;
  readonly #memory: CredentialMemory;
  readonly #fetcher: Fetcher;
  readonly #credentials: CredentialSource;
  readonly #clock: Clock;
  readonly #log: ImageLog;

  constructor({ cache, counter, memory, fetcher, credentials, clock, log }: LookupParts) {
    this.#cache = cache;
    this.#counter = counter;
    this.#memory = memory;
    this.#fetcher = fetcher;
    this.#credentials = credentials;
    this.#clock = clock;
    this.#log = log;
  }

  /** Only from the cache, with what is remembered about the pod's credentials. */
  cached(question: ImageQuestion, tolerance: Tolerance): LookupResult | undefined {
    const fingerprints = this.#memory.fingerprints(question, tolerance);
    return this.#cachedFor(question, fingerprints, tolerance);
  }

  /** From the cache, otherwise from the registry with every credential in turn (E11), otherwise stale. Does not reject. */
  async run(question: ImageQuestion, signal: AbortSignal, trace: Trace | undefined): Promise<LookupResult> {
    try {
      const notes: string[] = [];
      const list = await this.#credentialsFor(question, signal, trace, notes);
      return await this.#tryAll(question, list, signal, trace, notes);
    } catch (error) {
      return error instanceof WaitEnded ? this.#late(question) : this.#broken(question, error);
    }
  }

  #cachedFor(question: ImageQuestion, fingerprints: readonly string[], tolerance: Tolerance): LookupResult | undefined {
    for (const fingerprint of fingerprints) {
      const digest = this.#cache.digestFor(question.reference, fingerprint, tolerance, question.who.namespace);
      if (digest === undefined) continue;
      const reading = readImageOf(digest, (one) => this.#atHand(question, fingerprint, one), question.platforms);
      if (reading.kind === 'missing') continue;
      this.#counter.count(tolerance === 'fresh' ? 'hit' : 'stale');
      return resultOf(question, reading, digest, 'cache');
    }
    return undefined;
  }

  /** The cached content of a repository, for a caller that may read it. */
  #atHand({ reference, who }: ImageQuestion, fingerprint: string, digest: string): Content | 'absent' | undefined {
    const repository = repositoryKey(reference);
    const content = this.#cache.content.get(repository, digest, who.namespace);
    if (content !== undefined) return content;
    const refusal = this.#cache.negatives.find({
      registry: reference.registry,
      asked: `${repository}@${digest}`,
      fingerprint,
      namespace: who.namespace,
    });
    return refusal?.reason === 'image_not_found' ? 'absent' : undefined;
  }

  async #credentialsFor(
    question: ImageQuestion,
    signal: AbortSignal,
    trace: Trace | undefined,
    notes: string[],
  ): Promise<readonly Credential[]> {
    const { reference, who } = question;
    const startMs = this.#clock.monotonicMs();
    const note = (text: string): void => void notes.push(text);
    const list = await unlessAborted(this.#credentials.credentials(reference, who, signal, note), signal);
    this.#memory.remember(question, list);
    const tookMs = this.#clock.monotonicMs() - startMs;
    const result = `${list.length} found${notUsed(notes)}`;
    trace?.({ step: 'credentials', subject: repositoryKey(reference), tookMs, result });
    return this.#memory.ordered(reference, list);
  }

  async #tryAll(
    question: ImageQuestion,
    list: readonly Credential[],
    signal: AbortSignal,
    trace: Trace | undefined,
    notes: readonly string[],
  ): Promise<LookupResult> {
    const { reference, who } = question;
    const failures: Failure[] = [];
    for (const credential of list) {
      try {
        const result = await this.#try(question, { namespace: who.namespace, reference, credential, signal, trace });
        this.#memory.worked(reference, list, credential);
        return result;
      } catch (error) {
        if (!(error instanceof RegistryError)) throw error;
        failures.push({ credential, error });
        this.#forget(question, credential, error);
        if (!worthAnother(error)) break;
      }
    }
    const older = isTrouble(failures.at(-1)) ? this.#cachedFor(question, fingerprintsOf(list), 'stale') : undefined;
    return older ?? { outcome: outcomeOf(reference.text, failures, notes), rows: [] };
  }

  async #try(question: ImageQuestion, attempt: Attempt): Promise<LookupResult> {
    const { reference, credential } = attempt;
    const known = this.#cachedFor(question, [credential.fingerprint], 'fresh');
    if (known !== undefined) return { ...known, credential };
    this.#counter.count('miss');
    const fresh = this.#cache.digestFor(reference, credential.fingerprint, 'fresh', attempt.namespace);
    const digest = fresh ?? (await this.#fetcher.root(attempt));
    const reading = await this.#readAll(question, attempt, digest);
    return { ...resultOf(question, reading, digest, 'registry'), credential };
  }

  /** Reads the image of a digest, fetching what is not cached. */
  async #readAll(question: ImageQuestion, attempt: Attempt, root: string): Promise<Read> {
    const fetched = new Map<string, Content | 'absent'>();
    const { fingerprint } = attempt.credential;
    const find = (digest: string): Content | 'absent' | undefined =>
      fetched.get(digest) ?? this.#atHand(question, fingerprint, digest);
    const load = async (digest: string): Promise<void> =>
      void fetched.set(digest, await this.#fetch(attempt, digest, root));
    for (;;) {
      const reading = readImageOf(root, find, question.platforms);
      if (reading.kind !== 'missing') return reading;
      await Promise.all(reading.digests.map(load));
    }
  }

  async #fetch(attempt: Attempt, digest: string, root: string): Promise<Content | 'absent'> {
    try {
      return await this.#fetcher.content(attempt, digest);
    } catch (error) {
      const absent = error instanceof RegistryError && error.reason === 'image_not_found' && digest !== root;
      if (!absent) throw error;
      return 'absent';
    }
  }

  #forget({ reference }: ImageQuestion, { fingerprint }: Credential, { reason }: RegistryError): void {
    if (reason === 'image_unauthorized') this.#cache.revoke(reference, fingerprint);
    if (reason === 'image_not_found') this.#cache.forgetName(reference, fingerprint);
  }

  #late(question: ImageQuestion): LookupResult {
    const outcome = failed('lookup_timeout', question.reference.text, 'no answer in the time there was');
    return this.cached(question, 'stale') ?? { outcome, rows: [] };
  }

  #broken({ reference }: ImageQuestion, error: unknown): LookupResult {
    this.#log.warn({ image: referenceKey(reference), err: error }, 'A look-up failed in a way that is not known.');
    return { outcome: failed('registry_error', reference.text, 'the look-up failed'), rows: [] };
  }
}

function resultOf(
  { reference }: ImageQuestion,
  reading: Read,
  digest: string,
  source: 'cache' | 'registry',
): LookupResult {
  const { rows } = reading;
  const outcome: ImageOutcome =
    reading.kind === 'config'
      ? { ok: true, config: reading.config, source, digest }
      : failed(reading.reason, reference.text, reading.message);
  return { outcome, digest, rows };
}

function isTrouble(failure: Failure | undefined): boolean {
  return failure !== undefined && troubles.has(failure.error.reason);
}

function fingerprintsOf(credentials: readonly Credential[]): readonly string[] {
  return credentials.map(({ fingerprint }) => fingerprint);
}
