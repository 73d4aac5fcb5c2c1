import type { Clock } from '../time/clock.js';
import type { Askers } from './askers.js';
import { traced, type Attempt } from './attempt.js';
import type { Content } from './cache/content.js';
import type { CacheCounter } from './cache/counter.js';
import type { ImageCache } from './cache/image-cache.js';
import { KnownFailures } from './known-failures.js';
import { parseImageConfig, parseManifest } from './manifest.js';
import { systemCode } from './registry/failure.js';
import { referenceKey, repositoryKey } from './reference.js';
import { SharedQuestions } from './shared-questions.js';
import { RegistryError, type ImageLog, type ImageReference, type Manifest, type RegistryClient } from './types.js';

/** What a fetcher needs. */
export interface FetcherParts {
  readonly client: RegistryClient;
  readonly cache: ImageCache;
  readonly clock: Clock;
  readonly counter: CacheCounter;
  readonly log: ImageLog;
  /** A question is given up after this. */
  readonly longestMs: number;
  /** Whether only one person asks. Default: no. */
  readonly isOnePersons?: boolean;
}

/** An attempt on behalf of all who wait for it. */
interface OwnAttempt extends Attempt {
  readonly askers: Askers;
}

const configLimitBytes = 8 * 1_048_576;

/**
 * Asks registries and keeps their answers in the cache. Equal requests are sent once, and finish even if the callers leave.
 * Its promises reject with a `RegistryError`, or with `WaitEnded`, and nothing else.
 */
export class Fetcher {
  readonly #client: RegistryClient;
  readonly #cache: ImageCache;
  readonly #clock: Clock;
  readonly #failures: KnownFailures;
  readonly #roots: SharedQuestions<string>;
  readonly #contents: SharedQuestions<Content>;

  constructor({ client, cache, clock, counter, log, longestMs, isOnePersons = false }: FetcherParts) {
    this.#client = client;
    this.#cache = cache;
    this.#clock = clock;
    this.#failures = new KnownFailures({ negatives: cache.negatives, clock, counter, log, isOnePersons });
    this.#roots = new SharedQuestions(longestMs);
    this.#contents = new SharedQuestions(longestMs);
  }

  /**
   * Asks the registry to show the reference to the credential's holder, which grants the right to it. Returns its digest.
   */
  root(attempt: Attempt): Promise<string> {
    const asked = referenceKey(attempt.reference);
    return this.#share(this.#roots, attempt, asked, (own) => this.#askRoot(own));
  }

  /** The content of a digest in the reference's repository, after the right to that was granted. */
  content(attempt: Attempt, digest: string): Promise<Content> {
    const asked = `${repositoryKey(attempt.reference)}@${digest}`;
    return this.#share(this.#contents, attempt, asked, (own) => this.#askContent(own, digest));
  }

  /** Whether a question about the reference would be refused at once, since its registry did not answer lately. */
  leavesAlone(reference: ImageReference): boolean {
    return this.#failures.leavesAlone(reference);
  }

  /** Ends everything in progress. */
  close(): void {
    this.#roots.close();
    this.#contents.close();
  }

  /** @param ask gets the attempt with a signal of its own, which outlives those who wait, and who they are */
  #share<T>(
    questions: SharedQuestions<T>,
    attempt: Attempt,
    asked: string,
    ask: (own: OwnAttempt) => Promise<T>,
  ): Promise<T> {
    const { credential, namespace, signal } = attempt;
    return questions.run(`${asked} ${credential.fingerprint}`, namespace, signal, (signal, askers) => {
      const own = { ...attempt, signal, askers };
      return this.#failures.guard(own, asked, () => ask(own));
    });
  }

  async #askRoot(attempt: OwnAttempt): Promise<string> {
    const { reference, credential, namespace } = attempt;
    const digest = await this.#revalidated(attempt);
    if (digest !== undefined && this.#has(attempt, digest)) {
      this.#cache.grant(reference, credential.fingerprint, digest, namespace);
      return digest;
    }
    const manifest = await this.#manifest(attempt, digest === undefined ? reference : { ...reference, digest });
    if (!this.#has(attempt, manifest.digest)) await this.#keep(attempt, manifest);
    this.#cache.grant(reference, credential.fingerprint, manifest.digest, namespace);
    return manifest.digest;
  }

  async #askContent(attempt: OwnAttempt, digest: string): Promise<Content> {
    return this.#keep(attempt, await this.#manifest(attempt, { ...attempt.reference, digest }));
  }

  /** HEAD costs no pull (rate limits count GETs) and is enough if the content is cached. */
  async #revalidated(attempt: OwnAttempt): Promise<string | undefined> {
    const { reference, credential, signal, askers, namespace } = attempt;
    const hint = this.#cache.hint(reference, namespace);
    if (hint === undefined || !this.#has(attempt, hint)) return undefined;
    try {
      const step = { step: 'head', subject: referenceKey(reference) } as const;
      const head = (): ReturnType<RegistryClient['head']> => this.#client.head(reference, credential, signal, askers);
      const descriptor = await traced(attempt, this.#clock, step, head);
      return reference.digest ?? descriptor?.digest;
    } catch (error) {
      if (isHeadRefused(error)) return undefined;
      throw error;
    }
  }

  #has({ reference, namespace }: Attempt, digest: string): boolean {
    return this.#cache.content.get(repositoryKey(reference), digest, namespace) !== undefined;
  }

  #manifest(attempt: OwnAttempt, reference: ImageReference): Promise<Manifest> {
    const step = { step: 'manifest', subject: reference.digest ?? referenceKey(reference) } as const;
    return traced(attempt, this.#clock, step, () =>
      this.#client.manifest(reference, attempt.credential, attempt.signal, attempt.askers),
    );
  }

  async #keep(attempt: OwnAttempt, manifest: Manifest): Promise<Content> {
    const content = await this.#contentOf(attempt, manifest);
    this.#cache.content.set(repositoryKey(attempt.reference), manifest.digest, content, attempt.namespace);
    return content;
  }

  async #contentOf(attempt: OwnAttempt, manifest: Manifest): Promise<Content> {
    const parsed = parsing(() => parseManifest(manifest.mediaType, manifest.bytes));
    if (parsed.kind === 'unusable' || parsed.kind === 'index') return parsed;
    const bytes = await this.#config(attempt, parsed.config.digest);
    const read = parsing(() => ({ kind: 'image' as const, ...parseImageConfig(bytes) }));
    if (read.kind === 'unusable') return read;
    const { config, os, architecture, variant } = read;
    return { kind: 'image', config, platform: { os, architecture, variant } };
  }

  #config(attempt: OwnAttempt, digest: string): Promise<Uint8Array> {
    const { reference, credential, signal, askers } = attempt;
    return traced(attempt, this.#clock, { step: 'config', subject: digest }, () =>
      this.#client.blob(reference, digest, configLimitBytes, credential, signal, askers),
    );
  }
}

/** Codes of a connection that was made and then cut. */
const hungUp: ReadonlySet<string> = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE']);

/**
 * Whether a registry, or the target of its redirect, answered a HEAD with anything but what was asked for, or hung up. Some
 * refuse every HEAD, with 404, 401 or 403, but show the same image to a GET (W5), so the GET's answer counts. A token
 * server's refusal would be the same for a GET.
 */
function isHeadRefused(error: unknown): boolean {
  if (!(error instanceof RegistryError) || error.isTokenServers) return false;
  return error.status !== undefined || hungUp.has(systemCode(error.cause) ?? '');
}

/** If verified bytes cannot be parsed, that never changes, so it is cached as content too. */
function parsing<T>(parse: () => T): T | Extract<Content, { kind: 'unusable' }> {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error;
    return { kind: 'unusable', reason: error.reason, message: error.message };
  }
}
