import { SharedCalls } from '../../time/shared-calls.js';
import type { Clock } from '../../time/clock.js';
import type { Sleep } from '../../time/sleep.js';
import type { Reflector } from '../watch/reflector.js';

type Listed = Pick<Reflector<unknown>, 'listedMs' | 'relist'>;

/** What to read again. */
export interface LiveReadsOptions {
  readonly policies: Listed;
  readonly profiles: Listed;
  readonly namespaces: Pick<Reflector<unknown>, 'refresh'>;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly sleep: Sleep;
  /** Ends what is in progress. */
  readonly signal: AbortSignal;
}

/** How long a namespace counts as read, so that one that stays unmatched does not cost a call for each pod. */
export const rereadRestMs = 3_000;
/**
 * A list that is younger than this also serves the next namespace. So there are at most four lists a second, however many
 * namespaces ask.
 */
const listRestMs = 250;
const longestMemory = 1_000;

/** Live reads, for calls about which the caches may know too little. */
export class LiveReads {
  readonly #options: LiveReadsOptions;
  readonly #calls = new SharedCalls<boolean>({ whenLeft: 'goOn' });
  /** When each namespace was last read. */
  readonly #readMs = new Map<string, number>();
  #lastCatchUp: Promise<unknown> = Promise.resolve();
  #nextCatchUp: Promise<void> | undefined;

  constructor(options: LiveReadsOptions) {
    this.#options = options;
  }

  /**
   * For a call that no policy in the cache matches (E41): reads the namespace and what may match it; true when anything
   * changed. Calls for one namespace are joined, and one that was read a moment ago is not read again.
   * @throws ApiError when the API server does not say; `WaitEnded` when the signal aborts
   */
  async reread(namespace: string, caller: AbortSignal): Promise<boolean> {
    if (this.#nowMs() - (this.#readMs.get(namespace) ?? -Infinity) < rereadRestMs) return false;
    return await this.#calls.run(namespace, caller, () => this.#read(namespace));
  }

  /**
   * For a call that another replica seems to know more about: reads the policies and the profiles, however recently they
   * were read. Each caller gets lists that began after its call. Callers share them, and there are at most four a second.
   * @throws ApiError when the API server does not say
   */
  catchUp(): Promise<void> {
    if (this.#nextCatchUp === undefined) {
      const mine = this.#lastCatchUp.then(() => {
        this.#nextCatchUp = undefined;
        return this.#readBoth();
      });
      this.#nextCatchUp = mine;
      this.#lastCatchUp = mine.catch(() => undefined);
    }
    return this.#nextCatchUp;
  }

  async #read(namespace: string): Promise<boolean> {
    const { policies, profiles, namespaces, signal } = this.#options;
    const startedMs = this.#nowMs();
    // The profiles are taken over first, since policies are compiled with them.
    const profilesRead = this.#listOnceInAWhile(profiles);
    const changes = await Promise.all([
      namespaces.refresh(namespace, signal),
      profilesRead,
      profilesRead.then(() => this.#listOnceInAWhile(policies)),
    ]);
    this.#remember(namespace, startedMs);
    return changes.includes(true);
  }

  async #readBoth(): Promise<void> {
    const { policies, profiles, sleep, signal } = this.#options;
    const restMs = (profiles.listedMs ?? -Infinity) + listRestMs - this.#nowMs();
    if (restMs > 0) await sleep(restMs, signal);
    await profiles.relist(signal);
    await policies.relist(signal);
  }

  #listOnceInAWhile(reflector: Listed): Promise<boolean> {
    const isYoung = this.#nowMs() - (reflector.listedMs ?? -Infinity) < listRestMs;
    return isYoung ? Promise.resolve(false) : reflector.relist(this.#options.signal);
  }

  /** The oldest is first, and is forgotten first. */
  #remember(namespace: string, readMs: number): void {
    this.#readMs.delete(namespace);
    this.#readMs.set(namespace, readMs);
    const [oldest] = this.#readMs.keys();
    if (this.#readMs.size > longestMemory && oldest !== undefined) this.#readMs.delete(oldest);
  }

  #nowMs(): number {
    return this.#options.clock.monotonicMs();
  }
}
