import { createBackoff } from './cache/backoff.js';
import type { Content } from './cache/content.js';
import type { ImageCache } from './cache/image-cache.js';
import type { CacheCounter } from './cache/stats.js';
import type { Clock } from '../time/clock.js';
import { SharedCalls } from '../time/shared-calls.js';
import { referenceKey, repositoryKey } from './keys.js';
import type { ImageLog } from './log.js';
import { parseImageConfig, parseManifest } from './manifest.js';
import { systemCode } from './registry/failure.js';
import type { LookupStep, Trace } from './trace.js';
import { RegistryError, type Credential, type ImageReference, type Manifest, type RegistryClient } from './types.js';

/** A question to a registry. */
export interface Question {
  readonly reference: ImageReference;
  readonly credential: Credential;
  readonly signal: AbortSignal;
  readonly trace: Trace | undefined;
}

/** Asks registries and keeps what they say in the cache. Both methods reject with a `RegistryError` and nothing else. */
export interface Fetcher {
  /** Has the registry show the reference to the credential's holder; that grants the right to it. Returns its digest. */
  root(question: Question): Promise<string>;
  /** The content of a digest in the reference's repository, after the right to that was granted. */
  content(question: Question, digest: string): Promise<Content>;
  /** Whether a question about the reference would be refused at once, since its registry did not answer lately. */
  leavesAlone(reference: ImageReference): boolean;
  /** Ends everything under way. */
  close(): void;
}

const configLimitBytes = 8 * 1_048_576;

/** A HEAD that a registry does not do is no reason to give up. */
function headUnsupported(error: unknown): boolean {
  return error instanceof RegistryError && (error.status === 405 || error.status === 501);
}

// Codes of connections that were made: one repository can be slow where its registry is not.
const afterConnecting = new Set([
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'UND_ERR_SOCKET',
  'UND_ERR_ABORTED',
  'ECONNRESET',
  'EPIPE',
]);

/**
 * What to leave alone after a failure. The whole registry only if nothing listens there: were a time-out or a gateway's
 * error enough, a tenant with one slow repository behind a shared registry could have every other's look-ups refused.
 */
function outageOf({ reason, status, cause }: RegistryError): 'registry' | 'repository' | undefined {
  if (reason === 'registry_error') return (status ?? 0) > 501 ? 'repository' : undefined;
  if (reason !== 'registry_unreachable') return undefined;
  const tookTooLong = cause instanceof RegistryError;
  return tookTooLong || afterConnecting.has(systemCode(cause) ?? '') ? 'repository' : 'registry';
}

/** @param options `longestMs`: a question is given up after that. */
export function createFetcher(options: {
  readonly client: RegistryClient;
  readonly cache: ImageCache;
  readonly clock: Clock;
  readonly counter: CacheCounter;
  readonly log: ImageLog;
  readonly longestMs: number;
}): Fetcher {
  const { client, cache, clock, counter, log, longestMs } = options;
  const backoff = createBackoff({ clock, entries: 5_000 });
  const roots = new SharedCalls<string>({ whenLeft: 'goOn', longestMs });
  const contents = new SharedCalls<Content>({ whenLeft: 'goOn', longestMs });

  async function timed<T>(
    { credential, trace }: Question,
    step: LookupStep['step'],
    subject: string,
    work: () => Promise<T>,
  ): Promise<T> {
    const startMs = clock.monotonicMs();
    let result = 'ok';
    try {
      return await work();
    } catch (error) {
      result = error instanceof RegistryError ? error.reason : 'internal';
      throw error;
    } finally {
      trace?.({ step, subject, credential: credential.source, tookMs: clock.monotonicMs() - startMs, result });
    }
  }

  function failureOf(error: unknown, { reference }: Question): RegistryError {
    if (!(error instanceof RegistryError)) {
      return new RegistryError('registry_error', 'the look-up failed', { cause: error });
    }
    if (error.reason !== 'lookup_timeout') return error;
    // The question's own longest time is over: the registry hangs.
    return new RegistryError('registry_unreachable', `${reference.registry} took too long`, { cause: error });
  }

  /** One line for a whole outage: where a registry cannot be reached at all, it would be one for every trial. */
  function note(
    failure: RegistryError,
    { credential }: Question,
    image: string,
    outage: 'begins' | 'lasts' | undefined,
  ) {
    if (outage === 'lasts') return;
    const facts = {
      image,
      credential: credential.source,
      reason: failure.reason,
      status: failure.status,
      err: failure,
    };
    if (outage === undefined) log.warn(facts, 'A registry did not show an image.');
    else log.warn(facts, 'A registry does not answer; it is asked more and more rarely, at least once a minute.');
  }

  function answered(place: string): void {
    if (backoff.succeeded(place)) log.warn({ place }, 'A registry answers again.');
  }

  /** Asks unless the answer is known to be a refusal; remembers how it went. */
  async function guarded<T>(question: Question, subject: string, ask: () => Promise<T>): Promise<T> {
    const { registry } = question.reference;
    const repository = repositoryKey(question.reference);
    const { fingerprint } = question.credential;
    const refusal = cache.negatives.find(registry, subject, fingerprint);
    if (refusal !== undefined) {
      counter.count('negative');
      throw refusal;
    }
    if (!backoff.mayAsk(repository) || !backoff.mayAsk(registry)) {
      counter.count('negative');
      throw new RegistryError('registry_unreachable', `${registry} did not answer lately`);
    }
    try {
      const answer = await ask();
      answered(registry);
      answered(repository);
      return answer;
    } catch (error) {
      const failure = failureOf(error, question);
      const outage = outageOf(failure);
      const begins = outage !== undefined && backoff.failed(outage === 'registry' ? registry : repository);
      note(failure, question, subject, outage === undefined ? undefined : begins ? 'begins' : 'lasts');
      if (failure.status !== undefined) {
        answered(registry);
        if (outage === undefined) answered(repository);
      }
      cache.negatives.keep(registry, subject, fingerprint, failure);
      throw failure;
    }
  }

  async function contentOf(question: Question, manifest: Manifest): Promise<Content> {
    const { reference, credential, signal } = question;
    const parsed = parsing(() => parseManifest(manifest.mediaType, manifest.bytes));
    if (parsed.kind === 'unusable' || parsed.kind === 'index') return parsed;
    const { digest } = parsed.config;
    const blob = (): Promise<Uint8Array> => client.blob(reference, digest, configLimitBytes, credential, signal);
    const bytes = await timed(question, 'config', digest, blob);
    const read = parsing(() => ({ kind: 'image' as const, ...parseImageConfig(bytes) }));
    if (read.kind === 'unusable') return read;
    const { config, os, architecture, variant } = read;
    return { kind: 'image', config, platform: { os, architecture, variant } };
  }

  async function fetch(question: Question, reference: ImageReference): Promise<Manifest> {
    const subject = reference.digest ?? referenceKey(reference);
    const get = (): Promise<Manifest> => client.manifest(reference, question.credential, question.signal);
    return timed(question, 'manifest', subject, get);
  }

  async function keep(question: Question, manifest: Manifest): Promise<Content> {
    const content = await contentOf(question, manifest);
    cache.content.set(repositoryKey(question.reference), manifest.digest, content);
    return content;
  }

  /** HEAD costs no pull (rate limits count GETs) and is enough where the content is at hand. */
  async function revalidated(question: Question): Promise<string | undefined> {
    const { reference, credential, signal } = question;
    const hint = cache.hint(reference);
    if (hint === undefined || cache.content.get(repositoryKey(reference), hint) === undefined) return undefined;
    try {
      const head = (): ReturnType<RegistryClient['head']> => client.head(reference, credential, signal);
      const descriptor = await timed(question, 'head', referenceKey(reference), head);
      return reference.digest ?? descriptor?.digest;
    } catch (error) {
      if (headUnsupported(error)) return undefined;
      throw error;
    }
  }

  async function askRoot(question: Question): Promise<string> {
    const { reference, credential } = question;
    const digest = await revalidated(question);
    if (digest !== undefined && cache.content.get(repositoryKey(reference), digest) !== undefined) {
      cache.grant(reference, credential.fingerprint, digest);
      return digest;
    }
    const manifest = await fetch(question, digest === undefined ? reference : { ...reference, digest });
    await keep(question, manifest);
    cache.grant(reference, credential.fingerprint, manifest.digest);
    return manifest.digest;
  }

  return {
    root(question) {
      const { reference, credential, signal } = question;
      const subject = referenceKey(reference);
      return roots.run(`${subject} ${credential.fingerprint}`, signal, (own) => {
        const asked = { ...question, signal: own };
        return guarded(asked, subject, () => askRoot(asked));
      });
    },
    content(question, digest) {
      const { reference, credential, signal } = question;
      const subject = `${repositoryKey(reference)}@${digest}`;
      return contents.run(`${subject} ${credential.fingerprint}`, signal, (own) => {
        const asked = { ...question, signal: own };
        const get = async (): Promise<Content> => keep(asked, await fetch(asked, { ...reference, digest }));
        return guarded(asked, subject, get);
      });
    },
    leavesAlone: (reference) =>
      backoff.leavesAlone(reference.registry) || backoff.leavesAlone(repositoryKey(reference)),
    close() {
      roots.close();
      contents.close();
    },
  };
}

/** What a parser finds wrong with verified bytes stays wrong, so it is content too. */
function parsing<T>(parse: () => T): T | Extract<Content, { kind: 'unusable' }> {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error;
    return { kind: 'unusable', reason: error.reason, message: error.message };
  }
}
