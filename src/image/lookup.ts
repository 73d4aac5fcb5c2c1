import type { ImageOutcome } from '../model/image.js';
import type { ReasonCode } from '../model/reasons.js';
import type { Content } from './cache/content.js';
import type { ImageCache } from './cache/image-cache.js';
import type { CacheCounter } from './cache/stats.js';
import type { Tolerance } from './cache/timed.js';
import { unlessAborted, WaitEnded } from '../time/abort.js';
import type { Clock } from '../time/clock.js';
import type { Fetcher, Question } from './fetcher.js';
import { referenceKey, repositoryKey } from './keys.js';
import type { ImageLog } from './log.js';
import type { CredentialMemory } from './memory.js';
import { failed, outcomeOf, worthAnother, type Failure } from './outcome.js';
import { readImageOf, type PlatformRow, type Reading } from './reading.js';
import type { Subject } from './subject.js';
import type { Trace } from './trace.js';
import { RegistryError, type Credential, type CredentialSource } from './types.js';

/** An outcome and what it rests on. */
export interface Answer {
  readonly outcome: ImageOutcome;
  /** Digest that the reference names. */
  readonly digest?: string;
  /** What the image starts on each platform that was looked at. */
  readonly rows: readonly PlatformRow[];
  /** The credential that the registry let in. */
  readonly credential?: Credential;
}

/** Looks images up, first in the cache. */
export interface Lookup {
  /** From the cache alone, with what is remembered of the pod's credentials. */
  cached(subject: Subject, tolerance: Tolerance): Answer | undefined;
  /** From the cache, else from the registry with every credential in turn (E11), else stale. Does not reject. */
  run(subject: Subject, signal: AbortSignal, trace: Trace | undefined): Promise<Answer>;
}

/** What a registry's trouble may be answered with an older answer for (E14). A refusal may not. */
const troubles: ReadonlySet<ReasonCode> = new Set([
  'registry_unreachable',
  'registry_rate_limited',
  'registry_error',
  'lookup_timeout',
]);

/** What everything here works with. */
export interface LookupParts {
  readonly cache: ImageCache;
  readonly counter: CacheCounter;
  readonly memory: CredentialMemory;
  readonly fetcher: Fetcher;
  readonly credentials: CredentialSource;
  readonly clock: Clock;
  readonly log: ImageLog;
}

type Read = Exclude<Reading, { kind: 'missing' }>;

function answerFrom(subject: Subject, reading: Read, digest: string, source: 'cache' | 'registry'): Answer {
  const { rows } = reading;
  const outcome: ImageOutcome =
    reading.kind === 'config'
      ? { ok: true, config: reading.config, source, digest }
      : failed(reading.reason, subject.reference.text, reading.message);
  return { outcome, digest, rows };
}

/** Puts the look-up together. */
export function createLookup(parts: LookupParts): Lookup {
  const { cache, counter, memory, fetcher, credentials, clock, log } = parts;

  /** What is at hand of a repository, for one who may read it. */
  function atHand({ reference }: Subject, fingerprint: string, digest: string): Content | 'absent' | undefined {
    const repository = repositoryKey(reference);
    const content = cache.content.get(repository, digest);
    if (content !== undefined) return content;
    const refusal = cache.negatives.find(reference.registry, `${repository}@${digest}`, fingerprint);
    return refusal?.reason === 'image_not_found' ? 'absent' : undefined;
  }

  function cachedFor(subject: Subject, fingerprints: readonly string[], tolerance: Tolerance): Answer | undefined {
    for (const fingerprint of fingerprints) {
      const digest = cache.digestFor(subject.reference, fingerprint, tolerance);
      if (digest === undefined) continue;
      const reading = readImageOf(digest, (one) => atHand(subject, fingerprint, one), subject.placement);
      if (reading.kind === 'missing') continue;
      counter.count(tolerance === 'fresh' ? 'hit' : 'stale');
      return answerFrom(subject, reading, digest, 'cache');
    }
    return undefined;
  }

  /** Reads the image of a digest, fetching what is not at hand. */
  async function readAll(subject: Subject, question: Question, root: string): Promise<Read> {
    const fetched = new Map<string, Content | 'absent'>();
    const { fingerprint } = question.credential;
    for (;;) {
      const find = (digest: string): Content | 'absent' | undefined =>
        fetched.get(digest) ?? atHand(subject, fingerprint, digest);
      const reading = readImageOf(root, find, subject.placement);
      if (reading.kind !== 'missing') return reading;
      const load = async (digest: string): Promise<void> => {
        try {
          fetched.set(digest, await fetcher.content(question, digest));
        } catch (error) {
          const absent = error instanceof RegistryError && error.reason === 'image_not_found' && digest !== root;
          if (!absent) throw error;
          fetched.set(digest, 'absent');
        }
      };
      await Promise.all(reading.digests.map(load));
    }
  }

  async function withCredential(subject: Subject, question: Question): Promise<Answer> {
    const { reference, credential } = question;
    const known = cachedFor(subject, [credential.fingerprint], 'fresh');
    if (known !== undefined) return { ...known, credential };
    counter.count('miss');
    const fresh = cache.digestFor(reference, credential.fingerprint, 'fresh');
    const digest = fresh ?? (await fetcher.root(question));
    const reading = await readAll(subject, question, digest);
    return { ...answerFrom(subject, reading, digest, 'registry'), credential };
  }

  async function credentialsFor(
    subject: Subject,
    signal: AbortSignal,
    trace: Trace | undefined,
  ): Promise<readonly Credential[]> {
    const { reference, who, whoKey } = subject;
    const startMs = clock.monotonicMs();
    const list = await unlessAborted(credentials.credentials(reference, who, signal), signal);
    memory.remember(reference, whoKey, list);
    const tookMs = clock.monotonicMs() - startMs;
    trace?.({ step: 'credentials', subject: repositoryKey(reference), tookMs, result: `${list.length} found` });
    return memory.ordered(reference, list);
  }

  async function tryAll(subject: Subject, signal: AbortSignal, trace: Trace | undefined): Promise<Answer> {
    const { reference } = subject;
    const list = await credentialsFor(subject, signal, trace);
    const failures: Failure[] = [];
    for (const credential of list) {
      try {
        const answer = await withCredential(subject, { reference, credential, signal, trace });
        memory.worked(reference, list, credential);
        return answer;
      } catch (error) {
        if (!(error instanceof RegistryError)) throw error;
        failures.push({ credential, error });
        if (error.reason === 'image_unauthorized') cache.revoke(reference, credential.fingerprint);
        if (error.reason === 'image_not_found') cache.forgetName(reference, credential.fingerprint);
        if (!worthAnother(error)) break;
      }
    }
    const last = failures.at(-1);
    const older =
      last !== undefined && troubles.has(last.error.reason)
        ? cachedFor(
            subject,
            list.map(({ fingerprint }) => fingerprint),
            'stale',
          )
        : undefined;
    return older ?? { outcome: outcomeOf(reference.text, failures), rows: [] };
  }

  const cached: Lookup['cached'] = (subject, tolerance) =>
    cachedFor(subject, memory.fingerprints(subject.reference, subject.whoKey, tolerance), tolerance);

  return {
    cached,
    async run(subject, signal, trace) {
      try {
        return await tryAll(subject, signal, trace);
      } catch (error) {
        const text = subject.reference.text;
        if (error instanceof WaitEnded) {
          const outcome = failed('lookup_timeout', text, 'no answer in the time there was');
          return cached(subject, 'stale') ?? { outcome, rows: [] };
        }
        log.warn(
          { image: referenceKey(subject.reference), err: error },
          'A look-up failed in a way that is not known.',
        );
        return { outcome: failed('registry_error', text, 'the look-up failed'), rows: [] };
      }
    },
  };
}
