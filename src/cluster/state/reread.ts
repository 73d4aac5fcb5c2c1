import type { Clock } from '../../time/clock.js';
import { unlessAborted } from '../../time/abort.js';
import type { Sleep } from '../../time/sleep.js';
import type { Reflector } from '../watch/reflector.js';

/** Reads a namespace and what may match it live; true when anything changed. */
export type Reread = (namespace: string, signal: AbortSignal) => Promise<boolean>;

/** What is read again. */
export interface RereadOptions {
  readonly policies: Reflector<unknown>;
  readonly profiles: Reflector<unknown>;
  readonly namespaces: Reflector<unknown>;
  readonly clock: Clock;
  /** Ends what is under way. */
  readonly signal: AbortSignal;
}

/** For so long a namespace that was read counts as read, so that one that stays unmatched costs no call a pod. */
export const rereadRestMs = 3_000;
/** A list that is younger than this serves the next namespace too: four a second at most, however many namespaces ask. */
const listRestMs = 250;
const longestMemory = 1_000;

/** Makes the live look of a call that no policy in the cache matches (E41). */
export function createReread({ policies, profiles, namespaces, clock, signal }: RereadOptions): Reread {
  const underWay = new Map<string, Promise<boolean>>();
  /** When each namespace was last read, the oldest in front. */
  const readMs = new Map<string, number>();

  const list = (reflector: Reflector<unknown>): Promise<boolean> =>
    clock.monotonicMs() - (reflector.listedMs ?? -Infinity) < listRestMs
      ? Promise.resolve(false)
      : reflector.relist(signal);
  const read = async (namespace: string): Promise<boolean> => {
    const startedMs = clock.monotonicMs();
    // A policy is compiled with what the profiles are then: they are taken over first.
    const profilesRead = list(profiles);
    const changes = await Promise.all([
      namespaces.refresh(namespace, signal),
      profilesRead,
      profilesRead.then(() => list(policies)),
    ]);
    readMs.delete(namespace);
    readMs.set(namespace, startedMs);
    const [oldest] = readMs.keys();
    if (readMs.size > longestMemory && oldest !== undefined) readMs.delete(oldest);
    return changes.includes(true);
  };

  return (namespace, caller) => {
    if (clock.monotonicMs() - (readMs.get(namespace) ?? -Infinity) < rereadRestMs) return Promise.resolve(false);
    let reading = underWay.get(namespace);
    if (reading === undefined) {
      reading = read(namespace).finally(() => underWay.delete(namespace));
      underWay.set(namespace, reading);
    }
    return unlessAborted(reading, caller);
  };
}

/** Reads policies and profiles live, whatever was read a moment ago. */
export type CatchUp = () => Promise<void>;

/**
 * Makes the live look of a call that another replica seems to have known more of. Each caller gets lists that were begun
 * behind its call; callers share them, and there are four a second at most.
 */
export function createCatchUp(
  options: Pick<RereadOptions, 'policies' | 'profiles' | 'clock' | 'signal'> & { readonly sleep: Sleep },
): CatchUp {
  const { policies, profiles, clock, sleep, signal } = options;
  const read = async (): Promise<void> => {
    const restMs = (profiles.listedMs ?? -Infinity) + listRestMs - clock.monotonicMs();
    if (restMs > 0) await sleep(restMs, signal);
    await profiles.relist(signal);
    await policies.relist(signal);
  };
  let last: Promise<unknown> = Promise.resolve();
  let next: Promise<void> | undefined;
  return () => {
    if (next === undefined) {
      const mine = last.then(() => {
        next = undefined;
        return read();
      });
      next = mine;
      last = mine.catch(() => undefined);
    }
    return next;
  };
}
