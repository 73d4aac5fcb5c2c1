import type { Clock } from '../time/clock.js';
import type { Attempt } from './attempt.js';
import { Backoff } from './cache/backoff.js';
import type { CacheCounter } from './cache/counter.js';
import type { Negatives, Refusable } from './cache/negatives.js';
import { systemCode } from './registry/failure.js';
import { repositoryKey } from './reference.js';
import { RegistryError, type ImageLog, type ImageReference } from './types.js';

/** What is needed to know failures. */
export interface KnownFailuresParts {
  readonly negatives: Negatives;
  readonly clock: Clock;
  readonly counter: CacheCounter;
  readonly log: ImageLog;
  /** Whether only one person asks: {@link ResolverOptions.isOnePersons}. Default: no. */
  readonly isOnePersons?: boolean;
}

/** If only one person asks: the number of repositories that take too long from which the registry counts as hanging. */
const hangingFrom = 2;

/**
 * Does not repeat requests that have just failed: refused ones with the same credential, and any to a registry or repository
 * that does not answer.
 */
export class KnownFailures {
  readonly #negatives: Negatives;
  readonly #backoff: Backoff;
  readonly #counter: CacheCounter;
  readonly #log: ImageLog;
  readonly #isOnePersons: boolean;
  /** By registry: repositories that took too long since it answered last. */
  readonly #slow = new Map<string, Set<string>>();

  constructor({ negatives, clock, counter, log, isOnePersons = false }: KnownFailuresParts) {
    this.#isOnePersons = isOnePersons;
    this.#negatives = negatives;
    this.#backoff = new Backoff({ clock, entries: 5_000 });
    this.#counter = counter;
    this.#log = log;
  }

  /** Whether a question about the reference would be refused at once, since its registry did not answer lately. */
  leavesAlone(reference: ImageReference): boolean {
    return this.#backoff.leavesAlone(reference.registry) || this.#backoff.leavesAlone(repositoryKey(reference));
  }

  /**
   * Asks unless the answer is known to be a failure; remembers the result.
   *
   * @param asked what is asked for, in one form for all ways of writing it
   * @throws RegistryError and nothing else
   */
  async guard<T>(attempt: Attempt, asked: string, ask: () => Promise<T>): Promise<T> {
    const known = this.#known(attempt, asked);
    if (known !== undefined) {
      this.#counter.count('negative');
      throw known;
    }
    try {
      const answer = await ask();
      this.#answered(attempt.reference.registry);
      this.#answered(repositoryKey(attempt.reference));
      return answer;
    } catch (error) {
      const failure = failureOf(error, attempt);
      this.#remember(failure, attempt, asked);
      throw failure;
    }
  }

  #known(attempt: Attempt, asked: string): RegistryError | undefined {
    const { reference } = attempt;
    const { registry } = reference;
    const refusal = this.#negatives.find(refusable(attempt, asked));
    if (refusal !== undefined) return refusal;
    if (this.#backoff.mayAsk(repositoryKey(reference)) && this.#backoff.mayAsk(registry)) return undefined;
    return new RegistryError('registry_unreachable', `${registry} did not answer lately`);
  }

  #remember(failure: RegistryError, attempt: Attempt, asked: string): void {
    // The registry was not asked.
    if (failure.reason === 'too_many_lookups') return;
    const { registry } = attempt.reference;
    const repository = repositoryKey(attempt.reference);
    const outage = this.#outageOf(failure, registry, repository);
    // One log line for a whole outage, not one for every attempt.
    if (outage === undefined) this.#say(failure, attempt, asked, 'A registry did not show an image.');
    else if (this.#backoff.failed(outage === 'registry' ? registry : repository)) {
      this.#say(failure, attempt, asked, outageBegins);
    }
    if (failure.status !== undefined) {
      this.#answered(registry);
      if (outage === undefined) this.#answered(repository);
    }
    this.#negatives.keep(refusable(attempt, asked), failure);
  }

  #say(failure: RegistryError, { credential }: Attempt, image: string, message: string): void {
    const { reason, status } = failure;
    this.#log.warn({ image, credential: credential.source, reason, status, err: failure }, message);
  }

  /**
   * If only one person asks, a registry whose repositories all take too long counts as down. Nobody else is refused because
   * of that.
   */
  #outageOf(failure: RegistryError, registry: string, repository: string): ReturnType<typeof outageOf> {
    const outage = outageOf(failure);
    if (!this.#isOnePersons || outage !== 'repository' || failure.status !== undefined) return outage;
    const slow = this.#slow.get(registry) ?? new Set();
    if (slow.size < hangingFrom) this.#slow.set(registry, slow.add(repository));
    return slow.size < hangingFrom ? outage : 'registry';
  }

  #answered(place: string): void {
    this.#slow.delete(place);
    if (this.#backoff.succeeded(place)) this.#log.warn({ place }, 'A registry answers again.');
  }
}

function refusable({ reference, credential, namespace }: Attempt, asked: string): Refusable {
  return { registry: reference.registry, asked, fingerprint: credential.fingerprint, namespace };
}

const outageBegins = 'A registry does not answer; it is asked more and more rarely, at least once a minute.';

function failureOf(error: unknown, { reference }: Attempt): RegistryError {
  if (!(error instanceof RegistryError)) {
    return new RegistryError('registry_error', 'the look-up failed', { cause: error });
  }
  if (error.reason !== 'lookup_timeout') return error;
  // The question's own longest time is over: the registry hangs.
  return new RegistryError('registry_unreachable', `${reference.registry} took too long`, { cause: error });
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
 * What not to ask after a failure. It is the whole registry only if nothing listens there. If a time-out or a gateway's
 * error were enough, a tenant with one slow repository in a shared registry could cause everybody else's look-ups to be
 * refused.
 */
function outageOf({ reason, status, cause }: RegistryError): 'registry' | 'repository' | undefined {
  if (reason === 'registry_error') return (status ?? 0) > 501 ? 'repository' : undefined;
  if (reason !== 'registry_unreachable') return undefined;
  const tookTooLong = cause instanceof RegistryError;
  return tookTooLong || afterConnecting.has(systemCode(cause) ?? '') ? 'repository' : 'registry';
}
