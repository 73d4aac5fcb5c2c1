import { setMaxListeners } from 'node:events';

/** Thrown to one who stops waiting; what was waited for goes on. */
export class WaitEnded extends Error {
  override readonly name = 'WaitEnded';
}

/** Thrown to one who would start one thing too many. */
export class TooManyFlights extends Error {
  override readonly name = 'TooManyFlights';
}

/** Work under way, one piece for each key. */
export interface Flights<T> {
  /**
   * Joins the work of this key, or starts it. The work does not end with those who wait for it: it goes on to its own
   * longest time, so that a second try finds its result.
   *
   * @param signal ends the wait with `WaitEnded`.
   * @param work gets a signal that aborts after the longest time, and on `close`.
   * @throws WaitEnded, TooManyFlights, and whatever the work throws.
   */
  join(key: string, signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T>;
  /** Aborts everything. */
  close(): void;
  readonly size: number;
}

/** Settles as the promise does, or rejects with `WaitEnded` when the signal aborts first. */
export function waitFor<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    // One signal can end many waits: each container of a pod, each platform of an image.
    setMaxListeners(0, signal);
    const end = (): void => reject(new WaitEnded('The wait was ended.'));
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
    promise
      .finally(() => signal.removeEventListener('abort', end))
      .then(resolve, (error: unknown) => reject(error instanceof Error ? error : new Error(String(error))));
  });
}

/**
 * Nothing under way yet.
 *
 * @param options `longestMs`: after that, work is aborted; `maximum`: so many pieces at once; `onJoin`: called for each
 *   that finds its work under way.
 */
export function createFlights<T>(options: {
  readonly longestMs: number;
  readonly maximum: number;
  readonly onJoin?: () => void;
}): Flights<T> {
  const flights = new Map<string, { readonly promise: Promise<T>; readonly controller: AbortController }>();

  function start(key: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(), options.longestMs);
    const promise = work(controller.signal).finally(() => {
      clearTimeout(timer);
      flights.delete(key);
    });
    // Nobody may be waiting any more when it fails.
    promise.catch(() => undefined);
    flights.set(key, { promise, controller });
    return promise;
  }

  return {
    async join(key, signal, work) {
      const flight = flights.get(key);
      if (flight !== undefined) {
        options.onJoin?.();
        return waitFor(flight.promise, signal);
      }
      if (flights.size >= options.maximum) throw new TooManyFlights('Too many look-ups are under way.');
      return waitFor(start(key, work), signal);
    },
    close() {
      for (const { controller } of flights.values()) controller.abort();
    },
    get size() {
      return flights.size;
    },
  };
}
